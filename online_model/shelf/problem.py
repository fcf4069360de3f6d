"""The allocation as a mathematical problem: concave and separable, whole facings, a capacity and bounds on categories."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SLACK = 1e-9
"""Share of the capacity by which rounding may exceed a bound."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """Maximise the sum of value f^beta - labour |f - current| over whole facings f.

    d(f) = alpha f^beta is the space elasticity of Corstjens & Doyle (1981) without cross terms, which change little (Schaal & Huebner
    2018). Because the objective includes the labour of moving, a plan moves a facing only when that pays. The sum stays concave and
    separable, so the same methods solve it.

    Attributes
    ----------
    value, beta, width
        `[n]`: profit per day at one facing, exponent, width of a facing.
    low, high
        `[n]` least and most facings.
    capacity
        Width to share: all facings together are no wider.
    category
        `[n]` number of the category; -1: none.
    category_low, category_high
        `[categories]` bounds in width.
    current
        `[n]` facings that stand now; None: the shelf is new, and labour does not count.
    labour
        Cost of each facing more or less than now, currency per day.

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
        """Expected profit per day of each item, `[n]`; 0 without facings."""
        return self.value * np.power(facings, self.beta, dtype=np.float64)

    def objective(self, facings: Ints) -> float:
        """Profit per day less the labour of moving."""
        moved = 0.0 if self.current is None else self.labour * float(np.abs(facings - self.current).sum())
        return float(self.profit(facings).sum()) - moved

    def gain(self, facings: Ints) -> Floats:
        """What one more facing adds to the objective, `[n]`."""
        more = self.profit(facings + 1) - self.profit(facings)
        if self.current is None:
            return more
        return more + np.where(facings < self.current, self.labour, -self.labour)

    def loss(self, facings: Ints) -> Floats:
        """What one facing less takes from the objective, `[n]`; infinite where there is none to take."""
        less = self.profit(facings) - self.profit(np.maximum(facings - 1, 0))
        if self.current is not None:
            less = less + np.where(facings > self.current, -self.labour, self.labour)
        return np.where(facings > 0, less, np.inf)

    def used(self, facings: Ints) -> float:
        """Width that the facings take."""
        return float(self.width @ facings)

    def used_by_category(self, facings: Ints) -> Floats:
        """Width that each category takes, `[categories]`."""
        mine = self.category >= 0
        widths = np.bincount(self.category[mine], (self.width * facings)[mine], minlength=len(self.category_low))
        return widths.astype(np.float64)
