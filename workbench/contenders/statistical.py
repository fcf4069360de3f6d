"""Contender: statistical methods for each series (statsforecast), fitted again at every 27th origin."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import TSB, AutoETS, CrostonSBA, SeasonalNaive

from workbench.backtest.live import Live
from workbench.backtest.memory import MemoryPeak
from workbench.backtest.panel import Contender, Floats, Forecasts

STRIDE: Final = 27
"""Days between the origins: no multiple of 7, so that all weekdays occur."""
HISTORY_DAYS: Final = 364
FEWEST_DAYS: Final = 28
WEEK: Final = 7
NAMES: Final = {"AutoETS": "auto_ets", "CrostonSBA": "croston_sba", "TSB": "tsb", "SeasonalNaive": "sf_seasonal_naive"}
NOTE: Final = (
    f"statsforecast: a fit a series on its last {HISTORY_DAYS} days at every {STRIDE}th origin, so n is smaller and its errors are "
    "of those origins only; days on which its store is closed count as days of 0 sales; no quantiles of sums, so none are given."
)


def run(live: Live, progress: Callable[[float], None]) -> list[Contender]:
    """Fit AutoETS, Croston SBA, TSB and the seasonal naive; sum their 28 days into the horizons."""
    panel, days = live.panel, live.panel.units.shape[1]
    origins = list(range(int(next(iter(live.windows.values())).origins[0]), days - 1, STRIDE))
    longest = max(window.span for window in live.windows.values())
    sums = {name: {h: np.full(w.actual.shape, np.nan) for h, w in live.windows.items()} for name in NAMES.values()}
    took: dict[str, float] = dict.fromkeys(NAMES.values(), 0.0)
    memory_of: dict[str, float] = {}
    steps = len(origins) * len(NAMES)
    for model_place, model in enumerate(_models()):
        name = NAMES[str(model)]
        with MemoryPeak() as memory:
            began = time.perf_counter()
            for place, origin in enumerate(origins):
                progress((model_place * len(origins) + place) / steps)
                path = _paths(model, panel.units, panel.started[:, origin], origin, longest)
                for horizon, window in live.windows.items():
                    column = origin - int(window.origins[0])
                    if column < len(window.origins):
                        total = np.maximum(path[:, : window.span], 0).sum(1)
                        closed = live.expected_open[horizon][:, column] == 0
                        sums[name][horizon][:, column] = np.where(closed & np.isfinite(total), 0.0, total)
            took[name] = time.perf_counter() - began
        memory_of[name] = memory.megabytes
    return [
        Contender(name, {h: Forecasts(values) for h, values in by_horizon.items()}, took[name], memory_of[name])
        for name, by_horizon in sums.items()
    ]


def _models() -> list[Any]:
    return [AutoETS(season_length=WEEK), CrostonSBA(), TSB(alpha_d=0.1, alpha_p=0.1), SeasonalNaive(season_length=WEEK)]


def _paths(model: Any, units: Floats, started: np.ndarray[Any, np.dtype[np.bool_]], origin: int, days: int) -> Floats:
    """Days 1 to `days` after the origin, `[series, days]`; NaN for series that are too young."""
    out = np.full((len(units), days), np.nan)
    first = max(origin + 1 - HISTORY_DAYS, 0)
    history = units[:, first : origin + 1]
    start = (np.cumsum(units[:, : origin + 1] > 0, axis=1) == 0).sum(1)  # days before the first sale
    rows = [row for row in np.flatnonzero(started).tolist() if origin + 1 - max(start[row], first) >= FEWEST_DAYS]
    if not rows:
        return out
    dates = pd.date_range("2000-01-01", periods=history.shape[1])
    frames = [
        pd.DataFrame({"unique_id": row, "ds": dates[max(start[row] - first, 0) :], "y": history[row, max(start[row] - first, 0) :]})
        for row in rows
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = StatsForecast(models=[model], freq="D", n_jobs=1, fallback_model=SeasonalNaive(season_length=WEEK)).forecast(
            df=pd.concat(frames, ignore_index=True), h=days
        )
    out[rows] = found.sort_values(["unique_id", "ds"])[str(model)].to_numpy().reshape(len(rows), days)
    return out
