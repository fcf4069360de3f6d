"""Stock and the model: what empty shelves hide, what they teach, when a shelf runs out, which silence is none."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from online_model import Forecaster
from online_model.series.ewmas import DS14
from online_model.stock.censored import censored_day, out_hours, seen_of, sold_hours, store_surprise
from online_model.stock.reached import Reached
from online_model.stock.rest_of_day import Morning, RestOfDay
from online_model.stock.running_day import by_then, runs_out
from online_model.stock.runs_out import probability_gone
from online_model.stock.silence import ALARM_BELOW, chance_of_silence, learn_visit, silence

START = dt.date(2024, 1, 1).toordinal()
SHAPE = np.concatenate([np.zeros(8), np.ones(12) / 12, np.zeros(4)])
AFTER_13 = np.uint32((1 << 24) - (1 << 13))
NEVER, ALL_DAY = np.uint32(0), np.uint32((1 << 24) - 1)


def shop(days, series=6, level=24.0, seed=0):
    """Poisson sales by hour, `[days, n, 24]`."""
    return np.random.default_rng(seed).poisson(level * SHAPE, (days, series, 24)).astype(float)


def opened(hours, model=None):
    model = model or Forecaster()
    model.add_store("a")
    for i in range(hours.shape[1]):
        model.add_series(0, f"item {i}")
    return model


def close(model, t, hours, **known):
    return model.close(0, START + t, hours.sum(1), opened=True, hours=hours, **known)


def run(hours, masks=None):
    """Close all days; what was sold in hours without stock is dropped."""
    model, out = opened(hours), []
    for t, day in enumerate(hours):
        known = {} if masks is None else {"out_of_stock": masks[t]}
        out.append(close(model, t, day, **known))
    return model, out


def censor(hours, masks):
    return np.where(np.stack([out_hours(m).T for m in masks]), 0.0, hours)


def morning(n=1, mean=24.0):
    visit, habit = np.ones(n), np.zeros((2, n))
    return Morning(np.full(n, mean), np.ones(n), 0.1, np.repeat(SHAPE[:, None], n, 1), visit, habit)


def test_nothing_out_changes_no_bit():
    """A store whose stock is known and never out forecasts and scores as if nobody had told of stock."""
    hours = shop(45)
    _, plain = run(hours)
    _, told = run(hours, np.zeros((45, 6), np.uint32))
    for a, b in zip(plain, told, strict=True):
        assert a.path.tobytes() == b.path.tobytes()
        assert b.lost is None
        for name, horizon in a.horizons.items():
            assert horizon.mean.tobytes() == b.horizons[name].mean.tobytes()
            assert horizon.quantiles.tobytes() == b.horizons[name].quantiles.tobytes()
        assert {name: s.actual.tobytes() for name, s in a.scored.items()} == {name: s.actual.tobytes() for name, s in b.scored.items()}


def test_empty_shelves_do_not_lower_the_forecast():
    """From day 40 on, one item is empty after 13 h on three days in four. Untold, the model halves it; told, it keeps its demand."""
    hours = shop(90)
    masks = np.zeros((90, 6), np.uint32)
    masks[40:, 0] = np.where(np.arange(50) % 4 > 0, AFTER_13, NEVER)
    seen = censor(hours, masks)
    _, untold = run(seen)
    _, told = run(seen, masks)
    assert untold[-1].horizons["day"].mean[0] < 18
    assert told[-1].horizons["day"].mean[0] == pytest.approx(24, rel=0.12)
    assert told[-1].horizons["28_days"].mean[0] == pytest.approx(28 * 24, rel=0.12)
    np.testing.assert_allclose(told[-1].horizons["day"].mean[1:], 24, rtol=0.2)


def test_what_was_lost_is_estimated_with_a_band_that_holds_it():
    hours = shop(150, series=8)
    masks = np.zeros((150, 8), np.uint32)
    masks[30:] = np.where(np.random.default_rng(1).random((120, 8)) < 0.3, AFTER_13, NEVER)
    _, out = run(censor(hours, masks), masks)
    demand, true, inside = 0.0, 0.0, []
    for t in range(60, 150):
        lost = out[t].lost
        if lost is None:
            continue
        assert set(lost.rows.tolist()) == set(np.flatnonzero(masks[t]).tolist())
        assert (lost.hours_out == 7).all()
        whole = hours[t, lost.rows].sum(1)
        assert (lost.demand >= lost.sold).all()
        assert (lost.p10 <= lost.p90).all()
        np.testing.assert_allclose(lost.lost[0], lost.demand - lost.sold)
        demand, true = demand + lost.demand.sum(), true + whole.sum()
        inside += ((lost.p10 <= whole) & (whole <= lost.p90)).tolist()
    assert demand == pytest.approx(true, rel=0.04)
    assert 0.75 < np.mean(inside) < 0.95


def test_a_day_that_was_out_from_the_start_teaches_nothing():
    hours = shop(61)
    masks = np.zeros((61, 6), np.uint32)
    masks[60, 2] = ALL_DAY
    seen = censor(hours, masks)
    model, _ = run(seen[:60])
    before = {name: np.array(getattr(model._stores[0].series, name)[..., 2]) for name in ("ewma", "profile", "delta", "weekdays", "mean")}
    counted = model._stores[0].series.count[2], model._stores[0].series.p_sale[2]
    closed = close(model, 60, seen[60], out_of_stock=masks[60])
    after = model._stores[0].series
    for name, value in before.items():
        np.testing.assert_array_equal(getattr(after, name)[..., 2], value, err_msg=name)
    assert (after.count[2], after.p_sale[2]) == counted
    assert closed.lost is not None
    assert closed.lost.weight.tolist() == [0]
    assert closed.lost.demand[0] == pytest.approx(24, rel=0.3)
    assert 2 not in closed.scored["day"].rows
    assert closed.scored["day"].out_of_stock == 1


def test_only_days_in_stock_are_scored():
    hours = shop(50)
    masks = np.zeros((50, 6), np.uint32)
    masks[45, 3] = AFTER_13
    _, out = run(censor(hours, masks), masks)
    for t in range(44, 50):
        assert (3 in out[t].scored["day"].rows) == (t != 45)
        assert (3 in out[t].scored["7_days"].rows) == (t < 45)
        assert out[t].scored["7_days"].out_of_stock == (t >= 45)


def test_an_empty_or_silent_series_has_not_drifted():
    hours = shop(100)
    masks = np.zeros((100, 6), np.uint32)
    masks[70:, 1] = ALL_DAY
    seen = censor(hours, masks)
    _, untold = run(seen)
    assert any(drift.series == 1 for day in untold for drift in day.drifts)
    _, told = run(seen, masks)
    assert not any(drift.series == 1 for day in told for drift in day.drifts)
    model = opened(seen)
    for t, day in enumerate(seen):
        assert not [d for d in close(model, t, day, silent=np.arange(6) == (1 if t >= 70 else -1)).drifts if d.series == 1]


def test_dump_and_load_between_days_without_stock_changes_no_bit():
    hours = shop(75)
    masks = np.where(np.random.default_rng(3).random((75, 6)) < 0.3, AFTER_13, NEVER)
    straight, broken = opened(hours), opened(hours)
    for t, day in enumerate(censor(hours, masks)):
        a, b = (close(m, t, day, out_of_stock=masks[t]) for m in (straight, broken))
        assert a.path.tobytes() == b.path.tobytes()
        if t % 11 == 3:
            broken = Forecaster.load(broken.dump())
    left = np.full(6, 9.0)
    a, b = (m.runs_out(0, START + 75, 12.0, hours[0], left).probability for m in (straight, broken))
    assert a.tobytes() == b.tobytes()


def test_the_asked_model_is_the_same_model():
    """Questions about a running day leave no trace, and series met since the morning get an answer."""
    hours = shop(40)
    model, _ = run(hours, np.zeros((40, 6), np.uint32))
    model.add_series(0, "new")
    before = model.dump()
    so_far = np.vstack([hours[0], np.zeros((1, 24))])
    answer = model.runs_out(0, START + 40, 13.5, so_far, np.full(7, 5.0))
    chance, at_stake = model.silence(0, START + 40, 13.5, so_far)
    after = model.dump()
    assert all(np.asarray(before[k]).tobytes() == np.asarray(after[k]).tobytes() for k in before)
    assert answer.probability.shape == (7, 11)
    assert chance[6] == 1
    assert at_stake[6] == 0


def test_a_mask_must_have_one_row_a_series():
    model = opened(shop(1))
    with pytest.raises(ValueError, match="out_of_stock: 2 rows for 6 series"):
        close(model, 0, shop(1)[0], out_of_stock=np.zeros(2, np.uint32))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_input_gives_a_negative_or_infinite_demand(data):
    number = st.floats(-1e6, 1e6) | st.just(float("nan")) | st.just(float("inf"))
    units = np.array(data.draw(st.lists(number, min_size=2, max_size=2)))
    hours = np.array(data.draw(st.lists(number, min_size=48, max_size=48))).reshape(2, 24)
    masks = np.array(data.draw(st.lists(st.integers(0, 2**24 - 1), min_size=2, max_size=2)), np.uint32)
    at = morning(2, data.draw(st.floats(0, 1e5)))
    sold, out = sold_hours(hours), out_hours(masks)
    told = censored_day(RestOfDay(), at, np.nan_to_num(units, posinf=0, neginf=0), sold, out, store_surprise(at, sold, out))
    if told is not None:
        lost = told.lost
        for value in (told.demand[lost.rows], told.hours, told.weight, lost.p10, lost.p90, lost.lost):
            assert np.isfinite(value).all()
        assert (lost.demand >= lost.sold).all()
        assert (told.hours >= 0).all()
        assert ((told.weight >= 0) & (told.weight <= 1)).all()


def test_rest_of_day_starts_at_the_morning_forecast_and_learns_how_a_lead_lasts():
    rng, rest, at = np.random.default_rng(5), RestOfDay(), morning(40, 120.0)
    seen = seen_of(at, np.zeros((24, 40)), out_hours(np.full(40, AFTER_13)), np.zeros(25))
    np.testing.assert_allclose(rest.expect(at, seen).mean, 120 * 7 / 12, rtol=1e-6)
    habit = np.zeros((2, 40), np.float32)
    for day in range(60):
        rest.new_date()
        busy = rng.gamma(8, 1 / 8, 40)
        hours = rng.poisson(120 * busy * SHAPE[:, None]).astype(float)
        rest.learn(at, hours, np.ones(40, bool), np.zeros(25), day, habit)
    rest.new_date()
    ahead = np.where(np.arange(24)[:, None] < 13, 2 * 120 * SHAPE[:, None], 0.0) * np.ones(40)
    unseen = rest.expect(at, seen_of(at, ahead, out_hours(np.full(40, AFTER_13)), np.zeros(25)))
    assert unseen.mean.mean() == pytest.approx(2 * 120 * 7 / 12, rel=0.2)


def test_store_surprise_counts_a_series_until_it_runs_out():
    at = morning(2)
    hours = np.repeat(SHAPE[:, None] * 24, 2, 1)
    hours[13:, 0] = 0
    hours[:13] *= 1.5
    out = out_hours(np.array([AFTER_13, NEVER]))
    level = store_surprise(at, hours, out)
    assert level[0] == 0
    assert 0.05 < level[24] < level[13] < 0.5


def test_a_mask_is_read_hour_by_hour():
    assert np.flatnonzero(out_hours(np.array([(1 << 5) | (1 << 23)], np.uint32))[:, 0]).tolist() == [5, 23]


def test_probability_of_running_out():
    level, integer = np.array([[-1.2816], [1.2816]]), np.array([True])
    told = [
        float(probability_gone(np.array([q]), np.array([10.0]), np.array([10.0]), level, integer)[0]) for q in (-1.0, 0.0, 1.0, 10.0, 30.0)
    ]
    assert told[:2] == [1, 1]
    assert told[2] > 0.99
    assert 0.4 < told[3] < 0.65
    assert told[4] < 0.001


def test_what_runs_out_does_so_about_when_it_is_expected_to():
    at, rest = morning(3, 120.0), RestOfDay()
    so_far = np.where(np.arange(24)[:, None] < 12, 120 * SHAPE[:, None], 0.0) * np.ones(3)
    told = runs_out(rest, Reached(), at, so_far, 12.0, np.array([40.0, 200.0, np.nan]), np.ones(3, bool))
    assert told.about()[0] == pytest.approx(16, abs=0.3)
    assert told.by_close[0] > 0.95
    assert told.by_close[1] < 0.01
    assert np.isnan(told.about()[1:]).all()
    assert np.isnan(told.by_close[2])
    assert (np.diff(told.probability[:2], axis=1) >= 0).all()
    np.testing.assert_allclose(told.rest, 80, rtol=1e-6)


def test_probabilities_of_running_out_are_kept():
    hours, rng = shop(120, series=12), np.random.default_rng(7)
    model, said, came = opened(hours), [], []
    for t, day in enumerate(hours):
        if t > 50:
            so_far = np.where(np.arange(24) < 13, day, 0.0)
            left = np.ceil(rng.uniform(0, 28, 12))
            said.append(model.runs_out(0, START + t, 13.0, so_far, left).by_close)
            came.append(day[:, 13:].sum(1) >= left)
        close(model, t, day, out_of_stock=np.zeros(12, np.uint32))
    said, came = np.concatenate(said), np.concatenate(came)
    for low, high in ((0.0, 0.3), (0.3, 0.7), (0.7, 1.0)):
        here = (said >= low) & (said <= high)
        assert came[here].mean() == pytest.approx(said[here].mean(), abs=0.08), (low, high)


def test_part_of_an_hour_counts_in_part():
    by_hour = np.arange(24.0)[:, None]
    assert by_then(by_hour, 2.5)[0] == 0 + 1 + 1
    assert by_then(by_hour, 24.0)[0] == by_then(by_hour, 30.0)[0] == by_hour.sum()
    assert by_then(by_hour, 0.0)[0] == 0


def test_silence_grows_unlikely_with_what_it_should_have_brought():
    assert chance_of_silence(np.array([0.0]))[0] == 1
    assert chance_of_silence(np.array([1.0]))[0] > np.exp(-1)
    assert chance_of_silence(np.array([20.0]))[0] < ALARM_BELOW
    expected = np.repeat(SHAPE[:, None] * 96, 2, 1)  # eight an hour
    sold = np.where(np.arange(24)[:, None] < 12, expected, 0.0) * np.array([1.0, 0.0])
    chance, at_stake = silence(expected, sold, 12.0, np.ones(2))
    assert chance[0] == 1
    assert chance[1] < ALARM_BELOW  # nothing all morning
    chance, _ = silence(expected, sold, 13.0, np.ones(2))
    assert chance[0] > ALARM_BELOW
    chance, at_stake = silence(expected, sold, 15.5, np.ones(2))
    assert chance[0] < ALARM_BELOW
    assert at_stake[0] == pytest.approx(8, rel=0.05)


def test_a_slow_day_makes_a_silence_likelier():
    expected = SHAPE[:, None] * 96
    chance = [silence(expected, np.where(np.arange(24)[:, None] < 12, expected * pace, 0.0), 15.0, np.ones(1))[0][0] for pace in (0.3, 1.0)]
    assert chance[0] > 2 * chance[1]


@pytest.mark.parametrize("bought", [0.1, 1.0, 6.0])
def test_what_a_visit_buys_is_learned(bought):
    rng, visit = np.random.default_rng(8), np.ones(30, np.float32)
    expected = np.repeat((SHAPE * 18 * bought)[:, None], 30, 1).astype(np.float32)  # one visit and a half an hour
    for _ in range(150):
        learn_visit(visit, expected, bought * rng.poisson(expected / bought))
    assert np.median(visit) == pytest.approx(bought, rel=0.25)


def test_alarms_are_rare_where_there_is_stock_and_fast_where_there_is_none():
    hours = shop(90, series=10, level=60.0)
    model, false, delays = opened(hours), 0, []
    for t, day in enumerate(hours):
        if t >= 30:
            empty = day.copy()
            empty[:5, 12:] = 0
            for hour in range(9, 20):
                chance, _ = model.silence(0, START + t, float(hour), np.where(np.arange(24) < hour, day, 0.0))
                false += int((chance < ALARM_BELOW).sum())
                chance, _ = model.silence(0, START + t, float(hour), np.where(np.arange(24) < hour, empty, 0.0))
                if hour in (16, 17):
                    delays += (chance[:5] < ALARM_BELOW).tolist()
        close(model, t, day)
    assert false <= 3
    assert np.mean(delays) > 0.9


def test_the_levels_of_series_in_stock_do_not_feel_the_empty_ones():
    hours = shop(60)
    masks = np.zeros((60, 6), np.uint32)
    masks[30:, 0] = ALL_DAY
    model, _ = run(censor(hours, masks), masks)
    np.testing.assert_allclose(model._stores[0].series.ewma[DS14], 24, rtol=0.15)
