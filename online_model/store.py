"""A store's business day: learn the day, learn from the forecasts it completes, forecast the days ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.calendar import day_features
from online_model.calendar.multiplier import C_FLOOR, prior_variance
from online_model.calendar.opening import Opening
from online_model.combine.maturity import SLOT_COLUMNS, learn_matured
from online_model.combine.outlook import Outlook, look, serve
from online_model.constants import TINY, WARM_UP, YEAR
from online_model.experts import features
from online_model.experts.baselines import WeekdayLags
from online_model.experts.registry import LAYOUT
from online_model.horizons import DAY, DAYS_AHEAD, KNOWN_OPEN_DAYS
from online_model.results import DayClosed
from online_model.series import last_year
from online_model.series.cold_start import WORTH
from online_model.series.ewmas import DS, DS28, HALF_LIVES, PROFILE, RAW, RAW28
from online_model.series.profile import DIVISOR_FLOOR, ProfileClose, learn_cell_ewma
from online_model.series.series import SLOTS, Series
from online_model.series.sold_day import WILD_DAYS, DayInput, Today, as_expected, today_of
from online_model.state import dump_fields, load_fields
from online_model.stock.censored import censored_day, out_hours, sold_hours, store_surprise
from online_model.stock.rest_of_day import Morning
from online_model.stock.running_day import learn_reached
from online_model.stock.silence import learn_visit
from online_model.today.known_day import Expected, known_day
from online_model.today.nowcast import DayCurve
from online_model.today.running_day import Today as TodayModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from online_model.calendar.day_features import PromotionDays, StoreDay
    from online_model.pool import Pool
    from online_model.stock.censored import DayStock
    from online_model.today.known_day import KnownDay
    from online_model.today.moment import Moment, TodayForecast

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Shared = tuple[float, float, F32, F32]

SEASON_CAP: Final = (20.0, 5.0)
"""Sales are capped at 20 times the mean, plus 5, before they are divided by a seasonal factor."""
P_SALE_GAIN: Final = 0.04
MAX_AGE: Final = 4096


def _padded(values: F32, n: int, fill: float) -> F64:
    """Values `[..., m]` as `[..., n]`: the last ones are `fill`."""
    out = np.full((*values.shape[:-1], n), fill, np.float64)
    out[..., : values.shape[-1]] = values
    return out


def _gain_table() -> F32:
    """Gains of the running means by age, corrected for the bias of a short history: g / (1 - (1 - g)^age), `[9, MAX_AGE]`."""
    g = 1 - 0.5 ** (1 / HALF_LIVES)
    age = np.maximum(np.arange(MAX_AGE), 1)
    return np.asarray(g[:, None] / (1 - (1 - g[:, None]) ** age), np.float32)


_GAINS: Final = _gain_table()


class StoreModel:
    """The state of one store.

    Attributes
    ----------
    first_day, last_day
        Ordinals of the first and the newest closed day; 0 before the first close.
    last_open
        Ordinal of the newest open day of each weekday, `[7]`.
    last_index
        What the store added to the pooled index (`PooledProfile.index`) on its newest open day.
    slots
        What each pending forecast has in common for all series, `[36, 9]`: see `maturity.SLOT_COLUMNS`.
    promotion_days
        Days left for which the model still builds promotion features; 0 while no promotion is near.
    wild_run
        Days in a row on which most series sold far more than they ever do.
    stock_days
        Days left for which `Series.stocked` remembers a day without stock; 0: all series were in stock.

    """

    def __init__(self, name: str, country: str | None, subdivision: str | None) -> None:
        self.name, self.country, self.subdivision = name, country, subdivision
        self.first_day = self.last_day = 0
        self.last_open: NDArray[np.int64] = np.zeros(7, np.int64)
        self.last_index = 0.0
        self.slots: F64 = np.zeros((SLOTS, SLOT_COLUMNS))
        self.promotion_days = 0
        self.wild_run = 0
        self.stock_days = 0
        self.new_series: list[int] = []
        self.new_items: list[int] = []
        self._series = Series(LAYOUT)
        self._opening = Opening()
        self._curve = DayCurve()
        self._today = TodayModel()
        self._lags = WeekdayLags()
        self._known: tuple[tuple[int, int, int, object], KnownDay] | None = None  # the running day, and what it was made of

    @property
    def series(self) -> Series:
        """Arrays of the series, including those added since the last close."""
        if self.new_series:
            self._series.append(self.new_series, self.new_items, prior_variance())
            self.new_series, self.new_items = [], []
            self._lags.forget()
        return self._series

    def close(self, index: int, told: DayInput, pool: Pool, pool_series: int) -> DayClosed:
        """Close a day; `index` is the store's place in the pool, `pool_series` the number of series in the pool."""
        s, day = self.series, told.day
        self.first_day = self.first_day or day
        pool.begin(day)
        table = pool.table(self.country, self.subdivision)
        table.reach(day, 1 + KNOWN_OPEN_DAYS)
        opened = self._opening.counts_as_open(day, table, sold=told.opened, told=told.openings)
        days = day_features.store_day(day, self._opening, table, told.openings, opened=opened)
        pool.calendar.know_keys(len(pool.keys))
        promotions = self._promotions(s, told.promotion, days)
        stock = self._stock(s, told, pool) if opened else None
        today = today_of(s, told, days, promotions, stock, opened=opened)
        self.wild_run = self.wild_run + 1 if today.wild else 0
        if today.wild and self.wild_run <= WILD_DAYS:
            today = as_expected(today, s)
        self._today.close(day, today, s.spread[DAY], s.integer, pool.today, pool.share if opened else 0.0)
        shared = pool.shared.close(index, s, today.units if opened else None, pool_series, today.weight)
        if opened:
            self._learn_day(s, days, today, pool)
            if told.hours is not None and len(s):
                self._learn_visits(s, told.day, told.hours, pool)
                hours = np.maximum(told.hours if stock is None else stock.hours, 0).astype(np.float32)
                hours *= today.kept_share()[:, None]  # a bulk order must not distort the day's curve by hour
                morning = s.morning[0] if stock is None else s.morning[0] * (stock.weight == 1)
                pool.nowcast.learn(self._curve, today.weekday, hours, s.by_hour, morning, pool.share)
        else:
            ProfileClose(pool.profile).closed_day(day, self.last_index)
            last_year.add(s.year_sums, s.year_counts, day - self.first_day, None, None)
        s.units[:, day % DAYS_AHEAD] = (today.raw, today.units, today.units_bias) if opened else 0
        self._remember(s, day, stock)
        scored, drifts = learn_matured(s, self.slots, self._opening.history, today, pool, silent=told.silent, stocked=self.stock_days == 0)
        if drifts:
            self._lags.forget()
        outlook = self._outlook(s, days, promotions, shared, pool, parts=told.parts)
        horizons, path, parts = serve(s, self.slots, outlook, pool)
        self.last_day = day
        return DayClosed(day, index, s.series.astype(np.intp), horizons, path, scored, drifts, None if stock is None else stock.lost, parts)

    def again(self, index: int, promotion: Bools | None, openings: Mapping[int, bool], pool: Pool) -> tuple[DayClosed, Outlook]:
        """Forecast once more from the newest closed day, with other announcements, and from what; see `Forecaster.compare`."""
        s, day = self.series, self.last_day
        table = pool.table(self.country, self.subdivision)
        table.reach(day, 1 + KNOWN_OPEN_DAYS)
        days = day_features.known_day(day, self._opening, table, openings)
        pool.calendar.know_keys(len(pool.keys))
        held = np.zeros((day_features.COLUMNS, len(s)), np.float32)
        if promotion is not None:
            held[:] = np.asarray(promotion, np.float32).T
        held[0] = s.promoted[-1]
        past = np.concatenate([np.zeros_like(s.promoted[:1]), s.promoted[:-1]])
        near = held.any() or past.any()
        promotions = day_features.promotion_days(held, past, s.last_promotion, days) if near else None
        outlook = self._outlook(s, days, promotions, features.shared_of(s, pool.many_stores), pool)
        horizons, path = look(s, outlook, pool)
        return DayClosed(day, index, s.series.astype(np.intp), horizons, path, {}, []), outlook

    def leap(self, day: int, pool: Pool) -> None:
        """Skip the days between the newest closed one and `day`; nothing was sold on them."""
        s, first, skipped = self.series, self.last_day + 1, day - 1 - self.last_day
        self._opening.leap(skipped)
        last_year.leap(s.year_sums, s.year_counts, first - self.first_day, day - self.first_day)
        ProfileClose(pool.profile).closed_days(first, day, self.last_index)
        s.units[:, np.arange(day - min(skipped, DAYS_AHEAD), day) % DAYS_AHEAD] = 0
        s.stocked[np.arange(day - min(skipped, DAYS_AHEAD), day) % DAYS_AHEAD] = 1
        s.promoted[:] = 0
        s.told_promotion[:] = False
        self.promotion_days = max(self.promotion_days - skipped, 0)
        self.last_day = day - 1

    def _stock(self, s: Series, told: DayInput, pool: Pool) -> DayStock | None:
        """What the day's hours without stock hid; None where none of them sells. Whole days teach what the rest of a day sells."""
        if told.out_of_stock is None or told.hours is None or not len(s):
            return None
        morning, hours = self.morning(told.day, pool, len(s)), sold_hours(told.hours)
        out = out_hours(told.out_of_stock)
        units = np.nan_to_num(np.asarray(told.units, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
        store = store_surprise(morning, hours, out)
        stock = censored_day(pool.rest, morning, units, hours, out, store)
        whole = (s.count > WARM_UP) & (s.morning[0] > TINY)
        if stock is not None:
            whole &= stock.weight == 1
        learn_reached(pool.reached, pool.rest, morning, hours, whole, told.day, self.integer(len(s)))
        pool.rest.learn(morning, hours, whole, store, told.day, s.habit)
        return stock

    def _learn_visits(self, s: Series, day: int, hours: F64, pool: Pool) -> None:
        """Learn what a visit buys from the hours of a day that sold nothing."""
        usual = np.diff(self._curve.share((day - 1) % 7, pool.nowcast.curve(), s.by_hour), axis=0)
        learn_visit(s.visit, s.morning[0] * usual, np.asarray(hours, np.float32).T)

    def morning(self, day: int, pool: Pool, n: int) -> Morning:
        """What was known of a day before it began, of `n` series: those met since the newest close have no forecast.

        `day` is the one after the newest closed one, or up to 6 days later.
        """
        s, ahead = self._series, min(max(day - self.last_day - 1, 0), 6)
        own = _padded(s.by_hour, n, 0)
        usual = np.diff(self._curve.share((day - 1) % 7, pool.nowcast.curve(), own.astype(np.float32)), axis=0).astype(np.float64)
        kappa = pool.quantiles.kappa(DAY)
        return Morning(
            _padded(s.morning[ahead], n, 0), _padded(s.spread[DAY], n, 1), kappa, usual, _padded(s.visit, n, 1), _padded(s.habit, n, 0)
        )

    def integer(self, n: int) -> Bools:
        """Whether `n` series sell whole units only, as far as is known."""
        return np.append(self._series.integer, np.ones(n - len(self._series), np.bool_))

    def _remember(self, s: Series, day: int, stock: DayStock | None) -> None:
        """Note what the day teaches, as long as a day without stock lies within the longest horizon."""
        if stock is not None:
            self.stock_days = DAYS_AHEAD + 1
        if self.stock_days:
            self.stock_days -= 1
            s.stocked[day % DAYS_AHEAD] = 1 if stock is None else stock.weight

    def _promotions(self, s: Series, promotion: Bools | None, days: StoreDay) -> PromotionDays | None:
        """Promotions of today and the days ahead; None while no promotion is near.

        Today's promotion counts only if it was announced before today. A flag that comes with a sale exists only on days that sold
        something, so learning from it would teach that promoted days always sell.
        """
        told, s.told_promotion = s.told_promotion, np.zeros(len(s), np.bool_) if promotion is None else promotion[:, 1].astype(np.bool_)
        if promotion is not None and (promotion[:, 1:].any() or told.any()):
            self.promotion_days = 2 * day_features.PAST
        if self.promotion_days == 0:
            return None
        self.promotion_days -= 1
        held = np.zeros((day_features.COLUMNS, len(s)), np.float32)
        if promotion is not None:
            held[:, :] = np.asarray(promotion, np.float32).T
            held[0] *= told
        found = day_features.promotion_days(held, s.promoted, s.last_promotion, days)
        s.promoted[:] = np.concatenate([s.promoted[1:], held[:1]])
        if self._opening.history[-1]:
            s.last_promotion[:] = held[0]
        return found

    def _learn_day(self, s: Series, days: StoreDay, today: Today, pool: Pool) -> None:
        """Learn an open day: profile, calendar multiplier, running means, newest days."""
        new = today.started & (s.count == 0)
        pool.gate.opened()
        if new.any():
            self._start(s, new, pool)
        day, weekday = today.day, today.weekday
        profile, index = ProfileClose(pool.profile).learn(s, today, pool.started)
        if index >= 0:
            self.last_index = index
        else:
            ProfileClose(pool.profile).closed_day(day, self.last_index)
        if today.teaches.any():
            pool.calendar.learn(s, today, pool.started)
        c = pool.calendar.multiplier(days.x[:1], days.key[:1], today.promotions, s.delta)[0]
        learn_cell_ewma(s, today)
        demand = self._means(s, today, c, profile)
        last_year.add(s.year_sums, s.year_counts, day - self.first_day, demand, today.taught())
        self._lags.push(s, weekday, today.units, demand, today.started, today.weight)
        self.last_open[weekday] = day
        if pool.many_stores:
            pool.items.learn(s)

    @staticmethod
    def _start(s: Series, new: Bools, pool: Pool) -> None:
        """Give series that sell for the first time the pooled profile, and the level that their item and store suggest."""
        pool.started += int(new.sum())
        s.profile[:, new] = pool.profile.cells.astype(np.float32)[:, None]
        prior = pool.items.prior(s)
        known = new & (prior > 0)
        s.ewma[:, known], s.age[known] = prior[known], WORTH

    def _means(self, s: Series, today: Today, c: F32, profile: F32) -> F32:
        """Update the running means; returns sales over c, `[n]`."""
        y, started = today.units, today.taught()
        on = started.astype(np.float32) if today.weight is None else today.started * today.weight
        s.count += started
        s.age += started
        s.integer &= today.raw == np.floor(today.raw)  # the raw number: a capped one need not be whole
        step = on / np.maximum(s.count, 1).astype(np.float32)
        s.mean += step * (y - s.mean)
        s.bias_mean += step * (today.units_bias - s.bias_mean)
        cap = SEASON_CAP[0] * np.maximum(s.mean, TINY) + SEASON_CAP[1]
        demand = np.minimum(y, cap) / np.maximum(c, C_FLOOR)
        inputs = np.empty_like(s.ewma)
        inputs[RAW] = y
        inputs[DS] = demand
        inputs[PROFILE] = np.minimum(y / np.maximum(profile, DIVISOR_FLOOR), cap)
        gain = _GAINS[:, np.minimum(s.age, MAX_AGE - 1)] * on
        s.ewma += gain * (inputs - s.ewma)
        s.bias_ewma += _GAINS[0, np.minimum(s.count, MAX_AGE - 1)] * on * (today.units_bias - s.bias_ewma)
        s.last[:] = np.where(started, (y, demand), s.last)
        sale = (y > 0).astype(np.float32)
        if today.weight is not None:  # that nothing was sold without stock says nothing
            seen = (today.weight == 1) | (today.raw > 0)
            started, on = started & seen, on * seen
        s.since_sale[:] = np.where(started, (s.since_sale + 1) * (1 - sale), s.since_sale)
        s.p_sale += on * np.where(s.count == 1, 1, P_SALE_GAIN) * (sale - s.p_sale)
        return np.asarray(demand)

    def _outlook(
        self, s: Series, days: StoreDay, promotions: PromotionDays | None, shared: Shared | None, pool: Pool, *, parts: bool = False
    ) -> Outlook:
        """The multipliers of the days ahead and the features of the regressions."""
        day, coming = days.day, None if promotions is None else promotions.part(slice(1, None))
        c = pool.calendar.multiplier(days.x[1:], days.key[1:], coming, s.delta)
        lags = self._lags.filled(s, day, self.last_open, s.ewma[RAW28], s.ewma[DS28])
        before = days.before[1:]
        pooled = features.PooledDay(
            pool.profile.year_ratios(day),
            pool.profile.trends(),
            pool.profile.shock(day),
            np.where(before <= day, pool.profile.shocks(before), 0.0),
            pool.profile.shocks(np.arange(day + 1, day + 1 + DAYS_AHEAD) - YEAR),
            shared,
        )
        held = coming.held if coming is not None and coming.held.any() else None
        ahead = features.Ahead(day - self.first_day, days, c, lags, held)
        built = features.build(s, ahead, pooled, pool.own_year)
        return Outlook(day, days, c, built, pool.year.factors(day, days.before), lags, coming, parts)

    @property
    def held(self) -> Series:
        """Arrays of the series that have been through at least one close."""
        return self._series

    def follow(self, index: int, told: Moment, pool: Pool) -> None:
        """Learn the running day up to a moment, see `Forecaster.follow`; `index` is the store's place in the pool."""
        self._today.running.follow(index, told, self._expected(told, pool), self._today.usual, pool.today)

    def today(self, index: int, told: Moment, pool: Pool) -> TodayForecast:
        """Totals of a running day, see `Forecaster.today`."""
        self.follow(index, told, pool)
        spread, whole = self._series.spread[DAY], self._series.integer
        more = len(told.sold) - len(self._series)
        if more:
            spread, whole = np.pad(spread, (0, more), constant_values=1), np.pad(whole, (0, more), constant_values=True)
        return self._today.forecast(told, spread, whole, pool.today)

    def _expected(self, told: Moment, pool: Pool) -> Expected:
        """What the morning and the past days expect of a running day; nothing of items met since the morning."""
        asked = (told.day, len(told.sold), self.last_day, pool.nowcast.learned)
        if self._known is None or self._known[0] != asked:
            self._known = asked, self._know(told.day, len(told.sold), pool)
        day = self._known[1]
        return Expected(day, day.share(told.hour), pool.nowcast.gain(told.hour))

    def _know(self, day: int, n: int, pool: Pool) -> KnownDay:
        s, more, ahead = self._series, n - len(self._series), day - self.last_day - 1
        morning, own, promoted = s.morning[min(max(ahead, 0), 6)].astype(np.float64), s.by_hour, s.told_promotion
        if more:
            morning, own, promoted = np.pad(morning, (0, more)), np.pad(own, ((0, 0), (0, more))), np.pad(promoted, (0, more))
        if ahead:
            promoted = np.zeros(n, np.bool_)
        curve = self._curve.share((day - 1) % 7, pool.nowcast.curve(), own)
        return known_day(morning, curve, promoted, pool.table(self.country, self.subdivision).days_to_holiday(day))

    def dump(self, prefix: str) -> dict[str, Any]:
        """The complete state."""
        out = dump_fields(self, prefix)
        for name in ("series", "opening", "curve"):
            out |= dump_fields(getattr(self, f"_{name}"), f"{prefix}.{name}")
        for name in self._today.PARTS:
            out |= dump_fields(getattr(self._today, name), f"{prefix}.today.{name}")
        return out

    @classmethod
    def load(cls, prefix: str, state: Mapping[str, Any]) -> StoreModel:
        """Restore what `dump` returned."""
        self = cls("", None, None)
        load_fields(self, prefix, state)
        for name in ("series", "opening", "curve"):
            load_fields(getattr(self, f"_{name}"), f"{prefix}.{name}", state)
        for name in self._today.PARTS:
            load_fields(getattr(self._today, name), f"{prefix}.today.{name}", state)
        return self
