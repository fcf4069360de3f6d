"""What time it is in the shops: this machine's time, or, while a day of the past is replayed live, that day's."""

import math
import time
from dataclasses import dataclass

from streams.contract.errors import SettingsError


@dataclass(frozen=True, slots=True)
class ReplayedClock:
    """The time of a day that is replayed: `at` when it `began` (epoch seconds), `pace` shop seconds a second later, up to `until`."""

    began: float
    at: float
    pace: float
    until: float

    def __call__(self) -> float:
        """The time in the shop, epoch seconds."""
        return min(self.at + max(time.time() - self.began, 0.0) * self.pace, self.until)

    @property
    def written(self) -> str:
        """As `clock_of` reads it."""
        return f"{self.began!r},{self.at!r},{self.pace!r},{self.until!r}"


def clock_of(text: str) -> ReplayedClock | None:
    """The clock of the setting SHELFCAST_WEB_CLOCK; None where it is empty. Raises SettingsError."""
    if not text.strip():
        return None
    try:
        began, at, pace, until = map(float, text.split(","))
    except ValueError:
        began = at = pace = until = math.nan
    if not (math.isfinite(began + at + until) and 0 < pace <= 1e6):
        raise SettingsError(f"SHELFCAST_WEB_CLOCK={text!r}: leave it to `shelfcast demo`, or give began,at,pace,until in seconds.")
    return ReplayedClock(began, at, pace, until)
