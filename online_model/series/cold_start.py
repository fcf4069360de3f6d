"""A new series starts from its item elsewhere and its store: a prior worth two observations."""

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
"""Open days from which a series tells of its item."""
MIN_GAIN: Final = 0.02
WORTH: Final = 2
"""Observations the prior counts as."""


class ItemLevels:
    """How an item sells relative to its store: running mean of level over the store's mean level, `[items]`, and its number."""

    def __init__(self) -> None:
        self.relative: NDArray[np.float64] = np.zeros(0)
        self.seen: NDArray[np.float64] = np.zeros(0)

    def know(self, n_items: int) -> None:
        """Make room."""
        if n_items > len(self.seen):
            more = np.zeros(n_items - len(self.seen))
            self.relative, self.seen = np.append(self.relative, more), np.append(self.seen, more)

    def learn(self, s: Series) -> None:
        """Take a store's levels in."""
        old = s.count >= OLD_ENOUGH
        if not old.any():
            return
        level, items = s.ewma[DS28, old], s.item[old]
        mean = max(float(level.mean()), TINY)
        self.seen[items] += 1
        gain = np.maximum(1 / self.seen[items], MIN_GAIN)
        self.relative[items] += gain * (level / mean - self.relative[items])

    def prior(self, s: Series) -> F32:
        """Level to expect of each series from its item elsewhere and its store, 0 where the item is not known, `[n]`."""
        old = s.count >= OLD_ENOUGH
        if not old.any():
            return np.zeros(len(s), np.float32)
        return np.asarray(self.relative[s.item] * float(s.ewma[DS28, old].mean()), np.float32)
