"""Days that nothing was sold on, and first days that nothing confirms: what an event may close, and what begins a history.

One event may move a store's clock by decades: a till that was reset, a store that was shut for years, an old file. The work it
causes stays bounded: the silence is not closed day by day but leapt over, its ends aside.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

QUIET_DAYS: Final = 92
"""A silence that one event ends is closed day by day up to this long: a season's closure without clock ticks."""
CLOSED_AFTER, CLOSED_BEFORE = 28, 36
"""Of a longer one so many days are closed after the last sale, so that the forecasts made before come due, and before its end, so that
what the model keeps of the newest days is of these; the days between are leapt over."""

BELIEVED_AFTER_DAYS: Final = 7
"""Days with sales after which a store's history is believed to have begun with them."""
DOUBT_DAYS: Final = 60
"""One that is not believed yet and then silent for longer, as one event ends it, was a wrong clock: the history begins after it."""


def leapt_over(first: int, end: int, sold: Iterable[int]) -> list[range]:
    """Days from `first` to before `end` that are not closed one by one, oldest first; `sold` are the days with sales."""
    marks = [first - 1, *sorted(day for day in sold if first <= day < end), end]
    return [range(a + 1 + CLOSED_AFTER, b - CLOSED_BEFORE) for a, b in pairwise(marks) if b - a - 1 > QUIET_DAYS]


def is_doubted(days_sold: int, newest_sold: int, today: int) -> bool:
    """Whether a history with sales on `days_sold` days, the newest `newest_sold`, is none now that the store's clock says `today`."""
    return days_sold < BELIEVED_AFTER_DAYS and today - newest_sold > DOUBT_DAYS
