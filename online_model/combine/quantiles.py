"""The quantiles (P10, P50, P90) around the served mean: a gamma of fitted variance, rounded for whole units, slowly recalibrated.

A negative binomial is a Poisson mixed over a gamma. For whole units its quantile is approximated by the smallest whole number whose upper
half-unit edge reaches the gamma's quantile. The calibration follows adaptive conformal inference (Gibbs & Candes 2021) in small steps on
the normal scale, for the pool and for each series. In horizons longer than a day, a tracking signal (Trigg & Leach 1967) scales the
pooled step: the squared mean of the dates' deviations over their mean square. It is near 1 where all dates deviate the same way, and near
0 where they cancel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from scipy.special import gammaincinv, ndtr, ndtri

from online_model.horizons import DAY, LOWER, N_HORIZONS, N_TAILS, SPANS, TAIL_PROBABILITY, tuned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.series import Series

    F64 = NDArray[np.float64]
    F32 = NDArray[np.float32]

LEVELS: Final = tuned(1.45, 1.7, 1.8)
"""Where P90 starts on the normal scale, by horizon: further out where few, overlapping windows determine the variance."""
MISS: Final = TAIL_PROBABILITY[:, None]
"""Rate at which each tail should be missed, `[tails, 1]`."""
FEW_UNITS, FEW_SHARE = 2.0, 0.85
"""A day's P90 of 2 whole units or fewer should be missed by only .85 of the usual 10 %. A single unit covers many per cent of such days, so
fewer than 10 % miss the right P90; asking for 10 % would pull it down to where errors cost most. A still lower rate has a better pinball
loss (-5 % at .7), but then the 80 % band would hold more than 92 % of the days."""
LEVEL_RANGE: Final = (0.5, 4.0)
"""Bounds of a tail's distance from the median on the normal scale."""
STEP: Final = np.array([0.03 / b for b in SPANS], np.float32)
"""Step of a series' tails at each label, by horizon."""
POOLED_STEP: Final = tuned(0.3, 0.1, 0.06)
POOLED_SHRINK: Final = 5.0
"""Step of the pooled tails on a date with many labels; a date with 5 labels moves them by half of it."""
OVERLAPS: Final = np.array([days > 1 for days in SPANS])
"""Horizons whose windows overlap. Their misses come in runs, because series err together, so the tracking signal scales their step."""
TRACK_KEEP: Final = 0.5 ** (1 / 56)
"""Decay of the tracking signal at each date: a half-life of two four-week windows. Only what outlasts a run deserves a full step."""
SURPRISE_CAP: Final = 5.0
"""Largest squared error over variance that a label teaches: one bulk order must not widen the band, or lower the median, for months."""
SPREAD_PRIOR, SPREAD_GAIN = 10.0, 0.015
KEEP: Final = 0.5 ** (1 / 120)
KAPPA_MIN: Final = 1e-5

_LOG_SHAPE: Final = np.linspace(np.log(0.01), np.log(1e5), 81)
_NORMAL: Final = np.linspace(-4.5, 4.5, 37)


def _table() -> F32:
    """Cube roots of the quantiles of gammas with mean 1, `[shapes, levels]`; nearly linear in the level (Wilson & Hilferty 1931)."""
    shape = np.exp(_LOG_SHAPE)[:, None]
    return np.asarray(np.cbrt(gammaincinv(shape, ndtr(_NORMAL)) / shape), np.float32)


_TABLE: Final = _table().ravel()


def gamma_quantile(log_shape: F32, level: F32) -> F32:
    """Quantile of a gamma with mean 1 at a level on the normal scale, by interpolation; arrays of any shapes that broadcast."""
    a = np.clip((log_shape - _LOG_SHAPE[0]) * (80 / (_LOG_SHAPE[-1] - _LOG_SHAPE[0])), 0, 79.999).astype(np.float32)
    z = np.clip((level + 4.5) * 4, 0, 35.999).astype(np.float32)
    ia, iz = a.astype(np.int32), z.astype(np.int32)
    fa, fz = a - ia, z - iz
    i = ia * 37 + iz
    low = _TABLE[i] + fz * (_TABLE[i + 1] - _TABLE[i])
    high = _TABLE[i + 37] + fz * (_TABLE[i + 38] - _TABLE[i + 37])
    return np.asarray((low + fa * (high - low)) ** 3)


class Quantiles:
    """The pooled part: the variance f + kappa f^2 of a forecast f by horizon, and how far the tails lie from the median.

    Attributes
    ----------
    error, square
        Decayed sums; their ratio is kappa, `[horizons]`.
    levels
        Distance of each tail from the median on the normal scale, `[tails, horizons]`.
    date_miss, date_n
        Misses, `[tails, horizons]`, and labels, `[horizons]`, of the current date.
    deviation, deviation_square
        Decayed means over the dates, `[tails, horizons]`: of the rate of misses less `MISS`, and of its square.

    """

    def __init__(self) -> None:
        tails = (N_TAILS, N_HORIZONS)
        self.error: F64 = np.full(N_HORIZONS, 0.1)
        self.square: F64 = np.ones(N_HORIZONS)
        self.levels: F64 = LEVELS * (ndtri(1 - MISS) / ndtri(0.9))
        self.date_miss: F64 = np.zeros(tails)
        self.date_n: F64 = np.zeros(N_HORIZONS)
        self.deviation: F64 = np.zeros(tails)
        self.deviation_square: F64 = np.broadcast_to(MISS**2, tails).copy()

    def new_date(self) -> None:
        """Begin a new business date of the pool: move the pooled tails by the misses of the last date."""
        came = self.date_n > 0
        if came.any():
            off = np.where(came, self.date_miss / np.maximum(self.date_n, 1) - MISS, 0)
            gain = (1 - TRACK_KEEP) * came
            self.deviation += gain * (off - self.deviation)
            self.deviation_square += gain * (off**2 - self.deviation_square)
            signal = np.where(OVERLAPS, self.deviation**2 / self.deviation_square, 1)
            step = POOLED_STEP * signal * self.date_n / (self.date_n + POOLED_SHRINK)
            self.levels = np.clip(self.levels + step * off, *LEVEL_RANGE)
            self.error *= KEEP
            self.square *= KEEP
        self.date_miss, self.date_n = np.zeros((N_TAILS, N_HORIZONS)), np.zeros(N_HORIZONS)

    def kappa(self, horizon: int) -> float:
        """The pooled kappa of a horizon."""
        return float(self._kappa()[horizon, 0])

    def _kappa(self) -> F32:
        return np.maximum(self.error / self.square, KAPPA_MIN).astype(np.float32)[:, None]

    def variance(self, s: Series, mean: F32) -> F32:
        """Variance of sums with these means, `[horizons, n]`."""
        return np.asarray(s.spread * (mean + self._kappa() * mean * mean))

    def learn(self, s: Series, mean: F32, band: F32, units: F32, known: F32) -> None:
        """Learn from matured sums, `[horizons, n]` each. Sales cannot fall below a P10 of 0, so it teaches nothing.

        Parameters
        ----------
        mean, units
            Served and actual sums.
        band
            The tails that were served, `[tails, horizons, n]`.
        known
            1 where there is a label, else 0.

        """
        kappa = self._kappa()
        mean = np.maximum(mean, 1e-4)
        base = mean + kappa * mean * mean
        square = np.minimum((units - mean) ** 2, SURPRISE_CAP * base)
        relative = known / (1 + kappa * mean) ** 2
        self.error += ((square - mean) * relative).sum(1)
        self.square += (mean * mean * relative).sum(1)
        gain = known * np.maximum(1 / (s.labels + SPREAD_PRIOR), SPREAD_GAIN)
        s.spread[:] = np.maximum(s.spread + gain * (square / base - s.spread), 0.02)
        n = known.sum(1)
        for tail, wanted in enumerate(TAIL_PROBABILITY.tolist()):
            bound = band[tail]
            if LOWER[tail]:
                off = known * np.where(bound > 0, (units < bound) - wanted, 0)
            else:
                off = known * ((units > bound) - wanted)
                off[DAY] += known[DAY] * (wanted - round(FEW_SHARE * wanted, 9)) * (s.integer & (bound[DAY] <= FEW_UNITS))
            s.levels_z[tail] = np.clip(s.levels_z[tail] + STEP[:, None] * off, -1, 1)
            self.date_miss[tail] += off.sum(1) + wanted * n
        self.date_n += n

    def serve(self, s: Series, mean: F32, doubt: F32) -> F32:
        """The declared quantiles of sums with these means, `[quantiles, horizons, n]`.

        `doubt`, `[horizons]`, is the relative standard deviation of the number of open days. It is no part of the learned variance, whose
        labels are the units of the days that were open.
        """
        mean = np.maximum(mean, 1e-6)
        log_shape = np.log(mean * mean / (self.variance(s, mean) + (doubt[:, None] * mean) ** 2))
        distance = np.clip(self.levels[:, :, None].astype(np.float32) + s.levels_z, *LEVEL_RANGE)
        sides = [-d if lower else d for d, lower in zip(distance, LOWER, strict=True)]
        level = np.stack([*(d for d, lower in zip(sides, LOWER, strict=True) if lower), np.zeros_like(mean), *sides[LOWER.sum() :]])
        value = gamma_quantile(log_shape[None], level) * mean
        return np.where(s.integer, np.maximum(np.ceil(value - 0.5), 0), value).astype(np.float32)
