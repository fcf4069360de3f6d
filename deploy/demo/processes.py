"""The demo's processes: the worker, the consumers, the web page; each over the wire, each restarted when it dies."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.embedded.mongo import free_port
from deploy.supervisor import Supervisor
from streams.contract.errors import ShelfcastError

DEDUPE_WINDOW: Final = "20000"
"""Smaller than the default, so that snapshots fit the embedded broker, which keeps 5 MB a partition."""

CHECKPOINT_SECONDS: Final = 1.5
"""Short, because the replay waits for the worker's commits: it may not outrun that broker."""


@dataclass(frozen=True, slots=True)
class Processes:
    """The running processes and where they answer."""

    supervisor: Supervisor
    worker_metrics_port: int
    web_port: int

    @property
    def page(self) -> str:
        """The web page's address."""
        return f"http://127.0.0.1:{self.web_port}/"

    def check(self) -> None:
        """Raise ShelfcastError when a process cannot be kept running."""
        name = self.supervisor.given_up
        if name is not None:
            raise ShelfcastError(f"The {name} keeps ending:\n{self.supervisor.last_words(name)}\nIts log: {self.supervisor.log_of(name)}")


def start(data_dir: Path, timezone: str, country: str, store_countries: str | None, web_port: int | None) -> Processes:
    """Start worker, consumers and web page; they find the servers as we do, in the environment or the data directory."""
    supervisor = Supervisor(data_dir / "logs")
    environment = {
        "SHELFCAST_DEDUPE_WINDOW": DEDUPE_WINDOW,
    }
    processes = Processes(supervisor, free_port(), web_port or free_port())
    supervisor.start(
        "worker",
        "worker",
        "--data-dir", str(data_dir),
        "--metrics-port", str(processes.worker_metrics_port),
        "--timezone", timezone,
        *(["--country", country] if country else []),
        *(["--store-countries", store_countries] if store_countries else []),
        "--checkpoint-seconds", str(CHECKPOINT_SECONDS),
        environment=environment,
    )  # fmt: skip
    supervisor.start(
        "consume", "consume", "--metrics-port", "0", "--batch-seconds", "1.5", "--data-dir", str(data_dir), environment=environment
    )
    supervisor.start("web", "web", "--port", str(processes.web_port), "--data-dir", str(data_dir), environment=environment)
    return processes
