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
KAPPA_START, KAPPA_LEAST = 0.1, 1e-4
_SIDES: Final = np.where(LOWER, -1.0, 1.0)
_TAILS: Final = np.flatnonzero(np.arange(N_TAILS + 1) != int(LOWER.sum()))
"""Places of the tails among the quantiles: the median lies between those below and above it."""


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
        return np.asarray(np.maximum(self.error / self.square, KAPPA_LEAST))

    def serve(self, slot: int | NDArray[np.intp], rest: Floats, spread: Floats, whole: Bools | None) -> F64:
        """Quantiles of what is still to come, `[quantiles, n]`; `whole`: where only whole units are sold.

        Of several times of day at once, `[m]`: rest `[m, n]`, quantiles `[quantiles, m, n]`.
        """
        rest = np.maximum(rest, 1e-6)
        ninth = spread * (1 / rest + self.kappa()[slot][..., None]) / 9  # 1 / (9 x shape)
        levels = np.zeros((N_TAILS + 1, *np.shape(slot), 1))
        levels[_TAILS, ..., 0] = (self.levels[:, slot].T * _SIDES).T
        out = levels * np.sqrt(ninth)
        out += 1 - ninth
        np.maximum(out, 0, out=out)
        out *= out * out * rest
        if whole is not None:
            np.copyto(out, np.maximum(np.ceil(out - 0.5), 0), where=whole)
        return out

    def learn(self, slots: NDArray[np.intp], rest: Floats, units: Floats, spread: Floats, whole: Bools | None, share: float) -> None:
        """Learn a day that has closed, from what was served at some times of day.

        Parameters
        ----------
        slots
            The times of day, `[m]`.
        rest, units
            Expected and actual units after that time, `[m, n]` each; NaN where nothing was served.
        spread, whole
            As `serve` takes them. The tails that are judged are those that would be served now.
        share
            The weight of the store within its business date.

        """
        tails = self.serve(slots, rest, spread, whole)[_TAILS]
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
