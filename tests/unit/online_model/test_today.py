"""The running day: what its hours teach, how it follows a store that moves, and how honest its band is."""

from __future__ import annotations

import copy

import numpy as np
import pandas as pd
import pytest
from river import checks

from online_model import Forecaster, Moment
from online_model.today.band import TodayBand
from online_model.today.rest_of_day import RestOfDay
from online_model.today.running_day import RunningDay
from online_model.today.surprise import UsualSize, evidence, moved, surprise
from tests.bench.forecasts.alone import own_sales_alone
from tests.bench.forecasts.today import LEARNING

START, ITEMS, OPENS, SHUTS = 739_000, 24, 8, 20
GROUPS = np.arange(ITEMS) % 3
CHECKS = [check for check in checks.yield_checks(RestOfDay()) if check.__name__ not in RestOfDay()._unit_test_skips()]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_river_checks(check):
    check(RestOfDay())


def a_day(rng, stores, levels):
    """Hours of each store, `[stores, items, 24]`: a day's factor of each store holds from morning to evening."""
    factor = rng.lognormal(0, 0.15, (stores, 1, 1))
    shape = np.zeros(24)
    shape[OPENS:SHUTS] = 1 / (SHUTS - OPENS)
    return rng.poisson(levels[:, None] * factor * shape).astype(float)


class Shops:
    """Stores whose days run by the hour, with what was forecast of them at 11, 15 and 19 o'clock."""

    def __init__(self, stores=2, seed=1):
        self.rng, self.stores = np.random.default_rng(seed), stores
        self.levels = self.rng.gamma(0.8, 20, ITEMS) + 0.5
        self.partition = Forecaster()
        for store in range(stores):
            self.partition.add_store(f"store {store}")
            for item in range(ITEMS):
                self.partition.add_series(store, f"item {item}")
        self.day = START
        self.found = []

    def moment(self, hours, hour):
        return Moment(self.day, float(hour), hours[:, :hour].sum(1), 0.0, GROUPS, 3)

    def run(self, days):
        for _ in range(days):
            hours = a_day(self.rng, self.stores, self.levels)
            for hour in range(OPENS + 1, SHUTS + 1):
                for store in range(self.stores):
                    told = self.moment(hours[store], hour)
                    if hour in (11, 15, 19):
                        self.found.append((self.day, hour, told, self.partition.today(store, told), hours[store]))
                    else:
                        self.partition.follow(store, told)
            self.close(hours)
        return self

    def close(self, hours):
        for store in range(self.stores):
            self.partition.close(store, self.day, hours[store].sum(1), opened=True, hours=hours[store])
        self.day += 1


@pytest.fixture(scope="module")
def shops():
    return Shops().run(100)


def alone(shops, store, told):
    """What the item's own sales alone make of the day."""
    return own_sales_alone(shops.partition, store, told)


def test_without_anything_learned_an_items_own_sales_decide():
    shops = Shops()
    hours = a_day(shops.rng, 2, shops.levels)
    for _ in range(10):
        shops.close(a_day(shops.rng, 2, shops.levels))
    told = shops.moment(hours[0], 13)
    np.testing.assert_allclose(shops.partition.today(0, told).items.mean, alone(shops, 0, told), rtol=1e-6)


def test_what_the_store_sells_teaches_what_its_items_will_sell(shops):
    shops = copy.deepcopy(shops)
    ours = others = 0.0
    for _ in range(30):
        hours = a_day(shops.rng, 2, shops.levels)
        for store in range(2):
            for hour in (11, 13, 15):
                told = shops.moment(hours[store], hour)
                forecast = shops.partition.today(store, told).items.mean
            ours += abs(forecast.sum() - hours[store].sum())
            others += abs(alone(shops, store, told).sum() - hours[store].sum())
        shops.close(hours)
    assert ours < 0.97 * others
    assert shops.partition._pool.today.regression.weights[2:8].max() > 0.1


@pytest.mark.parametrize("factor", [0.6, 1.6])
def test_items_that_have_not_sold_follow_a_store_that_moves(shops, factor):
    said = truth = alone_said = 0.0
    for trial in range(12):
        running = copy.deepcopy(shops)
        hours = a_day(np.random.default_rng(trial), 2, running.levels)[0]
        hours[:, 10:] = np.random.default_rng(100 + trial).poisson(hours[:, 10:] * factor)
        for hour in range(OPENS + 1, 16):
            told = running.moment(hours, hour)
            if hour < 15:
                running.partition.follow(0, told)
        forecast, without = running.partition.today(0, told).items.mean, told.sold <= 2
        said += forecast[without].sum()
        truth += hours.sum(1)[without].sum()
        alone_said += alone(running, 0, told)[without].sum()
    assert abs(said / truth - 1) < 0.3
    assert abs(said / truth - 1) < 0.8 * abs(alone_said / truth - 1)


def test_a_bulk_order_of_one_item_moves_no_other(shops):
    plain, hit = copy.deepcopy(shops), copy.deepcopy(shops)
    hours = a_day(np.random.default_rng(5), 2, shops.levels)[0]
    bulk = hours.copy()
    bulk[3, 11] += 5000
    for hour in range(OPENS + 1, 14):
        calm, odd = plain.partition.today(0, plain.moment(hours, hour)), hit.partition.today(0, hit.moment(bulk, hour))
    others = np.arange(ITEMS) != 3
    np.testing.assert_allclose(odd.items.mean[others].sum(), calm.items.mean[others].sum(), rtol=0.12)


def test_the_band_is_honest_and_narrows(shops):
    inside = {hour: [] for hour in (11, 15, 19)}
    total = {hour: [] for hour in (11, 15, 19)}
    width = dict.fromkeys((11, 15, 19), 0.0)
    for day, hour, _, forecast, hours in shops.found:
        if day < START + 40:
            continue
        actual = hours.sum(1)
        (low, _, high), (least, _, most) = forecast.items.quantiles(), forecast.totals.quantiles()
        inside[hour] += ((low <= actual) & (actual <= high)).tolist()
        total[hour].append(least[0] <= actual.sum() <= most[0])
        width[hour] += (high - low).sum()
    assert all(0.76 < np.mean(found) < 0.93 for found in inside.values()), {hour: np.mean(found) for hour, found in inside.items()}
    assert all(0.68 < np.mean(found) < 0.93 for found in total.values()), {hour: np.mean(found) for hour, found in total.items()}
    assert width[11] > 1.2 * width[15] > 1.5 * width[19]


def test_totals_are_the_sums_of_their_items(shops):
    _, _, told, forecast, _ = shops.found[-1]
    items, totals = forecast.items.mean, forecast.totals
    assert totals.mean[0] == pytest.approx(items.sum())
    assert totals.mean[1:].sum() == pytest.approx(totals.mean[0])
    assert totals.sold[2] == told.sold[GROUPS == 1].sum()
    assert totals.quantiles().shape == (3, 4)
    assert (totals.quantiles()[0] >= totals.sold).all()
    rows = np.array([3, 1])
    np.testing.assert_array_equal(totals.quantiles(rows), totals.quantiles()[:, rows])


def test_the_regression_changes_the_forecasts_of_every_store(shops):
    day = [copy.deepcopy(shops) for _ in range(2)]
    day[1].partition._pool.today.regression.weights[:] = 0
    hours = a_day(np.random.default_rng(8), 2, shops.levels)
    for store in range(2):
        told = shops.moment(hours[store], 15)
        with_it, without = (one.partition.today(store, told).items.mean for one in day)
        assert np.abs(with_it - without).max() > 0.01


def test_with_its_learning_frozen_today_is_forecast_worse(shops, monkeypatch):
    """Customers come three hours later from one day on: whoever goes on learning notices."""
    first, errors = shops, []
    for frozen in (False, True):
        shops = copy.deepcopy(first)
        if frozen:
            for owner, name in LEARNING:
                monkeypatch.setattr(owner, name, lambda *_: None)
        error = 0.0
        for day in range(20):
            hours = np.roll(a_day(shops.rng, 2, shops.levels), 3, axis=2)
            for store in range(2):
                for hour in (12, 15):
                    forecast = shops.partition.today(store, shops.moment(hours[store], hour)).items.mean
                    error += (day >= 10) * float(np.abs(forecast - hours[store].sum(1)).sum())
            shops.close(hours)
        errors.append(error)
    assert errors[1] > 1.05 * errors[0]


def test_a_loaded_state_goes_on_in_the_middle_of_a_day(shops):
    shops = copy.deepcopy(shops)
    hours = a_day(np.random.default_rng(9), 2, shops.levels)
    shops.partition.today(0, shops.moment(hours[0], 11))
    shops.partition.today(1, shops.moment(hours[1], 12))
    again = Forecaster.load(shops.partition.dump())
    for hour in (13, 15, 19):
        one, two = (forecaster.today(0, shops.moment(hours[0], hour)) for forecaster in (shops.partition, again))
        np.testing.assert_array_equal(one.items.mean, two.items.mean)
        np.testing.assert_array_equal(one.totals.quantiles(), two.totals.quantiles())


def test_a_moment_before_the_last_one_begins_the_day_anew(shops):
    shops = copy.deepcopy(shops)
    hours = a_day(np.random.default_rng(9), 2, shops.levels)[0]
    shops.partition.follow(0, shops.moment(hours, 17))
    running: RunningDay = shops.partition._stores[0]._today.running
    shops.partition.follow(0, shops.moment(hours, 10))
    assert running.hour == 10.0
    assert running.recent_sold == pytest.approx(hours[:, :10].sum())


def test_chance_is_no_move_and_a_large_surprise_is_one():
    assert moved(0.1, 0.2, 1.0) < 0.005
    assert moved(-0.8, 0.2, 1.0) == pytest.approx(-0.8, rel=0.05)
    assert abs(moved(-0.8, 0.2, evidence(1.0, 100.0, 5.0))) < 0.01
    assert abs(moved(-0.8, 0.2, evidence(50.0, 100.0, 0.3))) < 0.1
    assert surprise(0, 0) == 0


def test_rare_moves_do_not_come_to_look_usual():
    rng, size = np.random.default_rng(2), UsualSize()
    for day in range(200):
        size.learn(12, 1.5 if day % 20 == 0 else float(rng.normal(0, 0.1)), 1000.0, 24.0)
    assert 0.07 < size.of(12, 1000.0) < 0.2


def test_the_rest_regression_finds_how_long_a_surprise_lasts():
    rng, model = np.random.default_rng(3), RestOfDay(forget=1.0)
    for _ in range(400):
        x = pd.DataFrame({"store": rng.normal(0, 0.3, 20)})
        model.learn_many(x, 1 + 0.5 * x["store"] + pd.Series(rng.normal(0, 0.3, 20)))
    assert model.predict_one({"store": 0.4}) == pytest.approx(1.2, abs=0.03)


def test_the_band_of_a_time_of_day_learns_from_its_own_misses():
    band, rng = TodayBand(), np.random.default_rng(4)
    slots, rest, spread = np.array([5]), np.full((1, 200), 20.0), np.ones(200)
    for _ in range(300):
        band.learn(slots, rest, rng.gamma(4, 5, (1, 200)), spread, None, 1.0)
    low, _, high = band.serve(5, rest[0], spread, None)
    units = rng.gamma(4, 5, 5000)
    assert ((low[0] <= units) & (units <= high[0])).mean() == pytest.approx(0.8, abs=0.03)
    assert (band.levels[:, 4] == TodayBand().levels[:, 4]).all()
