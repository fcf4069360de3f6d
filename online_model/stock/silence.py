"""The silence radar: how unlikely it is that a series has sold nothing for so long, without any knowledge of its stock.

The visits that bring a sale come at the rate that the hour usually brings, times how today goes; they scatter more than a Poisson's, since
days and hours are better or worse for all. So the number of visits in a run of hours is negative binomial, and the chance of none is
(1 + k v)^(-1/k) with v expected visits. What a visit buys is learned from how many hours bring nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]

HOURS: Final = 24
CLUMPING: Final = 0.2
"""k: the squared coefficient of variation of a run's rate around what was expected."""
ALARM_BELOW: Final = 0.001
"""A silence that is less likely than this is worth an alarm."""
STEP: Final = 0.2
VISIT_RANGE: Final = (1e-3, 1e4)
STEP_CLIP: Final = 0.3
CALM_VISITS: Final = 10.0
"""Today's pace is damped as if this many more visits had been expected, and had come."""
PACE_CLIP: Final = (0.25, 1.5)


def chance_of_silence(visits: F64) -> F64:
    """Probability of no sale where this many visits were expected."""
    return np.asarray((1 + CLUMPING * np.maximum(visits, 0)) ** (-1 / CLUMPING))


def silent_since(by_hour: F64) -> NDArray[np.intp]:
    """The full hour since which each series has sold nothing, `[n]`; 0 where it has not sold today.

    `by_hour` holds the units by local hour, `[24, n]`. A sale counts until the end of its hour.
    """
    sold = by_hour > 0
    return np.where(sold.any(0), HOURS - np.argmax(sold[::-1], 0), 0)


def silence(expected: F64, by_hour: F64, hour: float, visit: F64) -> tuple[F64, F64]:
    """How unlikely today's silence is, and what it costs an hour.

    Parameters
    ----------
    expected
        Units that the hours of the day usually bring, `[24, n]`.
    by_hour
        Units sold so far by local hour, `[24, n]`.
    hour
        Local time, in hours.
    visit
        Units that a visit buys, `[n]`.

    Returns
    -------
    chance, at_stake
        Probability of a silence at least this long, `[n]`; units that the next hour would bring, `[n]`.

    """
    since = silent_since(by_hour)
    running = np.zeros((HOURS + 1, expected.shape[1]))
    np.cumsum(expected, 0, out=running[1:])
    before = np.take_along_axis(running, since[None], 0)[0]
    calm = CALM_VISITS * visit
    pace = np.clip((by_hour.sum(0) + calm) / (before + calm), *PACE_CLIP)
    whole = min(max(int(hour), 0), HOURS - 1)
    now = running[whole] + min(hour - whole, 1.0) * expected[whole]
    return chance_of_silence(pace * (now - before) / visit), pace * expected[whole]


def learn_visit(visit: F32, expected: F32, by_hour: F32) -> None:
    """Learn the units of a visit from the hours of a day that brought nothing; `visit`, `[n]`, changes in place.

    One damped Newton step, on the log of the units, towards as many hours with a sale as there were. Only the hours between the day's
    first and last sale count: before and after them the shelf may have been empty.
    """
    sold = by_hour > 0
    begun = np.logical_or.accumulate(sold, 0)
    ahead = np.logical_or.accumulate(sold[::-1], 0)[::-1]
    inside = (begun & ahead).astype(np.float32)
    some = sold.sum(0) > 2
    if not some.any():
        return
    v = expected / visit
    none = np.exp(-v)
    gap = ((sold - (1 - none)) * inside).sum(0)
    slope = (v * none * inside).sum(0) + 1
    step = np.clip(STEP * gap / slope, -STEP_CLIP, STEP_CLIP)
    visit[:] = np.where(some, np.clip(visit * np.exp(-step), *VISIT_RANGE), visit)
