"""Promises held against what came: what is said too surely is said more modestly, and what was kept stays."""

import numpy as np
import pytest

from online_model.stock.reached import BINS, PRIOR, STEPS, Reached


def taught(promise, visits=6.0, days=60, n=40, silent=0.0, seed=4):
    """Both spans' demand comes with the probabilities that `promise` makes of the true ones; a share of the spans demands nothing."""
    rng, reached = np.random.default_rng(seed), Reached()
    for _ in range(days):
        reached.new_date()
        demand = np.where(rng.random((2, n)) < silent, 0.0, 1.0)
        reached.learn(promise(rng.random((2, n))), np.full((2, n), visits), demand)
    return reached


def kept(reached, said, visits=6.0, part=1.0):
    said = np.array(said)
    return reached.kept(said, np.full(said.shape, visits), np.full(said.shape, part))


def test_what_is_said_is_believed_at_first():
    said = np.array([0.0, 0.02, 0.5, 0.77, 1.0])
    for part in (0.0, 0.4, 1.0):
        np.testing.assert_allclose(kept(Reached(), said, part=part), said, atol=1e-12)


def test_promises_that_were_kept_stay():
    np.testing.assert_allclose(kept(taught(lambda p: p), [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.04)


def test_too_sure_promises_are_brought_down():
    """Where 90 % was said of what comes in 70 % of the cases."""
    reached = taught(lambda p: p ** (np.log(0.9) / np.log(0.7)))
    assert kept(reached, [0.9])[0] == pytest.approx(0.7, abs=0.04)


def test_a_demand_of_nothing_bounds_every_promise():
    reached = taught(lambda p: p, silent=0.25)
    assert kept(reached, [1.0])[0] == pytest.approx(0.75, abs=0.04)


def test_each_bin_learns_of_its_own_and_the_spans_too():
    reached = taught(lambda p: p**0.3, visits=6.0)
    assert kept(reached, [0.6], visits=60.0)[0] == pytest.approx(0.6)
    rng, only = np.random.default_rng(1), Reached()
    for _ in range(60):
        only.new_date()
        said = np.stack([np.ones(40) * 0.97, rng.random(40)])
        only.learn(said, np.full((2, 40), 6.0), np.ones((2, 40)))
    short, between, whole = (kept(only, [0.9], part=part)[0] for part in (0.0, 0.5, 1.0))
    assert short < between < whole
    assert between == pytest.approx((short + whole) / 2)


def test_a_promise_never_falls_where_what_is_said_rises_and_stays_a_probability():
    said = np.linspace(0, 1, 200)
    for reached in (taught(lambda p: p**0.2), taught(lambda p: np.ones_like(p), silent=0.9)):
        told = kept(reached, said)
        assert (np.diff(told) >= 0).all()
        assert 0 <= told.min() <= told.max() <= 1
    assert np.isnan(kept(Reached(), [np.nan]))[0]


def test_the_past_fades_and_days_that_teach_nothing_leave_it():
    reached = taught(lambda p: p**0.2)
    before = reached.notes.copy()
    reached.new_date()
    faded = reached.notes.copy()
    reached.new_date()
    np.testing.assert_array_equal(reached.notes, faded)
    assert faded.sum() < before.sum()
    assert Reached().notes.sum() == 2 * BINS * PRIOR
    assert Reached().notes.shape == (2, BINS, STEPS + 1)
