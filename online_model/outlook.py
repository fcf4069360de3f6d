"""From experts to what is served: mix, gate, bias gain, quantiles, the path of days; and what is kept for the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from online_model import bias, gate
from online_model.features import RATIO_CAP
from online_model.maturity import slots_of
from online_model.results import HorizonForecast
from online_model.series import CORRECTED, DS14, PENDING, PROFILE
from online_model.settings import DAY, DAYS_AHEAD, HORIZONS, MONTH, SPANS, STAGGER, WEEK

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.day_features import StoreDay
    from online_model.features import Features
    from online_model.pool import Pool
    from online_model.series import Series

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that a forecast at the close of `day` stands on: days, multipliers `[28, n]`, features, year corrections `[3, 3]`."""

    day: int
    days: StoreDay
    c: F32
    features: Features
    year_factors: F64


def serve(s: Series, slots: F64, o: Outlook, pool: Pool) -> tuple[dict[str, HorizonForecast], F64]:
    """Forecast all horizons of a store and freeze what their labels will teach.

    Returns
    -------
    horizons, path
        By name; mean units of the 28 days ahead `[n, 28]`.

    """
    ft, n = o.features, len(s)
    scale = ft.scale
    raw = np.empty((3, 4, n), np.float32)
    raw[:, 0] = np.minimum(ft.profile * s.ewma[PROFILE][0] / scale, RATIO_CAP) * scale
    raw[:, 1] = ft.cbar * s.ewma[DS14]
    for h in range(3):
        raw[h, 2] = pool.linear[h].predict(ft.linear[h], scale)
        raw[h, 3] = pool.log[h].predict(ft.log[h], scale, s.offset[h])
    smoothing = np.broadcast_to(s.bias_ewma, (3, n))
    experts = np.concatenate([raw, ft.weekday_mean[:, None]], 1)
    experts[:, CORRECTED] *= o.year_factors[:, :, None].astype(np.float32)
    mixed = pool.mixture.mix(s, experts)
    shares = pool.gate.shares()
    age = np.array(pool.gate.age)
    held = gate.of_series(shares[:, None], s.count, age)
    unbiased = (1 - held) * mixed + held * ft.weekday_mean
    signal = pool.bias.signal(o.day)
    factor = np.array(pool.bias.factors(signal))
    open_days = o.days.open_days
    mean = unbiased * (1 + (factor[:, None] - 1) * bias.of_series(s.count, age)) * open_days[:, None]
    quantiles = pool.quantiles.serve(s, mean.astype(np.float32)) * (open_days > 0)[:, None]
    started = s.count > 0
    kept = np.empty((3, len(PENDING), n), np.float32)
    kept[:, 0], kept[:, 1:5], kept[:, 5], kept[:, 6] = np.where(started, scale, np.nan), raw, ft.weekday_mean, unbiased
    kept[:, 7:10], kept[:, 10], kept[:, 11] = quantiles.swapaxes(0, 1), ft.naive, smoothing
    _freeze(s, o, kept)
    s.expected[:] = np.where(started & (open_days[DAY] > 0), raw[DAY, 1], np.nan)
    for h, place in enumerate(slots_of(o.day)):
        slots[place] = (o.day, pool.gate.age, open_days[h], signal, factor[h], *o.year_factors[h], shares[h])
    path = _path(mean, o)
    s.morning[:] = path[:7]
    nan = np.where(started, 0.0, np.nan)
    base = np.stack([ft.weekday_mean, ft.naive, smoothing]).astype(np.float64) * open_days[:, None]
    sums = np.concatenate([mean[None], quantiles.astype(np.float64), base]) + nan
    horizons = {name: _horizon(sums[:, h], int(open_days[h])) for h, name in enumerate(HORIZONS)}
    return horizons, (path + nan).T


def _horizon(sums: F64, open_days: int) -> HorizonForecast:
    """Sums `[7, n]` under their names."""
    mean, p10, p50, p90, weekday_mean, naive, smoothing = sums
    days = np.full(sums.shape[1], open_days)
    return HorizonForecast(mean, p10, p50, p90, weekday_mean, naive, smoothing, days)


def _freeze(s: Series, o: Outlook, kept: F32) -> None:
    """Keep forecasts `[3, 12, n]` by slot, and the features of the series that teach from this origin."""
    s.pending[slots_of(o.day)] = kept
    s.teach_day[0] = o.features.linear[DAY]
    rows = slice(-o.day % STAGGER, None, STAGGER)
    for h, frozen in ((WEEK, s.teach_week), (MONTH, s.teach_month)):
        taught = o.features.linear[h][:, rows]
        frozen[o.day % SPANS[h], :, : taught.shape[1]] = taught


def _path(mean: F64, o: Outlook) -> F64:
    """Days ahead `[28, n]`: the first day, the rest of the week and the rest of the four weeks, each split by c."""
    shape = o.c.astype(np.float64) * o.days.opens[:, None]
    path = np.empty((DAYS_AHEAD, mean.shape[1]))
    path[0] = np.minimum(mean[DAY], mean[WEEK])
    for h, first in ((WEEK, SPANS[DAY]), (MONTH, SPANS[WEEK])):
        part = shape[first : SPANS[h]]
        rest = np.maximum(mean[h] - path[:first].sum(0), 0)
        path[first : SPANS[h]] = part * (rest / np.maximum(part.sum(0), 1e-12))
    return path
