"""Today's expected total while the store is open: units sold so far, the rest of the morning's forecast, and a learned correction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    F32 = NDArray[np.float32]

SHRINK_UNITS: Final = 200.0
"""Each curve is shrunk towards a broader one, which weighs as much as this many units: a series' and a weekday's curve towards the
store's, the store's towards the pool's."""
KEEP: Final = 0.99
"""Decay of the curves and of the gain's regression at each close."""
WEIGHT_CAP: Final = 50.0
RELATIVE_CLIP: Final = 3.0
GAIN_RIDGE: Final = 50.0
TINY: Final = 1e-9
HOURS: Final = 24


class DayCurve:
    """A store's decayed units by weekday and local hour, `[7, 24]`."""

    def __init__(self) -> None:
        self.by_weekday: F64 = np.zeros((7, HOURS))

    def learn(self, weekday: int, by_hour: F64) -> None:
        """Add the units of an open day by hour, `[24]`."""
        self.by_weekday[weekday] = KEEP * self.by_weekday[weekday] + by_hour

    def share(self, weekday: int, pooled: F64, own: F32) -> F32:
        """Share of a day's units that each series has sold by each full hour 0 to 24, `[25, n]`.

        It is the store's curve of the weekday, tilted by how the series' curve of all days differs from the store's. `own` holds each
        series' units by hour, `[24, n]`.
        """
        store = self.by_weekday.sum(0)
        store = (store + SHRINK_UNITS * pooled) / (store.sum() + SHRINK_UNITS)
        day = self.by_weekday[weekday]
        day = (day + SHRINK_UNITS * store) / (day.sum() + SHRINK_UNITS)
        level, tilt = (SHRINK_UNITS * store).astype(np.float32), (day / np.maximum(store, TINY)).astype(np.float32)
        out = np.zeros((HOURS + 1, own.shape[1]), np.float32)
        np.cumsum((own + level[:, None]) * tilt[:, None], 0, out=out[1:])
        out /= np.maximum(out[-1], TINY)
        return out


class Nowcast:
    """The pooled part: units by hour, and the gain's regression by hour.

    Expected total = n + m (1 - F(t)) + gain(t) (n - m F(t)), where n is what was sold by the hour t, m the morning's forecast, and
    F(t) the share of a day's units that is sold by t. The gain says how far a lead over the forecast lasts for the rest of the day.
    """

    def __init__(self) -> None:
        self.by_hour: F64 = np.zeros(HOURS)
        self.xx: F64 = np.full(HOURS + 1, GAIN_RIDGE)
        self.xy: F64 = np.zeros(HOURS + 1)
        self._learned = object()

    def curve(self) -> F64:
        """Share of each hour in a day's units, `[24]`; equal shares until sales are known."""
        flat = np.full(HOURS, 1 / HOURS)
        return np.asarray((self.by_hour + 20 * flat) / (self.by_hour.sum() + 20))

    def learn(self, curve: DayCurve, weekday: int, hours: F32, own: F32, morning: F32, share: float) -> None:
        """Learn an open day that has closed.

        Parameters
        ----------
        hours
            Units by local hour, `[n, 24]`, at least 0.
        own
            `Series.by_hour`, changed in place.
        morning
            Units expected of the day in the morning, `[n]`.
        share
            The weight of the store within its business date.

        """
        self._learned = object()
        f = curve.share(weekday, self.curve(), own)[1:].T
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
        own *= KEEP
        own += hours.T

    @property
    def learned(self) -> object:
        """Another object after each day that was learned, and of each pool: what was made of the curves before is out of date."""
        return self._learned

    def gain(self, hour: float) -> float:
        """How far a lead over the forecast at an hour lasts for the rest of the day."""
        whole = min(max(int(hour), 0), HOURS - 1)
        part = min(max(hour - whole, 0.0), 1.0)
        early, late = (min(max(float(self.xy[at] / self.xx[at]), -0.5), 1.0) for at in (whole, whole + 1))
        return early + part * (late - early)
