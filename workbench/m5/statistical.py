"""statsforecast's methods for each series: the competition's benchmarks, fitted at each origin."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsforecast import StatsForecast
from statsforecast.models import TSB, CrostonSBA, SeasonalNaive, SimpleExponentialSmoothingOptimized

from workbench.m5.data import HORIZON, M5

Floats = NDArray[np.float64]

HISTORY_DAYS: Final = 730
WEEK: Final = 7


def forecasts(data: M5, origins: Sequence[int], progress: Callable[[float], None]) -> dict[str, dict[int, Floats]]:
    """Croston SBA, TSB and optimised simple smoothing, on the last two years of each series."""
    models = [
        CrostonSBA(),
        TSB(alpha_d=0.1, alpha_p=0.1),
        SimpleExponentialSmoothingOptimized(alias="sf_smoothing"),
    ]
    found: dict[str, dict[int, Floats]] = {str(model): {} for model in models}
    for place, origin in enumerate(origins):
        progress(place / len(origins))
        history = data.units[:, max(origin - HISTORY_DAYS, 0) : origin].astype(np.float64)
        frame = pd.DataFrame(
            {
                "unique_id": np.repeat(np.arange(len(history)), history.shape[1]),
                "ds": np.tile(pd.date_range("2000-01-01", periods=history.shape[1]), len(history)),
                "y": history.ravel(),
            }
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            told = StatsForecast(models=models, freq="D", n_jobs=1, fallback_model=SeasonalNaive(season_length=WEEK)).forecast(
                df=frame, h=HORIZON
            )
        told = told.sort_values(["unique_id", "ds"])
        for name, by_origin in found.items():
            by_origin[origin] = np.maximum(told[name].to_numpy(float).reshape(len(history), HORIZON), 0)
    return found
