"""Errors of forecasts by horizon, over all series and origins of the scored days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from streams.contract.horizons import BAND, QUANTILE_NAMES, QUANTILES
from workbench.backtest.panel import Flags, Floats, Forecasts, Panel, Windows

PROBABILITIES: Final = tuple(quantile.probability for quantile in QUANTILES)


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of one contender at one horizon.

    Attributes
    ----------
    wape
        Sum of |forecast - actual| over the sum of |actual|.
    rmsse
        Root mean squared error of a series over that of the naive forecast on the days before the scored ones; mean over the
        series that have a naive error. The naive forecast repeats the sum of the window just before. After Hyndman and Koehler
        (2006), as in the M5 competition.
    bias
        Sum of (forecast - actual) over the sum of |actual|.
    wql
        Weighted quantile loss: 2 x pinball loss summed over windows, over the sum of |actual|, mean of the quantiles.
        None without quantiles.
    coverage
        Share of actuals from p10 to p90, bounds included. None without quantiles.
    n
        Number of windows scored.

    """

    wape: float | None
    rmsse: float | None
    bias: float | None
    wql: float | None
    coverage: float | None
    n: int


def scored_windows(panel: Panel, window: Windows, ours: Forecasts, expected_open: Floats) -> Flags:
    """Which windows count, `[series, origins]`: those whose series had sold by the origin.

    A window in which the store was expected to stay closed, and did, does not count, nor does one with hours without stock: a forecast is
    not wrong because the shelf was empty. All other days without a sale do.
    """
    started = panel.started[:, window.origins]
    days = np.lib.stride_tricks.sliding_window_view(panel.store_open, window.span, axis=1)
    opened = days[:, window.origins + 1].any(axis=2)
    counts = np.asarray(started & np.isfinite(ours.mean) & (opened | (expected_open > 0)))
    if panel.out_of_stock is not None:
        out = np.lib.stride_tricks.sliding_window_view(panel.out_of_stock, window.span, axis=1)
        counts &= ~out[:, window.origins + 1].any(axis=2)
    return counts


def naive_squared(panel: Panel, window: Windows, first_scored: int) -> Floats:
    """Mean squared error of each series' naive forecasts before the scored days, `[series]`; NaN where there are none."""
    sums, span = panel.window_sums(window.span), window.span
    later, earlier = sums[:, 2 * span - 1 : first_scored], sums[:, span - 1 : first_scored - span]
    if later.shape[1] < 1:
        return np.full(len(sums), np.nan)
    known = panel.started[:, : later.shape[1]]  # the earlier window begins on these days
    squared = np.where(known, (later - earlier) ** 2, 0.0)
    count = known.sum(1)
    return np.where(count > 0, squared.sum(1) / np.maximum(count, 1), np.nan)


def score(window: Windows, forecasts: Forecasts, counts: Flags, scale: Floats) -> Score:
    """A contender's score over the windows that count and that it forecast."""
    use = counts & np.isfinite(forecasts.mean)
    n = int(use.sum())
    error = np.where(use, forecasts.mean - window.actual, 0.0)
    sold = float(np.abs(window.actual[use]).sum())
    wql = coverage = None
    if forecasts.quantiles is not None and n:
        low, high = (forecasts.quantiles[QUANTILE_NAMES.index(name)] for name in BAND)
        coverage = float(((low <= window.actual) & (window.actual <= high))[use].mean())
        wql = _wql(window.actual[use], forecasts.quantiles[:, use], sold)
    return Score(
        wape=_ratio(float(np.abs(error).sum()), sold),
        rmsse=_rmsse(error, use, scale),
        bias=_ratio(float(error.sum()), sold),
        wql=wql,
        coverage=coverage,
        n=n,
    )


def _rmsse(error: Floats, use: Flags, scale: Floats) -> float | None:
    count = use.sum(1)
    with_scale = (count > 0) & (scale > 0)
    if not with_scale.any():
        return None
    mean_squared = (error**2).sum(1)[with_scale] / count[with_scale]
    return float(np.sqrt(mean_squared / scale[with_scale]).mean())


def _wql(actual: Floats, quantiles: Floats, sold: float) -> float | None:
    losses = [
        np.maximum(q * (actual - forecast), (q - 1) * (actual - forecast)).sum()
        for q, forecast in zip(PROBABILITIES, quantiles, strict=True)
    ]
    return _ratio(2 * float(np.mean(losses)), sold)


def _ratio(a: float, b: float) -> float | None:
    return a / b if b > 0 else None
