"""What a close completes: forecasts made 1, 7 and 28 days ago get their labels, are scored, and teach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from online_model import level_shift
from online_model.features import thaw
from online_model.pooled import solve_together
from online_model.results import Scored
from online_model.series import CORRECTED, PENDING
from online_model.settings import (
    DAY,
    HORIZONS,
    LABEL_CAP_DAY,
    LABEL_CAP_WINDOW,
    SPANS,
    STAGGER,
    TEACH_FROM_AGE,
    WEEK,
)  # fmt: skip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.pool import Pool
    from online_model.results import Drift
    from online_model.series import Series
    from online_model.store import Today

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]

OFFSET_RATE, OFFSET_DECAY = 0.01, 0.998
"""A series' offset of the log regression: step, and what it keeps a label."""
ORIGIN, AGE, OPEN_DAYS, SIGNAL, FACTOR, YEAR_FACTORS, GATE = 0, 1, 2, 3, 4, slice(5, 8), 8
"""Columns of a store's slots."""
_P = {name: i for i, name in enumerate(PENDING)}
_RAW_EXPERTS = [_P["profile"], _P["linear"], _P["log"]]
_EXPERTS = [_P[name] for name in ("profile", "level", "linear", "log", "weekday_mean")]


def slots_of(day: int) -> list[int]:
    """Slots whose forecasts mature at the close of `day`, and which its own forecasts then take."""
    return [0, 1 + day % 7, 8 + day % 28]


def learn_matured(
    s: Series, slots: F64, history: NDArray[np.bool_], day: int, today: Today, opened: bool, pool: Pool
) -> tuple[dict[str, Scored], list[Drift]]:
    """Score and learn what matures today.

    Parameters
    ----------
    history
        Open or not, the last 28 days, newest last.

    Returns
    -------
    scored, drifts
        By horizon; level shifts that today's residuals reveal.

    """
    places = slots_of(day)
    info = slots[places]
    due = info[:, ORIGIN] == day - np.array(SPANS)
    if not due.any() or not len(s):
        return {}, []
    f = s.pending[places]
    opened_days = np.array([int(history[-b:].sum()) for b in SPANS])
    position = [(day - np.arange(b)) % 28 for b in SPANS]
    sums = np.stack([s.units[:, p].sum(1) for p in position], 1)
    scale = f[:, _P["scale"]]
    has = ~np.isnan(scale) & due[:, None]
    known = has & ((opened_days > 0) & (info[:, OPEN_DAYS] > 0))[:, None]
    scored = _score(s, f, sums[0], has, info, opened_days, day, pool)
    drifts: list[Drift] = []
    if known.any():
        scale = np.where(known, scale, 1.0).astype(np.float32)
        f = np.where(known[:, None], f, 0.0).astype(np.float32)
        units = np.where(known, sums[1] / np.maximum(opened_days, 1)[:, None], 0).astype(np.float32)
        on = known.astype(np.float32)
        drifts = _level_shifts(s, f, info, today, known, day, pool) if opened else []
        _teach(s, f, info, units, scale, on, day, pool)
        _correct(s, f, info, sums, opened_days, on, day, pool)
    return scored, drifts


def _score(
    s: Series, f: F32, raw: F32, has: NDArray[np.bool_], info: F64, opened_days: NDArray[np.int64], day: int, pool: Pool
) -> dict[str, Scored]:
    """Forecasts as they were published against raw sums; a day that was expected closed and was, is no forecast."""
    scored = {}
    for h, (name, b) in enumerate(zip(HORIZONS, SPANS, strict=True)):
        rows = np.flatnonzero(has[h])
        if not len(rows) or (opened_days[h] == 0 and info[h, OPEN_DAYS] == 0):
            continue
        n = info[h, OPEN_DAYS]
        took = f[h][:, rows].astype(np.float64)
        mean = took[_P["unbiased"]] * (info[h, FACTOR] * n)
        scored[name] = Scored(
            day - b,
            s.series[rows].astype(np.intp),
            raw[h, rows].astype(np.float64),
            mean,
            took[_P["p10"]],
            took[_P["p50"]],
            took[_P["p90"]],
            took[_P["weekday_mean"]] * n,
            took[_P["naive"]] * n,
            took[_P["smoothing"]] * n,
        )
        pool.scores.add(name, scored[name])
    return scored


def _level_shifts(s: Series, f: F32, info: F64, today: Today, known: NDArray[np.bool_], day: int, pool: Pool) -> list[Drift]:
    mean = f[DAY, _P["unbiased"]] * np.float32(info[DAY, FACTOR])
    variance = pool.quantiles.variance(s, np.broadcast_to(mean, (3, len(mean))))[DAY]
    rows = level_shift.watch(s, mean, variance, today.units, known[DAY])
    return level_shift.shift(s, rows, day) if len(rows) else []


def _teach(s: Series, f: F32, info: F64, units: F32, scale: F32, on: F32, day: int, pool: Pool) -> None:
    """Year corrections, both regressions, offsets, mix, gate."""
    origins = info[:, ORIGIN].astype(np.int64)
    raw = f[:, _RAW_EXPERTS]
    pool.year.learn(origins, raw, units, scale, on, pool.share)
    known, on = on, on * (info[:, AGE] >= TEACH_FROM_AGE)[:, None]
    cap = LABEL_CAP_WINDOW * scale
    cap[DAY] = LABEL_CAP_DAY * (scale[DAY] + 1)
    label = np.minimum(units, cap)
    for h, (b, frozen) in enumerate(zip(SPANS, (s.teach_day, s.teach_week, s.teach_month), strict=True)):
        if not on[h].any():
            continue
        rows = slice(None) if h == DAY else slice(-int(origins[h]) % STAGGER, None, STAGGER)
        taught = on[h, rows] > 0
        linear, log = thaw(frozen[day % b][:, : len(taught)])
        pool.linear[h].add(linear, scale[h, rows], label[h, rows], taught)
        pool.log[h].add(log, scale[h, rows], label[h, rows], taught, s.offset[h, rows])
    solve_together(pool.models)
    gap = np.clip(label / scale - f[:, _P["log"]] / scale, -1, 1) * np.minimum(1, 2 * scale / (1 + scale))
    s.offset[:] = np.where(on > 0, OFFSET_DECAY * s.offset + OFFSET_RATE * gap, s.offset)
    experts = f[:, _EXPERTS].copy()
    experts[:, CORRECTED] *= info[:, YEAR_FACTORS, None].astype(np.float32)
    pool.mixture.learn(s, experts, units, scale, on)
    gate = info[:, GATE, None].astype(np.float32)
    weekday_mean = f[:, _P["weekday_mean"]]
    mixed = (f[:, _P["unbiased"]] - gate * weekday_mean) / (1 - gate)
    pool.gate.learn(mixed, weekday_mean, units, scale, known)


def _correct(s: Series, f: F32, info: F64, sums: F32, opened_days: NDArray[np.int64], on: F32, day: int, pool: Pool) -> None:
    """Bias gain and quantiles, from sums over the days that were open."""
    unbiased = f[:, _P["unbiased"]] * opened_days[:, None].astype(np.float32)
    actual, forecast = (sums[2] * on).sum(1), (unbiased * on).sum(1)
    for h, b in enumerate(SPANS):
        if forecast[h] > 0:
            a, p = float(actual[h]), float(forecast[h])
            pool.bias.learn_gain(h, day - b, float(info[h, SIGNAL]), a, p, pool.share)
            if h == WEEK:
                pool.bias.learn_week(day - b, a, p)
    mean = unbiased * info[:, FACTOR, None].astype(np.float32)
    pool.quantiles.learn(s, mean, f[:, _P["p10"]], f[:, _P["p90"]], sums[0], on)
