"""What the series of a store, or of an item, sold in common today beyond what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import OVERDISPERSION, TINY, gain_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.series import Series

    F32 = NDArray[np.float32]

CLIP: Final = 0.6
RESIDUAL_CLIP: Final = (-1.0, 2.0)
GAIN: Final = gain_of(3)
"""Gain of the running mean of a group's residual: a half-life of 3 days."""
USUAL_GAIN: Final = 0.05


class SharedResiduals:
    """Mean relative residuals of stores and of items, less that of all series of the pool on the same business date.

    Attributes
    ----------
    date_we, date_w
        Sums of weight x residual, and of weight, over the stores that have closed the current date.
    usual_w
        Usual weight of a date; stores that have not closed yet count with a residual of 0.
    item_we, item_w, item_ewma
        The same sums for the current date by item; running mean of the residual by item.
    store_ewma
        Running mean of the residual by store.

    """

    def __init__(self) -> None:
        self.date_we = self.date_w = self.usual_w = 0.0
        self.item_we, self.item_w, self.item_ewma = np.zeros(0), np.zeros(0), np.zeros(0)
        self.store_ewma: NDArray[np.float64] = np.zeros(0)

    def know(self, n_stores: int, n_items: int) -> None:
        """Make room for this many stores and items."""
        if n_stores > len(self.store_ewma):
            self.store_ewma = np.append(self.store_ewma, np.zeros(n_stores - len(self.store_ewma)))
        if n_items > len(self.item_w):
            more = np.zeros(n_items - len(self.item_w))
            self.item_we, self.item_w = np.append(self.item_we, more), np.append(self.item_w, more)
            self.item_ewma = np.append(self.item_ewma, more)

    def new_date(self) -> None:
        """Begin a new business date of the pool."""
        if self.date_w > 0:
            gap = self.date_w - self.usual_w
            self.usual_w += gap if self.usual_w == 0 else USUAL_GAIN * gap
        self.date_we = self.date_w = 0.0
        seen = self.item_w > 0
        if seen.any():
            self.item_ewma[seen] += GAIN * (self.item_we[seen] / self.item_w[seen] - self.item_ewma[seen])
            self.item_we[seen] = self.item_w[seen] = 0.0

    def close(self, store: int, s: Series, y: F32 | None, n_series: int, weight: F32 | None = None) -> tuple[float, float, F32, F32] | None:
        """Learn a store's day, and return what its series share.

        Parameters
        ----------
        s
            The store's series; `expected` holds the units expected of the day, NaN: no forecast.
        y
            Winsorised units, `[n]`; None on a closed day.
        n_series
            Number of series in the pool.
        weight
            How much of the day was seen, `[n]`; None: all of it.

        Returns
        -------
        tuple or None
            Today's residual and its running mean, for the store, and for the item of each series, `[n]`. None in a pool of one
            store, or of one series a store.

        """
        n_stores, n_items = len(self.store_ewma), len(self.item_w)
        if n_stores < 2 or n_stores == n_series:
            return None
        by_item = n_items < n_series
        today = 0.0
        if y is not None:
            f = np.where(np.isnan(s.expected), np.float32(0), s.expected)
            w = f / (1 + OVERDISPERSION * f)
            if weight is not None:
                w *= weight
            e = np.clip(y / np.maximum(f, TINY) - 1, *RESIDUAL_CLIP)
            total, mean = float(w.sum()), float(w @ e)
            self.date_we += mean
            self.date_w += total
            around = self.date_we / max(self.date_w, self.usual_w, 1e-9)
            if total > 0:
                today = mean / total - around
                self.store_ewma[store] += GAIN * (today - self.store_ewma[store])
            if by_item:
                self.item_we[s.item] += w * (e - around)
                self.item_w[s.item] += w
        zero = np.zeros(len(s), np.float32)
        item, item_ewma = self._of_items(s.item) if by_item else (zero, zero)
        return min(max(today, -CLIP), CLIP), min(max(float(self.store_ewma[store]), -CLIP), CLIP), item, item_ewma

    def _of_items(self, items: NDArray[np.int64]) -> tuple[F32, F32]:
        w, ewma = self.item_w[items], self.item_ewma[items]
        r = np.where(w > 0, self.item_we[items] / np.maximum(w, 1e-9), 0)
        ewma = np.where(w > 0, ewma + GAIN * (r - ewma), ewma)
        return np.clip(r, -CLIP, CLIP).astype(np.float32), np.clip(ewma, -CLIP, CLIP).astype(np.float32)
