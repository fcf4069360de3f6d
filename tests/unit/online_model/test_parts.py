"""The parts of a forecast: they add up, each answers for its cause, and asking for them changes nothing."""

import datetime as dt

import numpy as np
import pytest

from online_model import Forecaster
from online_model.experts.registry import EXPERT_NAMES
from online_model.horizons import PARTS

FIRST = dt.date(2023, 4, 3).toordinal()
DAYS, ITEMS = 300, 12
WEEK = np.array([0.8, 0.9, 1.0, 1.0, 1.3, 1.7, 0.0])


def on_promotion(day):
    """Every fourth week, every third item."""
    held = np.zeros((ITEMS, 29), bool)
    for ahead in range(29):
        held[::3, ahead] = (day + ahead) // 7 % 4 == 0
    return held


def season(forecaster, *, parts, seen=None):
    """Two stores that are closed on Sundays and on holidays; some items sell one day in five, one begins late."""
    rng = np.random.default_rng(7)
    level = rng.gamma(0.7, 9, (2, ITEMS)) + 0.2
    stores = [forecaster.add_store(name, "US") for name in ("a", "b")]
    for store in stores:
        for item in range(ITEMS):
            forecaster.add_series(store, f"item {item}")
    for day in range(DAYS):
        weekday, date = (FIRST + day - 1) % 7, dt.date.fromordinal(FIRST + day)
        opened = weekday != 6 and (date.month, date.day) not in ((7, 4), (12, 25))
        for store in stores:
            held = on_promotion(day)
            mean = level[store] * WEEK[weekday] * (1 + 0.8 * held[:, 0])
            mean[-1] *= day > 150
            units = rng.poisson(mean).astype(float) if opened else np.zeros(ITEMS)
            closed = forecaster.close(store, FIRST + day, units, opened=opened, promotion=held, parts=parts)
            if seen is not None:
                seen.append(closed)
    return forecaster


@pytest.fixture(scope="module")
def closes():
    seen = []
    season(Forecaster(), parts=True, seen=seen)
    return seen


def test_the_parts_of_every_series_add_up_on_every_day(closes):
    explained = [closed for closed in closes if closed.parts is not None]
    assert len(explained) > 480
    for closed in explained:
        mean = closed.horizons["day"].mean
        total = closed.parts.units.sum(0)
        assert np.array_equal(np.isnan(total), np.isnan(mean))
        np.testing.assert_allclose(total, mean, rtol=2e-6, atol=2e-6)


def test_closed_days_have_no_parts_and_open_ones_have(closes):
    for closed in closes:
        assert (closed.parts is None) == (closed.horizons["day"].open_days[0] == 0)


def part(closed, name):
    return closed.parts.units[PARTS.index(name)]


def test_each_part_answers_for_its_cause(closes):
    friday = next(c for c in closes[-40:] if dt.date.fromordinal(c.day).weekday() == 4 and c.parts is not None)  # Saturday is ahead
    monday = next(c for c in closes[-40:] if dt.date.fromordinal(c.day).weekday() == 0 and c.parts is not None)
    assert (part(friday, "weekday")[:6] > 0).all()
    assert part(friday, "weekday").sum() > 0.3 * part(friday, "usual_level").sum()
    assert part(monday, "weekday").sum() < 0
    promoted = next(c for c in closes[-120:] if on_promotion(c.day - FIRST)[0, 1] and c.parts is not None)
    held = on_promotion(promoted.day - FIRST)[:, 1]
    assert part(promoted, "promotion")[held].sum() > 0.4 * part(promoted, "usual_level")[held].sum()
    assert abs(part(promoted, "promotion")[~held]).sum() < 0.1 * part(promoted, "usual_level")[~held].sum()
    assert (part(friday, "usual_level") >= 0).all()


def test_the_holiday_is_named(closes):
    name, after = next(c.parts.holiday for c in closes if c.parts and dt.date.fromordinal(c.day + 1) == dt.date(2023, 12, 26))
    assert (name, after) == ("Christmas Day", 1)


def test_the_expert_that_weighs_most_is_one(closes):
    places = np.concatenate([c.parts.expert for c in closes if c.parts is not None])
    assert set(places.tolist()) <= set(range(len(EXPERT_NAMES)))
    assert len(set(places.tolist())) > 1


def test_asking_changes_neither_state_nor_forecasts():
    (one, seen), (other, unseen) = (short(Forecaster(), parts=parts) for parts in (True, False))
    assert unseen.parts is None
    np.testing.assert_array_equal(seen.path, unseen.path)
    one, other = one.dump(), other.dump()
    assert one.keys() == other.keys()
    for name, value in one.items():
        np.testing.assert_array_equal(value, other[name], err_msg=name)


def short(forecaster, *, parts):
    store = forecaster.add_store("a")
    forecaster.add_series(store, "x")
    for day in range(60):
        closed = forecaster.close(store, FIRST + day, np.array([day % 5.0]), opened=True, parts=parts)
    return forecaster, closed
