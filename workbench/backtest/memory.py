"""Measures how much a process grows while something runs."""

from __future__ import annotations

import threading
from typing import Final, Self

import psutil

EVERY_SECONDS: Final = 0.1


class MemoryPeak:
    """A context manager; `megabytes` is the largest growth of resident memory since its start."""

    def __init__(self) -> None:
        self.megabytes = 0.0
        self._process = psutil.Process()
        self._start = self._process.memory_info().rss
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._start = self._process.memory_info().rss
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._stop.wait(EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        self.megabytes = max(self.megabytes, (self._process.memory_info().rss - self._start) / 1e6)
