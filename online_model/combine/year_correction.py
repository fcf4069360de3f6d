"""The year correction: adjusts an expert's forecast by its own error of a year ago, as far as that has helped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import LABEL_CAP_DAY, YEAR
from online_model.experts.registry import CORRECTED
from online_model.horizons import N_HORIZONS, SPANS
from online_model.series.profile import RING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    F32 = NDArray[np.float32]

GAIN_XX, GAIN_XY = 0.02, 0.01
"""Start of the gain's regression: a gain of .5 from little evidence."""
FIRST_DAY: Final = 40
"""Residuals of the pool's first 40 days are not used."""
MIDDLE: Final = tuple(b if b == 1 else (1 + b) // 2 for b in SPANS)
"""The middle day of each horizon, counted from the origin."""


class YearCorrection:
    """The factor exp(k r), where r is last year's pooled residual; k, 0 to 1, comes from a regression of residuals on r.

    Attributes
    ----------
    actual, forecast
        Pooled sums of units by origin, `[RING, horizons]` and `[RING, horizons, corrected]`.
    signal
        Last year's residual r as used at each origin, `[RING, horizons, corrected]`.
    days
        Ordinal of the origin at each place of the rings.
    xx, xy
        Sums of the regression, `[horizons, corrected]`.

    """

    def __init__(self) -> None:
        self.actual: F64 = np.zeros((RING, N_HORIZONS))
        self.forecast: F64 = np.zeros((RING, N_HORIZONS, len(CORRECTED)))
        self.signal: F64 = np.zeros((RING, N_HORIZONS, len(CORRECTED)))
        self.days = np.full(RING, -1)
        self.first_day = 0
        self.xx: F64 = np.full((N_HORIZONS, len(CORRECTED)), GAIN_XX)
        self.xy: F64 = np.full((N_HORIZONS, len(CORRECTED)), GAIN_XY)

    def _open(self, day: int) -> int:
        i = day % RING
        if self.days[i] != day:
            self.days[i] = day
            self.actual[i] = 0
            self.forecast[i] = 0
            self.signal[i] = 0
            self.first_day = self.first_day or day
        return i

    def learn(self, origins: NDArray[np.int64], raw: F32, units: F32, scale: F32, known: F32, *, share: float) -> None:
        """Learn from a store's matured forecasts.

        Parameters
        ----------
        origins
            Ordinals of the origins, `[horizons]`.
        raw
            The experts' forecasts before their correction, `[horizons, corrected, n]`.
        units, scale, known
            Mean units per open day, scale, and 1 where there is a label, else 0; `[horizons, n]`.
        share
            The weight of the store within its date.

        """
        num = (np.minimum(units, LABEL_CAP_DAY * scale + LABEL_CAP_DAY) * known).sum(1)
        den = np.einsum("hen,hn->he", raw, known)
        for h in range(len(SPANS)):
            if den[h, 0] > 0:
                i = self._open(int(origins[h]))
                self.actual[i, h] += num[h]
                self.forecast[i, h] += den[h]
                r, x = _residual(self.actual[i, h], self.forecast[i, h]), self.signal[i, h]
                self.xx[h] += share * x * x
                self.xy[h] += share * x * r

    def factors(self, day: int, before: NDArray[np.int64]) -> F64:
        """The factors at the close of `day`, `[horizons, corrected]`; `before`, `[29]`: last year's dates of today and the days ahead."""
        i = self._open(day)
        if day - YEAR + 1 < self.first_day + FIRST_DAY:
            return np.ones((N_HORIZONS, len(CORRECTED)))
        origins = np.array([[day - YEAR - 1, day - YEAR, day - YEAR + 1, int(before[m]) - m] for m in MIDDLE])
        places, horizon = origins % RING, np.arange(N_HORIZONS)[:, None]
        num, den = self.actual[places, horizon], self.forecast[places, horizon]
        usable = (self.days[places] == origins) & (origins >= self.first_day + FIRST_DAY) & (den[..., 0] > 0)
        n = usable.sum(1)[:, None]
        r = np.where(usable[..., None], _residual(num[..., None], np.where(usable[..., None], den, 1)), 0).sum(1)
        r = r / np.maximum(n, 1)
        self.signal[i] = r
        return np.asarray(np.exp(np.clip(self.xy / self.xx, 0, 1) * r))


def _residual(num: F64, den: F64) -> F64:
    """Log of actual over forecast, each increased by 1 % of the forecast."""
    return np.asarray(np.clip(np.log((num + 1e-9 + 0.01 * den) / (1.01 * np.maximum(den, 1e-12))), -1, 1))
