"""The last day of a replay, shown live: all that came before it is sent at once, then the day runs on a clock that people can watch."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from producers.sources.building import times_of
from producers.sources.columns import Floats
from producers.sources.mapping import Mapping
from producers.sources.rows import Source
from streams.contract.codec import EARLIEST
from streams.processor.local_time import LocalTime

SOLD_AT_ONCE: Final = 0.1
"""The day begins to run when this share of its events is through, so that there is something to see at once."""
FEWEST: Final = 20
"""A day of fewer events, or one whose events all have the same time, is not worth watching."""


@dataclass(frozen=True, slots=True)
class LastDay:
    """The newest business day of some events: when it begins, from when on it runs on the clock, its last event. Epoch seconds."""

    begins: float
    opens: float
    ends: float


def last_day(times: Floats, timezone: str) -> LastDay | None:
    """The newest business day of events at these times, in any order; None where it cannot be watched, or nothing came before it."""
    if not len(times):
        return None
    zone = LocalTime(timezone)
    begins = zone.end_of_day(zone.day_of(float(times.max())) - 1)
    within = np.sort(times[times >= begins])
    opens, ends = float(within[int(len(within) * SOLD_AT_ONCE)]), float(within[-1])
    if len(within) < FEWEST or len(within) == len(times) or opens >= ends:
        return None
    return LastDay(begins, opens, ends)


def times_in(source: Source, mapping: Mapping, *, latest: float, limit: int | None = None) -> Floats:
    """The times of a source's rows that can be sold at, in its order; latest: times beyond it are wrong. limit: so many rows at most."""
    found = list(_until(limit, (times_of(rows.columns, mapping.time) for rows in source.read() if len(rows))))
    times: Floats = np.concatenate(found) if found else np.empty(0)
    times = times[(times >= EARLIEST) & (times < latest)]
    return times[:limit]


def _until(limit: int | None, runs: Iterable[Floats]) -> Iterator[Floats]:
    read = 0
    for run in runs:
        yield run
        read += len(run)
        if limit is not None and read >= limit:
            return


class LiveDay:
    """Holds a replay before its last day until `begin`, then lets the day run: `pace` shop seconds a second. Used by two threads.

    reached: set once the replay has come to the day.
    """

    def __init__(self, day: LastDay, pace: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.day, self.pace = day, pace
        self.reached = threading.Event()
        self._clock = clock
        self._began: float | None = None

    def begin(self) -> None:
        """Let the day run from now on."""
        self._began = self._clock()

    @property
    def runs(self) -> bool:
        """Whether the day has begun to run."""
        return self._began is not None

    def shop_time(self) -> float:
        """What time it is in the shop, epoch seconds: at most the day's end."""
        if self._began is None:
            return self.day.begins
        return min(self.day.opens + (self._clock() - self._began) * self.pace, self.day.ends)

    def until(self, wanted: float) -> float:
        """Up to when events may be sent; wanted: the time of the next one."""
        if self._began is not None:
            now = self.shop_time()
            return now if now < self.day.ends else math.inf
        if wanted >= self.day.begins:
            self.reached.set()
        return math.nextafter(self.day.begins, 0.0)
