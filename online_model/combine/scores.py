"""Running scores by horizon and contender (the model and its baselines): since the start, and decayed to show the present."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from online_model.horizons import HORIZON_NAMES, N_HORIZONS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from online_model.results import Scored

HALF_LIFE_DAYS = 28.0
CONTENDERS = ("shelfcast", "weekday_mean", "seasonal_naive", "smoothing")
_SUMS = ("n", "actual", "error", "absolute", "squared", "naive_squared", "covered")
_N, _ACTUAL, _ERROR, _ABSOLUTE, _SQUARED, _NAIVE_SQUARED, _COVERED = range(len(_SUMS))


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of one contender at one horizon.

    Attributes
    ----------
    n
        Number of forecasts scored; in decayed scores, their weight.
    wape
        Weighted absolute percentage error: sum of |forecast - actual| over sum of |actual|; NaN when nothing was sold.
    rmsse
        Root mean squared error over that of the seasonal naive on the same forecasts.
    bias
        Sum of (forecast - actual) over sum of actual.
    coverage
        Share of actuals from P10 to P90, bounds included; NaN for contenders without quantiles.

    """

    n: float
    wape: float
    rmsse: float
    bias: float
    coverage: float


def _ratio(a: float, b: float) -> float:
    return a / b if b > 0 else float("nan")


@dataclass
class Scores:
    """Running error sums by horizon and contender.

    `decayed` halves every 28 scored business dates of the pool; `total` never forgets.
    """

    total: np.ndarray = field(default_factory=lambda: np.zeros((N_HORIZONS, len(CONTENDERS), len(_SUMS))))
    decayed: np.ndarray = field(default_factory=lambda: np.zeros((N_HORIZONS, len(CONTENDERS), len(_SUMS))))

    def new_date(self) -> None:
        """Begin a new business date of the pool: let the decayed sums fade."""
        self.decayed *= 0.5 ** (1 / HALF_LIFE_DAYS)

    @classmethod
    def of_all(cls, scores: Iterable[Scores]) -> Scores:
        """The joint scores of several pools."""
        out = cls()
        for other in scores:
            out.total += other.total
            out.decayed += other.decayed
        return out

    def add(self, horizon: str, scored: Scored) -> None:
        """Add the matured forecasts of a horizon."""
        actual = scored.actual
        error = np.array((scored.mean, scored.weekday_mean, scored.seasonal_naive, scored.smoothing)) - actual
        size = np.abs(error)
        squared = (size * size).sum(1)
        sums = np.empty((len(_SUMS), len(CONTENDERS)))
        sums[_N], sums[_ACTUAL] = len(actual), np.abs(actual).sum()
        sums[_ERROR], sums[_ABSOLUTE], sums[_SQUARED] = error.sum(1), size.sum(1), squared
        sums[_NAIVE_SQUARED] = squared[CONTENDERS.index("seasonal_naive")]
        sums[_COVERED] = ((scored.p10 <= actual) & (actual <= scored.p90)).sum()
        h = HORIZON_NAMES.index(horizon)
        self.total[h] += sums.T
        self.decayed[h] += sums.T

    def read(self, *, decayed: bool = True) -> dict[str, dict[str, Score]]:
        """Scores by horizon and contender (`shelfcast`, `weekday_mean`, `seasonal_naive`, `smoothing`)."""
        sums = self.decayed if decayed else self.total
        return {
            horizon: {
                contender: Score(
                    n=float(s[_N]),
                    wape=_ratio(s[_ABSOLUTE], s[_ACTUAL]),
                    rmsse=_ratio(s[_SQUARED], s[_NAIVE_SQUARED]) ** 0.5,
                    bias=_ratio(s[_ERROR], s[_ACTUAL]),
                    coverage=_ratio(s[_COVERED], s[_N]) if contender == "shelfcast" else float("nan"),
                )
                for contender, s in zip(CONTENDERS, sums[h].tolist(), strict=True)
            }
            for h, horizon in enumerate(HORIZON_NAMES)
        }
