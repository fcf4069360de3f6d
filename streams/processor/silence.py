"""Long runs of days without sales, and first sales that nothing confirms.

One event can move a store's clock by decades: a till that was reset, a store that was shut for years, an old file. Its cost must stay
bounded, so only the two ends of such a silence are closed day by day; the days between are skipped.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

QUIET_DAYS: Final = 92
"""A silence up to this long is closed day by day: a store may be shut for a season and send no clock ticks."""
CLOSED_AFTER, CLOSED_BEFORE = 28, 36
"""Days that are closed at the two ends of a longer silence: after the last sale, so that earlier forecasts mature; and before the end, so
that the newest days in the model's memory are real ones. The days between are skipped."""

BELIEVED_AFTER_DAYS: Final = 7
"""Days with sales after which a store's history is believed to have begun with the first of them."""
DOUBT_DAYS: Final = 60
"""If a history that is not believed yet is followed by a longer silence, a wrong clock made it: the real history begins afterwards."""


def leapt_over(first: int, end: int, sold: Iterable[int]) -> list[range]:
    """The days from `first` up to `end` that are skipped rather than closed, oldest first; `sold` are the days with sales."""
    marks = [first - 1, *sorted(day for day in sold if first <= day < end), end]
    return [range(a + 1 + CLOSED_AFTER, b - CLOSED_BEFORE) for a, b in pairwise(marks) if b - a - 1 > QUIET_DAYS]


def is_doubted(days_sold: int, newest_sold: int, today: int) -> bool:
    """Whether to drop a history with sales on `days_sold` days, last on `newest_sold`, now that the store's clock has reached `today`."""
    return days_sold < BELIEVED_AFTER_DAYS and today - newest_sold > DOUBT_DAYS
