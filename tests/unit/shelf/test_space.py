"""Shares of space without a described shelf."""

import time

import numpy as np
import pytest

from online_model.shelf import percentages, share_of_space


def test_one_elasticity_gives_the_closed_form():
    worth = np.array([1.0, 2.0, 4.0])
    expected = worth ** (1 / 0.83)
    assert share_of_space(worth) == pytest.approx(100 * expected / expected.sum(), abs=1 / 1024)


def test_profit_counts_not_units_alone():
    shares = share_of_space(np.array([5.0, 5.0]), np.array([1.0, 3.0]))
    assert shares[1] > 70


def test_several_elasticities_equalise_marginal_profit():
    worth, beta = np.array([3.0, 2.0, 5.0, 0.0]), np.array([0.1, 0.3, 0.17, 0.2])
    shares = share_of_space(worth, elasticity=beta) / 100
    marginal = worth[:3] * beta[:3] * shares[:3] ** (beta[:3] - 1)
    assert marginal == pytest.approx(np.full(3, marginal[0]), rel=2e-3)
    assert shares[3] == 0


@pytest.mark.parametrize("demand", [[0.0, 0.0, 0.0], [np.nan, np.nan, -1.0]])
def test_nothing_known_gives_equal_space(demand):
    shares = share_of_space(np.array(demand))
    assert shares.sum() == 100
    assert np.ptp(shares) <= 1 / 1024


def test_no_items():
    assert len(share_of_space(np.array([]))) == 0


def test_percentages_are_exact_in_any_order():
    rng = np.random.default_rng(3)
    shares = percentages(rng.gamma(0.3, 1, 1000))
    for _ in range(5):
        assert sum(rng.permutation(shares).tolist()) == 100.0


def test_it_is_fast_enough_for_every_close():
    worth, profit = np.random.default_rng(0).gamma(1, 5, (2, 40))
    best = min(_seconds(worth, profit) for _ in range(50))
    assert best < 0.5e-3


def _seconds(worth, profit):
    start = time.perf_counter()
    share_of_space(worth, profit)
    return time.perf_counter() - start
