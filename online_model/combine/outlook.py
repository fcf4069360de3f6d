"""Forecast at a close: mix the experts, apply gate and bias gain, add quantiles and the path; keep what the labels will teach.

The path is the forecast day by day, where a horizon is a sum over days.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from online_model.combine import bias, gate
from online_model.combine.maturity import slots_of
from online_model.combine.parts import parts_of
from online_model.constants import STAGGER
from online_model.experts.expert import Situation
from online_model.experts.registry import CORRECTED, EXPERT_NAMES, EXPERTS
from online_model.horizons import DAY, DAYS_AHEAD, HORIZON_NAMES, N_HORIZONS, SPANS
from online_model.results import HorizonForecast

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.calendar.day_features import PromotionDays, StoreDay
    from online_model.experts.features import Features
    from online_model.pool import Pool
    from online_model.results import DayParts
    from online_model.series.series import Series

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The inputs of the forecasts made at the close of `day`.

    `c` holds the multipliers of the days ahead, `[28, n]`; `year_factors` the year corrections, `[horizons, corrected]`. `lags` and
    `promotions` are those from which the features were made; `parts`: whether the next day's forecast is to be taken apart.
    """

    day: int
    days: StoreDay
    c: F32
    features: Features
    year_factors: F64
    lags: F32
    promotions: PromotionDays | None
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Foreseen:
    """The forecasts of a store before anything of them is kept; the first axis is the horizons.

    Attributes
    ----------
    raw
        The experts' forecasts before their year correction, units per open day, `[horizons, E, n]`.
    held, shares
        Share of the same-weekday mean in what is served, by series, `[horizons, n]`, and of a series as old as the pool, `[horizons]`.
    unbiased
        Mix and same-weekday mean together, units per open day, `[horizons, n]`.
    signal, factor
        The bias signal, and the factor it makes, `[horizons]`.
    mean
        What is served: units summed over each horizon, `[horizons, n]`.

    """

    raw: F32
    held: F32
    shares: F64
    unbiased: F64
    signal: float
    factor: F64
    mean: F64


def foresee(s: Series, o: Outlook, pool: Pool) -> Foreseen:
    """Mix the experts, apply gate and bias gain. Changes nothing."""
    raw = np.stack([expert.forecast(Situation(s, o.features, pool.regressors)) for expert in EXPERTS], 1)
    experts = raw.copy()
    experts[:, CORRECTED] *= o.year_factors[:, :, None].astype(np.float32)
    mixed = pool.mixture.mix(s, experts)
    shares = pool.gate.shares()
    age = np.array(pool.gate.age)
    held = gate.of_series(shares[:, None], s.count, age)
    unbiased = (1 - held) * mixed + held * gate.fallback(o.features.weekday_mean, np.broadcast_to(s.bias_ewma, (N_HORIZONS, len(s))))
    signal = pool.bias.signal(o.day)
    factor = np.array(pool.bias.factors(signal))
    mean = unbiased * (1 + (factor[:, None] - 1) * bias.of_series(s.count, age)) * o.days.open_days[:, None]
    return Foreseen(raw, held, shares, unbiased, signal, factor, mean)


def look(s: Series, o: Outlook, pool: Pool) -> tuple[dict[str, HorizonForecast], F64]:
    """Horizons and path as `serve` gives them, without keeping anything."""
    horizons, path, _ = _told(s, o, foresee(s, o, pool), pool)
    return horizons, (path + np.where(s.count > 0, 0.0, np.nan)).T


def _told(s: Series, o: Outlook, f: Foreseen, pool: Pool) -> tuple[dict[str, HorizonForecast], F64, F32]:
    """Forecasts by name of the horizon; path, `[28, n]`, also of series that have not sold; quantiles, `[quantiles, horizons, n]`."""
    n, open_days, nan = len(s), o.days.open_days, np.where(s.count > 0, 0.0, np.nan)
    quantiles = pool.quantiles.serve(s, f.mean.astype(np.float32), o.days.doubt) * (open_days > 0)[:, None]
    smoothing = np.broadcast_to(s.bias_ewma, (N_HORIZONS, n))
    baselines = np.stack([o.features.weekday_mean, o.features.naive, smoothing]).astype(np.float64)
    weekday_mean, naive, smooth = baselines * open_days[:, None] + nan
    sums, bands = f.mean + nan, quantiles.astype(np.float64) + nan
    horizons = {
        name: HorizonForecast(sums[h], bands[:, h], weekday_mean[h], naive[h], smooth[h], np.full(n, int(open_days[h])))
        for h, name in enumerate(HORIZON_NAMES)
    }
    return horizons, path_of(f.mean, o), quantiles


def serve(s: Series, slots: F64, o: Outlook, pool: Pool) -> tuple[dict[str, HorizonForecast], F64, DayParts | None]:
    """Forecast all horizons of a store, and keep what their labels need to teach.

    Returns
    -------
    horizons, path, parts
        Forecasts by name of the horizon; expected units of each of the 28 days ahead, `[n, 28]`; what the next day's forecast is made
        of, if that is asked for.

    """
    ft, n = o.features, len(s)
    f = foresee(s, o, pool)
    horizons, path, quantiles = _told(s, o, f, pool)
    smoothing = np.broadcast_to(s.bias_ewma, (N_HORIZONS, n))
    started = s.count > 0
    scale = np.broadcast_to(np.where(started, ft.scale, np.float32(np.nan)), (N_HORIZONS, n))
    # In the order of PENDING.
    kept = [scale, *f.raw.swapaxes(0, 1), f.unbiased.astype(np.float32), *quantiles, ft.naive, smoothing]
    _freeze(s, o, np.stack(kept, 1))
    open_days = o.days.open_days
    s.expected[:] = np.where(started & (open_days[DAY] > 0), f.raw[DAY, EXPERT_NAMES.index("level")], np.nan)
    for h, place in enumerate(slots_of(o.day)):
        slots[place] = (o.day, pool.gate.age, open_days[h], f.signal, f.factor[h], *o.year_factors[h], f.shares[h])
    s.morning[:] = path[:7]
    return horizons, (path + np.where(started, 0.0, np.nan)).T, parts_of(s, o, f, pool) if o.parts and open_days[DAY] > 0 else None


def _freeze(s: Series, o: Outlook, kept: F32) -> None:
    """Keep the forecasts `[horizons, PENDING, n]` in their slots, and the features of the series that will teach from this origin."""
    s.pending[slots_of(o.day)] = kept
    staggered = slice(-o.day % STAGGER, None, STAGGER)
    for h, (days, frozen) in enumerate(zip(SPANS, s.frozen, strict=True)):
        taught = o.features.linear[h][:, staggered if days > 1 else slice(None)]
        frozen[o.day % days, :, : taught.shape[1]] = taught


def path_of(mean: F64, o: Outlook) -> F64:
    """Units of each day ahead, `[28, n]`: the first day, then what each longer horizon adds to the shorter one, split by c."""
    shape = o.c.astype(np.float64) * o.days.opens[:, None]
    path = np.empty((DAYS_AHEAD, mean.shape[1]))
    path[0] = np.minimum(mean[DAY], mean[DAY + 1])
    for h, first in enumerate(SPANS[:-1], 1):
        part = shape[first : SPANS[h]]
        rest = np.maximum(mean[h] - path[:first].sum(0), 0)
        path[first : SPANS[h]] = part * (rest / np.maximum(part.sum(0), 1e-12))
    return path
