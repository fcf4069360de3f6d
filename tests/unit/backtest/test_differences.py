"""Intervals and the Diebold-Mariano test, against what must come out."""

import numpy as np
import pytest
from scipy import stats

from workbench.backtest.differences import diebold_mariano, difference, interval
from workbench.backtest.panel import Forecasts, Windows


def test_without_overlap_it_is_students_test():
    values = np.random.default_rng(0).normal(0.2, 1, 60)
    centred = stats.ttest_1samp(values, 0).pvalue
    assert diebold_mariano(values, 1) == pytest.approx(centred, rel=1e-9)


@pytest.mark.parametrize("span", [1, 7])
def test_equal_forecasts_are_told_apart_one_time_in_twenty(span):
    random, found = np.random.default_rng(span), []
    for _ in range(400):
        noise = random.normal(size=200 + span)
        found.append(diebold_mariano(np.convolve(noise, np.ones(span), "valid")[:200], span))
    assert 0.02 < np.mean(np.array(found) < 0.05) < 0.11


def test_overlapping_windows_do_not_pretend_to_know_more():
    overlapping = np.convolve(np.random.default_rng(1).normal(0.3, 1, 106), np.ones(7), "valid")
    assert diebold_mariano(overlapping, 7) > 10 * diebold_mariano(overlapping, 1)


def test_the_same_forecast_is_no_difference_and_few_origins_say_nothing():
    assert diebold_mariano(np.zeros(50), 7) == 1.0
    assert diebold_mariano(np.ones(8), 1) is None
    assert diebold_mariano(np.ones(28), 28) is None


def test_the_interval_holds_the_error_and_shrinks_with_more_days():
    random = np.random.default_rng(2)
    sold = random.uniform(90, 110, 800)
    losses = 0.2 * sold * random.uniform(0.5, 1.5, 800)
    few, many = interval(losses[:60], sold[:60], 1), interval(losses, sold, 1)
    assert few[0] < losses[:60].sum() / sold[:60].sum() < few[1]
    assert many[1] - many[0] < few[1] - few[0]
    assert interval(losses[:13], sold[:13], 7) == (None, None)


def test_only_windows_that_both_forecast_are_compared():
    actual = np.full((2, 40), 10.0)
    window = Windows("day", 1, np.arange(40), actual)
    ours, other = Forecasts(actual + 1), Forecasts(actual + 2)
    other.mean[:, ::2] = np.nan
    found = difference(window, ours, other, np.ones((2, 40), bool))
    assert found.change == pytest.approx(1.0)
    assert found.origins == 20
    assert (found.low, found.high) == (pytest.approx(0.2), pytest.approx(0.2))
