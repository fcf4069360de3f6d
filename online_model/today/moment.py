"""What is told of a running day, and what is forecast of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moment:
    """A moment of a store's running day.

    Attributes
    ----------
    day, hour
        Ordinal; local time of day, 0 to 24.
    sold
        Net units sold so far, `[n]`.
    receipts
        Receipts so far; 0: not counted.
    groups
        Number of each series' category within the store, `[n]`, -1: none; None: no categories.
    categories
        Number of the store's categories.

    """

    day: int
    hour: float
    sold: F64
    receipts: float = 0.0
    groups: NDArray[np.integer[Any]] | None = None
    categories: int = 0

    def sums(self, values: F64) -> F64:
        """The store's sum and those of its categories, `[1 + categories]`, of a value for each series."""
        if self.groups is None:
            return np.array([values.sum()])
        sums: F64 = np.bincount(self.groups + 1, values, self.categories + 1).astype(np.float64, copy=False)
        sums[0] = values.sum()
        return sums


@dataclass(frozen=True, slots=True)
class TodayForecast:
    """Totals of a running day, from its start to its end.

    Attributes
    ----------
    mean, quantiles
        Of each series, `[n]` and `[quantiles, n]`; never below what is sold.
    sold, totals, total_quantiles
        Of the store, then of each of its categories: units so far `[1 + categories]`, mean, and quantiles `[quantiles, 1 + categories]`.

    """

    mean: F64
    quantiles: F64
    sold: F64
    totals: F64
    total_quantiles: F64
