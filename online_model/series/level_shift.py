"""Level shifts: finds a series that has begun to sell on another level, and moves its level there.

The detector is a two-sided CUSUM (Page 1954) on the residuals of a series' days, less what all series around it have in common. A store
with many series is its own yardstick: the median of its residuals is subtracted at once. A store with few series is compared with the
pool instead. Its residuals wait until the store's next close, because other stores may not have closed the day yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import MEAN_FLOOR, TINY
from online_model.results import Drift
from online_model.series.ewmas import DS, DS14, DS28, PROFILE, RAW

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.series import Series

    F32 = NDArray[np.float32]

SLACK: Final = 1.0
"""A residual must exceed this, in standard deviations of the day's forecast, to raise a CUSUM."""
THRESHOLD: Final = 10.0
"""A CUSUM above this declares a shift, in standard deviations of the day's forecast."""
RESIDUAL_CLIP: Final = 3.5
"""Bound of a residual: no single day can declare a shift, however much it sold."""
ROOT_SHIFT: Final = 0.375
"""Residuals compare sqrt(units + 3/8), which tames the upper tail of counts (Anscombe 1948)."""
MIN_SERIES: Final = 5
"""Fewest residuals of a day that show what series have in common."""
KEPT_DAYS: Final = 16
"""Days for which the pool's residuals are kept; a store whose next close comes later is judged by itself."""
ENOUGH_UNITS: Final = 2.0
"""A series that sells less than this a day is watched only while the standard deviation of its day stays below its mean. Otherwise half or
twice its sales would be mere noise."""
MIN_COUNT: Final = 28
"""Open days after which a series is watched."""
COOL_DOWN: Final = 28
"""Age of the running means from which a series can declare a shift; a shift sets the age back to `AGE_AFTER`."""
FACTOR_RANGE: Final = (0.33, 3.0)
"""Bounds of the factor by which one shift moves a level."""
RATIO_CAP: Final = 10.0
ONSET: Final = 1.5
"""A shift began on the day on which its CUSUM rose above this and stayed there."""
MIN_CHANGE: Final = 0.25
"""The running means follow smaller relative changes by themselves."""
AGE_AFTER: Final = 14
"""After a shift the running means weigh new days as if they had seen this many."""
SUM, DAYS, LEVEL, START = range(4)
UP_AND_DOWN: Final = np.array([[1], [-1]], np.float32)


class CommonResiduals:
    """The residuals of the newest days, summed over the series of a pool.

    Attributes
    ----------
    day
        Ordinal of the day at each place (ordinal modulo `KEPT_DAYS`); 0: none.
    total, n
        Sums of both residuals of `watch`, `[KEPT_DAYS, 2]`; their number, `[KEPT_DAYS]`.

    """

    def __init__(self) -> None:
        self.day: NDArray[np.int64] = np.zeros(KEPT_DAYS, np.int64)
        self.total: NDArray[np.float64] = np.zeros((KEPT_DAYS, 2))
        self.n: NDArray[np.int64] = np.zeros(KEPT_DAYS, np.int64)

    def add(self, day: int, z: F32) -> None:
        """Add the residuals of a store's day, `[2, m]`."""
        place = day % KEPT_DAYS
        if day > self.day[place]:
            self.day[place], self.total[place], self.n[place] = day, 0, 0
        if day == self.day[place]:
            self.total[place] += z.sum(1)
            self.n[place] += z.shape[1]

    def mean(self, day: int) -> NDArray[np.float64]:
        """Mean of both residuals, `[2]`; 0 while there are too few."""
        place = day % KEPT_DAYS
        known = day == self.day[place] and self.n[place] >= MIN_SERIES
        return self.total[place] / self.n[place] if known else np.zeros(2)


def watch(
    s: Series, common: CommonResiduals, day: int, expected: F32, settled: F32, variance: F32, y: F32, known: NDArray[np.bool_]
) -> dict[int, int]:
    """Learn a day; returns the rows of the series whose level has shifted, each with the day of the residual that showed it.

    Parameters
    ----------
    day
        Ordinal of the day.
    expected, variance
        Mean and variance of the day's forecast, `[n]`.
    settled
        Forecast of the running means alone, `[n]`. Once a CUSUM has risen, residuals are measured against this one: the regressions
        follow a shift within days and would hide it before it is declared.
    y
        Winsorised units sold, `[n]`.
    known
        Whether the day had been forecast, `[n]`.

    """
    fired = _judge_waiting(s, common)
    steady = (variance <= expected**2) | (expected >= ENOUGH_UNITS)
    use = known & steady & (s.count >= MIN_COUNT) & (s.age >= COOL_DOWN)
    if not use.any():
        return fired
    z = np.stack([_residual(f, expected, variance, y) for f in (expected, settled)])
    level = np.maximum(s.ewma[DS14], TINY)
    units = np.minimum(y / np.maximum(settled, TINY), RATIO_CAP) * level
    common.add(day, z[:, use])
    if int(use.sum()) < MIN_SERIES:
        s.waiting[:] = np.where(use, (*z, units, level, np.full(len(s), day)), np.nan)
        return fired
    middle = np.array([[_middle(row)] for row in z[:, use]], np.float32)
    return fired | dict.fromkeys(_step(s, z - middle, units, level, use), day)


def _judge_waiting(s: Series, common: CommonResiduals) -> dict[int, int]:
    """Judge the residuals that waited since the store's last close: by now the other stores have closed that day too."""
    use = ~np.isnan(s.waiting[0])
    if not use.any():
        return {}
    z, units, level, day = s.waiting[:2], s.waiting[2], s.waiting[3], int(s.waiting[4][use][0])
    fired = _step(s, z - common.mean(day).astype(np.float32)[:, None], units, level, use)
    s.waiting[:] = np.nan
    return dict.fromkeys(fired, day)


def _step(s: Series, z: F32, units: F32, level: F32, use: NDArray[np.bool_]) -> list[int]:
    """Move the CUSUMs of some series on by a day; returns the rows above the threshold."""
    c = s.cusum.swapaxes(0, 1)
    before = c[SUM] > ONSET
    value = UP_AND_DOWN * np.where(before, z[1], z[0])
    c[SUM] = np.where(use, np.maximum(c[SUM] + value - SLACK, 0), c[SUM])
    c[START] = np.where(before | ~use, c[START], level)
    c[DAYS] = np.where(c[SUM] > ONSET, c[DAYS] + use, 0)
    c[LEVEL] += np.where(use, (units - c[LEVEL]) / np.maximum(c[DAYS], 1), 0)
    return np.flatnonzero(((c[SUM] > THRESHOLD) & use).any(0)).tolist()


def _middle(values: F32) -> float:
    """The median; np.median takes ten times as long for a few numbers."""
    values = np.sort(values)
    return (float(values[(len(values) - 1) // 2]) + float(values[len(values) // 2])) / 2


def _residual(forecast: F32, expected: F32, variance: F32, y: F32) -> F32:
    """Residual of the root of a day's units, in standard deviations, `[n]`; `variance` is that of the forecast `expected`."""
    root, width = np.sqrt(forecast + ROOT_SHIFT), np.sqrt(np.maximum(variance, 1e-6) / (expected + ROOT_SHIFT))
    return np.asarray(np.clip(2 * (np.sqrt(y + ROOT_SHIFT) - root) / width, -RESIDUAL_CLIP, RESIDUAL_CLIP))


def shift(s: Series, rows: dict[int, int]) -> list[Drift]:
    """Move the levels of the series that `watch` returned to where they now are; returns what was done."""
    drifts = []
    for i, day in rows.items():
        side = int(s.cusum[1, SUM, i] > s.cusum[0, SUM, i])
        _, days, now, before = s.cusum[side, :, i].tolist()
        s.cusum[:, :, i] = 0
        s.waiting[:, i] = np.nan  # that residual belongs to the old level
        factor = min(max(now / before, FACTOR_RANGE[0]), FACTOR_RANGE[1])
        if abs(factor - 1) < MIN_CHANGE or (factor > 1) != (side == 0):
            continue
        _move(s, i, before * factor)
        since, what = day - int(days) + 1, "levels moved to the new one"
        drifts.append(Drift("level_shift", int(s.series[i]), since, before, before * factor, factor, what))
    return drifts


def _move(s: Series, i: int, level: float) -> None:
    """Set a series' running means over c to `level`, and scale its other memories in proportion."""
    level = max(level, MEAN_FLOOR * float(s.mean[i]), TINY)
    factor = level / max(float(s.ewma[DS28, i]), TINY)
    s.ewma[DS, i] = level
    s.ewma[RAW, i] *= factor
    s.ewma[PROFILE, i] *= factor
    s.cell_ewma[:, i] *= factor
    s.weekdays_ds[:, :, i] *= factor
    s.year_sums[:, i] *= factor
    s.age[i] = AGE_AFTER
