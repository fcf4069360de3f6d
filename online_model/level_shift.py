"""Level shifts: a two-sided CUSUM (Page 1954) on a series' day residuals, less what its store's series have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.results import Drift
from online_model.series import DS, DS14, DS28, PROFILE, RAW
from online_model.settings import MEAN_FLOOR, TINY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series import Series

    F32 = NDArray[np.float32]

SLACK: Final = 1.0
THRESHOLD: Final = 10.0
"""In standard deviations of the day forecast."""
RESIDUAL_CLIP: Final = 3.5
"""One day, whatever was sold on it, cannot fire alone."""
ROOT_SHIFT: Final = 0.375
"""Residuals are of sqrt(units + 3/8), which tames the upper tail of counts (Anscombe 1948)."""
MIN_SERIES: Final = 5
"""The day's median is taken out where the store has so many series."""
ENOUGH_UNITS: Final = 2.0
"""Series that sell less a day are watched only if their day varies by less than its mean: half or double is within their noise."""
MIN_COUNT: Final = 28
"""Open days before a series is watched."""
COOL_DOWN: Final = 28
"""Open days after a shift in which no other is declared."""
FACTOR_RANGE: Final = (0.33, 3.0)
RATIO_CAP: Final = 10.0
ONSET: Final = 1.5
"""A shift is dated to the day on which its CUSUM rose above this for good."""
MIN_CHANGE: Final = 0.25
"""Smaller changes of level are left to the running means."""
AGE_AFTER: Final = 14
"""The running means go on as if they had seen so many days."""
SUM, DAYS, LEVEL, START = range(4)
UP_AND_DOWN: Final = np.array([[1], [-1]], np.float32)


def watch(s: Series, expected: F32, settled: F32, variance: F32, y: F32, known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Take a day in; series whose level has shifted.

    Parameters
    ----------
    expected, variance
        Of the day's forecast, `[n]`.
    settled
        Forecast of the running means alone, `[n]`: once a CUSUM has risen, residuals are of this one, because the regressions
        follow a shift within days and would hide it half-way.
    y
        Winsorised units.
    known
        Where there was a forecast.

    """
    z, z_settled = (_residual(f, expected, variance, y) for f in (expected, settled))
    steady = (variance <= expected**2) | (expected >= ENOUGH_UNITS)
    use = known & steady & (s.count >= MIN_COUNT) & (s.age >= COOL_DOWN)
    if not use.any():
        return np.zeros(0, np.int64)
    if int(use.sum()) >= MIN_SERIES:
        z, z_settled = z - _middle(z[use]), z_settled - _middle(z_settled[use])
    level = np.maximum(s.ewma[DS14], TINY)
    units = np.minimum(y / np.maximum(settled, TINY), RATIO_CAP) * level
    c = s.cusum.swapaxes(0, 1)
    before = c[SUM] > ONSET
    value = UP_AND_DOWN * np.where(before, z_settled, z)
    c[SUM] = np.where(use, np.maximum(c[SUM] + value - SLACK, 0), c[SUM])
    c[START] = np.where(before, c[START], level)
    c[DAYS] = np.where(c[SUM] > ONSET, c[DAYS] + use, 0)
    c[LEVEL] += use * (units - c[LEVEL]) / np.maximum(c[DAYS], 1)
    return np.asarray(np.flatnonzero(((c[SUM] > THRESHOLD) & use).any(0)))


def _middle(values: F32) -> float:
    """The median; np.median takes ten times as long on a few numbers."""
    values = np.sort(values)
    return (float(values[(len(values) - 1) // 2]) + float(values[len(values) // 2])) / 2


def _residual(forecast: F32, expected: F32, variance: F32, y: F32) -> F32:
    """Residual of the root of a day's units, in standard deviations; the variance is that at `expected`."""
    root, width = np.sqrt(forecast + ROOT_SHIFT), np.sqrt(np.maximum(variance, 1e-6) / (expected + ROOT_SHIFT))
    return np.asarray(np.clip(2 * (np.sqrt(y + ROOT_SHIFT) - root) / width, -RESIDUAL_CLIP, RESIDUAL_CLIP))


def shift(s: Series, rows: NDArray[np.int64], day: int) -> list[Drift]:
    """Move the levels of these series to where they now are; what was done."""
    drifts = []
    for i in rows.tolist():
        side = int(s.cusum[1, SUM, i] > s.cusum[0, SUM, i])
        _, days, now, before = s.cusum[side, :, i].tolist()
        s.cusum[:, :, i] = 0
        factor = min(max(now / before, FACTOR_RANGE[0]), FACTOR_RANGE[1])
        if abs(factor - 1) < MIN_CHANGE or (factor > 1) != (side == 0):
            continue
        _move(s, i, before * factor)
        since, what = day - int(days) + 1, "levels moved to the new one"
        drifts.append(Drift("level_shift", int(s.series[i]), since, before, before * factor, factor, what))
    return drifts


def _move(s: Series, i: int, level: float) -> None:
    """Bring a series' running means to a level over c; memories of 28 days and more in proportion."""
    level = max(level, MEAN_FLOOR * float(s.mean[i]), TINY)
    factor = level / max(float(s.ewma[DS28, i]), TINY)
    s.ewma[DS, i] = level
    s.ewma[RAW, i] *= factor
    s.ewma[PROFILE, i] *= factor
    s.cell_ewma[:, i] *= factor
    s.weekdays_ds[:, :, i] *= factor
    s.year_sums[:, i] *= factor
    s.age[i] = AGE_AFTER
