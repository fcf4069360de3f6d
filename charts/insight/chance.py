"""How rare a day's sales are, judged by the forecast that was served: its mean and its band."""

from typing import Final

import numpy as np
from scipy.special import betainc

_SIZES: Final = np.exp(np.linspace(np.log(0.02), np.log(2000.0), 161))
"""Sizes r of the negative binomials that are tried: with mean m the variance is m + m^2 / r."""


def chance(sold: float, mean: float, p10: float, p90: float) -> float | None:
    """Probability of a day at least as far out as `sold`, on its side; None: nothing was expected.

    Sales are taken for a negative binomial with the served mean, and of a size that puts the served bound where it was said to be: P90
    for a day above the mean, P10 below it, unless that is 0.
    """
    if mean <= 0:
        return None
    above = sold > mean
    size = _size(mean, p90, 0.9) if above or p10 <= 0 else _size(mean, p10, 0.1)
    share = size / (size + mean)
    # P(X <= k) = I_share(size, k + 1): the regularised incomplete beta function, which also takes a k that is not whole.
    if above:
        return float(1 - betainc(size, max(sold, 1e-9), share))
    return float(betainc(size, max(sold, 0.0) + 1, share))


def _size(mean: float, bound: float, probability: float) -> float:
    """The largest size whose quantile lies at the bound, else the one nearest to it; half a unit, because a served bound is whole."""
    reached = betainc(_SIZES, bound + 0.5, _SIZES / (_SIZES + mean))
    # Towards small sizes most days sell nothing, so that a high bound is reached a second time.
    beyond = np.flatnonzero(reached <= probability) if probability > 0.5 else np.empty(0, np.intp)
    return float(_SIZES[beyond[-1] if len(beyond) else np.abs(reached - probability).argmin()])
