"""The per-sale learner."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest
from river import checks, linear_model, optim

from online_model import SaleRegressor
from online_model.lines.sale_regressor import HOUR_FEATURE

FEATURES = ("one", "log usual quantity", "log price ratio", "promotion", "weekend", "hour")


def lines(n, seed=0):
    rnd = random.Random(seed)
    for _ in range(n):
        series = rnd.randrange(5)
        price = rnd.choice([1.0, 1.0, 0.7]) * (series + 1)
        quantity = float(rnd.choice([1, 2, 2, 3]) * (series + 1) * (2 if price < series + 1 else 1))
        yield series, quantity, price, rnd.random() < 0.2, rnd.randrange(24), rnd.randrange(7)


@pytest.mark.parametrize("check", list(checks.yield_checks(SaleRegressor())), ids=lambda c: c.__name__)
def test_river_checks(check):
    check(SaleRegressor())


def test_step_is_predict_then_learn():
    fused, apart = SaleRegressor(), SaleRegressor()
    for series, quantity, price, promoted, hour, weekday in lines(500):
        x = {"series": series, "unit_price": price, "on_promotion": promoted, "hour": hour, "weekday": weekday}
        predicted = fused.step(series, quantity, price, promoted, hour, weekday)
        assert predicted == pytest.approx(apart.predict_one(x), rel=1e-12)
        apart.learn_one(x, quantity)
    assert fused._w == apart._w


def test_linear_part_is_rivers_adagrad():
    """Same features and ratios, River's LinearRegression with AdaGrad."""
    ours = SaleRegressor()
    river = linear_model.LinearRegression(optim.AdaGrad(ours.learning_rate), intercept_lr=0.0)
    river._weights.update({"one": 1.0})
    for series, quantity, price, promoted, hour, weekday in lines(400):
        ours.add_series(series)
        usual, usual_price = ours._usual[series], ours._price[series]
        ratio = math.log(price / usual_price) if usual_price > 0 else 0.0
        values = (1.0, math.log(usual), min(max(ratio, -1), 1), float(promoted), float(weekday >= 5), HOUR_FEATURE[hour])
        x = {k: v for k, v in zip(FEATURES, values, strict=True) if v or k == "one"}
        river.learn_one({k.replace(" ", "_") if k != "one" else "one": v for k, v in x.items()}, min(quantity / usual, 6.0))
        ours.step(series, quantity, price, promoted, hour, weekday)
    names = ["one", *(k.replace(" ", "_") for k in FEATURES[1:])]
    np.testing.assert_allclose(ours._w, [river.weights[k] for k in names], rtol=1e-6, atol=1e-9)


def test_learns_what_a_lower_price_does():
    model = SaleRegressor()
    for line in lines(4000):
        model.step(*line)
    low, usual = (model.predict_one({"series": 2, "unit_price": p, "hour": 12}) for p in (2.1, 3.0))
    assert low > 1.4 * usual


def test_a_bulk_line_changes_little_and_is_no_drift():
    model, hit = SaleRegressor(), SaleRegressor()
    for k, line in enumerate(lines(6000)):
        model.step(*line)
        hit.step(*line)
        if k == 3000:
            hit.step(1, 70_000.0, 2.0, False, 12, 2)
        assert hit.take_drift() is None
    x = {"series": 1, "unit_price": 2.0, "hour": 12}
    assert hit.predict_one(x) == pytest.approx(model.predict_one(x), rel=0.1)


@pytest.mark.parametrize("quantity", [-3.0, 0.0, math.nan, math.inf])
def test_returns_and_numbers_that_are_none_are_not_learned(quantity):
    model = SaleRegressor()
    model.step(0, 2.0, 1.0, False, 12, 2)
    before = model.dump()
    assert model.step(0, quantity, 1.0, False, 12, 2) >= 0
    after = model.dump()
    assert all(np.array_equal(before[k], after[k]) for k in before)


def test_a_price_that_is_none_is_ignored():
    model = SaleRegressor()
    for price in (1.0, math.nan, 0.0, -2.0, math.inf, 1e308):
        assert math.isfinite(model.step(0, 2.0, price, False, 12, 2))
    assert all(map(math.isfinite, model._w))


def test_a_change_of_behaviour_is_a_drift_once():
    model, rnd = SaleRegressor(), random.Random(1)
    drifts = []
    for k in range(16_000):
        quantity = float(rnd.choice([1, 2, 3]) if k < 8000 else rnd.choice([1, 1, 1, 1, 12]))
        model.step(rnd.randrange(4), quantity, 1.0, False, rnd.randrange(24), rnd.randrange(7))
        drift = model.take_drift()
        if drift:
            drifts.append((k, drift))
    assert 1 <= len(drifts) <= 3
    k, drift = drifts[0]
    assert 8000 <= k < 10_000
    assert drift.kind == "sale_error"
    assert drift.factor > 1.1
    assert model.take_drift() is None


def test_error_totals():
    model = SaleRegressor()
    rows = list(lines(300))
    predictions = [model.step(*row) for row in rows]
    assert model.n == 300
    assert model.units == pytest.approx(sum(r[1] for r in rows))
    assert model.absolute_error == pytest.approx(sum(abs(p - r[1]) for p, r in zip(predictions, rows, strict=True)))


def test_dump_and_load_go_on_as_before():
    a = SaleRegressor()
    rows = list(lines(2000))
    for row in rows[:1013]:
        a.step(*row)
    b = SaleRegressor.load(a.dump())
    assert [a.step(*row) for row in rows[1013:]] == [b.step(*row) for row in rows[1013:]]
    one, two = a.dump(), b.dump()
    assert all(np.array_equal(one[k], two[k]) for k in one)
