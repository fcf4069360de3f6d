"""Limits log lines that would repeat endlessly."""

import logging
import time
from collections.abc import Callable


class RateLimited:
    """Logs each kind of message at most once in a while, with the number of times it was suppressed."""

    def __init__(self, logger: logging.Logger, seconds: float = 10.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._seconds = seconds
        self._clock = clock
        self._said: dict[str, float] = {}
        self._kept: dict[str, int] = {}

    def say(self, level: int, kind: str, sentence: str) -> None:
        """Log the sentence, unless one of its kind was logged within the last seconds."""
        now = self._clock()
        if now - self._said.get(kind, -self._seconds) < self._seconds:
            self._kept[kind] = self._kept.get(kind, 0) + 1
            return
        kept = self._kept.pop(kind, 0)
        self._said[kind] = now
        self._logger.log(level, "%s%s", sentence, f" ({kept} more like this)" if kept else "")
