"""Fresh groceries through one pool, day by day: forecasts, and what is asked of the model while a day runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from online_model import Forecaster
from tests.bench.forecasts.fresh import Fresh

VALUES = ("mean", "p10", "p90", "weekday_mean")


@dataclass(frozen=True)
class Day:
    """A store's day before it closes: the model, the store's place in it, rows of the series, number of the day, its ordinal."""

    model: Forecaster
    place: int
    rows: np.ndarray
    number: int
    ordinal: int


def replay(fresh: Fresh, *, stock: bool, country: str | None = "CN", before_close: Callable[[Day], None] | None = None) -> np.ndarray:
    """Forecasts of the next day, [values, series, days]: those of a day were made at the close of the one before."""
    model = Forecaster()
    stores = {store: model.add_store(str(store), country) for store in dict.fromkeys(fresh.stores.tolist())}
    for store, item in zip(fresh.stores.tolist(), fresh.items, strict=True):
        model.add_series(stores[store], item)
    members = {place: np.flatnonzero(fresh.stores == store) for store, place in stores.items()}
    days = fresh.hours.shape[1]
    out = np.full((len(VALUES), len(fresh.items), days + 1), np.nan)
    for t in range(days):
        for place, rows in members.items():
            if before_close is not None and t:
                before_close(Day(model, place, rows, t, fresh.first_day + t))
            hours = fresh.hours[rows, t]
            masks = fresh.masks[rows, t] if stock else None
            closed = model.close(place, fresh.first_day + t, hours.sum(1), opened=bool(hours.any()), hours=hours, out_of_stock=masks)
            out[:, rows, t + 1] = [getattr(closed.horizons["day"], value) for value in VALUES]
    return out[:, :, :days]
