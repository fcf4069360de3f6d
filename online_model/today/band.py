"""The band around a running day's total, by the time of day: learned from how forecasts of that time have turned out.

What is still to come has the variance r (m + k m²): r of the series, k of the time of day. Its quantiles are those of a gamma, by its
cube root (Wilson & Hilferty 1931). Misses move the tails of each time of day in small steps (Gibbs & Candès 2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.horizons import LOWER, N_TAILS, TAIL_PROBABILITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    Floats = NDArray[np.floating[Any]]
    Bools = NDArray[np.bool_]

SLOTS: Final = 12
"""Times of day that are told apart: of two hours each."""
KEEP: Final = 0.5 ** (1 / 120)
STEP: Final = 0.3
"""Step of the tails at each close with many labels; 5 labels move them by half of it."""
STEP_SHRINK: Final = 5.0
LEVEL_RANGE: Final = (0.2, 4.5)
START: Final = 1.4
"""Where the tails start, in standard deviations on the cube root's scale."""
SURPRISE_CAP: Final = 5.0
KAPPA_START: Final = 0.1


class TodayBand:
    """Tails by time of day for the rows of all stores of a pool.

    Attributes
    ----------
    error, square
        Decayed sums by time of day; their ratio is k, `[12]`.
    levels
        How far the tails lie out, `[tails, 12]`.

    """

    def __init__(self) -> None:
        self.error: F64 = np.full(SLOTS, KAPPA_START)
        self.square: F64 = np.ones(SLOTS)
        self.levels: F64 = np.full((N_TAILS, SLOTS), START)

    def kappa(self) -> F64:
        """The part of the variance that grows with the square of the mean, `[12]`."""
        return np.asarray(np.maximum(self.error / self.square, 1e-4))

    def serve(self, slot: int, rest: F64, spread: Floats, whole: Bools | None) -> F64:
        """Quantiles of what is still to come, `[quantiles, n]`; `whole`: where only whole units are sold."""
        rest = np.maximum(rest, 1e-6)
        variance = spread * (rest + self.kappa()[slot] * rest * rest)
        ninth = variance / (9 * rest * rest)  # 1 / (9 x shape)
        root = np.sqrt(ninth)
        below = int(LOWER.sum())
        levels = self.levels[:, slot]
        out = np.empty((N_TAILS + 1, len(rest)))
        for place, level in enumerate((*-levels[:below], 0.0, *levels[below:])):
            out[place] = 1 - ninth + level * root if level else 1 - ninth
        np.maximum(out, 0, out=out)
        out = out**3 * rest
        return out if whole is None else np.where(whole, np.maximum(np.ceil(out - 0.5), 0), out)

    def learn(self, slots: NDArray[np.intp], rest: Floats, tails: Floats, units: Floats, spread: Floats, share: float) -> None:
        """Learn a day that has closed, from what was served at some times of day.

        Parameters
        ----------
        slots
            The times of day, `[m]`.
        rest, units
            Expected and actual units after that time, `[m, n]` each; NaN where nothing was served.
        tails
            The tails as they were served, of the units after that time, `[tails, m, n]`.
        spread
            Variance of the rows relative to the pooled one, `[n]`.
        share
            The weight of the store within its business date.

        """
        kappa = self.kappa()[slots][:, None]
        known = np.isfinite(rest)
        rest = np.where(known, np.maximum(rest, 1e-4), 1.0)
        base = rest + kappa * rest * rest
        units = np.where(known, units, 0)
        square = np.minimum((units - rest) ** 2, SURPRISE_CAP * base * np.maximum(spread, 1))
        relative = known / (1 + kappa * rest) ** 2
        keep = 1 - (1 - KEEP) * share
        self.error[slots] = keep * self.error[slots] + ((square / spread - rest) * relative).sum(1)
        self.square[slots] = keep * self.square[slots] + (rest * rest * relative).sum(1)
        n = known.sum(1)
        for tail, wanted in enumerate(TAIL_PROBABILITY.tolist()):
            bound = tails[tail]
            missed = (bound > 0) * ((units < bound) - wanted) if LOWER[tail] else (units > bound) - wanted
            off = np.where(known, missed, 0).sum(1) / np.maximum(n, 1)
            moved = self.levels[tail, slots] + STEP * share * n / (n + STEP_SHRINK) * off
            self.levels[tail, slots] = np.clip(moved, *LEVEL_RANGE)
