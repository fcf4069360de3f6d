"""Log lines that repeat themselves while a broker or a database is away: each at most once in a while."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

REPEAT_SECONDS: Final = 10.0
_MOST_KINDS: Final = 1000


class OncePerWhile:
    """Decides of things of many kinds which are said: of each kind one in so many seconds."""

    def __init__(self, seconds: float = REPEAT_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kinds: dict[str, tuple[float, int]] = {}

    def due(self, kind: str) -> str | None:
        """None: keep it to yourself. Else say it, with this appended: how many were kept since the last one."""
        now = self._clock()
        at, kept = self._kinds.get(kind, (float("-inf"), 0))
        if now - at < self._seconds:
            self._kinds[kind] = (at, kept + 1)
            return None
        if len(self._kinds) > _MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        return f" ({kept} more like this)" if kept else ""


class RateLimited:
    """Logs each kind of message at most once in a while, with the number of times it was suppressed."""

    def __init__(self, logger: logging.Logger, seconds: float = REPEAT_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._limit = OncePerWhile(seconds, clock)

    def say(self, level: int, kind: str, sentence: str) -> None:
        """Log the sentence, unless one of its kind was logged within the last seconds."""
        kept = self._limit.due(kind)
        if kept is not None:
            self._logger.log(level, "%s%s", sentence, kept)


def limit_repeats(*loggers: str, clock: Callable[[], float] = time.monotonic) -> None:
    """Rate-limit what the packages of these names log: each message template by itself."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(_Repeats(loggers, clock))  # one each, or what one handler shows the next would miss


class _Repeats(logging.Filter):
    def __init__(self, loggers: tuple[str, ...], clock: Callable[[], float]) -> None:
        super().__init__()
        self._loggers = loggers
        self._limit = OncePerWhile(clock=clock)

    def filter(self, record: logging.LogRecord) -> bool:
        if not record.name.startswith(self._loggers):
            return True
        kept = self._limit.due(f"{record.name} {record.msg}")
        if kept:
            record.msg = f"{record.msg}{kept}"
        return kept is not None
