"""The partition as the stream sees it: forecasts, labels, state, and what must not hurt it."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pytest

from online_model import HORIZONS, Forecaster, Moment
from online_model.combine.gate import Gate
from online_model.combine.mixture import Mixture

START = dt.date(2022, 1, 3).toordinal()
WEEK = np.array([1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 0.7])

SPANS = {horizon.name: horizon.days for horizon in HORIZONS}


def shop(days, series=8, seed=0, level=12.0):
    """Poisson sales with a weekly profile, `[days, series]`."""
    rng = np.random.default_rng(seed)
    levels = level * rng.uniform(0.5, 2.0, series)
    return rng.poisson(WEEK[np.arange(days) % 7][:, None] * levels).astype(float)


def run(units, *, partition=None, opened=None, stores=1, country=None, **known):
    """Close all days of `units` in each store; the partition and the results."""
    partition = partition or Forecaster()
    for k in range(stores):
        partition.add_store(f"store {k}", country)
        for i in range(units.shape[1]):
            partition.add_series(k, f"item {i}")
    out = []
    for t, day in enumerate(units):
        is_open = bool(day.any()) if opened is None else bool(opened[t])
        for k in range(stores):
            given = {name: value(t) for name, value in known.items()}
            out.append(partition.close(k, START + t, day, opened=is_open, **given))
    return partition, out


def wape(out, units, horizon, first, last, *, field="mean"):
    """Of forecasts made on days first..last-1, one store."""
    a, b = 1, SPANS[horizon]
    error = actual = 0.0
    for t in range(first, min(last, len(units) - b)):
        sold = units[t + a : t + b + 1].sum(0)
        error += np.abs(getattr(out[t].horizons[horizon], field) - sold).sum()
        actual += sold.sum()
    return error / actual


def same(a, b):
    """Keys whose values differ in a bit."""
    assert set(a) == set(b)
    return [k for k in a if (a[k].tobytes() != b[k].tobytes() if isinstance(a[k], np.ndarray) else a[k] != b[k])]


def test_holds_its_own_where_the_same_weekday_mean_is_as_good_as_it_gets():
    units = shop(260)
    _, out = run(units)
    for horizon in SPANS:
        assert wape(out, units, horizon, 150, 260) < 1.03 * wape(out, units, horizon, 150, 260, field="weekday_mean")


def test_beats_the_same_weekday_mean_where_levels_move():
    rng = np.random.default_rng(1)
    units = rng.poisson(shop(260) * np.exp(np.cumsum(rng.normal(0, 0.04, (260, 1)), 0))).astype(float)
    _, out = run(units)
    for horizon in SPANS:
        assert wape(out, units, horizon, 150, 260) < 0.97 * wape(out, units, horizon, 150, 260, field="weekday_mean"), horizon


def test_path_sums_to_the_horizons_and_quantiles_are_ordered():
    _, out = run(shop(120))
    last = out[-1]
    assert last.path.shape == (8, 28)
    np.testing.assert_allclose(last.path[:, :7].sum(1), last.horizons["7_days"].mean)
    np.testing.assert_allclose(last.path.sum(1), last.horizons["28_days"].mean)
    for f in last.horizons.values():
        assert (f.p10 <= f.p50).all()
        assert (f.p50 <= f.p90).all()


def test_coverage_of_a_plain_shop():
    partition, _ = run(shop(250))
    for name, scores in partition.scores.read(decayed=False).items():
        assert 0.75 < scores["shelfcast"].coverage < 0.95, name


def test_a_forecast_is_scored_by_what_came_after_it():
    units = shop(70)
    _, out = run(units)
    for name, b in SPANS.items():
        scored = out[60].scored[name]
        assert scored.origin_day == START + 60 - b
        np.testing.assert_array_equal(scored.actual, units[60 - b + 1 : 61].sum(0))
        np.testing.assert_array_equal(scored.mean, out[60 - b].horizons[name].mean)
        np.testing.assert_array_equal(scored.p90, out[60 - b].horizons[name].p90)
        np.testing.assert_array_equal(scored.weekday_mean, out[60 - b].horizons[name].weekday_mean)


def test_the_future_changes_nothing_before_it():
    units = shop(120)
    other = units.copy()
    other[100:] *= 7
    _, a = run(units)
    _, b = run(other)
    for t in range(100):
        np.testing.assert_array_equal(a[t].path, b[t].path)
    assert not np.array_equal(a[100].path, b[100].path)


@pytest.mark.parametrize(("seed", "days"), [(0, 410), (1, 90), (2, 60)])
def test_dump_and_load_at_any_time_changes_no_bit(seed, days):
    rng = np.random.default_rng(seed)
    straight, broken = Forecaster(), Forecaster()
    for p in (straight, broken):
        p.add_store("a", "US")
        p.add_store("b")
    for t in range(days):
        for store in rng.permutation(2).tolist():
            if t == store or rng.random() < 0.02:
                for p in (straight, broken):
                    p.add_series(store, f"item {t}")
            n = len(straight.rows(store))
            units = rng.negative_binomial(2, 0.2, n).astype(float) * (rng.random() > 0.05)
            known = {
                "opened": bool(units.any()),
                "hours": np.outer(units, np.full(24, 1 / 24)),
                "promotion": rng.random((n, 29)) < 0.1 if t % 50 > 25 else None,
            }
            if rng.random() < 0.05:
                state = broken.dump()
                broken = Forecaster.load(state)
                assert same(state, broken.dump()) == []
            a, b = (p.close(store, START + t, units, **known) for p in (straight, broken))
            assert a.path.tobytes() == b.path.tobytes()
            assert [d.series for d in a.drifts] == [d.series for d in b.drifts]
            for name in SPANS:
                assert a.horizons[name].p90.tobytes() == b.horizons[name].p90.tobytes()
    assert same(straight.dump(), broken.dump()) == []


def test_state_is_plain():
    partition, _ = run(shop(40), country="GB")
    for key, value in partition.dump().items():
        assert isinstance(key, str)
        assert isinstance(value, (bool, int, float, str, list, np.ndarray)) or value is None, key
        if isinstance(value, list):
            assert all(isinstance(v, (bool, int, float, str)) for v in value), key


def test_a_state_of_another_version_is_refused():
    state = Forecaster().dump()
    state["version"] = 0
    with pytest.raises(ValueError, match="rebuild it from the log"):
        Forecaster.load(state)


def test_days_close_in_order_and_rows_must_fit():
    partition, _ = run(shop(3))
    with pytest.raises(ValueError, match="closes next"):
        partition.close(0, START + 4, np.zeros(8), opened=False)
    with pytest.raises(ValueError, match="3 rows for 8 series"):
        partition.close(0, START + 3, np.zeros(3), opened=False)


def test_one_bulk_order_does_not_poison_its_series_or_others():
    units = shop(200)
    bulk = units.copy()
    bulk[150, 2] += 70_000
    _, plain = run(units)
    _, hit = run(bulk)
    assert all(not o.drifts for o in hit[145:160])
    for t in (150, 151, 155):
        a, b = plain[t].horizons["7_days"].mean, hit[t].horizons["7_days"].mean
        others = np.delete(np.arange(8), 2)
        np.testing.assert_allclose(b[others], a[others], rtol=0.15)
        assert b[2] < 3 * a[2]
    assert hit[185].horizons["7_days"].mean[2] < 1.35 * plain[185].horizons["7_days"].mean[2]


def test_a_first_day_bulk_order_is_forgotten():
    units = shop(120)
    units[0, 1] = 70_000
    _, out = run(units)
    assert out[-1].horizons["7_days"].mean[1] < 3 * units[-28:, 1].sum() / 4


def test_returns_count_as_net_sales_and_a_negative_day_as_none():
    units = shop(120)
    back = units.copy()
    back[80, 3] = -500.0
    _, plain = run(units)
    _, out = run(back)
    assert out[81].scored["day"].actual.min() >= 0
    assert out[80].scored["day"].actual[3] == -500
    after, before = out[90].horizons["7_days"].mean, plain[90].horizons["7_days"].mean
    np.testing.assert_allclose(after[3], before[3], rtol=0.2)
    assert (after >= 0).all()


def test_numbers_that_are_none_count_as_nothing_sold():
    units = shop(60)
    units[40, 0], units[41, 1] = np.nan, np.inf
    _, out = run(units, opened=np.ones(60))
    assert np.isfinite(out[-1].path).all()


def test_one_store_ten_thousandfold_moves_the_others_by_less_than_two_percent():
    sets = [shop(110, seed=k) for k in range(5)]

    def error(factor):
        partition = Forecaster()
        for k in range(5):
            partition.add_store(str(k))
            for i in range(8):
                partition.add_series(k, f"item {i}")
        total = 0.0
        for t in range(110):
            for k, units in enumerate(sets):
                day = units[t] * (factor if k == 0 and t in {70, 71} else 1)
                out = partition.close(k, START + t, day, opened=True)
                if k and 70 < t < 109:
                    total += np.abs(out.horizons["day"].mean - units[t + 1]).sum()
        return total

    assert abs(error(1e4) / error(1.0) - 1) < 0.02


def test_closed_weekdays_and_holidays_are_learned():
    units = shop(470)
    days = np.arange(470)
    closed = (days % 7 == 6) | np.isin(START + days, [dt.date(y, 12, 25).toordinal() for y in (2022, 2023)])
    units[closed] = 0
    _, out = run(units, country="US")
    sunday_eve = out[461 + (5 - 461 % 7) % 7]
    assert sunday_eve.horizons["day"].open_days[0] == 0
    assert (sunday_eve.horizons["day"].mean == 0).all()
    assert sunday_eve.horizons["7_days"].open_days[0] == 6
    units2 = shop(730)
    closed = np.array([dt.date.fromordinal(START + t).timetuple()[1:3] == (12, 25) for t in range(730)])
    units2[closed] = 0
    _, out = run(units2, country="US")
    eve = dt.date(2023, 12, 24).toordinal() - START
    assert out[eve].horizons["day"].open_days[0] == 0
    assert out[eve + 2].horizons["day"].mean.sum() > 0.6 * out[eve - 20].horizons["day"].mean.sum()


@pytest.mark.parametrize(("open_on_easter_monday", "open_days"), [(False, 0), (True, 1)])
def test_a_store_closed_on_its_first_holidays_is_expected_to_close_on_the_next(open_on_easter_monday, open_days):
    """Good Friday and Easter Monday closed: so will be Ascension Day, which it has not met yet."""
    units, ascension = shop(200), dt.date(2022, 5, 26).toordinal() - START
    units[6::7] = 0  # Sundays
    for holiday in (dt.date(2022, 4, 15), dt.date(2022, 4, 18)):
        units[holiday.toordinal() - START] = 0
    if open_on_easter_monday:
        units[dt.date(2022, 4, 18).toordinal() - START] = 20
    _, out = run(units[: ascension + 1], country="DE")
    assert out[ascension - 1].horizons["day"].open_days[0] == open_days


def test_a_day_nobody_could_know_was_closed_is_no_demand_of_zero():
    units = shop(150)
    shut = units.copy()
    shut[100] = 0
    _, plain = run(units)
    _, out = run(shut)
    np.testing.assert_allclose(out[101].horizons["7_days"].mean.sum(), plain[101].horizons["7_days"].mean.sum(), rtol=0.1)


def test_a_store_that_sells_little_is_not_taken_for_closed():
    rng = np.random.default_rng(5)
    units = rng.poisson(0.25, (500, 2)).astype(float)
    units[0] = 1
    _, out = run(units)
    forecast = np.mean([o.horizons["7_days"].mean.sum() for o in out[300:]])
    assert forecast == pytest.approx(7 * 0.5, rel=0.25)


def test_promotions_known_ahead_help_and_none_change_nothing():
    units = shop(400)
    rng = np.random.default_rng(7)
    held = np.zeros((440, 8), bool)
    for i in range(8):
        for start in rng.choice(np.arange(0, 430, 10), 14, replace=False):
            held[start : start + 4, i] = True
    lifted = np.where(held[:400], units * 2, units)
    _, told = run(lifted, promotion=lambda t: held[t : t + 29].T)
    _, untold = run(lifted)
    assert wape(told, lifted, "day", 250, 400) < 0.8 * wape(untold, lifted, "day", 250, 400)
    assert wape(told, lifted, "7_days", 250, 400) < 0.9 * wape(untold, lifted, "7_days", 250, 400)
    _, nothing = run(units[:120])
    _, none = run(units[:120], promotion=lambda _: np.zeros((8, 29), bool))
    np.testing.assert_array_equal(nothing[-1].path, none[-1].path)


def test_closures_known_ahead_help_and_teach_no_demand():
    units = shop(300)
    shut = np.zeros(336, bool)
    for start in (150, 200, 230, 260, 280):
        shut[start : start + 6] = True
    sold = np.where(shut[:300, None], 0, units)

    def told(t):
        return {START + d: not shut[d] for d in range(t, t + 36)}

    _, known = run(sold, openings=told)
    _, unknown = run(sold)
    for horizon, least in (("day", 0.9), ("7_days", 0.7), ("28_days", 0.7)):
        assert wape(known, sold, horizon, 140, 299) < least * wape(unknown, sold, horizon, 140, 299), horizon
    assert all(known[t].horizons["day"].mean.sum() == 0 for t in range(149, 299) if shut[t + 1])
    _, nothing = run(units[:60])
    _, usual = run(units[:60], openings=lambda t: {START + d: True for d in range(t, t + 36)})
    np.testing.assert_array_equal(nothing[-1].path, usual[-1].path)


def test_a_promotion_that_only_its_sales_tell_of_is_not_forecast_with():
    """Marked are days with sales only, so the mark says "it sold": as a covariate it would make every forecast too low."""
    units = shop(120)

    def seen(t):
        held = np.zeros((8, 29), bool)
        held[:, 0] = units[t] > 6
        return held

    assert seen(60)[:, 0].any()
    np.testing.assert_array_equal(run(units, promotion=seen)[1][-1].path, run(units)[1][-1].path)


def test_a_bulk_order_leaves_the_quantiles_of_whole_units_whole():
    rng = np.random.default_rng(3)
    units = rng.poisson(3, (120, 2)) * rng.integers(0, 2, (120, 2)).astype(float)
    units[60, 0] = 70_000
    day = run(units)[1][-1].horizons["day"]
    for quantile in (day.p10, day.p50, day.p90):
        np.testing.assert_array_equal(quantile, np.floor(quantile))


def test_a_level_shift_is_noticed_and_followed():
    units = shop(300, series=12, level=40.0)
    for factor, rows in ((0.5, [1, 5]), (1.5, [2, 7])):
        shifted = units.copy()
        shifted[200:, rows] = np.round(shifted[200:, rows] * factor)
        _, out = run(shifted)
        before = wape(out, shifted, "day", 150, 199)
        after = wape(out, shifted, "day", 211, 260)
        assert after < 1.1 * before
        found = {d.series: d for o in out[200:212] for d in o.drifts}
        assert set(rows) & set(found), factor
        for row in set(rows) & set(found):
            assert found[row].factor == pytest.approx(factor, rel=0.25)
            assert START + 193 <= found[row].since_day <= START + 206
    quiet = [d for o in run(units)[1] for d in o.drifts]
    assert len(quiet) < 0.2 * 12 * 300 / 365 + 1


def test_stores_days_apart_forecast_as_well_as_together():
    units = shop(240, series=6)
    _, together = run(units, stores=3)
    partition = Forecaster()
    for k in range(3):
        partition.add_store(str(k))
        for i in range(6):
            partition.add_series(k, f"item {i}")
    apart = {}
    for t in range(246):
        for k, lag in enumerate((0, 2, 5)):
            if 0 <= t - lag < 240:
                apart[k, t - lag] = partition.close(k, START + t - lag, units[t - lag], opened=True)
    error = {"together": 0.0, "apart": 0.0}
    for t in range(120, 238):
        error["together"] += np.abs(together[3 * t].horizons["day"].mean - units[t + 1]).sum()
        error["apart"] += np.abs(apart[0, t].horizons["day"].mean - units[t + 1]).sum()
    assert error["apart"] < 1.03 * error["together"]


def test_a_new_series_starts_from_its_item_elsewhere():
    units = shop(80, series=6)
    partition, _ = run(units, stores=4)
    new = partition.add_store("new")
    for i in range(5):
        partition.add_series(new, f"item {i}")
    for t in range(80, 110):
        for k in range(4):
            partition.close(k, START + t, units[t - 77], opened=True)
        partition.close(new, START + t, units[t - 77, :5] * 0.5, opened=True)
    late = partition.add_series(new, "item 5")
    day = np.append(units[33, :5] * 0.5, 1.0)
    out = partition.close(new, START + 110, day, opened=True)
    row = list(out.rows).index(late)
    expected = 0.5 * units[:80, 5].mean()
    assert 0.4 * expected < out.horizons["7_days"].mean[row] / 7 < 1.5 * expected


def test_series_that_have_not_sold_have_no_forecast():
    partition = Forecaster()
    partition.add_store("a")
    partition.add_series(0, "sold")
    partition.add_series(0, "not yet")
    out = partition.close(0, START, np.array([3.0, 0.0]), opened=True)
    assert np.isfinite(out.horizons["7_days"].mean[0])
    assert np.isnan(out.horizons["7_days"].mean[1])
    assert np.isnan(out.path[1]).all()


def test_a_store_without_series_closes():
    partition = Forecaster()
    partition.add_store("a")
    out = partition.close(0, START, np.zeros(0), opened=False)
    assert out.path.shape == (0, 28)


def nowcast(partition, store, day, hour, sold):
    return partition.today(store, Moment(day, hour, sold)).items.mean


def test_a_bulk_order_does_not_make_its_hour_the_busy_one():
    def noon(bulk):
        rng, partition = np.random.default_rng(3), Forecaster()
        store = partition.add_store("store")
        for i in range(4):
            partition.add_series(store, f"item {i}")
        for t in range(120):
            hours = np.zeros((4, 24))
            hours[:, 8:20] = rng.poisson(2.5, (4, 12))
            hours[0, 10] += 70_000 if t == bulk else 0
            partition.close(store, START + t, hours.sum(1), opened=True, hours=hours)
        return nowcast(partition, store, START + 120, 12.0, np.full(4, 10.0))

    np.testing.assert_allclose(noon(100), noon(None), rtol=0.06)


def test_nowcast_follows_the_day():
    rng = np.random.default_rng(3)
    shape = np.concatenate([np.zeros(8), np.full(12, 1 / 12), np.zeros(4)])
    units = shop(150, level=30.0)
    partition, _ = run(units, hours=lambda t: units[t][:, None] * shape)
    morning = nowcast(partition, 0, START + 150, 0.0, np.zeros(8))
    np.testing.assert_allclose(morning, partition.close(0, START + 150, units[3], opened=True).scored["day"].mean, rtol=0.02)
    evening = nowcast(partition, 0, START + 151, 24.0, np.full(8, 33.0))
    np.testing.assert_allclose(evening, 33.0, rtol=0.01)
    sold = rng.poisson(20, 8).astype(float)
    assert (nowcast(partition, 0, START + 151, 14.0, sold) >= sold).all()
    half = nowcast(partition, 0, START + 151, 14.0, np.zeros(8))
    assert (half < nowcast(partition, 0, START + 151, 9.0, np.zeros(8))).all()


def test_state_of_a_series_is_small():
    partition, _ = run(shop(40, series=300))
    assert partition.bytes_a_series() < 5000


def test_the_gate_learns_from_what_the_mix_had_said(monkeypatch):
    """The mix is not kept with a forecast: it is told from what was served, for series of any age, over closed days too."""
    said, learned, mix, learn = [], [], Mixture.mix, Gate.learn

    def mix_and_tell(self, s, experts):
        said.append(mix(self, s, experts))
        return said[-1]

    def learn_and_tell(self, mixed, weekday_mean, units, scale, known):
        learned.append((len(said), mixed.copy(), known.copy()))
        learn(self, mixed, weekday_mean, units, scale, known)

    monkeypatch.setattr(Mixture, "mix", mix_and_tell)
    monkeypatch.setattr(Gate, "learn", learn_and_tell)
    units = shop(90)
    units[:40, 5:] = 0
    units[6::7] = 0  # Sundays
    run(units)
    compared = 0
    for made, mixed, known in learned:
        for h, b in enumerate((1, 7, 28)):
            if made >= b:
                there = known[h] > 0
                np.testing.assert_allclose(mixed[h][there], said[made - b][h][there], rtol=2e-4)
                compared += there.sum()
    assert compared > 1000


@pytest.mark.parametrize("name", ["store0.series.loss", "pool.mixture.loss", "store0.slots"])
def test_a_state_of_another_layout_does_not_load(name):
    partition, _ = run(shop(10))
    state = partition.dump()
    state[name] = np.concatenate([state[name], state[name]], 0)
    with pytest.raises(ValueError, match="this program wants"):
        Forecaster.load(state)


def test_a_new_item_costs_no_more_where_there_are_many():
    forecaster = Forecaster()
    store = forecaster.add_store("Leeds")
    seconds = []
    for start in range(0, 42_000, 2_000):
        began = time.process_time()
        for item in range(start, start + 2_000):
            forecaster.add_series(store, str(item))
        seconds.append(time.process_time() - began)
    assert min(seconds[-5:]) < 4 * min(seconds[:2])
