"""The forecasts of a running day that wait for its end, and what they teach when it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.today.band import SLOTS, TodayBand

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.today.trust import Trust

    F64 = NDArray[np.float64]
    F32 = NDArray[np.float32]
    Floats = NDArray[np.floating[Any]]
    Bools = NDArray[np.bool_]

COLUMNS: Final = 3
"""Units sold so far; expected rest without the correction; the correction."""
SPREAD_PRIOR, SPREAD_GAIN, SPREAD_CAP = 5.0, 0.03, 5.0


class Served:
    """By time of day, the newest forecast of each row of a running day.

    Attributes
    ----------
    day
        The day they are of; 0: none waits.
    values
        `[12, 3, n]`; NaN where nothing was served.
    spread, days
        Variance of the rows relative to the pooled one, `[n]`, and the number of days that taught it.

    """

    def __init__(self) -> None:
        self.day = 0
        self.days = 0.0
        self.values: F32 = np.zeros((SLOTS, COLUMNS, 0), np.float32)
        self.spread: F64 = np.zeros(0)

    def grow(self, n: int) -> None:
        """Make room for `n` rows."""
        more = n - len(self.spread)
        if more > 0:
            self.values = np.pad(self.values, ((0, 0), (0, 0), (0, more)), constant_values=np.nan)
            self.spread = np.pad(self.spread, (0, more), constant_values=1.0)

    def keep(self, day: int, slot: int, sold: Floats, rest: Floats, correction: Floats | None) -> None:
        """Keep a forecast. While yesterday is still open, its own forecasts wait, and those of the new day are not kept."""
        n = len(sold)
        self.grow(n)
        if self.day == 0:
            self.day = day
            self.values[:] = np.nan
        if self.day == day:
            kept = self.values[slot]
            kept[0, :n], kept[1, :n] = sold, rest
            if correction is not None:
                kept[2, :n] = correction

    def forget(self, day: int) -> None:
        """Drop the forecasts of a day, and of those before it."""
        if self.day <= day:
            self.day = 0

    def matured(self, day: int, units: Floats) -> tuple[NDArray[np.intp], F32, F64] | None:
        """Times of day, forecasts and the units after each, `[m]`, `[m, 3, n]`, `[m, n]`; None if the day was not forecast."""
        if self.day == 0 or day < self.day:
            return None
        waited, self.day = self.day, 0
        n = len(units)
        self.grow(n)  # rows that came after the forecast
        slots: NDArray[np.intp] = np.flatnonzero(np.isfinite(self.values[:, 1, :n]).any(1))
        if waited != day or not len(slots):
            return None
        values = self.values[slots, :, :n]
        return slots, values, np.asarray(units - values[:, 0], np.float64)

    def learn_spread(self, band: TodayBand, slots: NDArray[np.intp], rest: Floats, units: Floats) -> None:
        """Learn how far the rows scatter beside the pool's."""
        kappa = band.kappa()[slots][:, None]
        known = np.isfinite(rest)
        mean = np.where(known, np.maximum(rest, 0.1), 1)
        n, spread = rest.shape[1], self.spread[: rest.shape[1]]
        square = np.where(known, np.minimum((units - mean) ** 2 / (mean + kappa * mean * mean), SPREAD_CAP * np.maximum(spread, 1)), 0)
        self.days += 1
        gain = max(1 / (self.days + SPREAD_PRIOR), SPREAD_GAIN) * known.any(0)
        self.spread[:n] = np.maximum(spread + gain * (square.sum(0) / np.maximum(known.sum(0), 1) - spread), 0.02)


def learn(
    trust: Trust | None, band: TodayBand, found: tuple[NDArray[np.intp], F32, F64], spread: Floats, whole: Bools | None, share: float
) -> None:
    """Teach what was served and what came to the trust and to the band."""
    slots, values, units = found
    _, rest, correction = values.transpose(1, 0, 2).astype(np.float64)
    mean = rest
    if trust is not None:
        mean = rest + np.array([trust.share(slot) for slot in slots.tolist()])[:, None] * correction
    band.learn(slots, mean, units, spread, whole, share)
    if trust is not None:
        trust.learn(slots, rest, correction, units, share)
