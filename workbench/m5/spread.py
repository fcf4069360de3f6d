"""Quantiles of any contender at any level, from its own errors in the windows before the origin."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.m5.metrics import QUANTILES, Level

Floats = NDArray[np.float64]

FEWEST: Final = 400
"""Errors that a bucket needs before its own quantiles are read off it."""
BUCKETS: Final = 8
FLOOR: Final = 0.1


def quantiles_of(level: Level, forecast: Floats, past: list[tuple[Floats, Floats]]) -> Floats:
    """`[quantiles, groups, 28]`. past: forecasts and actuals of the bottom series in earlier windows, `[series, 28]` each.

    Errors count in units of the square root of the forecast, as counts spread, and are pooled over groups of like size.
    """
    mean = np.maximum(level.sums(forecast), 0.0)
    told = np.concatenate([np.maximum(level.sums(before), 0.0).ravel() for before, _ in past])
    came = np.concatenate([level.sums(actual).ravel() for _, actual in past])
    error = (came - told) / np.sqrt(told + FLOOR)
    buckets = int(np.clip(len(error) // FEWEST, 1, BUCKETS))
    edges = np.quantile(told, np.linspace(0, 1, buckets + 1)[1:-1])
    of_past, of_now = np.searchsorted(edges, told), np.searchsorted(edges, mean)
    out = np.empty((len(QUANTILES), *mean.shape))
    for bucket in range(buckets):
        own = error[of_past == bucket]
        own = own if len(own) else error
        reach = _read(own)
        here = of_now == bucket
        out[:, here] = mean[here] + reach[:, None] * np.sqrt(mean[here] + FLOOR)
    return np.maximum(out, 0.0)


def _read(errors: Floats) -> Floats:
    """Quantiles of errors; with few of them, those of a normal distribution of their mean and spread."""
    if len(errors) >= FEWEST:
        return np.asarray(np.quantile(errors, QUANTILES))
    normal = np.array([-2.575829, -1.959964, -0.974114, -0.67449, 0.0, 0.67449, 0.974114, 1.959964, 2.575829])
    return np.asarray(errors.mean() + normal * errors.std())
