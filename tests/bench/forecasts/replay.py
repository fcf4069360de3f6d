"""A panel through one partition, day by day, and the forecasts beside what came."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from online_model import HORIZONS, Forecaster

SPANS = {horizon.name: horizon.days for horizon in HORIZONS}
VALUES = ("mean", "p10", "p90", "weekday_mean", "seasonal_naive")


@dataclass(frozen=True)
class Replay:
    """`forecasts` and `actual` by horizon, [values, series, days] and [series, days]; NaN where there is none.

    drifts: day, series, factor.
    """

    forecasts: dict[str, np.ndarray]
    actual: dict[str, np.ndarray]
    drifts: list[tuple[int, int, float]]
    units: np.ndarray

    def ratios(self, chosen: dict[str, np.ndarray] | slice) -> list[float]:
        """Sum of absolute errors over that of the same-weekday mean, by horizon, of the chosen origins."""
        out = []
        for name, forecast in self.forecasts.items():
            where = chosen[name] if isinstance(chosen, dict) else (slice(None), chosen)
            actual = self.actual[name][where]
            ours, bar = (np.nansum(np.abs(forecast[VALUES.index(v)][where] - actual)) for v in ("mean", "weekday_mean"))
            out.append(float(ours / bar) if bar > 0 else float("nan"))
        return out


def replay(panel, days: int | None = None, country: bool = True, at_close: Callable[..., None] | None = None) -> Replay:
    """Openings are learned, promotions are told 28 days ahead; an item becomes known at its first sale."""
    units = panel.units[:, :days]
    n, length = units.shape
    partition = Forecaster()
    stores = list(dict.fromkeys(panel.stores))
    parts = panel.parts or {}
    places = [partition.add_store(store, panel.country, parts.get(store)) if country else partition.add_store(store) for store in stores]
    members = [np.flatnonzero(np.array(panel.stores) == store) for store in stores]
    first = np.where(units.any(1), (units != 0).argmax(1), length)
    held = None if panel.promoted is None else np.pad(panel.promoted, ((0, 0), (0, 29)))
    known: list[list[int]] = [[] for _ in stores]
    forecasts = {name: np.full((len(VALUES), n, length), np.nan) for name in SPANS}
    drifts = []
    for t in range(length):
        for place, rows, own in zip(places, members, known, strict=True):
            for row in rows[first[rows] == t]:
                partition.add_series(place, panel.items[row])
                own.append(int(row))
            if not own:
                continue
            closed = partition.close(
                place,
                panel.first_day + t,
                units[own, t],
                opened=bool(units[own, t].any()),
                hours=None if panel.hours is None else panel.hours[own, t],
                promotion=None if held is None else held[own, t : t + 29],
            )
            for name, forecast in closed.horizons.items():
                forecasts[name][:, own, t] = [getattr(forecast, value) for value in VALUES]
            where = dict(zip(closed.rows.tolist(), own, strict=True))
            drifts += [(t, where[drift.series], drift.factor) for drift in closed.drifts if drift.series is not None]
            if at_close is not None and t + 1 < length:
                at_close(partition, place, own, t, closed)
    total = np.pad(np.cumsum(units, 1), ((0, 0), (1, 0)))
    actual = {name: np.full((n, length), np.nan) for name in SPANS}
    for name, span in SPANS.items():
        actual[name][:, : length - span] = total[:, span + 1 :] - total[:, 1 : length - span + 1]
    return Replay(forecasts, actual, drifts, units)
