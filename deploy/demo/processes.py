"""The demo's processes: worker, consumers and web page. They talk over the network, and each is restarted when it dies."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from charts.web.pages.clock import ReplayedClock
from charts.web.web_settings import WebSettings
from deploy.embedded.mongo import free_port
from deploy.supervisor import Supervisor, title
from streams.contract.errors import ShelfcastError

SMALL_BROKER: Final = {
    "SHELFCAST_DEDUPE_WINDOW": "20000",
    "SHELFCAST_CHECKPOINT_SECONDS": "1.5",
    "SHELFCAST_CONSUME_SECONDS": "1.5",
}
"""Settings for the embedded broker, which keeps 5 MB per partition: a dedupe window whose snapshots fit, and short steps, because the
replay waits for the commits of worker and consumers and must not outrun the broker."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The running processes and their ports."""

    supervisor: Supervisor
    worker_metrics_port: int
    web_port: int

    @property
    def page(self) -> str:
        """The web page's address."""
        return f"http://127.0.0.1:{self.web_port}/"

    def keep_time(self, clock: ReplayedClock) -> None:
        """Have the page take the time from the replay. It starts again for that: it takes the time from its environment."""
        self.supervisor.restart("web", {"SHELFCAST_WEB_CLOCK": clock.written})

    def check(self) -> None:
        """Raise ShelfcastError if a process cannot be kept running."""
        name = self.supervisor.given_up
        if name is not None:
            last_words, log = self.supervisor.last_words(name), self.supervisor.log_of(name)
            raise ShelfcastError(f"The {title(name)} keeps stopping. Its last words:\n{last_words}\nIts log: {log}")


def start(data_dir: Path, timezone: str, country: str, store_countries: str | None, web_port: int | None) -> Processes:
    """Start worker, consumers and web page; they find the servers as we do, through the environment or the data directory."""
    supervisor = Supervisor(data_dir / "logs")
    # Settings of the user take precedence; these suit the embedded broker.
    environment = {name: value for name, value in SMALL_BROKER.items() if not os.environ.get(name)}
    processes = Processes(supervisor, free_port(), web_port or _named_web_port() or free_port())
    supervisor.start(
        "worker",
        "worker",
        "--data-dir", str(data_dir),
        "--metrics-port", str(processes.worker_metrics_port),
        "--timezone", timezone,
        *(["--country", country] if country else []),
        *(["--store-countries", store_countries] if store_countries else []),
        environment=environment,
    )  # fmt: skip
    supervisor.start("consume", "consume", "--metrics-port", "0", "--data-dir", str(data_dir), environment=environment)
    place = {"SHELFCAST_TIMEZONE": timezone, "SHELFCAST_COUNTRY": country}
    supervisor.start("web", "web", "--port", str(processes.web_port), "--data-dir", str(data_dir), environment=environment | place)
    return processes


def _named_web_port() -> int | None:
    """The port in SHELFCAST_WEB_PORT, if it is set."""
    return WebSettings.read().port if os.environ.get("SHELFCAST_WEB_PORT") else None
