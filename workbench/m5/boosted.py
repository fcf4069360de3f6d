"""LightGBM with the well-known lag features of M5: one model of all series for all 28 days, Tweedie loss."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.contenders.causal import check_causal
from workbench.m5.data import HORIZON, KEYS, M5

F32 = NDArray[np.float32]
Floats = NDArray[np.float64]

LAGS: Final = (28, 29, 30, 35, 42, 49, 56)
"""Days back; none is below the horizon, so that one model serves all its days."""
WINDOWS: Final = (7, 14, 30, 60, 180)
TAUGHT_DAYS: Final = 400
MOST_ROWS: Final = 500_000
TREES: Final = 300
PARAMETERS: Final = {
    "objective": "tweedie",
    "tweedie_variance_power": 1.1,
    "learning_rate": 0.06,
    "num_leaves": 127,
    "min_data_in_leaf": 60,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "max_bin": 127,
    "seed": 1,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}
CATEGORIES: Final = ("item", "dept", "cat", "store", "weekday", "event")


@dataclass(frozen=True, slots=True)
class Features:
    """Features of days `first` and later, `[series, days]` each."""

    first: int
    columns: dict[str, F32]

    def rows(self, series: NDArray[np.intp], days: NDArray[np.intp]) -> F32:
        """The features of some series on some days of the calendar, `[n, features]`."""
        return np.stack([column[series, days - self.first] for column in self.columns.values()], axis=1)


def features_of(data: M5, first: int, last: int) -> Features:
    """Features of days `first` up to `last`, from sales at least 28 days older and from what is known ahead."""
    days = np.arange(first, last)
    shape = (len(data.units), len(days))
    units = data.units.astype(np.float64)
    total = np.pad(np.cumsum(units, 1), ((0, 0), (1, 0)))
    squares = np.pad(np.cumsum(units**2, 1), ((0, 0), (1, 0)))

    def ending(sums: Floats, window: int) -> Floats:
        """Mean of the `window` days that end 28 days before each day."""
        ends = days - HORIZON + 1
        return (sums[:, ends] - sums[:, ends - window]) / window

    columns: dict[str, Floats] = {f"lag {lag}": units[:, days - lag] for lag in LAGS}
    for window in WINDOWS:
        columns[f"mean {window}"] = ending(total, window)
    for window in (7, 30):
        columns[f"spread {window}"] = np.sqrt(np.maximum(ending(squares, window) - ending(total, window) ** 2, 0))
    columns["same weekday"] = np.mean([units[:, days - 7 * week] for week in range(4, 9)], axis=0)
    columns |= _prices(data, days)
    dates = data.dates[first:last]
    by_day = {"weekday": dates.day_of_week, "day of month": dates.day, "week": dates.isocalendar().week, "month": dates.month}
    columns |= {name: np.broadcast_to(np.asarray(values, float), shape) for name, values in by_day.items()}
    columns["event"] = np.broadcast_to(data.events[first:last].astype(float), shape)
    columns["event tomorrow"] = np.broadcast_to(np.append(data.events, 0)[first + 1 : last + 1].astype(float), shape)
    columns["snap"] = data.snap[:, first:last].astype(float)
    for key in KEYS[:4]:
        codes = pd.factorize(data.keys[key], sort=True)[0].astype(float)
        columns[key.removesuffix("_id")] = np.broadcast_to(codes[:, None], shape)
    return Features(first, {name: np.asarray(values, np.float32) for name, values in columns.items()})


def forecasts(data: M5, origins: Sequence[int], progress: Callable[[float], None]) -> dict[str, dict[int, Floats]]:
    """Fit once before the earlier origins, whose errors give the quantiles, and once before the last one."""
    first = max(min(origins) - TAUGHT_DAYS, HORIZON + max(WINDOWS))
    whole = features_of(data, first, max(origins) + HORIZON)
    check_causal(lambda units: features_of(_with(data, units), max(origins), max(origins) + HORIZON).columns, data.units, max(origins))
    *earlier, last = sorted(origins)
    found: dict[int, Floats] = {}
    for place, (taught_to, asked) in enumerate(((min(origins), earlier), (last, [last]))):
        progress(place / 2)
        if asked:
            model = _fitted(data, whole, taught_to)
            for origin in asked:
                found[origin] = _asked(model, data, whole, origin)
    return {"lightgbm": found}


def _fitted(data: M5, features: Features, origin: int) -> lightgbm.Booster:
    days = np.arange(max(features.first, origin - TAUGHT_DAYS), origin)
    on_sale = np.isfinite(data.prices[:, days])
    series, place = np.nonzero(on_sale)
    if len(series) > MOST_ROWS:
        chosen = np.sort(np.random.default_rng(origin).choice(len(series), MOST_ROWS, replace=False))
        series, place = series[chosen], place[chosen]
    names = [name.replace(" ", "_") for name in features.columns]
    rows, target = features.rows(series, days[place]), data.units[series, days[place]]
    taught = lightgbm.Dataset(rows, target, feature_name=names, categorical_feature=list(CATEGORIES), params=PARAMETERS)
    return lightgbm.train(PARAMETERS, taught, TREES)


def _asked(model: lightgbm.Booster, data: M5, features: Features, origin: int) -> Floats:
    count = len(data.units)
    series, days = np.repeat(np.arange(count), HORIZON), np.tile(np.arange(origin, origin + HORIZON), count)
    told = np.asarray(model.predict(features.rows(series, days))).reshape(count, HORIZON)
    on_sale = np.isfinite(data.prices[:, origin : origin + HORIZON])
    return np.where(on_sale, np.maximum(told, 0.0), 0.0)


def _prices(data: M5, days: NDArray[np.intp]) -> dict[str, Floats]:
    """The price, and how it stands to the item's own of the last weeks; prices are known ahead."""
    prices = data.prices.astype(np.float64)
    price = prices[:, days]
    known = np.isfinite(prices)
    total = np.pad(np.cumsum(np.where(known, prices, 0), 1), ((0, 0), (1, 0)))
    count = np.pad(np.cumsum(known, 1), ((0, 0), (1, 0)))
    mean = (total[:, days + 1] - total[:, days - 180]) / np.maximum(count[:, days + 1] - count[:, days - 180], 1)
    age = count[:, days + 1].astype(float)
    return {
        "price": price,
        "price to mean": price / np.where(mean > 0, mean, np.nan),
        "price change": price / prices[:, days - 7],
        "age": age,
    }


def _with(data: M5, units: F32) -> M5:
    return M5(data.keys, units, data.prices, data.dates, data.events, data.snap)
