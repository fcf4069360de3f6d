"""The contenders of the protocol: each forecasts 28 daily values a series from each of several origins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from online_model import Forecaster
from workbench.m5.data import HORIZON, M5

Floats = NDArray[np.float64]
Contender = Callable[[M5, Sequence[int], Callable[[float], None]], dict[str, dict[int, Floats]]]
"""Forecasts by method and origin, `[series, 28]`, from the days before each origin."""

WEEK: Final = 7
ALPHAS: Final = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4)


def ours(data: M5, origins: Sequence[int], progress: Callable[[float], None]) -> dict[str, dict[int, Floats]]:
    """The worker's model, day by day through all stores; SNAP days are promotions known ahead, of the food that they pay for."""
    return fed(data, origins, progress)[0]


def fed(data: M5, origins: Sequence[int], progress: Callable[[float], None]) -> tuple[dict[str, dict[int, Floats]], Forecaster]:
    """As `ours`, with the model as it is at the last origin."""
    model = Forecaster()
    stores = list(dict.fromkeys(data.keys["store_id"]))
    places = [model.add_store(store, "US") for store in stores]
    members = [np.flatnonzero((data.keys["store_id"] == store).to_numpy()) for store in stores]
    food = (data.keys["cat_id"] == "FOODS").to_numpy()
    held = data.snap & food[:, None]
    last, first_day = max(origins), int(data.dates[0].toordinal())
    sold = data.units > 0
    first = np.where(sold.any(1), sold.argmax(1), len(data.dates))
    known: list[list[int]] = [[] for _ in stores]
    found: dict[int, Floats] = {}
    for day in range(last):
        progress(day / last)
        for place, rows, own in zip(places, members, known, strict=True):
            for row in rows[first[rows] == day].tolist():
                model.add_series(place, str(data.keys["item_id"][row]))
                own.append(row)
            if not own:
                continue
            units = data.units[own, day].astype(np.float64)
            closed = model.close(
                place, first_day + day, units, opened=bool(units.any()), hours=None, promotion=held[own, day : day + HORIZON + 1]
            )
            if day + 1 in origins:
                out = found.setdefault(day + 1, np.zeros((len(data.units), HORIZON)))
                out[own] = np.nan_to_num(closed.path)
    return {"shelfcast": found}, model


def simple(data: M5, origins: Sequence[int], progress: Callable[[float], None]) -> dict[str, dict[int, Floats]]:
    """The competition's plain benchmarks: seasonal naive, and exponential smoothing of each series with the factor that did best on it."""
    del progress
    units = data.units.astype(np.float64)
    naive = {origin: np.tile(units[:, origin - WEEK : origin], 4) for origin in origins}
    return {"seasonal_naive": naive, "exponential_smoothing": {origin: _smoothed(units[:, :origin]) for origin in origins}}


def _smoothed(history: Floats) -> Floats:
    """The level at the end, repeated, `[series, 28]`; each series takes the factor with the smallest squared error of one day."""
    started = np.maximum.accumulate(history > 0, axis=1)
    best = np.full(len(history), np.inf)
    chosen = np.zeros(len(history))
    for alpha in ALPHAS:
        level, loss = history[:, 0].copy(), np.zeros(len(history))
        for day in range(1, history.shape[1]):
            error = history[:, day] - level
            fresh = started[:, day] & ~started[:, day - 1]
            loss += np.where(started[:, day - 1], error**2, 0.0)
            level = np.where(fresh, history[:, day], level + alpha * error * started[:, day])
        better = loss < best
        best, chosen = np.where(better, loss, best), np.where(better, level, chosen)
    return np.repeat(chosen[:, None], HORIZON, axis=1)
