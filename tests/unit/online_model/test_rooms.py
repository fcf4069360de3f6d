"""Rooms that have a formula of their own."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from online_model.calendar.multiplier import CalendarModel, prior_variance
from online_model.combine import bias
from online_model.combine.bias import BiasGain
from online_model.combine.gate import Gate, of_series
from online_model.combine.mixture import Mixture
from online_model.combine.quantiles import Quantiles, gamma_quantile
from online_model.combine.scores import Scores
from online_model.combine.year_correction import YearCorrection
from online_model.experts.registry import LAYOUT
from online_model.results import Scored
from online_model.series import last_year, level_shift
from online_model.series.ewmas import DS
from online_model.series.level_shift import CommonResiduals
from online_model.series.series import Series
from online_model.state import dump_fields, load_fields
from online_model.today.nowcast import DayCurve, Nowcast


def series(n):
    s = Series(LAYOUT)
    s.append(list(range(n)), list(range(n)), prior_variance())
    return s


@pytest.mark.parametrize("shape", [0.05, 0.4, 1.0, 7.0, 300.0])
@pytest.mark.parametrize("level", [-1.2816, 0.0, 1.2816, 2.5])
def test_gamma_quantile_is_scipys(shape, level):
    ours = gamma_quantile(np.float32([np.log(shape)]), np.float32([level]))[0]
    exact = stats.gamma.ppf(stats.norm.cdf(level), shape, scale=1 / shape)
    assert ours == pytest.approx(exact, rel=0.01, abs=2e-4)


def test_quantiles_learn_the_spread():
    rng, s, q = np.random.default_rng(0), series(200), Quantiles()
    mean = np.full((3, 200), 20, np.float32)
    inside = []
    for _ in range(400):
        band = q.serve(s, mean, np.zeros(3, np.float32))
        units = rng.negative_binomial(4, 4 / 24, (3, 200)).astype(np.float32)
        inside.append(((band[0] <= units) & (units <= band[2])).mean())
        q.learn(s, mean, band[[0, 2]], units, np.ones((3, 200), np.float32))
        s.labels += 1
        q.new_date()
    assert np.mean(inside[200:]) == pytest.approx(0.82, abs=0.03)
    assert (band == np.round(band)).all()


def levels_after(rates):
    """How far the pooled levels of windows have moved after dates with these rates of misses, `[2]`."""
    q = Quantiles()
    start = q.levels[1].copy()
    for rate in rates:
        q.date_n[:], q.date_miss[:] = 100, 100 * rate
        q.new_date()
    return (q.levels[1] - start)[1:]


def test_levels_of_windows_follow_misses_that_last_and_not_their_runs():
    lasting = levels_after([0.06] * 168)
    runs = levels_after(([0.0] * 14 + [0.12] * 14) * 6)
    assert (lasting < -0.05).all()
    assert (np.abs(runs) < 0.7 * np.abs(lasting)).all()


def test_a_p90_of_few_whole_units_is_missed_less_often():
    """Pulled down until 10 % miss it, it would be 0 on too many days on which one unit is sold."""
    rng, s, q, inside = np.random.default_rng(0), series(300), Quantiles(), []
    mean = np.tile(np.linspace(0.05, 0.4, 300, dtype=np.float32), (3, 1))
    for _ in range(500):
        band = q.serve(s, mean, np.zeros(3, np.float32))
        units = rng.poisson(mean).astype(np.float32)
        inside.append((units <= band[2])[0].mean())
        q.learn(s, mean, band[[0, 2]], units, np.ones((3, 300), np.float32))
        s.labels += 1
        q.new_date()
    assert np.mean(inside[250:]) == pytest.approx(1 - 0.085, abs=0.005)


def test_quantiles_of_weighed_goods_are_not_rounded():
    s, q = series(3), Quantiles()
    s.integer[:] = False
    band = q.serve(s, np.full((3, 3), 0.37, np.float32), np.zeros(3, np.float32))
    assert (band != np.round(band)).any()


def test_last_years_windows():
    sums, counts = np.zeros((last_year.BINS, 2), np.float32), np.zeros((last_year.BINS, 2), np.uint8)
    for day in range(420):
        last_year.add(sums, counts, day, np.float32([day, 1.0]), np.array([True, True]))
        if day == 390:
            assert last_year.windows(sums, counts, day) is None
    near, n_near, wide, _, base, n_base = last_year.windows(sums, counts, 419)
    np.testing.assert_allclose(near[:, 1], 1, rtol=1e-5)
    np.testing.assert_allclose(n_near[:, 0], [7, 13, 34], rtol=1e-5)
    np.testing.assert_allclose(n_base, 28, rtol=1e-5)
    assert near[0, 0] == pytest.approx(419 - 364 + 1, abs=3)
    assert base[0] == pytest.approx(419 - 364 - 13.5, abs=1.5)
    assert wide[2, 0] == pytest.approx(419 - 364 + 14.5, abs=1.5)


def test_calendar_learns_a_weekday_across_stores():
    from online_model.series.sold_day import Today

    model, s, rng = CalendarModel(), series(30), np.random.default_rng(1)
    s.count[:], s.mean[:], s.ewma[:] = 100, 10, 10
    x = np.zeros(27, np.float32)
    x[0] = 1
    for day in range(400):
        x[1:7] = [day % 7 == k for k in range(1, 7)]
        model.new_date()
        for _ in range(2):
            y = rng.poisson(10 * (2 if day % 7 == 5 else 1), 30).astype(np.float32)
            one = np.ones(30, np.float32)
            today = Today(day, day % 7, True, x, -1, None, None, y, y, y, one > 0, one, None, False)
            model.learn(s, today, 60)
    saturday = np.exp(model.beta[5] + s.delta[5].mean())
    assert saturday == pytest.approx(2, rel=0.1)
    assert 10 < model.information[0, 0] < 400


def test_mixture_prefers_the_better_expert_by_series():
    s, mix, rng = series(40), Mixture(), np.random.default_rng(2)
    scale, known = np.full((3, 40), 10, np.float32), np.ones((3, 40), np.float32)
    for _ in range(150):
        units = rng.normal(10, 1, (3, 40)).astype(np.float32)
        experts = np.repeat(units[:, None] + 3, 5, 1)
        experts[:, 1, :20] = units[:, :20] + 0.3
        experts[:, 2, 20:] = units[:, 20:] - 0.3
        mix.learn(s, experts, units, scale, known)
    served = mix.mix(s, np.broadcast_to(np.float32([100, 1, 2, 100, 100])[None, :, None], (3, 5, 40)))
    assert served[:, :20].max() < 1.5
    assert served[:, 20:].min() > 1.5


def test_bias_gain_corrects_a_lasting_bias_and_only_then():
    gain = BiasGain()
    for day in range(1, 300):
        gain.new_date(day)
        signal = gain.signal(day)
        gain.learn_week(day - 7, 120.0, 100.0)
        for h, b in enumerate((1, 7, 28)):
            gain.learn_gain(h, day - b, signal, 120.0, 100.0, share=1.0)
        if day == 28:
            assert gain.factors(gain.signal(day)) == [1, 1, 1]
    np.testing.assert_allclose(gain.factors(gain.signal(299)), 1.2, atol=0.03)


def test_bias_gain_spares_the_new_series_of_an_old_partition():
    np.testing.assert_allclose(bias.of_series(np.array([0, 9, 90, 900]), np.array(900)), [0, 0.1, 1, 1])
    assert bias.of_series(np.array(20), np.array(20)) == 1


def test_gate_gives_way_to_the_better_and_closes():
    gate = Gate()
    units, scale, known = np.full((3, 50), 10.0), np.full((3, 50), 10.0), np.ones((3, 50))
    for _ in range(40):
        gate.new_date()
        gate.opened()
        gate.learn(units + 4, units + 1, units, scale, known)
    assert (gate.shares() > 0.5).all()
    for _ in range(330):
        gate.new_date()
        gate.opened()
        gate.learn(units + 1, units + 1, units, scale, known)
    assert (gate.shares() == 0).all()


def test_gate_asks_more_than_luck_of_the_mix():
    """As good as the same-weekday mean is not enough in the first months; four weeks want proof for longer than a day."""
    known, units, scale = np.ones((3, 50)), np.full((3, 50), 10.0), np.full((3, 50), 10.0)
    shares = {}
    for error in (1.0, 0.8, 0.4):
        gate = Gate()
        for _ in range(60):
            gate.new_date()
            gate.opened()
            gate.learn(units + error, units + 1, units, scale, known)
        shares[error] = gate.shares()
    assert (shares[1.0] > 0.3).all()
    assert (shares[0.8][:2] < 0.2).all()
    assert shares[0.8][2] > 0.8
    assert (shares[0.4] < 0.02).all()


def test_gate_leaves_new_series_of_an_old_partition_to_the_mix():
    share = of_series(np.array([[0.9], [0.5]]), np.array([100, 10, 0]), np.array(100))
    np.testing.assert_allclose(share, [[0.9, 0.09, 0], [0.5, 0.05, 0]], rtol=1e-6)


def test_year_correction_applies_what_was_wrong_a_year_ago():
    model, one = YearCorrection(), np.ones((3, 10), np.float32)
    before = np.arange(29)
    for day in range(1000, 1000 + 800):
        factors = model.factors(day, before + day - 365)
        high = 1.5 if (day % 365) < 40 else 1.0
        origins = np.array([day - 1, day - 1, day - 1])
        model.learn(origins, np.ones((3, 3, 10), np.float32), one * np.float32(high), one, one, share=1.0)
        if day == 1300:
            np.testing.assert_array_equal(factors, 1)
    assert model.factors(1835, before + 1470)[0, 0] == pytest.approx(1.5, abs=0.1)


def test_nowcast_gain_and_curve():
    rng, model, curve, own = np.random.default_rng(4), Nowcast(), DayCurve(), np.zeros((24, 20), np.float32)
    shape = np.concatenate([np.zeros(8), np.ones(12) / 12, np.zeros(4)])
    for day in range(120):
        busy = rng.lognormal(0, 0.4, (20, 1))
        hours = rng.poisson(30 * busy * shape).astype(np.float32)
        model.learn(curve, day % 7, hours, own, np.full(20, 30, np.float32), 1.0)
    share = curve.share(3, model.curve(), own)[:, 0]
    assert share[0] == 0
    assert share[-1] == pytest.approx(1)
    assert share[14] == pytest.approx(0.5, abs=0.04)
    assert model.gain(14.0) * (30 - 30 * share[14]) > 2  # of a lead of 15 units


def test_what_sells_in_the_evening_is_expected_then():
    """Bread and beer: by noon the one has sold most of its day and the other nothing; a series without sales follows the store."""
    model, curve, own = Nowcast(), DayCurve(), np.zeros((24, 3), np.float32)
    hours = np.zeros((3, 24), np.float32)
    hours[0, 8:12], hours[1, 17:20] = 20, 20
    for day in range(60):
        model.learn(curve, day % 7, hours, own, np.array([80, 60, 1], np.float32), 1.0)
    noon = curve.share(5, model.curve(), own)[12]
    assert noon[0] > 0.9
    assert noon[1] < 0.1
    assert noon[2] == pytest.approx(80 / 140, abs=0.03)
    sold, morning = np.array([80.0, 0.0, 0.0]), np.array([80.0, 60.0, 1.0])
    expected = sold + morning * (1 - noon) + model.gain(12.0) * (sold - morning * noon)
    np.testing.assert_allclose(expected[:2], [80, 60], rtol=0.06)


def watched(n):
    """Series that have sold 50 a day for long."""
    s = series(n)
    s.count[:], s.age[:], s.ewma[:], s.mean[:] = 100, 100, 50, 50
    return s


def watch(s, common, day, units, served=50.0):
    n = len(s)
    known, settled = np.ones(n, bool), np.full(n, 50, np.float32)
    expected, variance = np.broadcast_to(np.float32(served), n), np.full(n, 60, np.float32)
    return level_shift.watch(s, common, day, expected, settled, variance, np.array(units, np.float32), known)


def test_cusum_is_never_fired_by_one_day():
    s, common = watched(6), CommonResiduals()
    assert not watch(s, common, 738_000, [1e6, 50, 50, 50, 50, 50])
    for day in range(738_001, 738_006):
        assert not watch(s, common, day, [50] * 6)


def test_cusum_finds_a_halved_level_and_moves_it():
    s, common, day, rows = watched(6), CommonResiduals(), 737_999, {}
    while not rows:
        day += 1
        rows = watch(s, common, day, [25, 50, 50, 50, 50, 50])
    assert day <= 738_004
    assert list(rows) == [0]
    (drift,) = level_shift.shift(s, rows)
    assert drift.factor == pytest.approx(0.5, abs=0.05)
    assert drift.since_day == 738_000
    np.testing.assert_allclose(s.ewma[DS, 0], 25, rtol=0.1)
    np.testing.assert_allclose(s.ewma[DS, 1], 50)


def test_cusum_finds_a_rise_that_the_regressions_follow():
    s, common = watched(6), CommonResiduals()
    for day in range(738_000, 738_010):
        rows = watch(s, common, day, [75, 50, 50, 50, 50, 50], [50 if day == 738_000 else 74, 50, 50, 50, 50, 50])
        if rows:
            break
    (drift,) = level_shift.shift(s, rows)
    assert drift.factor == pytest.approx(1.5, abs=0.1)


def test_stores_of_one_series_are_held_against_each_other():
    """A week before Christmas lifts all of them, and is no shift; what one does alone is, a day later than in a big store."""
    stores, common = [watched(1) for _ in range(8)], CommonResiduals()
    for day in range(738_000, 738_008):
        assert not any(watch(s, common, day, [95]) for s in stores)
    found = []
    for day in range(738_008, 738_016):
        for i, s in enumerate(stores):
            rows = watch(s, common, day, [25 if i == 3 else 50])
            found += [(i, day, drift.since_day, drift.factor) for drift in level_shift.shift(s, rows)]
            assert not rows or np.isnan(s.waiting).all()  # what waited was a residual of the level that was
    ((store, day, since, factor),) = found
    assert store == 3
    assert since == 738_008
    assert day <= 738_014
    assert factor == pytest.approx(0.5, abs=0.05)


def test_a_store_alone_in_its_partition_is_judged_by_itself():
    s, common, found = watched(1), CommonResiduals(), []
    for day in range(738_000, 738_010):
        found += level_shift.shift(s, watch(s, common, day, [25]))
    (drift,) = found
    assert drift.since_day == 738_000


def test_scores_add_up():
    scores, value = Scores(), np.array([2.0, 4.0])
    for _ in range(3):
        scores.add("day", Scored(1, np.arange(2), value, value + 1, np.stack([value] * 3), value - 1, value + 2, value))
    score = scores.read(decayed=False)["day"]
    assert score["shelfcast"].n == 6
    assert score["shelfcast"].wape == pytest.approx(1 / 3)
    assert score["shelfcast"].rmsse == pytest.approx(0.5)
    assert score["weekday_mean"].bias == pytest.approx(-1 / 3)
    assert score["shelfcast"].coverage == 1
    assert np.isnan(scores.read()["7_days"]["shelfcast"].wape)
    before = scores.read()["day"]["shelfcast"].n
    scores.new_date()
    assert scores.read()["day"]["shelfcast"].n < before


def test_only_plain_values_are_state():
    class Odd:
        def __init__(self):
            self.thing = object()

    with pytest.raises(TypeError, match="cannot be state"):
        dump_fields(Odd(), "odd")
    scores = Scores()
    scores.total += 2
    other = Scores()
    load_fields(other, "s", dump_fields(scores, "s"))
    np.testing.assert_array_equal(other.total, scores.total)


def test_a_doubtful_calendar_widens_the_bands_of_windows():
    s, q, mean = series(50), Quantiles(), np.full((3, 50), 200, np.float32)
    sure, unsure = (q.serve(s, mean, np.float32([0, doubt, doubt])) for doubt in (0, 0.15))
    width = [band[2] - band[0] for band in (sure, unsure)]
    assert (width[1][1:] > 1.08 * width[0][1:]).all()
    assert (width[1][0] == width[0][0]).all()
