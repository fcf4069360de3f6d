"""Today's total while the shop is open: sold so far, plus what the morning's forecast leaves, plus a learned gain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    F32 = NDArray[np.float32]

SHRINK_UNITS: Final = 200.0
"""A weekday's profile of the day is shrunk to the store's by this many units, the store's to the partition's."""
KEEP: Final = 0.99
"""Decay of profiles and of the gain's regression, a close."""
WEIGHT_CAP: Final = 50.0
RELATIVE_CLIP: Final = 3.0
GAIN_RIDGE: Final = 50.0
HOURS: Final = 24


class DayCurve:
    """Units by hour of a store: by weekday and in all, decayed, `[7, 24]` and `[24]`."""

    def __init__(self) -> None:
        self.by_weekday: F64 = np.zeros((7, HOURS))

    def learn(self, weekday: int, by_hour: F64) -> None:
        """Add an open day's units by hour, `[24]`."""
        self.by_weekday[weekday] = KEEP * self.by_weekday[weekday] + by_hour

    def share(self, weekday: int, pooled: F64) -> F64:
        """Share of a day's units sold by each full hour 0..24, `[25]`."""
        store = self.by_weekday.sum(0)
        store = (store + SHRINK_UNITS * pooled) / (store.sum() + SHRINK_UNITS)
        own = self.by_weekday[weekday]
        curve = (own + SHRINK_UNITS * store) / (own.sum() + SHRINK_UNITS)
        return np.concatenate([[0.0], np.cumsum(curve)])


class Nowcast:
    """Pooled over a partition: units by hour, and the gain's regression by hour.

    Expected total = n + m (1 - F(t)) + gain(t) (n - m F(t)), where n was sold by t, m is the morning's forecast and F the share
    of a day's units sold by t.
    """

    def __init__(self) -> None:
        self.by_hour: F64 = np.zeros(HOURS)
        self.xx: F64 = np.full(HOURS + 1, GAIN_RIDGE)
        self.xy: F64 = np.zeros(HOURS + 1)

    def curve(self) -> F64:
        """Share of each hour `[24]`; even through the day before any sale is known."""
        flat = np.full(HOURS, 1 / HOURS)
        return np.asarray((self.by_hour + 20 * flat) / (self.by_hour.sum() + 20))

    def learn(self, curve: DayCurve, weekday: int, hours: F32, morning: F32, share: float) -> None:
        """An open day has closed.

        Parameters
        ----------
        hours
            Units by local hour `[n, 24]`, at least 0.
        morning
            What had been expected of the day `[n]`.
        share
            The store's share of its date.

        """
        f = curve.share(weekday, self.curve())[1:].astype(np.float32)
        n = np.cumsum(hours, 1)
        m = np.maximum(morning, 0.01)[:, None]
        x = np.clip((n - m * f) / m, -1, RELATIVE_CLIP)
        y = np.clip((n[:, -1:] - n - m * (1 - f)) / m, -1, RELATIVE_CLIP)
        wx = np.minimum(morning, WEIGHT_CAP)[:, None] * x
        keep = 1 - (1 - KEEP) * share
        self.xx[1:] = keep * self.xx[1:] + share * (wx * x).sum(0) + (1 - keep) * GAIN_RIDGE
        self.xy[1:] = keep * self.xy[1:] + share * (wx * y).sum(0)
        total = hours.sum(0, dtype=np.float64)
        self.by_hour = keep * self.by_hour + total
        curve.learn(weekday, total)

    def expect(self, curve: DayCurve, weekday: int, hour: float, sold: F64, morning: F64) -> F64:
        """Expected total of the day `[n]`."""
        whole = min(max(int(hour), 0), HOURS - 1)
        part = min(max(hour - whole, 0.0), 1.0)
        before, after = curve.share(weekday, self.curve())[whole : whole + 2].tolist()
        f = before + part * (after - before)
        early, late = np.clip(self.xy[whole : whole + 2] / self.xx[whole : whole + 2], -0.5, 1.0).tolist()
        gain = early + part * (late - early)
        return np.asarray(np.maximum(sold + morning * (1 - f) + gain * (sold - morning * f), sold))
