"""The features of the regressions, for all horizons of a store at once. Most are ratios to the scale s of a series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import MEAN_FLOOR, TINY
from online_model.experts import baselines
from online_model.horizons import DAY, N_HORIZONS, SPANS
from online_model.series import last_year
from online_model.series.ewmas import DS, DS7, DS14, DS28, DS90, RAW28, RAW90

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.calendar.day_features import StoreDay
    from online_model.series.series import Series

    F32 = NDArray[np.float32]

NAMES: Final = (
    "one", "last value", "same weekday", "same weekday before", "same weekday, mean of 4", "cell EWMA", "same time last year",
    "pooled year ratio", "trend 3/28", "trend 7/28", "P(sale)", "log days since a sale", "log scale", "young", "shock today",
    "cbar", "cbar ds3", "cbar ds7", "cbar ds14", "cbar ds28", "cbar ds90", "cbar last yd", "c x weekday mean yd",
    "own year ratio", "mean own year ratio", "own year ratio known", "log ds7/ds28", "log ds28/ds90",
    "store residual", "store residual EWMA", "item residual", "item residual EWMA", "shock a year before", "shock 364 days before",
)  # fmt: skip
"""In this order: ratios to the scale, plain numbers, ratios with the calendar multiplier (cbar), year ratios, slopes, shared values.
"yd" marks sales over c, "young" a series of few open days, "cell" a weekday with or without a promotion."""
N_REGRESSION_FEATURES: Final = len(NAMES)
_AT: Final = {name: place for place, name in enumerate(NAMES)}


def _run(first: str, last: str) -> slice:
    """Places of the features from `first` to `last`, both included."""
    return slice(_AT[first], _AT[last] + 1)


RATIOS: Final = _run("last value", "same time last year")
PLAIN: Final = _run("trend 3/28", "shock today")
CBAR: Final = _AT["cbar"]
LEVELS: Final = _run("cbar ds3", "cbar last yd")
"""Levels, which are free of the calendar, times cbar."""
RATIOS_C: Final = _run("cbar", "c x weekday mean yd")
SLOPES: Final = _run("log ds7/ds28", "log ds28/ds90")
EXTRA: Final = _run("store residual", "shock 364 days before")
"""The linear regression takes these multiplied by cbar."""
PRIOR_ON: Final = (_AT["cbar ds14"], _AT["cbar ds28"])
"""Features whose weights start at, and are pulled to, `regressors.PRIOR`."""
RATIO_CAP: Final = 6.0
YOUNG_DAYS: Final = 56
SLOPE_CLIP: Final = 1.0
OWN_YEAR_CLIP: Final = 0.8
OWN_YEAR_MIN_DAYS: Final = (5, 10, 2)
"""Fewest open days in last year's window, in the four weeks before it, and in the window that gives the level."""
LOG_SHIFT: Final = 0.25
"""The log regression takes log(ratio + .25) - log 1.25, which is 0 at a ratio of 1."""


@dataclass(frozen=True, slots=True)
class PooledDay:
    """What the pool tells every store about a day.

    Attributes
    ----------
    year_ratio
        How the pool grew last year from these four weeks to each horizon, `[horizons]`.
    trends
        The 3-day and the 7-day trend relative to the 28-day trend.
    shock
        Today's shock: log of what the pool sold over what was expected.
    shock_date, shock_week
        Shocks that the days ahead had on the same date last year, and 364 days earlier, `[28]`.
    shared
        Today's residual and its running mean, for the store (two numbers) and for each series' item (`[n]` each); None: unknown.

    """

    year_ratio: tuple[float, ...]
    trends: tuple[float, float]
    shock: float
    shock_date: NDArray[np.float64]
    shock_week: NDArray[np.float64]
    shared: tuple[float, float, F32, F32] | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is known about a store's days ahead.

    Attributes
    ----------
    day
        Days from the store's first close to today.
    days
        Calendar and openings.
    c
        Calendar multipliers of the days ahead, `[28, n]`.
    lags
        Lags of the weekdays without gaps, `[5, 7, n]`.
    promoted
        Promotions of the days ahead, `[28, n]`; None: none.

    """

    day: int
    days: StoreDay
    c: F32
    lags: F32
    promoted: F32 | None


class OwnYear:
    """Mean of the series' own year ratios over the pool, by horizon, for the current business date."""

    def __init__(self) -> None:
        self.total: NDArray[np.float64] = np.zeros(N_HORIZONS)
        self.n: NDArray[np.float64] = np.zeros(N_HORIZONS)

    def new_date(self) -> None:
        """Begin a new business date of the pool."""
        self.total = np.zeros(N_HORIZONS)
        self.n = np.zeros(N_HORIZONS)

    def add(self, ratio: F32, known: NDArray[np.bool_]) -> F32:
        """Add a store's ratios, `[horizons, n]`; returns the means so far, `[horizons]`."""
        self.total += (ratio * known).sum(1)
        self.n += known.sum(1)
        return np.asarray(self.total / np.maximum(self.n, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Features:
    """What the experts take from the days ahead of a store's series.

    Attributes
    ----------
    scale
        The scale s in units, `[n]`.
    cbar, profile, weekday_mean, naive
        Means over the open days of each horizon, `[horizons, n]`: multiplier, profile, same-weekday mean, newest value of the weekday.
    linear, log
        Features of the linear and of the log regression, `[horizons, features, n]`.

    """

    scale: F32
    cbar: F32
    profile: F32
    weekday_mean: F32
    naive: F32
    linear: F32
    log: F32


def scale_of(s: Series) -> F32:
    """The scale s of each series, `[n]`: max(EWMA28, EWMA90 / 4, 5 % of the mean, `TINY`)."""
    return np.asarray(np.maximum(np.maximum(s.ewma[RAW28], s.ewma[RAW90] / 4), np.maximum(MEAN_FLOOR * s.mean, TINY)))


def log_ratio(x: F32, base: F32, s: F32) -> F32:
    """Log of x over base, each plus 5 % of the scale."""
    return np.asarray(np.log((x + MEAN_FLOOR * s) / (base + MEAN_FLOOR * s)))


def build(s: Series, a: Ahead, pooled: PooledDay, own_year: OwnYear) -> Features:
    """The features at a close."""
    n, scale, days, lags = len(s), scale_of(s), a.days, a.lags
    ahead = days.weekday[1:]
    level28 = s.ewma[RAW28]
    cells = np.where(np.isnan(s.cell_ewma), s.profile * level28, s.cell_ewma)
    if a.promoted is None:
        by_weekday = np.concatenate([lags[:4], s.profile[None, :7], cells[None, :7]])
        first, second, four, weekday_mean, profile, cell = np.matmul(days.by_weekday, by_weekday)
    else:
        first, second, four, weekday_mean = np.matmul(days.by_weekday, lags[:4])
        held = a.promoted > 0.5
        profile = days.by_day @ np.where(held, s.profile[7:][ahead], s.profile[:7][ahead])
        cell = days.by_day @ np.where(held, cells[7:][ahead], cells[:7][ahead])
    cbar, c_four = days.by_day @ a.c, days.by_day @ (a.c * lags[baselines.FOUR_DS][ahead])
    level, own, known = _own_year(s, a.day, cbar, scale, days.open_days)
    mean_own = own_year.add(own, known)[:, None]
    ratio = np.asarray(pooled.year_ratio, np.float32)[:, None]
    last = cbar * s.ewma[DS14] * ratio
    f = np.empty((N_HORIZONS, len(NAMES), n), np.float32)
    f[:, _AT["one"]] = 1
    f[:, _AT["last value"]], f[:, _AT["same weekday"]], f[:, _AT["same weekday before"]] = s.last[0], first, second
    f[:, _AT["same weekday, mean of 4"]], f[:, _AT["cell EWMA"]] = four, cell
    f[:, _AT["same time last year"]] = last if level is None else np.where(np.isnan(level), last, level)
    f[:, RATIOS] = np.minimum(f[:, RATIOS] / scale, RATIO_CAP)
    f[:, _AT["pooled year ratio"]] = np.log(ratio)
    f[:, PLAIN] = _plain(s, scale, pooled)
    f[:, CBAR] = cbar
    f[:, LEVELS] = np.concatenate([s.ewma[DS], s.last[1:]]) * cbar[:, None]
    f[:, _AT["c x weekday mean yd"]] = c_four
    over_scale = slice(LEVELS.start, RATIOS_C.stop)
    f[:, over_scale] = np.minimum(f[:, over_scale] / scale, RATIO_CAP)
    f[:, _AT["own year ratio"]] = np.where(known, own, mean_own)
    f[:, _AT["mean own year ratio"]] = mean_own
    f[:, _AT["own year ratio known"]] = known
    newer, older = s.ewma[[DS7, DS28]], s.ewma[[DS28, DS90]]
    f[:, SLOPES] = np.clip(log_ratio(newer, older, scale), -SLOPE_CLIP, SLOPE_CLIP)
    f[:, EXTRA] = _extra(days, pooled, n)
    log = logged(f)
    f[:, EXTRA] *= cbar[:, None]
    return Features(scale, cbar, profile, weekday_mean, first, f, log)


def _plain(s: Series, scale: F32, pooled: PooledDay) -> F32:
    """The features in `PLAIN`, `[7, n]`."""
    out = np.empty((PLAIN.stop - PLAIN.start, len(s)), np.float32)
    trend_short, trend_week, p_sale, silence, size, young, shock = out
    trend_short[:], trend_week[:] = pooled.trends
    p_sale[:] = s.p_sale
    silence[:] = np.log1p(s.since_sale) / 2
    size[:] = np.log(scale + 0.05) / 5
    young[:] = s.count < YOUNG_DAYS
    shock[:] = pooled.shock
    return out


def _extra(days: StoreDay, pooled: PooledDay, n: int) -> F32:
    """The features in `EXTRA`, shared residuals and last year's shocks, `[horizons, 6, n]`."""
    out = np.zeros((N_HORIZONS, EXTRA.stop - EXTRA.start, n), np.float32)
    store, store_ewma, item, item_ewma, shock_date, shock_week = out.swapaxes(0, 1)
    if pooled.shared is not None:
        store[:], store_ewma[:], item[:], item_ewma[:] = pooled.shared
    shock_date[:] = (days.by_day @ pooled.shock_date)[:, None]
    shock_week[:] = (days.by_day @ pooled.shock_week)[:, None]
    return out


def _own_year(s: Series, day: int, cbar: F32, scale: F32, open_days: NDArray[np.int64]) -> tuple[F32 | None, F32, NDArray[np.bool_]]:
    """Last year's level in each window (NaN: unknown; None: first year), the series' own log ratio, whether known; `[horizons, n]`."""
    found = last_year.windows(s.year_sums, s.year_counts, day)
    if found is None:
        zero = np.zeros((len(SPANS), len(s)), np.float32)
        return None, zero, zero > 0
    near, n_near, wide, n_wide, base, n_base = found
    need_window, need_base, need_level = OWN_YEAR_MIN_DAYS
    known = (n_wide >= need_window) & (n_base >= need_base) & (wide > 0) & (base > 0) & (open_days > 0)[:, None]
    ratio = np.where(known, np.clip(log_ratio(wide, base, scale), -OWN_YEAR_CLIP, OWN_YEAR_CLIP), 0).astype(np.float32)
    return np.where(n_near >= need_level, cbar * near, np.nan), ratio, known


def logged(linear: F32) -> F32:
    """Features of the log regression, made from those of the linear one, `[..., 34, n]`, before its last six are multiplied by cbar."""
    out = linear.copy()
    shift = float(np.log(1 + LOG_SHIFT))
    for part in (RATIOS, RATIOS_C):
        out[..., part, :] = np.log(linear[..., part, :] + LOG_SHIFT) - shift
    return out


def shared_of(s: Series, known: bool) -> tuple[float, float, F32, F32] | None:  # noqa: FBT001 - what the caller knows
    """Today's shared residuals as the newest close froze them (see `PooledDay.shared`), in float16; None: the pool shares none."""
    if not known or not len(s):
        return None
    store, store_ewma, item, item_ewma = thaw(s.frozen[DAY][0])["log"][EXTRA][:4]
    return float(store[0]), float(store_ewma[0]), item, item_ewma


def thaw(frozen: NDArray[np.float16]) -> dict[str, F32]:
    """Features of the linear and the log regression, `[34, m]` each, from the linear ones that were frozen at the origin."""
    linear = frozen.astype(np.float32)
    plain = linear.copy()
    plain[EXTRA] /= np.maximum(linear[CBAR], TINY)
    return {"linear": linear, "log": logged(plain)}
