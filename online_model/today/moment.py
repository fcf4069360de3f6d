"""What is told of a running day, and what is forecast of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.today.band import TodayBand

    F64 = NDArray[np.float64]
    Floats = NDArray[np.floating[Any]]

_ALL: Final = slice(None)


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
class RunningTotals:
    """Totals of a running day, from its start to its end, of some rows.

    Attributes
    ----------
    sold, rest
        Units sold so far, and those that are expected to come, `[n]`.
    spread, whole
        As `TodayBand.serve` takes them.
    band, slot
        The band, and the time of day for which it speaks.

    """

    sold: F64
    rest: F64
    spread: Floats
    whole: NDArray[np.bool_] | None
    band: TodayBand
    slot: int

    @property
    def mean(self) -> F64:
        """Expected totals, `[n]`; never below what is sold."""
        return self.sold + self.rest

    def quantiles(self, rows: NDArray[np.intp] | slice = _ALL) -> F64:
        """Quantiles of the totals of some rows, `[quantiles, rows]`."""
        whole = None if self.whole is None else self.whole[rows]
        return self.sold[rows] + self.band.serve(self.slot, self.rest[rows], self.spread[rows], whole)


@dataclass(frozen=True, slots=True)
class TodayForecast:
    """Totals of a running day: of each series, `[n]`; and of the store, then of each of its categories, `[1 + categories]`."""

    items: RunningTotals
    totals: RunningTotals
