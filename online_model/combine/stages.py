"""The next day as the experts would see it if only some of its causes were there: one stage for each cause, each with one more.

The first stage is a usual day: the mean over the store's open weekdays, every level as it was over four weeks, no trend, no holiday, no
promotion, nothing special about the store. The last one is the day as it is. An expert that is asked at all stages tells, by the
differences, what each cause adds, whatever kind of function the expert is.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.calendar.effects import by_cause
from online_model.constants import TINY
from online_model.experts import features as ft
from online_model.experts.baselines import EIGHT, FOUR_DS
from online_model.experts.expert import Situation
from online_model.experts.features import NAMES, RATIO_CAP, Features, logged
from online_model.horizons import DAY, PARTS
from online_model.series.ewmas import DS, DS14, DS28, PROFILE14, PROFILE28

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.combine.outlook import Outlook
    from online_model.pool import Pool
    from online_model.series.series import Series

    F32 = NDArray[np.float32]

STAGES: Final = PARTS[:-2]
"""The causes that change what the experts see; bias and rounding come after them."""
WEEKDAY, SEASON, PROMOTION, TREND, STORE = (STAGES.index(name) for name in ("weekday", "season", "promotion", "trend", "store_day"))
_AT: Final = {name: place for place, name in enumerate(NAMES)}
_LAGS: Final = [_AT[name] for name in ("same weekday", "same weekday before", "same weekday, mean of 4")]
_YEAR: Final = [_AT[name] for name in ("pooled year ratio", "own year ratio", "mean own year ratio")]
_YEAR_SHOCKS: Final = [_AT["shock a year before"], _AT["shock 364 days before"]]
_TRENDS: Final = [_AT["trend 3/28"], _AT["trend 7/28"], *range(*ft.SLOPES.indices(len(NAMES)))]
_STORE: Final = [_AT[name] for name in ("store residual", "store residual EWMA", "item residual", "item residual EWMA")]
_LEAST_SALE_SHARE: Final = 0.01


def staged(s: Series, o: Outlook, pool: Pool) -> Situation:
    """What the experts would forecast the next day from, at each stage: the stages take the place of the horizons."""
    c = _multipliers(s, o, pool)
    profile, weekday_mean = _weekdays(s, o)
    linear = _linear(s, o, c, weekday_mean)
    log = logged(linear)
    linear[:, ft.EXTRA] *= c[:, None]
    seen = copy.copy(s)
    seen.ewma = np.repeat(s.ewma[:, None], len(STAGES), 1)
    for newest, usual in ((DS14, DS28), (PROFILE14, PROFILE28)):
        seen.ewma[newest, :TREND] = s.ewma[usual]
    seen.offset = np.broadcast_to(s.offset[DAY], (len(STAGES), len(s)))
    features = Features(o.features.scale, c, profile, weekday_mean, weekday_mean, linear, log)
    return Situation(seen, features, {name: [models[DAY]] * len(STAGES) for name, models in pool.regressors.items()})


def _multipliers(s: Series, o: Outlook, pool: Pool) -> F32:
    """The calendar multiplier at each stage, `[stages, n]`."""
    day, coming = o.days, o.promotions
    found = by_cause(
        pool.calendar, day.x[1], int(day.key[1]), None if coming is None else coming.part(slice(1)), s.delta, int(day.weekday[1]),
        day.by_weekday[-1],
    )  # fmt: skip
    whole = o.features.cbar[DAY]
    return np.stack([*found, *[found[-1]] * (STORE - len(found)), whole]).astype(np.float32)


def _weekdays(s: Series, o: Outlook) -> tuple[F32, F32]:
    """Profile and same-weekday mean at each stage, `[stages, n]`: first the mean over the week, then that of the day."""
    week, weekday = o.days.by_weekday[-1], int(o.days.weekday[1])
    profile = np.repeat(s.profile[weekday][None], len(STAGES), 0)
    profile[0], profile[PROMOTION:] = week @ s.profile[:7], o.features.profile[DAY]
    mean = np.repeat(o.features.weekday_mean[DAY][None], len(STAGES), 0)
    mean[0] = week @ o.lags[EIGHT]
    return profile, mean


def _linear(s: Series, o: Outlook, c: F32, weekday_mean: F32) -> F32:
    """Features of the linear regression at each stage, before the shared ones are multiplied by c, `[stages, features, n]`."""
    scale, actual = o.features.scale, o.features.linear[DAY]
    f = np.repeat(actual[None], len(STAGES), 0)
    f[:, ft.EXTRA] = o.features.log[DAY, ft.EXTRA]  # as they were before they were multiplied
    level = s.ewma[DS28] / scale
    usual = np.minimum(c * level, RATIO_CAP)
    ratio = np.divide(weekday_mean[WEEKDAY], weekday_mean[0], out=np.ones_like(level), where=weekday_mean[0] > TINY)
    on_weekday = np.minimum(c[0] * level * np.minimum(ratio, RATIO_CAP), RATIO_CAP)
    f[:, ft.CBAR] = c
    f[:TREND, ft.LEVELS] = usual[:TREND, None]
    newest = np.concatenate([s.ewma[DS], s.last[1:]]) / scale
    f[TREND:, ft.LEVELS] = np.minimum(c[TREND:, None] * newest, RATIO_CAP)
    f[:TREND, _AT["c x weekday mean yd"]] = usual[:TREND]
    f[TREND:, _AT["c x weekday mean yd"]] = np.minimum(c[TREND:] * o.lags[FOUR_DS, int(o.days.weekday[1])] / scale, RATIO_CAP)
    f[:TREND, _AT["last value"]] = usual[0]
    f[0, _LAGS], f[WEEKDAY:TREND, _LAGS] = usual[0], on_weekday
    _cells(f, o, usual[0], on_weekday)
    _last_year(f, s, o, c, usual)
    f[:TREND, _TRENDS] = 0
    f[:TREND, _AT["log days since a sale"]] = -np.log(np.clip(s.p_sale, _LEAST_SALE_SHARE, 1)) / 2  # a silence of usual length
    f[:STORE, _AT["shock today"]] = 0
    f[:STORE, _STORE] = 0
    f[STORE] = actual
    f[STORE, ft.EXTRA] = o.features.log[DAY, ft.EXTRA]
    return f


def _cells(f: F32, o: Outlook, usual: F32, on_weekday: F32) -> None:
    """The mean of the weekday's cell: a promotion brings that of promoted days."""
    cell = _AT["cell EWMA"]
    promoted = None if o.promotions is None else o.promotions.held[0] > 0
    f[0, cell], f[WEEKDAY:PROMOTION, cell] = usual, on_weekday
    f[PROMOTION:TREND, cell] = on_weekday if promoted is None else np.where(promoted, f[TREND, cell], on_weekday)


def _last_year(f: F32, s: Series, o: Outlook, c: F32, usual: F32) -> None:
    """Last year comes with the season. Where it is not known, the newest level stands in for it, which comes with the trend."""
    place = _AT["same time last year"]
    actual, whole = o.features.linear[DAY, place], np.maximum(c[STORE], TINY)
    growth = np.exp(o.features.linear[DAY, _AT["pooled year ratio"]])
    stand_in = np.minimum(c[STORE] * s.ewma[DS14] * growth / o.features.scale, RATIO_CAP)
    known = np.abs(actual - stand_in) > 1e-5 * stand_in
    f[:TREND, place] = usual[:TREND]
    f[SEASON:, place] = np.where(known, np.minimum(actual / whole * c[SEASON:], RATIO_CAP), f[SEASON:, place])
    f[TREND:, place] = np.minimum(actual / whole * c[TREND:], RATIO_CAP)
    f[:SEASON, _YEAR] = 0
    f[:SEASON, _YEAR_SHOCKS] = 0
