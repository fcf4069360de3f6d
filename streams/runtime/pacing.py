"""When to wait a moment between fetches: a fetch has a price of its own, which few records bear badly once the processor is busy."""

from __future__ import annotations

from typing import Final

PAUSE_SECONDS: Final = 0.01
SHORT_FETCH: Final = 2000
"""Records below which a fetch is short. While many wait a fetch brings more, and nothing pauses."""

BUSY_SHARE: Final = 0.35
"""Of the time, spent on applying events: from here on what fetches cost beside it lets records wait longer than a pause does."""

WINDOW_SECONDS: Final = 0.5


class Pacing:
    """How long to wait before the next fetch."""

    __slots__ = ("_busy", "_since", "_worked")

    def __init__(self) -> None:
        self._since = self._worked = 0.0
        self._busy = False

    def pause(self, now: float, worked: float, records: int) -> float:
        """Seconds to wait after a fetch of so many records; `worked`: seconds that were spent on applying events, all told."""
        passed = now - self._since
        if passed >= WINDOW_SECONDS:
            self._busy = worked - self._worked >= BUSY_SHARE * passed
            self._since, self._worked = now, worked
        return PAUSE_SECONDS if self._busy and 0 < records < SHORT_FETCH else 0.0
