"""The mix of experts: each series weighs them by their discounted squared errors, shrunk towards those of the pool.

Weights proportional to loss^-power are the inverse-error combination of Bates & Granger (1969), sharpened by the power.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import LOSS_CAP
from online_model.experts.registry import EXPERTS, N_EXPERTS
from online_model.horizons import N_HORIZONS, SPANS, tuned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.series import Series

    F64 = NDArray[np.float64]
    F32 = NDArray[np.float32]

DECAY: Final = 0.5 ** (1 / 120)
"""Decay of squared errors: a half-life of 120 labels for a series, and of 120 dates for the pool."""
SHRINK: Final = 28.0
"""Weight of the pooled errors, in labels of a series."""
POWER: Final = tuned(8, 4, 4).astype(np.float32)
"""Weights are loss^-power, by horizon."""

NOT_SERVED: Final = np.array([[[-1e9 * (days > expert.longest_days)] for expert in EXPERTS] for days in SPANS], np.float32)
"""Added to the log weights to leave out experts of a horizon that is too long for them, `[horizons, E, 1]`."""


class Mixture:
    """Pooled losses of the E experts by horizon, `[horizons, E]`, and the number of labels, `[horizons]`."""

    def __init__(self) -> None:
        self.loss: F64 = np.full((N_HORIZONS, N_EXPERTS), 1e-9)
        self.n: F64 = np.full(N_HORIZONS, 1e-9)

    def new_date(self) -> None:
        """Begin a new business date of the pool."""
        self.loss *= DECAY
        self.n *= DECAY

    def learn(self, s: Series, experts: F32, units: F32, scale: F32, known: F32) -> None:
        """Learn from labels.

        Parameters
        ----------
        experts
            What the experts forecast, units per open day, `[horizons, E, n]`.
        units, scale, known
            Units sold per open day, scale, and 1 where there is a label, else 0; `[horizons, n]`.

        """
        error = np.abs(experts - units[:, None]) / scale[:, None]
        loss = np.minimum(error, LOSS_CAP) ** 2 * known[:, None]
        keep = 1 - (1 - DECAY) * known
        s.loss[:] = s.loss * keep[:, None] + loss
        s.labels[:] = s.labels * keep + known
        self.loss += loss.sum(2)
        self.n += known.sum(1)

    def mix(self, s: Series, experts: F32) -> F32:
        """Mix the experts' forecasts `[horizons, E, n]` into one, `[horizons, n]`."""
        w = self.weights(s)
        return np.asarray((w * experts).sum(1) / w.sum(1))

    def weights(self, s: Series) -> F32:
        """How much each expert weighs, `[horizons, E, n]`; the largest weight is 1."""
        pooled = (SHRINK * self.loss / self.n[:, None]).astype(np.float32)
        loss = (s.loss + pooled[:, :, None]) / (s.labels + SHRINK)[:, None]
        log_w = np.log(loss + 1e-9) * -POWER[:, None, None] + NOT_SERVED
        return np.asarray(np.exp(log_w - log_w.max(1, keepdims=True)))
