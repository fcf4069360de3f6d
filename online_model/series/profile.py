"""The profile of each series, and what all series of the pool share of a day: shock, index, trends.

A profile has 14 cells, one for each weekday without and with a promotion: how much such a day sells relative to the series' level. The
shock of a day is the log of what the pool sold over what was expected of it. The index is a day's sales with the profile divided out.
"""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import MEAN_FLOOR, RATIO_TO_LEVEL_CAP, SHOCK_CLIP, SMALL, TINY, WARM_UP, YEAR
from online_model.horizons import SPANS
from online_model.series.ewmas import PROFILE28

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.series import Series
    from online_model.series.sold_day import Today

    F32 = NDArray[np.float32]

PRIOR: Final = 6.0
GAIN: Final = 0.05
"""A cell learns with the gain max(1 / (visits + 6), .05)."""
FLOOR, DIVISOR_FLOOR = 0.02, 0.1
"""Smallest value of a cell; smallest value that divides sales."""
CELL_GAIN: Final = 0.2
SHOCK_DAMP, SHOCK_LARGE = 0.35, 0.25
"""A day whose pooled shock exceeds .25 either way teaches the profile with .35 of the gain."""
SHOCK_MIN_SERIES: Final = 2.0
"""A day has no shock unless at least this many average series were expected to sell."""
POOLED_PRIOR, POOLED_GAIN = 20.0, 0.03
TREND_GAINS: Final = np.array([0.2, 0.094, 0.025])
"""Gains of the pooled trends with half-lives of 3, 7 and 28 days."""
TREND_CLIP: Final = 0.5
YEAR_RATIO_FROM: Final = 42
"""Days of history before last year's window that a year ratio needs."""
YEAR_RATIO_CLIP: Final = (0.4, 2.5)
RING: Final = 512
"""Days of pooled history that are kept; a day's place is its ordinal modulo this."""


class PooledProfile:
    """The part of the profile that all series of a pool share.

    Attributes
    ----------
    cells, cell_visits
        Pooled profile and how often each cell was seen, `[14]`.
    actual, expected
        What a day sold and what was expected of it, each series divided by its mean, `[RING]`; their log ratio is the day's shock.
    index
        A day's sales over the profile, summed over the pool, `[RING]`.
    days
        Ordinal of the day at each place, `[RING]`.
    trend
        Running means of index over level, `[3]`, as of the start of the business date.
    date_index, date_level
        Sums of index and level over the current business date.

    """

    def __init__(self) -> None:
        self.cells = np.ones(14)
        self.cell_visits = np.zeros(14)
        self.actual, self.expected, self.index = np.zeros(RING), np.zeros(RING), np.zeros(RING)
        self.days = np.full(RING, -1)
        self.first_day = 0
        self.trend: NDArray[np.float64] = np.zeros(3)
        self.date_index = self.date_level = 0.0

    def new_date(self) -> None:
        """Begin a new business date of the pool."""
        self.trend = self._trend_now()
        self.date_index = self.date_level = 0.0

    def open_day(self, day: int) -> int:
        """Place of a day in the rings, emptied when the day is new."""
        i = day % RING
        if self.days[i] != day:
            self.days[i] = day
            self.actual[i] = self.expected[i] = self.index[i] = 0.0
            self.first_day = self.first_day or day
        return i

    def _trend_now(self) -> NDArray[np.float64]:
        if self.date_level <= 0:
            return self.trend
        ratio = self.date_index / self.date_level
        now = np.full(3, ratio) if not self.trend.any() else self.trend + TREND_GAINS * (ratio - self.trend)
        now[2] = max(now[2], 0.05)
        return now

    def trends(self) -> tuple[float, float]:
        """The 3-day and the 7-day trend relative to the 28-day trend, less 1, the current date included."""
        now = self._trend_now()
        if not now.any():
            return 0.0, 0.0
        clip = [min(max(float(now[k] / now[2]) - 1, -TREND_CLIP), TREND_CLIP) for k in range(2)]
        return clip[0], clip[1]

    def shock(self, day: int) -> float:
        """Log of actual over expected sales of a day, over all series that have closed it; 0 where too little was expected."""
        i = day % RING
        if self.days[i] != day or self.expected[i] <= SHOCK_MIN_SERIES:
            return 0.0
        return min(max(log((self.actual[i] + SMALL) / (self.expected[i] + SMALL)), -SHOCK_CLIP), SHOCK_CLIP)

    def shocks(self, days: NDArray[np.int64]) -> NDArray[np.float64]:
        """Shocks of several days; 0 for days that are no longer kept."""
        i = days % RING
        known = (self.days[i] == days) & (self.expected[i] > SHOCK_MIN_SERIES)
        shock = np.log((self.actual[i] + SMALL) / (self.expected[i] + SMALL))
        return np.where(known, np.clip(shock, -SHOCK_CLIP, SHOCK_CLIP), 0.0)

    def year_ratios(self, day: int) -> tuple[float, ...]:
        """How the pool grew last year from the same 4 weeks to each horizon, as factors; 1 in the first year."""
        if day + 1 - YEAR - 3 - self.first_day < YEAR_RATIO_FROM:
            return (1.0,) * len(SPANS)
        ago = day - YEAR
        known = np.arange(ago - 27, ago + SPANS[-1] + 4)
        index = np.where(self.days[known % RING] == known, self.index[known % RING], 0.0)
        total = np.concatenate([[0.0], np.cumsum(index)])
        base = (total[28] - total[0]) / 28
        out = []
        for b in SPANS:
            window = sum(float(total[28 + z + b] - total[28 + z]) / b for z in range(-3, 4)) / 7
            out.append(min(max(window / base, YEAR_RATIO_CLIP[0]), YEAR_RATIO_CLIP[1]) if base > 0 and window > 0 else 1.0)
        return tuple(out)


class ProfileClose:
    """Learns a store's day: the profiles of its series, and its part of the pooled values."""

    def __init__(self, pooled: PooledProfile) -> None:
        self.pooled = pooled

    def closed_day(self, day: int, last_index: float) -> None:
        """Count a store's closed day in the index as its newest open day counted."""
        self.pooled.index[self.pooled.open_day(day)] += last_index

    def closed_days(self, first: int, end: int, last_index: float) -> None:
        """The same for the days from `first` up to `end`, as far back as days are kept; newer days stay as they are."""
        for day in range(max(first, end - RING), end):
            if self.pooled.days[day % RING] <= day:
                self.closed_day(day, last_index)

    def learn(self, s: Series, today: Today, pool_series: int) -> tuple[F32, float]:
        """Learn an open day; `profile` and `visits` of the series change in place.

        Parameters
        ----------
        s
            The store's series, before the day.
        today
            The day to learn.
        pool_series
            Number of series in the pool that have sold.

        Returns
        -------
        profile, index
            Profile in the day's cell, `[n]`; the store's sales over the profile, -1 while no series is old enough.

        """
        y, teaches, promoted, level28 = today.units, today.teaches, today.promoted, s.ewma[PROFILE28]
        p, low, high = self.pooled, today.weekday, today.weekday + 7
        mean, expected = np.maximum(s.mean, TINY), np.maximum(level28, TINY)
        level = np.maximum(expected, MEAN_FLOOR * s.mean)
        now: F32 = s.profile[low] if promoted is None else np.where(promoted, s.profile[high], s.profile[low])
        over_mean = teaches / mean
        i = p.open_day(today.day)
        p.actual[i] += float(np.minimum(y, RATIO_TO_LEVEL_CAP * expected) @ over_mean)
        p.expected[i] += float((expected * now) @ over_mean)
        damp = SHOCK_DAMP if abs(p.shock(today.day)) > SHOCK_LARGE else 1.0
        ratio = np.minimum(y / level, RATIO_TO_LEVEL_CAP)
        if promoted is None:
            now = self._cell(s, low, ratio, teaches, damp)
            self._pool(low, ratio, teaches, pool_series)
        else:
            held = promoted.astype(np.float32)
            high_now = self._cell(s, high, ratio, teaches * held, damp)
            now = np.where(promoted, high_now, self._cell(s, low, ratio, teaches * (1 - held), damp))
            self._pool(high, ratio, teaches * held, pool_series)
            self._pool(low, ratio, teaches * (1 - held), pool_series)
        index = float(np.where(now > DIVISOR_FLOOR, y / np.maximum(now, DIVISOR_FLOOR), level) @ teaches)
        level_sum = float(level @ teaches)
        if today.weight is not None and level_sum > 0:  # the series that were not seen have grown like the others
            whole = float(level @ (today.started & (s.count > WARM_UP)))
            index, level_sum = index * whole / level_sum, whole
        if level_sum > 0:
            p.index[i] += index
            p.date_index += index
            p.date_level += level_sum
        return now, index if level_sum > 0 else -1.0

    @staticmethod
    def _cell(s: Series, cell: int, ratio: F32, teaches: F32, damp: float) -> F32:
        visits = s.visits[cell] = s.visits[cell] + (teaches > 0)
        gain = (damp * teaches) * np.maximum(1 / (visits + np.float32(PRIOR)), GAIN)
        old = s.profile[cell]
        new: F32 = np.maximum(old + gain * (ratio - old), FLOOR)
        s.profile[cell] = new
        return new

    def _pool(self, cell: int, ratio: F32, teaches: F32, pool_series: int) -> None:
        n = float(teaches.sum())
        if n == 0:
            return
        p = self.pooled
        seen = float(p.cell_visits[cell]) + POOLED_PRIOR
        gain = max(n / (seen + n), 1 - exp(n * log(1 - POOLED_GAIN / max(pool_series, 1))))
        p.cells[cell] += gain * (float(ratio @ teaches) / n - p.cells[cell])
        p.cell_visits[cell] += n


def learn_cell_ewma(s: Series, today: Today) -> None:
    """Update the running mean of sales in today's cell; the first visit sets it."""
    y, started, promoted = today.units, today.taught(), today.promoted
    gain = CELL_GAIN if today.weight is None else CELL_GAIN * today.weight
    for cell, here in ((today.weekday, started if promoted is None else started & ~promoted), (today.weekday + 7, promoted)):
        if here is not None:
            old = s.cell_ewma[cell]
            s.cell_ewma[cell] = np.where(here & started, np.where(np.isnan(old), y, old + gain * (y - old)), old)
