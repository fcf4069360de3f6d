"""Sales by series and day as they were reported, and the windows that are scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.contract.horizons import HORIZONS

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

SPANS: Final = {horizon.name: horizon.days for horizon in HORIZONS}
"""Horizons and their days."""


@dataclass(frozen=True, slots=True)
class Panel:
    """Net units as they were sold; nothing is capped.

    Attributes
    ----------
    first_day
        Day of the first column, days since 1970-01-01.
    stores, items
        Store and item of each row.
    units
        `[series, days]`; 0 on days without a sale.
    promoted
        Days on promotion, `[series, days]`; None if the file announces no promotions.
    told_open
        Days on which the series' store should open, `[series, days]`; None if the file announces no openings.
    out_of_stock
        Days with hours without stock, `[series, days]`; None if the file tells of none.

    """

    first_day: int
    stores: list[str]
    items: list[str]
    units: Floats
    promoted: Flags | None = None
    told_open: Flags | None = None
    out_of_stock: Flags | None = None

    @property
    def started(self) -> Flags:
        """Whether a series has had its first sale by each day, `[series, days]`."""
        return np.asarray(np.logical_or.accumulate(self.units > 0, axis=1))

    @property
    def store_open(self) -> Flags:
        """Whether the series' store sold anything on each day, `[series, days]`."""
        names = np.unique(self.stores, return_inverse=True)[1]
        sold = np.zeros((names.max() + 1, self.units.shape[1]), bool)
        np.logical_or.at(sold, names, self.units != 0)
        return np.asarray(sold[names])

    def window_sums(self, span: int) -> Floats:
        """Units of the `span` days that end on each day, `[series, days]`; NaN on the first `span - 1` days."""
        return rolling_sum(self.units, span)


def rolling_sum(values: Floats, span: int) -> Floats:
    """Sum of the newest `span` columns at each column; NaN where there are fewer."""
    total = np.cumsum(values, axis=1)
    out = np.full(values.shape, np.nan)
    out[:, span - 1 :] = total[:, span - 1 :]
    out[:, span:] -= total[:, :-span]
    return out


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of one horizon: a forecast knows the days up to `origins[k]`, and covers the `span` days after it.

    origins: columns of the panel; all windows lie within the scored days. actual: units sold in each window, `[series, origins]`.
    """

    name: str
    span: int
    origins: NDArray[np.intp]
    actual: Floats


def windows(panel: Panel, scored_days: int, horizons: list[str]) -> dict[str, Windows]:
    """Windows by horizon that lie in the panel's last `scored_days` days."""
    days = panel.units.shape[1]
    found = {}
    for name in horizons:
        span = SPANS[name]
        origins = np.arange(days - scored_days - 1, days - span)
        if len(origins):
            found[name] = Windows(name, span, origins, panel.window_sums(span)[:, origins + span])
    return found


@dataclass(frozen=True, slots=True)
class Forecasts:
    """A contender's sums over the windows of a horizon, `[series, origins]`; NaN where it makes no forecast.

    quantiles: in the order of `QUANTILES`, `[quantiles, series, origins]`; None when it has none.
    """

    mean: Floats
    quantiles: Floats | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    """All forecasts of one method, and the time and memory that they took."""

    name: str
    forecasts: dict[str, Forecasts]
    seconds: float | None = None
    megabytes: float | None = None
