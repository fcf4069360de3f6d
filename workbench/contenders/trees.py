"""Contender: gradient-boosted trees over all series (LightGBM), one model for each horizon, refit every 28 days."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import lightgbm
import numpy as np
from numpy.typing import NDArray

from workbench.backtest.live import Live
from workbench.backtest.memory import MemoryPeak
from workbench.backtest.panel import Contender, Flags, Floats, Forecasts, Windows
from workbench.backtest.scores import PROBABILITIES
from workbench.backtest.table import CATEGORIES, F32, Table, open_or_quiet

REFIT_DAYS: Final = 28
FIRST_ORIGIN: Final = 7
"""Earlier origins do not teach: they have no full week behind them."""
TREES: Final = 160
MOST_ROWS: Final = 60_000
"""Most rows of a fit; of more, a random sample is drawn."""
STRIDES: Final = {1: 1, 7: 3, 28: 4}
"""Days between the origins that teach, by days of the horizon: windows of neighbouring origins overlap."""
PARAMETERS: Final[dict[str, Any]] = {
    "learning_rate": 0.08,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "cat_smooth": 20,
    "max_bin": 63,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
MEANS: Final[dict[str, dict[str, Any]]] = {
    "lightgbm_l2": {"objective": "regression"},
    "lightgbm_tweedie": {"objective": "tweedie", "tweedie_variance_power": 1.2},
}
NOTE: Final = (
    "lightgbm: one model of all series a horizon, on ratios to the mean of 28 days; lags 1-7, 14, 21, 28, 35, means of 7, 14, 28, 56 days, "
    f"calendar, holidays, promotions and closed days told ahead, last year; {TREES} trees; refit every {REFIT_DAYS} days; p10, p50, p90 "
    "from quantile models, the same for both objectives. Windows on which the store is expected to stay closed are 0, as ours are."
)


@dataclass(frozen=True, slots=True)
class _Problem:
    """One horizon as a regression: the features of each origin, `[series, days, columns]`, and the ratios to learn."""

    window: Windows
    names: list[str]
    features: F32
    ratio: Floats
    scale: Floats
    usable: Flags


def run(live: Live, progress: Callable[[float], None]) -> list[Contender]:
    """Fit and forecast every horizon; both objectives take their quantiles from the same quantile models."""
    began = time.perf_counter()
    took = dict.fromkeys((*MEANS, "quantiles"), 0.0)
    with MemoryPeak() as memory:
        table = Table(live.panel, live.rules.country_of)
        means: dict[str, dict[str, Floats]] = {name: {} for name in MEANS}
        quantiles: dict[str, Floats] = {}
        for place, (name, window) in enumerate(live.windows.items()):
            problem = _problem(live, table, window)
            for objective in MEANS:
                means[objective][name] = np.full(window.actual.shape, np.nan)
            quantiles[name] = np.full((len(PROBABILITIES), *window.actual.shape), np.nan)
            closed = live.expected_open[name] == 0
            for step in range(0, len(window.origins), REFIT_DAYS):
                progress((place + step / len(window.origins)) / len(live.windows))
                part = slice(step, step + REFIT_DAYS)
                _refit(problem, part, {o: means[o][name] for o in MEANS}, quantiles[name], took)
            for values in (*(means[o][name] for o in MEANS), *quantiles[name]):
                values[closed & np.isfinite(values)] = 0.0
            quantiles[name] = np.sort(quantiles[name], axis=0)
    shared = time.perf_counter() - began - sum(took.values()) + took["quantiles"]
    return [
        Contender(
            objective,
            {name: Forecasts(means[objective][name], quantiles[name]) for name in live.windows},
            shared + took[objective],
            memory.megabytes,
        )
        for objective in MEANS
    ]


def _problem(live: Live, table: Table, window: Windows) -> _Problem:
    columns, span, days = table.columns(window.span), window.span, table.days
    sums = live.panel.window_sums(span)
    ahead = np.full(sums.shape, np.nan)
    ahead[:, : days - span] = sums[:, span:]
    opened = np.zeros(sums.shape, bool)
    opened[:, : days - span] = np.lib.stride_tricks.sliding_window_view(open_or_quiet(live.panel), span, axis=1)[:, 1:].any(2)
    ratio = ahead / span / table.scale
    usable = live.panel.started & opened & np.isfinite(ratio)
    usable[:, :FIRST_ORIGIN] = False
    return _Problem(window, list(columns), np.stack(list(columns.values()), axis=2), ratio, table.scale, usable)


def _refit(problem: _Problem, part: slice, means: dict[str, Floats], quantiles: Floats, took: dict[str, float]) -> None:
    """Learn from the windows that are complete at the first origin of a part, then forecast the origins of the part."""
    window = problem.window
    origins = window.origins[part]
    rows = _taught(problem, int(origins[0]))
    if len(rows[0]) < 2 * PARAMETERS["min_data_in_leaf"]:
        return
    features, ratio = problem.features[rows], np.minimum(np.maximum(problem.ratio[rows], 0), 30)
    weight = problem.scale[rows] / problem.scale[rows].mean()
    categories = [name for name in CATEGORIES if name in problem.names]
    data = lightgbm.Dataset(
        features, ratio, weight=weight, feature_name=[n.replace(" ", "_") for n in problem.names],
        categorical_feature=categories, params=PARAMETERS, free_raw_data=False,
    )  # fmt: skip
    asked = problem.features[:, origins].reshape(-1, len(problem.names))
    factor = problem.scale[:, origins] * window.span

    def forecast(parameters: dict[str, Any], name: str) -> Floats:
        began = time.perf_counter()
        model = lightgbm.train(PARAMETERS | parameters, data, TREES)
        found = np.maximum(np.asarray(model.predict(asked)).reshape(factor.shape), 0) * factor
        took[name] += time.perf_counter() - began
        return np.asarray(found)

    for name, parameters in MEANS.items():
        means[name][:, part] = forecast(parameters, name)
    for place, alpha in enumerate(PROBABILITIES):
        quantiles[place][:, part] = forecast({"objective": "quantile", "alpha": alpha}, "quantiles")


def _taught(problem: _Problem, origin: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Series and origins of the windows that are complete at `origin` and teach."""
    span = problem.window.span
    usable = problem.usable[:, : origin - span + 1].copy()
    stride = STRIDES[span]
    keep = np.zeros(usable.shape[1], bool)
    keep[::-1][::stride] = True
    usable[:, ~keep] = False
    series, days = np.nonzero(usable)
    if len(series) > MOST_ROWS:
        chosen = np.sort(np.random.default_rng(origin).choice(len(series), MOST_ROWS, replace=False))
        series, days = series[chosen], days[chosen]
    return series, days
