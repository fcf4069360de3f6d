"""Level shifts: a two-sided CUSUM (Page 1954) on a series' day residuals, less what its store's series have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.results import Drift
from online_model.series import DS, PROFILE, RAW
from online_model.settings import MEAN_FLOOR, TINY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series import Series

    F32 = NDArray[np.float32]

SLACK: Final = 0.6
THRESHOLD: Final = 7.0
"""In standard deviations of the day forecast."""
RESIDUAL_CLIP: Final = 3.5
"""One day, whatever was sold on it, is half the threshold at most."""
MIN_SERIES: Final = 5
"""The day's median is taken out where the store has so many series."""
MIN_COUNT: Final = 28
"""Open days before a series is watched."""
COOL_DOWN: Final = 28
"""Open days after a shift in which no other is declared."""
FACTOR_RANGE: Final = (0.2, 5.0)
MIN_CHANGE: Final = 0.2
"""Smaller changes of level are left to the running means."""
AGE_AFTER: Final = 14
"""The running means go on as if they had seen so many days."""
SUM, DAYS, RATIO = range(3)


def watch(s: Series, expected: F32, variance: F32, y: F32, known: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Take a day in; series whose level has shifted.

    Parameters
    ----------
    expected, variance
        Of the day's forecast, `[n]`.
    y
        Winsorised units.
    known
        Where there was a forecast.

    """
    z = np.clip((y - expected) / np.sqrt(np.maximum(variance, 1e-6)), -RESIDUAL_CLIP, RESIDUAL_CLIP)
    use = known & (s.count >= MIN_COUNT) & (s.age >= COOL_DOWN)
    if not use.any():
        return np.zeros(0, np.int64)
    if int(use.sum()) >= MIN_SERIES:
        z = z - np.median(z[use]).astype(np.float32)
    ratio = y / np.maximum(expected, TINY)
    for side, value in enumerate((z, -z)):
        c = s.cusum[side]
        c[SUM] = np.where(use, np.maximum(c[SUM] + value - SLACK, 0), c[SUM] * (s.age >= COOL_DOWN))
        going = c[SUM] > 0
        c[DAYS] = np.where(going, c[DAYS] + use, 0)
        c[RATIO] = np.where(going, c[RATIO] + np.minimum(ratio, 10.0) * use, 0)
    over = (s.cusum[:, SUM] > THRESHOLD) & use
    return np.asarray(np.flatnonzero(over.any(0)))


def shift(s: Series, rows: NDArray[np.int64], day: int) -> list[Drift]:
    """Move the levels of these series to where they now are; what was done."""
    drifts = []
    for i in rows.tolist():
        side = int(s.cusum[1, SUM, i] > s.cusum[0, SUM, i])
        days = float(s.cusum[side, DAYS, i])
        factor = float(s.cusum[side, RATIO, i]) / max(days, 1.0)
        s.cusum[:, :, i] = 0
        factor = min(max(factor, FACTOR_RANGE[0]), FACTOR_RANGE[1])
        if abs(factor - 1) < MIN_CHANGE or (factor > 1) != (side == 0):
            continue
        before = float(s.ewma[DS.start + 3, i])
        _move(s, i, factor)
        since = day - int(days) + 1
        after = before * factor
        drifts.append(Drift("level_shift", int(s.series[i]), since, before, after, factor, "levels moved to the new one"))
    return drifts


def _move(s: Series, i: int, factor: float) -> None:
    """All of a series' memory of its level, times the factor; the shortest running mean has already moved most of the way."""
    floor = MEAN_FLOOR * float(s.mean[i])
    target = max(float(s.ewma[DS.start + 3, i]) * factor, floor)
    for part in (DS, RAW, PROFILE):
        s.ewma[part, i] = target if part is DS else np.maximum(s.ewma[part, i] * factor, floor)
    s.cell_ewma[:, i] *= factor
    s.weekdays_ds[:, :, i] *= factor
    s.year_sums[:, i] *= factor
    s.bias_ewma[i] *= factor
    s.age[i] = AGE_AFTER
