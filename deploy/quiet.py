"""Quiets the loggers of libraries that repeat themselves while a broker is away: each message at most once in a while."""

import logging
import time
from typing import Final

REPEAT_SECONDS: Final = 10.0


class OncePerWhile(logging.Filter):
    """Passes each message template of a logger once in `REPEAT_SECONDS`, and says how many were left out."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log the record."""
        key = (record.name, str(record.msg))
        at, left_out = self._seen.get(key, (float("-inf"), 0))
        now = time.monotonic()
        if now - at < REPEAT_SECONDS:
            self._seen[key] = (at, left_out + 1)
            return False
        if len(self._seen) > 1000:
            self._seen.clear()
        self._seen[key] = (now, 0)
        if left_out:
            record.msg = f"{record.msg} (and {left_out} more like it)"
        return True


def limit_repeats(*loggers: str) -> None:
    """Rate-limit what these packages log."""
    for handler in logging.getLogger().handlers:
        handler.addFilter(
            _Only(OncePerWhile(), loggers)
        )  # one for each handler: a shared one would hide from the second what the first shows


class _Only(logging.Filter):
    def __init__(self, limiter: OncePerWhile, loggers: tuple[str, ...]) -> None:
        super().__init__()
        self._limiter, self._loggers = limiter, loggers

    def filter(self, record: logging.LogRecord) -> bool:
        return not record.name.startswith(self._loggers) or self._limiter.filter(record)
