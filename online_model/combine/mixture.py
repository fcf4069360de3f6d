"""The served mix of experts: weights go by discounted squared errors, per series, shrunk to the pool's.

Weights proportional to loss^-p are the inverse-error combination of Bates & Granger (1969), sharpened by the power.
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
"""Of squared errors: half-life 120 labels of a series, 120 dates of the pool."""
SHRINK: Final = 28.0
"""Weight of the pooled errors, in labels."""
POWER: Final = tuned(8, 4, 4).astype(np.float32)
"""Weights are loss^-power."""

NOT_SERVED: Final = np.array([[[-1e9 * (days > expert.longest_days)] for expert in EXPERTS] for days in SPANS], np.float32)
"""Added to the log weights, `[horizons, E, 1]`."""


class Mixture:
    """Pooled losses of the experts by horizon, `[horizons, E]`, and their numbers `[horizons]`."""

    def __init__(self) -> None:
        self.loss: F64 = np.full((N_HORIZONS, N_EXPERTS), 1e-9)
        self.n: F64 = np.full(N_HORIZONS, 1e-9)

    def new_date(self) -> None:
        """A business date of the pool begins."""
        self.loss *= DECAY
        self.n *= DECAY

    def learn(self, s: Series, experts: F32, units: F32, scale: F32, known: F32) -> None:
        """Take labels in.

        Parameters
        ----------
        experts
            `[horizons, E, n]`.
        units, scale, known
            `[horizons, n]`; known is 1 where there is a label.

        """
        error = np.abs(experts - units[:, None]) / scale[:, None]
        loss = np.minimum(error, LOSS_CAP) ** 2 * known[:, None]
        keep = 1 - (1 - DECAY) * known
        s.loss[:] = s.loss * keep[:, None] + loss
        s.labels[:] = s.labels * keep + known
        self.loss += loss.sum(2)
        self.n += known.sum(1)

    def mix(self, s: Series, experts: F32) -> F32:
        """The mix `[horizons, n]` of experts `[horizons, E, n]`."""
        pooled = (SHRINK * self.loss / self.n[:, None]).astype(np.float32)
        loss = (s.loss + pooled[:, :, None]) / (s.labels + SHRINK)[:, None]
        log_w = np.log(loss + 1e-9) * -POWER[:, None, None] + NOT_SERVED
        w = np.exp(log_w - log_w.max(1, keepdims=True))
        return np.asarray((w * experts).sum(1) / w.sum(1))
