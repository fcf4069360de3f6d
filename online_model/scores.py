"""Running scores by horizon and contender: cumulative since the start, and decayed to read the present."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from online_model.settings import HORIZONS

if TYPE_CHECKING:
    from online_model.results import Scored

HALF_LIFE_DAYS = 28.0
CONTENDERS = ("shelfcast", "weekday_mean", "seasonal_naive", "smoothing")
_SUMS = ("n", "actual", "forecast", "absolute", "squared", "naive_squared", "covered")


@dataclass(frozen=True, slots=True)
class Score:
    """One contender at one horizon.

    Attributes
    ----------
    n
        Forecasts scored (decayed: their weight).
    wape
        Sum of |forecast - actual| over sum of |actual|; NaN when nothing was sold.
    rmsse
        Root of mean squared error over that of the seasonal naive on the same forecasts.
    bias
        Sum of (forecast - actual) over sum of actual.
    coverage
        Share of actuals within P10-P90 (bounds included); NaN for contenders without quantiles.

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

    `decayed` halves every 28 scored business dates of the partition; `total` never forgets.
    """

    total: np.ndarray = field(default_factory=lambda: np.zeros((len(HORIZONS), len(CONTENDERS), len(_SUMS))))
    decayed: np.ndarray = field(default_factory=lambda: np.zeros((len(HORIZONS), len(CONTENDERS), len(_SUMS))))

    def new_date(self) -> None:
        """Forget a little: a new business date of the partition begins."""
        self.decayed *= 0.5 ** (1 / HALF_LIFE_DAYS)

    def add(self, horizon: str, scored: Scored) -> None:
        """Add forecasts that matured."""
        actual = scored.actual
        error = np.array((scored.mean, scored.weekday_mean, scored.seasonal_naive, scored.smoothing)) - actual
        size = np.abs(error)
        sums = np.empty((len(CONTENDERS), len(_SUMS)))
        sums[:, 0], sums[:, 1] = len(actual), np.abs(actual).sum()
        sums[:, 2], sums[:, 3], sums[:, 4] = error.sum(1), size.sum(1), (size * size).sum(1)
        sums[:, 5] = sums[CONTENDERS.index("seasonal_naive"), 4]
        sums[:, 6] = ((scored.p10 <= actual) & (actual <= scored.p90)).sum()
        h = list(HORIZONS).index(horizon)
        self.total[h] += sums
        self.decayed[h] += sums

    def read(self, *, decayed: bool = True) -> dict[str, dict[str, Score]]:
        """Scores by horizon and contender (`shelfcast`, `weekday_mean`, `seasonal_naive`, `smoothing`)."""
        sums = self.decayed if decayed else self.total
        return {
            horizon: {
                contender: Score(
                    n=float(s[0]),
                    wape=_ratio(s[3], s[1]),
                    rmsse=_ratio(s[4], s[5]) ** 0.5,
                    bias=_ratio(s[2], s[1]) if s[1] > 0 else float("nan"),
                    coverage=_ratio(s[6], s[0]) if contender == "shelfcast" else float("nan"),
                )
                for contender, s in zip(CONTENDERS, sums[h].tolist(), strict=True)
            }
            for h, horizon in enumerate(HORIZONS)
        }
