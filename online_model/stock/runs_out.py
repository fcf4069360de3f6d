"""When a shelf will be empty: the probability, hour by hour, that what is left is gone before closing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import gammaincc, ndtr, ndtri

from online_model.stock.rest_of_day import LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]

TAIL: Final = 1e-12


def probability_gone(left: F64, mean: F64, variance: F64, level: F64, integer: Bools) -> F64:
    """Probability that demand reaches what is left; arrays of shapes that broadcast.

    Demand is a gamma with this mean and variance, as in the band of `rest_of_day`. Whole units are gone from half a unit below the last
    one on. How far the learned ends of the band lie beyond those of the gamma stretches the probability towards one half or away from it.

    Parameters
    ----------
    left
        Units in stock; 0 or less: gone.
    mean, variance
        Of the units demanded by the hour in question.
    level
        Ends of the band on the normal scale, `[2, ...]`: P10 (negative) and P90.
    integer
        Whether the series sells whole units only.

    """
    left = left - 0.5 * integer
    mean = np.maximum(mean, TAIL)
    shape = np.clip(mean * mean / np.maximum(variance, TAIL), 1e-3, 1e6)
    over = np.clip(gammaincc(shape, shape * np.maximum(left, 0) / mean), TAIL, 1 - TAIL)
    z = ndtri(over)  # above 0: demand is likelier to reach it than not
    stretched = np.where(z > 0, z * LEVEL / -level[0], z * LEVEL / level[1])
    return np.asarray(np.where(left <= 0, 1.0, ndtr(stretched)))
