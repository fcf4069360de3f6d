"""The 28 + 6 features of the second stage, for all three horizons of a store at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model import baselines, last_year
from online_model.series import DS, RAW
from online_model.settings import MEAN_FLOOR, SPANS, TINY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.day_features import StoreDay
    from online_model.series import Series

    F32 = NDArray[np.float32]

NAMES: Final = (
    "one", "last value", "same weekday", "same weekday before", "same weekday, mean of 4", "cell EWMA", "same time last year",
    "pooled year ratio", "trend 3/28", "trend 7/28", "P(sale)", "log days since a sale", "log scale", "young", "shock today",
    "cbar", "cbar ds3", "cbar ds7", "cbar ds14", "cbar ds28", "cbar ds90", "cbar last yd", "c x weekday mean yd",
    "own year ratio", "mean own year ratio", "own year ratio known", "log ds7/ds28", "log ds28/ds90",
    "store residual", "store residual EWMA", "item residual", "item residual EWMA", "shock a year before", "shock 364 days before",
)  # fmt: skip
"""In order. The first eight ratios and the second eight are over the scale; the last six are times cbar."""
RATIOS: Final = slice(1, 7)
PLAIN: Final = slice(7, 15)
CBAR: Final = 15
RATIOS_C: Final = slice(15, 23)
EXTRA: Final = slice(28, 34)
PRIOR_ON: Final = (NAMES.index("cbar ds14"), NAMES.index("cbar ds28"))
RATIO_CAP: Final = 6.0
YOUNG_DAYS: Final = 56
SLOPE_CLIP: Final = 1.0
OWN_YEAR_CLIP: Final = 0.8
OWN_YEAR_MIN_DAYS: Final = (5, 10, 2)
"""Open days that last year's window, base and level need."""
LOG_SHIFT: Final = 0.25
"""A ratio as the log regression takes it: log(ratio + .25) - log 1.25."""


@dataclass(frozen=True, slots=True)
class PooledDay:
    """What a partition tells every store of a day.

    Attributes
    ----------
    year_ratio
        Of each horizon, `[3]`.
    trends
        3/28 and 7/28 days.
    shock
        Of today.
    shock_date, shock_week
        Shocks of the 28 days ahead as they were on the same date last year, 364 days before; `[28]`.
    shared
        Residuals of the store (2 numbers) and of the items (2 x `[n]`), None for none.

    """

    year_ratio: tuple[float, ...]
    trends: tuple[float, float]
    shock: float
    shock_date: NDArray[np.float64]
    shock_week: NDArray[np.float64]
    shared: tuple[float, float, F32, F32] | None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is known of a store's days ahead.

    Attributes
    ----------
    day
        Days from the store's first to today.
    days
        Calendar and openings.
    c
        Multipliers of the 28 days ahead, `[28, n]`.
    lags
        Of the weekdays, filled, `[5, 7, n]`.
    promoted
        Promotions of the 28 days ahead, `[28, n]`, None for none.

    """

    day: int
    days: StoreDay
    c: F32
    lags: F32
    promoted: F32 | None


class OwnYear:
    """Mean over the partition's series of their own year ratios, by horizon; of the present date."""

    def __init__(self) -> None:
        self.total: NDArray[np.float64] = np.zeros(3)
        self.n: NDArray[np.float64] = np.zeros(3)

    def new_date(self) -> None:
        """A business date of the partition begins."""
        self.total = np.zeros(3)
        self.n = np.zeros(3)

    def add(self, ratio: F32, known: NDArray[np.bool_]) -> F32:
        """Add a store's `[3, n]`; the means so far `[3]`."""
        self.total += (ratio * known).sum(1)
        self.n += known.sum(1)
        return np.asarray(self.total / np.maximum(self.n, 1), np.float32)


@dataclass(frozen=True, slots=True)
class Features:
    """Second-stage inputs of a store's series.

    Attributes
    ----------
    scale
        s, units, `[n]`.
    cbar, profile, weekday_mean, naive
        Window means by open day, `[3, n]`: multiplier, profile, same-weekday mean, newest value of the weekday.
    linear, log
        Features of the two regressions, `[3, 34, n]`.

    """

    scale: F32
    cbar: F32
    profile: F32
    weekday_mean: F32
    naive: F32
    linear: F32
    log: F32


def scale_of(s: Series) -> F32:
    """max(EWMA28, EWMA90 / 4, 5 % of the mean, a floor)."""
    raw = s.ewma[RAW]
    return np.asarray(np.maximum(np.maximum(raw[0], raw[1] / 4), np.maximum(MEAN_FLOOR * s.mean, TINY)))


def log_ratio(x: F32, base: F32, s: F32) -> F32:
    """Log of x over base, both plus 5 % of the scale."""
    return np.asarray(np.log((x + MEAN_FLOOR * s) / (base + MEAN_FLOOR * s)))


def build(s: Series, a: Ahead, pooled: PooledDay, own_year: OwnYear) -> Features:
    """Features at a close."""
    n, scale, days, lags = len(s), scale_of(s), a.days, a.lags
    ahead = days.weekday[1:]
    level28 = s.ewma[RAW][0]
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
    ds = s.ewma[DS]
    level, own, known = _own_year(s, a.day, cbar, scale, days.open_days)
    mean_own = own_year.add(own, known)[:, None]
    ratio = np.asarray(pooled.year_ratio, np.float32)[:, None]
    last = cbar * ds[2] * ratio
    f = np.empty((3, len(NAMES), n), np.float32)
    f[:, 0] = 1
    f[:, 1], f[:, 2], f[:, 3], f[:, 4], f[:, 5] = s.last[0], first, second, four, cell
    f[:, 6] = last if level is None else np.where(np.isnan(level), last, level)
    f[:, RATIOS] = np.minimum(f[:, RATIOS] / scale, RATIO_CAP)
    f[:, 7] = np.log(ratio)
    f[:, 8:15] = _plain(s, scale, pooled)
    f[:, CBAR] = cbar
    f[:, 16:21] = ds
    f[:, 21] = s.last[1]
    f[:, 16:22] *= cbar[:, None]
    f[:, 22] = c_four
    f[:, 16:23] = np.minimum(f[:, 16:23] / scale, RATIO_CAP)
    f[:, 23] = np.where(known, own, mean_own)
    f[:, 24] = mean_own
    f[:, 25] = known
    f[:, 26:28] = np.clip(log_ratio(ds[[1, 3]], ds[[3, 4]], scale), -SLOPE_CLIP, SLOPE_CLIP)
    f[:, EXTRA] = _extra(days, pooled, n)
    log = logged(f)
    f[:, EXTRA] *= cbar[:, None]
    return Features(scale, cbar, profile, weekday_mean, first, f, log)


def _plain(s: Series, scale: F32, pooled: PooledDay) -> F32:
    """Trends, P(sale), log days since a sale, log scale, young, shock; `[7, n]`."""
    out = np.empty((7, len(s)), np.float32)
    out[0], out[1] = pooled.trends
    out[2] = s.p_sale
    out[3] = np.log1p(s.since_sale) / 2
    out[4] = np.log(scale + 0.05) / 5
    out[5] = s.count < YOUNG_DAYS
    out[6] = pooled.shock
    return out


def _extra(days: StoreDay, pooled: PooledDay, n: int) -> F32:
    """Shared residuals and last year's shocks, `[3, 6, n]`."""
    out = np.zeros((3, 6, n), np.float32)
    if pooled.shared is not None:
        out[:, 0], out[:, 1], out[:, 2], out[:, 3] = pooled.shared
    out[:, 4] = (days.by_day @ pooled.shock_date)[:, None]
    out[:, 5] = (days.by_day @ pooled.shock_week)[:, None]
    return out


def _own_year(s: Series, day: int, cbar: F32, scale: F32, open_days: NDArray[np.int64]) -> tuple[F32 | None, F32, NDArray[np.bool_]]:
    """Level of each window as it was last year (NaN unknown; None in the first year), own log ratio, known or not; `[3, n]`."""
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
    """Features of the log regression from `[..., 34, n]` of the linear one, its last six not yet times cbar."""
    out = linear.copy()
    shift = float(np.log(1 + LOG_SHIFT))
    for part in (RATIOS, RATIOS_C):
        out[..., part, :] = np.log(linear[..., part, :] + LOG_SHIFT) - shift
    return out


def thaw(frozen: NDArray[np.float16]) -> tuple[F32, F32]:
    """Features of both regressions `[34, m]` from the linear ones as they were frozen."""
    linear = frozen.astype(np.float32)
    plain = linear.copy()
    plain[EXTRA] /= np.maximum(linear[CBAR], TINY)
    return linear, logged(plain)
