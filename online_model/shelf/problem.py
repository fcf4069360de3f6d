"""The allocation as a problem of numbers: concave, separable, whole facings under a capacity and category bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SLACK = 1e-9
"""Room that rounding may take, as a share of the capacity."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Maximise sum of value f^beta - labour |f - current| over whole facings f.

    d(f) = alpha f^beta is Corstjens & Doyle's (1981) space elasticity without cross terms, which change little
    (Schaal & Huebner 2018). The labour of moving is part of the objective, so a plan moves a facing only when that
    pays; the sum stays concave and separable, so what solves the one solves the other.

    Attributes
    ----------
    value, beta, width
        `[n]`: profit a day at one facing, exponent, width.
    low, high
        `[n]` least and most facings.
    capacity
        Width to share; every facing of the result together is no wider.
    category
        `[n]` number of the category, -1: none.
    category_low, category_high
        `[categories]` bounds in width.
    current
        `[n]` facings that stand now; None: an empty shelf, where moving costs nothing extra.
    labour
        Cost of one facing more or less than now, currency a day.

    """

    value: Floats
    beta: Floats
    width: Floats
    low: Ints
    high: Ints
    capacity: float
    category: Ints
    category_low: Floats
    category_high: Floats
    current: Ints | None = None
    labour: float = 0.0

    @property
    def slack(self) -> float:
        """Width by which rounding may exceed a bound."""
        return SLACK * self.capacity

    def profit(self, facings: Ints | Floats) -> Floats:
        """Expected profit a day of each item, `[n]`; 0 at no facings."""
        return self.value * np.power(facings, self.beta, dtype=np.float64)

    def objective(self, facings: Ints) -> float:
        """Profit a day less the labour of moving."""
        moved = 0.0 if self.current is None else self.labour * float(np.abs(facings - self.current).sum())
        return float(self.profit(facings).sum()) - moved

    def gain(self, facings: Ints) -> Floats:
        """What one more facing adds to the objective, `[n]`."""
        more = self.profit(facings + 1) - self.profit(facings)
        if self.current is None:
            return more
        return more + np.where(facings < self.current, self.labour, -self.labour)

    def loss(self, facings: Ints) -> Floats:
        """What one facing less takes from the objective, `[n]`; infinite at none."""
        less = self.profit(facings) - self.profit(np.maximum(facings - 1, 0))
        if self.current is not None:
            less = less + np.where(facings > self.current, -self.labour, self.labour)
        return np.where(facings > 0, less, np.inf)

    def used(self, facings: Ints) -> float:
        """Width that is taken."""
        return float(self.width @ facings)

    def used_by_category(self, facings: Ints) -> Floats:
        """Width that each category takes, `[categories]`."""
        mine = self.category >= 0
        widths = np.bincount(self.category[mine], (self.width * facings)[mine], minlength=len(self.category_low))
        return widths.astype(np.float64)
