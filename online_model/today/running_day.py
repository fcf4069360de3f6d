"""A store's running day: what it has shown so far, and what is expected of its rest."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.today.band import SLOTS
from online_model.today.moment import Moment, RunningTotals, TodayForecast
from online_model.today.rest_of_day import FEATURES
from online_model.today.served import Served, learn
from online_model.today.surprise import LOG_CLIP, UNITS_A_SALE, UsualSize, evidence, faded, moved, surprise

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.sold_day import Today as SoldDay
    from online_model.today.known_day import Expected
    from online_model.today.shared import SharedToday

    F64 = NDArray[np.float64]
    F32 = NDArray[np.float32]
    Bools = NDArray[np.bool_]

SOLD_CAP: Final = 10.0
"""A stretch of the day counts in the store's surprise with at most ten times the units expected of an item, plus 10."""
OWN_SHRINK, GROUP_SHRINK = 3.0, 2 * UNITS_A_SALE
RECEIPTS_KEEP: Final = 0.998
"""Factor an hour on the receipts of which the usual number a unit is made."""
PAST_MOVES: Final = 0.8
"""Share of a store's move that the sales so far are taken to hold already when an item's own lead is judged."""
READY_DAYS: Final = 14.0
"""A store's move is believed once its usual surprise is known from so many days."""
_OWN, _CATEGORY, _SIZE, _OWN_LATE, _PROMOTION = (FEATURES.index(of) for of in ("own", "category", "size", "own_late", "promotion"))


class RunningDay:
    """What one store's running day has shown.

    Attributes
    ----------
    day, hour
        Ordinal, 0 before the first; local time up to which the day is known.
    recent_sold, recent_expected
        The store's units and what was expected of them, older hours fading.
    receipts, usual_receipts, usual_units
        Receipts so far; fading sums of receipts and of the units expected with them.
    sold, share, base
        By series, `[n]`: units so far; share of the day that is over; expected rest without the regression.
    features
        The regression's features at `hour`, `[FEATURES, n]`.
    groups, categories
        Category of each series at the newest forecast, `[n]`, -1: none; number of categories.

    """

    def __init__(self) -> None:
        self.day = 0
        self.hour = 0.0
        self.recent_sold = self.recent_expected = 0.0
        self.receipts = self.usual_receipts = self.usual_units = 0.0
        self.sold: F64 = np.zeros(0)
        self.share: F64 = np.zeros(0)
        self.base: F32 = np.zeros(0, np.float32)
        self.features: F32 = np.zeros((len(FEATURES), 0), np.float32)
        self.groups: NDArray[np.int32] = np.zeros(0, np.int32)
        self.categories = 0

    def follow(self, store: int, told: Moment, expected: Expected, usual: UsualSize, shared: SharedToday) -> None:
        """Learn the stretch of the day since the last moment, and see what the day has shown by now."""
        n = len(told.sold)
        if told.day != self.day or told.hour < self.hour:
            self._begin(told.day, n)
        elif n > len(self.sold):  # items first sold today
            self.sold, self.share = np.pad(self.sold, (0, n - len(self.sold))), np.pad(self.share, (0, n - len(self.share)))
        last = self._stretch(told, expected, shared)
        shared.note(store, told.day + told.hour / 24, self.recent_sold, self.recent_expected)
        self._see(store, told, expected, usual, shared, last)

    def _begin(self, day: int, n: int) -> None:
        self.day, self.hour = day, 0.0
        self.recent_sold = self.recent_expected = self.receipts = 0.0
        self.sold, self.share = np.zeros(n), np.zeros(n)
        self.base, self.features = np.zeros(0, np.float32), self.features[:, :0]

    def _stretch(self, told: Moment, expected: Expected, shared: SharedToday) -> tuple[float, float, float]:
        """Learn the units since the last moment; returns hours, the store's units and what was expected of them."""
        hours = told.hour - self.hour
        if hours <= 0:
            self.sold, self.share = told.sold, expected.share
            return 0.0, 0.0, 0.0
        over = expected.share - self.share
        units, usual = told.sold - self.sold, expected.day.morning * over
        known = len(self.base)
        if known:
            part = over[:known] / np.maximum(1 - self.share[:known], 1e-6)
            shared.regression.learn_stretch(self.features, self.base * part, units[:known])
        counted, wanted = float(np.minimum(units, SOLD_CAP * (usual + 1)).sum()), float(usual.sum())
        kept = faded(hours)
        self.recent_sold = self.recent_sold * kept + counted
        self.recent_expected = self.recent_expected * kept + wanted
        if told.receipts:
            kept = RECEIPTS_KEEP**hours
            self.usual_receipts = self.usual_receipts * kept + max(told.receipts - self.receipts, 0.0)
            self.usual_units = self.usual_units * kept + wanted
            self.receipts = told.receipts
        self.sold, self.share, self.hour = told.sold, expected.share, told.hour
        return hours, counted, wanted

    def _see(
        self, store: int, told: Moment, expected: Expected, usual: UsualSize, shared: SharedToday, last: tuple[float, float, float]
    ) -> None:
        """Set the features and the expected rest of each series."""
        known = expected.day
        by_now, day = known.morning * expected.share, known.units
        counted = np.minimum(told.sold, SOLD_CAP * (by_now + 1))
        wanted = float(by_now.sum())
        so_far = surprise(float(counted.sum()), wanted)
        lately = surprise(self.recent_sold, self.recent_expected)
        place = min(max(int(told.hour - 1e-9), 0), 23)
        size = usual.of(place, self.recent_expected)
        seen = evidence(self.recent_expected, day, known.breadth) * (usual.days >= READY_DAYS) * known.worth
        others, common = self._others(store, told, shared, place, seen, last[0])
        move = common + moved(lately - common, size, seen)
        if last[0] > 0:
            usual.learn(place, lately, self.recent_expected, last[0])
        calm, calm_lately = so_far - moved(so_far, size, seen), lately - moved(lately, size, seen)
        late = wanted / max(day, 1e-9) - 0.5
        lead = told.sold - by_now * exp(PAST_MOVES * move)
        own = np.minimum(np.maximum(lead / (by_now + OWN_SHRINK), -1), 2)
        last_surprise = surprise(last[1] + UNITS_A_SALE, last[2] + UNITS_A_SALE)
        of_store = (1.0, 0.0, 0.0, calm, calm_lately, last_surprise, (others - common) / 2, 2 * late * calm, 0.0, late)
        features = np.empty((len(FEATURES), len(lead)), np.float32)
        features[:] = np.array((*of_store, self._of_receipts(wanted, so_far), 0.0, 0.0, known.eve))[:, None]
        features[_OWN], features[_OWN_LATE], features[_SIZE], features[_PROMOTION] = own, 2 * late * own, known.size, known.promoted
        if told.groups is not None:
            features[_CATEGORY] = self._of_groups(told.groups, counted, by_now, so_far)
        rest = known.morning - by_now + expected.gain * lead
        self.features, self.base = features, (np.maximum(rest, 0) * exp(move)).astype(np.float32)

    def _others(self, store: int, told: Moment, shared: SharedToday, place: int, seen: float, hours: float) -> tuple[float, float]:
        """The surprise of the other stores at this moment, and the part of it by which all stores have moved."""
        sold, wanted = shared.others(store, told.day + told.hour / 24)
        if wanted <= 0:
            return 0.0, 0.0
        found = surprise(sold, wanted)
        common = moved(found, shared.usual.of(place, wanted), seen) if shared.usual.days >= READY_DAYS else 0.0
        if hours > 0:
            shared.usual.learn(place, found, wanted, hours / shared.lately.shape[1])
        return found, common

    @staticmethod
    def _of_groups(groups: NDArray[np.integer[Any]], sold: F64, by_now: F64, store: float) -> F64:
        """The surprise of each series' category beside its store's, `[n]`."""
        places = groups + 1
        ratio = (np.bincount(places, sold) + GROUP_SHRINK) / (np.bincount(places, by_now) + GROUP_SHRINK)
        found = np.clip(np.log(np.maximum(ratio, 1e-9)), -LOG_CLIP, LOG_CLIP) - store
        found[0] = 0
        return np.asarray(found[places])

    def _of_receipts(self, wanted: float, store: float) -> float:
        """The surprise of the number of receipts beside that of the units."""
        if self.usual_units <= 0 or self.receipts <= 0:
            return 0.0
        usual = self.usual_receipts / self.usual_units * wanted
        return min(max(log((self.receipts + 2) / (usual + 2)) - store, -1.0), 1.0)


class Today:
    """What a store knows of its running day and of how its days usually run.

    Attributes
    ----------
    running, usual
        The day so far; the usual size of the store's surprise.
    items, totals
        Forecasts that wait for the day's end: of the series; of the store and its categories.

    """

    PARTS = ("running", "usual", "items", "totals")

    def __init__(self) -> None:
        self.running, self.usual, self.items, self.totals = RunningDay(), UsualSize(), Served(), Served()

    def forecast(self, told: Moment, spread: F32, whole: Bools, shared: SharedToday) -> TodayForecast:
        """The day's totals as they look at the moment that was followed last."""
        running, slot = self.running, min(max(int(told.hour) * SLOTS // 24, 0), SLOTS - 1)
        base = running.base.astype(np.float64)
        correction = base * shared.regression.correction(running.features)
        rest = base + shared.trust.share(slot) * correction
        if told.groups is not None:
            running.groups, running.categories = told.groups.astype(np.int32), told.categories
        sold_sums, rest_sums = told.sums(told.sold), told.sums(rest)
        self.items.keep(told.day, slot, told.sold, base, correction)
        self.totals.keep(told.day, slot, sold_sums, rest_sums, None)
        return TodayForecast(
            RunningTotals(told.sold, rest, spread, whole, shared.band, slot),
            RunningTotals(sold_sums, rest_sums, self.totals.spread[: len(rest_sums)], None, shared.total_band, slot),
        )

    def close(self, day: int, sold: SoldDay, spread: F32, whole: Bools, shared: SharedToday, share: float) -> None:
        """Learn from a day that has closed how its forecasts turned out.

        A share of 0 teaches nothing. A forecast is not wrong because the shelf was empty: series that were not in stock all day do
        not teach.
        """
        units = sold.raw
        if share <= 0:
            self.items.forget(day)
            self.totals.forget(day)
            return
        found = self.items.matured(day, units)
        if found is not None:
            if sold.weight is not None:
                found[1][:, :, sold.weight < 1] = np.nan
            learn(shared.trust, shared.band, found, spread, whole, share)
        sums = self._sums(day, units)
        found = self.totals.matured(day, sums)
        if found is not None:
            slots, values, after = found
            learn(None, shared.total_band, found, self.totals.spread[: len(sums)], None, share)
            self.totals.learn_spread(shared.total_band, slots, values[:, 1], after)

    def _sums(self, day: int, units: F64) -> F64:
        """The day's units of the store and of its categories, as the items were grouped when they were forecast last."""
        running = self.running
        if not len(running.groups):
            return np.array([units.sum()])
        groups = np.pad(running.groups, (0, len(units) - len(running.groups)), constant_values=-1)
        return Moment(day, 0.0, units, 0.0, groups, running.categories).sums(units)
