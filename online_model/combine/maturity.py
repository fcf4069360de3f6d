"""What a close completes: the forecasts made one horizon ago get their labels, are scored, and teach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.combine import bias, gate
from online_model.constants import LABEL_CAP_DAY, LABEL_CAP_WINDOW, STAGGER, TEACH_FROM_AGE
from online_model.experts.features import thaw
from online_model.experts.registry import CORRECTED, EXPERT_NAMES, EXPERTS, PENDING
from online_model.experts.regressors import solve_together
from online_model.horizons import DAY, HORIZON_NAMES, N_HORIZONS, QUANTILE_NAMES, SPANS, TAIL_NAMES, WEEK
from online_model.results import Scored
from online_model.series import level_shift

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.pool import Pool
    from online_model.results import Drift
    from online_model.series.series import Series
    from online_model.series.sold_day import Today

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]

OFFSET_RATE, OFFSET_DECAY = 0.01, 0.998
"""Step of a series' offset in the log regression, and the share that it keeps at each label."""
ORIGIN, AGE, OPEN_DAYS, SIGNAL, FACTOR = range(5)
YEAR_FACTORS: Final = slice(5, 5 + len(CORRECTED))
GATE: Final = YEAR_FACTORS.stop
SLOT_COLUMNS: Final = GATE + 1
"""Columns of a store's slots, one row a pending forecast: origin, age of the pool, expected open days, bias signal, bias factor, year
corrections, share of the gate."""
_FIRST_SLOT: Final = tuple(sum(SPANS[:h]) for h in range(N_HORIZONS))
_P: Final = {name: i for i, name in enumerate(PENDING)}
_EXPERTS: Final = [_P[name] for name in EXPERT_NAMES]
_RAW: Final = [_EXPERTS[place] for place in CORRECTED]
_QUANTILES: Final = [_P[name] for name in QUANTILE_NAMES]
_TAILS: Final = [_P[name] for name in TAIL_NAMES]


@dataclass(frozen=True, slots=True)
class Matured:
    """Forecasts whose last day has closed; the first axis is the horizons unless stated.

    Attributes
    ----------
    day
        Ordinal of the day whose close completes them.
    info
        Their slots, `[horizons, 9]`: see `SLOT_COLUMNS`.
    kept
        What they left behind, `[horizons, PENDING, n]`; 0 where there was no forecast.
    sums
        Units sold over each horizon, `[3, horizons, n]`: net, winsorised, under the cap of the bias gain.
    opened_days
        Number of days that were open, `[horizons]`.
    forecast, known
        Whether there was a forecast; whether it gets a label, which takes days that were open and expected to be, `[horizons, n]`.
    weight, whole
        What the label teaches: 0 where unknown, below 1 where the series was out of stock for a while; whether it was in stock on all
        days, `[horizons, n]`.
    units, scale
        Winsorised mean per open day (0 where unknown); scale (1 where unknown), `[horizons, n]`.
    bias_share, factors
        Share of the bias gain that each series got, and the factor it made of it, `[horizons, n]`.

    """

    day: int
    info: F64
    kept: F32
    sums: F32
    opened_days: NDArray[np.int64]
    forecast: Bools
    known: Bools
    weight: F32
    whole: Bools | None
    units: F32
    scale: F32
    bias_share: F64
    factors: F64

    def __getitem__(self, name: str) -> F32:
        """The field of `PENDING` with this name, `[horizons, n]`."""
        return self.kept[:, _P[name]]

    def column(self, place: int) -> F32:
        """A column of the slots, `[horizons, 1]`."""
        return self.info[:, place, None].astype(np.float32)


def slots_of(day: int) -> list[int]:
    """The slots whose forecasts mature at the close of `day`; the forecasts made at that close then take their place."""
    return [first + day % days for first, days in zip(_FIRST_SLOT, SPANS, strict=True)]


def learn_matured(
    s: Series, slots: F64, history: Bools, today: Today, pool: Pool, *, silent: Bools | None = None, stocked: bool = True
) -> tuple[dict[str, Scored], list[Drift]]:
    """Score what matures today, and learn from it.

    Parameters
    ----------
    slots
        Slots of the store, `[36, 9]`.
    history
        Whether the store was open on each of the last 28 days, newest last.
    silent
        Series that have fallen silent today: their level is not judged. None: none.
    stocked
        Whether all series were in stock on all of the last 28 days, so that `Series.stocked` need not be looked at.

    Returns
    -------
    scored, drifts
        Scored forecasts by name of the horizon; level shifts that today's residuals reveal.

    """
    info = slots[slots_of(today.day)]
    due = info[:, ORIGIN] == today.day - np.array(SPANS)
    if not due.any() or not len(s):
        return {}, []
    m = _matured(s, info, due, history, today.day, stocked=stocked)
    scored = _score(s, m, pool)
    drifts: list[Drift] = []
    if m.known.any():
        if today.opened:
            drifts = _level_shifts(s, m, today, pool, silent)
        _teach(s, m, pool)
        _correct(s, m, pool)
    return scored, drifts


def _matured(s: Series, info: F64, due: Bools, history: Bools, day: int, *, stocked: bool) -> Matured:
    kept = s.pending[slots_of(day)]
    opened_days = np.array([int(history[-b:].sum()) for b in SPANS])
    sums = np.stack([s.units[:, (day - np.arange(b)) % 28].sum(1) for b in SPANS], 1)
    scale = kept[:, _P["scale"]]
    forecast = ~np.isnan(scale) & due[:, None]
    known = forecast & ((opened_days > 0) & (info[:, OPEN_DAYS] > 0))[:, None]
    share = bias.of_series(s.count - opened_days[:, None], info[:, AGE, None])
    weight, whole = known.astype(np.float32), None
    if not stocked:
        spans = [s.stocked[(day - np.arange(b)) % 28].astype(np.float32) for b in SPANS]
        weight *= np.stack([span.mean(0) for span in spans])
        whole = np.stack([(span == 1).all(0) for span in spans])
    return Matured(
        day,
        info,
        np.where(forecast[:, None], kept, 0.0).astype(np.float32),
        sums,
        opened_days,
        forecast,
        known,
        weight,
        whole,
        np.where(known, sums[1] / np.maximum(opened_days, 1)[:, None], 0).astype(np.float32),
        np.where(known, scale, 1.0).astype(np.float32),
        share,
        1 + (info[:, FACTOR, None] - 1) * share,
    )


def _score(s: Series, m: Matured, pool: Pool) -> dict[str, Scored]:
    """Compare forecasts as published with raw sums: of series that were in stock, of horizons that were open or expected to be."""
    scored = {}
    for h, (name, b) in enumerate(zip(HORIZON_NAMES, SPANS, strict=True)):
        n, told = m.info[h, OPEN_DAYS], m.forecast[h] if m.whole is None else m.forecast[h] & m.whole[h]
        rows = np.flatnonzero(told)
        if not len(rows) or (m.opened_days[h] == 0 and n == 0):
            continue
        took = m.kept[h][:, rows].astype(np.float64)
        scored[name] = Scored(
            origin_day=m.day - b,
            rows=s.series[rows].astype(np.intp),
            actual=m.sums[0, h, rows].astype(np.float64),
            mean=took[_P["unbiased"]] * m.factors[h, rows] * n,
            quantiles=took[_QUANTILES],
            weekday_mean=took[_P["weekday_mean"]] * n,
            seasonal_naive=took[_P["naive"]] * n,
            smoothing=took[_P["smoothing"]] * n,
            out_of_stock=int(m.forecast[h].sum()) - len(rows),
        )
        pool.scores.add(name, scored[name])
    return scored


def _level_shifts(s: Series, m: Matured, today: Today, pool: Pool, silent: Bools | None) -> list[Drift]:
    known = m.known[DAY] if m.whole is None else m.known[DAY] & m.whole[DAY]
    if silent is not None:
        known = known & ~silent
    mean = (m["unbiased"] * m.factors).astype(np.float32)
    variance = pool.quantiles.variance(s, mean)[DAY]
    rows = level_shift.watch(s, pool.residuals, m.day, mean[DAY], m["level"][DAY], variance, today.units, known)
    return level_shift.shift(s, rows)


def _teach(s: Series, m: Matured, pool: Pool) -> None:
    """Teach the year corrections, the regressions, the offsets, the mix and the gate."""
    origins, known = m.info[:, ORIGIN].astype(np.int64), m.weight
    pool.year.learn(origins, m.kept[:, _RAW], m.units, m.scale, known, share=pool.share)
    old_enough = known * (m.info[:, AGE] >= TEACH_FROM_AGE)[:, None]
    cap = LABEL_CAP_WINDOW * m.scale
    cap[DAY] = LABEL_CAP_DAY * (m.scale[DAY] + 1)
    label = np.minimum(m.units, cap)
    for h, (b, frozen) in enumerate(zip(SPANS, s.frozen, strict=True)):
        if not old_enough[h].any():
            continue
        rows = slice(None) if h == DAY else slice(-int(origins[h]) % STAGGER, None, STAGGER)
        taught = old_enough[h, rows]
        inputs = thaw(frozen[m.day % b][:, : len(taught)])
        for expert in EXPERTS:
            if expert.regression is not None:
                offset = s.offset[h, rows] if expert.regression.own_offset else 0.0
                features = inputs[expert.regression.inputs]
                pool.regressors[expert.name][h].add(features, m.scale[h, rows], label[h, rows], taught, offset)
    solve_together(pool.models)
    gap = np.clip((label - m["log"]) / m.scale, -1, 1) * np.minimum(1, 2 * m.scale / (1 + m.scale))
    s.offset[:] = np.where(old_enough > 0, OFFSET_DECAY * s.offset + OFFSET_RATE * (old_enough * gap), s.offset)
    experts = m.kept[:, _EXPERTS]
    experts[:, CORRECTED] *= m.info[:, YEAR_FACTORS, None].astype(np.float32)
    pool.mixture.learn(s, experts, m.units, m.scale, old_enough)
    held = gate.of_series(m.column(GATE), s.count - m.opened_days[:, None], m.column(AGE))
    fallback = gate.fallback(m["weekday_mean"], m["smoothing"])
    mixed = np.asarray((m["unbiased"] - held * fallback) / (1 - held), np.float32)
    pool.gate.learn(mixed, fallback, m.units, m.scale, known)


def _correct(s: Series, m: Matured, pool: Pool) -> None:
    """Teach the bias gain and the quantiles, from sums over the days that were open."""
    unbiased = m["unbiased"] * m.opened_days[:, None].astype(np.float32)
    share = m.weight * m.bias_share
    actual, forecast = (m.sums[2] * share).sum(1), (unbiased * share).sum(1)
    for h, b in enumerate(SPANS):
        if forecast[h] > 0:
            a, p = float(actual[h]), float(forecast[h])
            pool.bias.learn_gain(h, m.day - b, float(m.info[h, SIGNAL]), a, p, share=pool.share)
            if h == WEEK:
                pool.bias.learn_week(m.day - b, a, p)
    served = (unbiased * m.factors).astype(np.float32)
    sold = m.sums[0] if m.whole is None else np.where(m.whole, m.sums[0], m.sums[1])
    pool.quantiles.learn(s, served, m.kept[:, _TAILS].swapaxes(0, 1), sold, m.weight)
