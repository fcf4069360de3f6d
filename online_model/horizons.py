"""The declared horizons and quantiles as the model needs them: their places in arrays, and tuned numbers by length.

A horizon is the number of days that a forecast sums over. A tail is a quantile other than the median.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from streams.contract.horizons import DAYS_AHEAD, HORIZON_NAMES, HORIZONS, PARTS, QUANTILE_NAMES, QUANTILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "DAY", "DAYS_AHEAD", "HORIZONS", "HORIZON_NAMES", "KNOWN_OPEN_DAYS", "LOWER", "N_HORIZONS", "N_TAILS", "PARTS", "QUANTILES",
    "QUANTILE_NAMES", "SPANS", "TAIL_NAMES", "TAIL_PROBABILITY", "WEEK", "tuned",
]  # fmt: skip

SPANS: Final = tuple(horizon.days for horizon in HORIZONS)
"""Days of each horizon; every array with an axis for horizons uses this order."""
N_HORIZONS: Final = len(HORIZONS)
DAY, WEEK = SPANS.index(1), SPANS.index(7)
"""Places of the two horizons that the model treats specially: the next day, and the week over which it measures the bias."""
KNOWN_OPEN_DAYS: Final = DAYS_AHEAD + 7
"""How far ahead the model must know whether the store opens: features of the last day look 7 days beyond it."""

_TAILS: Final = tuple(quantile for quantile in QUANTILES if quantile.probability != 0.5)
N_TAILS: Final = len(_TAILS)
TAIL_NAMES: Final = tuple(tail.name for tail in _TAILS)
"""Names of the tails, lowest first."""
LOWER: Final[NDArray[np.bool_]] = np.array([tail.probability < 0.5 for tail in _TAILS])
"""Whether each tail lies below the median, `[tails]`."""
TAIL_PROBABILITY: Final[NDArray[np.float64]] = np.array([min(tail.probability, round(1 - tail.probability, 9)) for tail in _TAILS])
"""Share of days that should lie beyond each tail, `[tails]`."""

_TUNED_DAYS: Final = (1, 7, 28)


def tuned(day: float, week: float, four_weeks: float) -> NDArray[np.float64]:
    """One number a horizon, `[horizons]`, from the numbers tuned for 1, 7 and 28 days.

    Horizons of other lengths interpolate linearly in the logarithm of the days.
    """
    values: Sequence[float] = (day, week, four_weeks)
    return np.asarray(np.interp(np.log(SPANS), np.log(_TUNED_DAYS), values))
