"""Runs our own processes side by side: restarts those that die, and ends all of them when it ends itself."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.embedded.stack import child_environment
from streams.contract.errors import EventFault, SettingsError

log = logging.getLogger(__name__)

RESTART_SECONDS: Final = 1.0
QUICK_DEATHS: Final = 10
"""A process that dies this often within a minute, or once over a wrong setting, is given up: restarts would not help.

A worker needs up to six deaths to find the event that kills it, and a worker that ends because it has put an event aside does recover.
"""

STOP_SECONDS: Final = 12.0

_TITLES: Final = {"consume": "consumer", "web": "web page"}


def title(name: str) -> str:
    """What people call the child of this name."""
    return _TITLES.get(name, name)


@dataclass
class Child:
    """A supervised `shelfcast` command."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    deaths: list[float] = field(default_factory=list)
    given_up: bool = False
    expected: bool = False
    """Its end was asked for, and is neither counted nor waited after."""


class Supervisor:
    """Keeps children running until `stop`. The output of each goes to its own file in `log_dir`."""

    def __init__(self, log_dir: Path) -> None:
        self._log_dir = log_dir
        self._children: list[Child] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self.restarts = 0

    def start(self, name: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
        """Run `shelfcast ARGUMENTS` and keep it running."""
        child = Child(name, list(arguments), child_environment() | (environment or {}))
        self._spawn(child)
        self._children.append(child)
        if not self._thread.is_alive():
            self._thread.start()

    def restart(self, name: str, environment: dict[str, str]) -> None:
        """End the child of this name and run it again, with these variables besides."""
        for child in self._children:
            if child.name == name:
                child.environment |= environment
                if child.process is not None:
                    child.expected = True
                    child.process.terminate()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids by name."""
        return {c.name: c.process.pid for c in self._children if c.process is not None and c.process.poll() is None}

    @property
    def given_up(self) -> str | None:
        """Name of a child that could not be kept running, or None."""
        return next((c.name for c in self._children if c.given_up), None)

    def log_of(self, name: str) -> Path:
        """The file of a child's output."""
        return self._log_dir / f"{name}.log"

    def last_words(self, name: str, lines: int = 5) -> str:
        """The end of a child's output."""
        text = self.log_of(name).read_text(errors="replace") if self.log_of(name).exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def stop(self) -> None:
        """Stop all children: TERM, then KILL."""
        self._stopping.set()
        living = [c.process for c in self._children if c.process is not None and c.process.poll() is None]
        for process in living:
            process.terminate()
        until = time.monotonic() + STOP_SECONDS
        for process in living:
            try:
                process.wait(max(until - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(5)
        for child in self._children:
            _close_lifeline(child.process)

    def _spawn(self, child: Child) -> None:
        self._log_dir.mkdir(parents=True, exist_ok=True)
        _close_lifeline(child.process)
        with self.log_of(child.name).open("ab") as out:
            child.process = subprocess.Popen(  # noqa: S603  our own command
                [sys.executable, "-m", "deploy.cli", *child.arguments],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=out,
                env=child.environment,
                start_new_session=True,
            )

    def _watch(self) -> None:
        while not self._stopping.wait(0.3):
            for child in self._children:
                if child.given_up or child.process is None or child.process.poll() is None:
                    continue
                if child.expected:
                    child.expected = False
                    self._spawn(child)
                    continue
                now = time.monotonic()
                if child.process.returncode != EventFault.exit_code:
                    child.deaths = [at for at in child.deaths if now - at < 60] + [now]
                if len(child.deaths) >= QUICK_DEATHS or child.process.returncode == SettingsError.exit_code:
                    child.given_up = True
                    continue
                log.warning("%s ended with %s; starting it again", child.name, child.process.returncode)
                if self._stopping.wait(RESTART_SECONDS):
                    return
                self.restarts += 1
                self._spawn(child)


def _close_lifeline(process: subprocess.Popen[bytes] | None) -> None:
    """Close our end of the lifeline, the pipe that tells a child whether we live, once the child has ended."""
    if process is not None and process.stdin is not None:
        process.stdin.close()
