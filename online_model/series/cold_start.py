"""Where a new series starts: at the level its item has in other stores, scaled to this store. It weighs as much as two observations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import TINY
from online_model.series.ewmas import DS28

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.series import Series

    F32 = NDArray[np.float32]

OLD_ENOUGH: Final = 14
"""Open days after which a series teaches how its item sells."""
MIN_GAIN: Final = 0.02
WORTH: Final = 2
"""Observations that the prior weighs as much as."""


class ItemLevels:
    """How each item sells relative to its store: running mean of its level over the store's mean level, `[items]`, and how often seen."""

    def __init__(self) -> None:
        self.relative: NDArray[np.float64] = np.zeros(0)
        self.seen: NDArray[np.float64] = np.zeros(0)

    def know(self, n_items: int) -> None:
        """Make room for this many items."""
        if n_items > len(self.seen):
            more = np.zeros(n_items - len(self.seen))
            self.relative, self.seen = np.append(self.relative, more), np.append(self.seen, more)

    def learn(self, s: Series) -> None:
        """Learn from the levels of a store's series."""
        old = s.count >= OLD_ENOUGH
        if not old.any():
            return
        level, items = s.ewma[DS28, old], s.item[old]
        mean = max(float(level.mean()), TINY)
        self.seen[items] += 1
        gain = np.maximum(1 / self.seen[items], MIN_GAIN)
        self.relative[items] += gain * (level / mean - self.relative[items])

    def prior(self, s: Series) -> F32:
        """The level that item and store suggest for each series, `[n]`; 0 where the item is unknown."""
        old = s.count >= OLD_ENOUGH
        if not old.any():
            return np.zeros(len(s), np.float32)
        return np.asarray(self.relative[s.item] * float(s.ewma[DS28, old].mean()), np.float32)
