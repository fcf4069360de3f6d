"""Whether one contender beats another by more than chance: intervals of errors, and the test of Diebold and Mariano."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import stdtr

from workbench.backtest.panel import Flags, Floats, Forecasts, Windows

DRAWS: Final = 1000
LEVEL: Final = 0.9
SHORTEST_BLOCK: Final = 7
FEWEST_ORIGINS: Final = 10


@dataclass(frozen=True, slots=True)
class Difference:
    """A contender against shelfcast.

    Attributes
    ----------
    low, high
        90 % interval of the contender's own WAPE, from a bootstrap of blocks of origins (Künsch, 1989).
    change
        Its absolute error over that of shelfcast, on windows that both forecast, less 1; above 0: shelfcast is better.
    p
        Two-sided probability of so large a difference if both were equally good (Diebold and Mariano, 1995, with the correction of
        Harvey, Leybourne and Newbold, 1997). None with fewer than 10 common origins.
    origins
        Common origins.

    """

    low: float | None
    high: float | None
    change: float | None
    p: float | None
    origins: int


def difference(window: Windows, ours: Forecasts, other: Forecasts, counts: Flags) -> Difference:
    """Compare over the windows that count and that both forecast; the loss of an origin is the sum of absolute errors of its series."""
    own_use = counts & np.isfinite(other.mean)
    low, high = interval(_losses(window, other, own_use), np.where(own_use, np.abs(window.actual), 0.0).sum(0), window.span)
    use = own_use & np.isfinite(ours.mean)
    common = use.any(0)
    a, b = _losses(window, other, use)[common], _losses(window, ours, use)[common]
    change = float(a.sum() / b.sum() - 1) if b.sum() > 0 else None
    return Difference(low, high, change, diebold_mariano(a - b, window.span), int(common.sum()))


def interval(losses: Floats, sold: Floats, span: int) -> tuple[float | None, float | None]:
    """The 90 % interval of the sum of losses over the sum of sales, both `[origins]`; a block is as long as a window or longer."""
    used = sold > 0
    losses, sold = losses[used], sold[used]
    n, length = len(sold), max(span, SHORTEST_BLOCK)
    if n < 2 * length:
        return None, None
    blocks = -(-n // length)
    starts = np.random.default_rng(1).integers(0, n - length + 1, (DRAWS, blocks))
    cumulated = [np.concatenate([[0.0], np.cumsum(values)]) for values in (losses, sold)]
    lost, earned = (np.sum(total[starts + length] - total[starts], axis=1) for total in cumulated)
    low, high = np.quantile(lost / earned, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def diebold_mariano(differences: Floats, span: int) -> float | None:
    """The probability for differences of losses of successive origins, whose forecasts reach `span` days and so overlap.

    The long-run variance sums the autocovariances up to the overlap; if that is negative, with Bartlett's weights, which cannot be.
    """
    n = len(differences)
    if n < max(FEWEST_ORIGINS, span + 2):
        return None
    centred = differences - differences.mean()
    covariances = np.array([float(centred[lag:] @ centred[: n - lag]) / n for lag in range(span)])
    variance = float(2 * covariances.sum() - covariances[0])
    if variance <= 0:
        variance = float(2 * (covariances * (1 - np.arange(span) / span)).sum() - covariances[0])
    if variance <= 0:
        return 1.0 if differences.mean() == 0 else None
    correction = (n + 1 - 2 * span + span * (span - 1) / n) / n
    statistic = float(differences.mean()) / np.sqrt(variance / n) * np.sqrt(max(correction, 1 / n))
    return float(2 * stdtr(n - 1, -abs(statistic)))


def _losses(window: Windows, forecasts: Forecasts, use: Flags) -> Floats:
    return np.asarray(np.where(use, np.abs(forecasts.mean - window.actual), 0.0).sum(0))
