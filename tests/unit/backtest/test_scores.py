"""Each score against its formula worked by hand."""

import numpy as np
import pytest

from workbench.backtest.panel import Forecasts, Panel, windows
from workbench.backtest.scores import naive_squared, score, scored_windows

UNITS = np.array([[0.0, 2, 4, 6, 0, 8, 4, 10], [1, 1, 1, 1, 1, 0, 0, 2]])


def panel(units=UNITS, stores=("a", "b")):
    return Panel(19_000, list(stores), ["x"] * len(units), units)


def test_wape_bias_and_number_are_sums_over_windows():
    window = windows(panel(), 2, ["day"])["day"]
    forecast = Forecasts(np.array([[5.0, 8.0], [1.0, 1.0]]))
    found = score(window, forecast, np.ones((2, 2), bool), np.array([1.0, 1.0]))
    # actual 4 10 / 0 2, errors +1 -2 / +1 -1, sold 16
    assert found.n == 4
    assert found.wape == pytest.approx(5 / 16)
    assert found.bias == pytest.approx(-1 / 16)
    assert found.wql is None
    assert found.coverage is None


def test_rmsse_is_the_mean_over_series_of_errors_over_naive_ones():
    whole = panel()
    window = windows(whole, 2, ["day"])["day"]
    scale = naive_squared(whole, window, 6)
    # series 1 starts on its day 1: 2 4 6 0 8, differences 2 2 -6 8; series 2: 1 1 1 1 1 0, differences 0 0 0 0 -1
    assert scale.tolist() == pytest.approx([(4 + 4 + 36 + 64) / 4, 1 / 5])
    forecast = Forecasts(np.array([[5.0, 8.0], [1.0, 1.0]]))
    found = score(window, forecast, np.ones((2, 2), bool), scale)
    assert found.rmsse == pytest.approx(((2.5 / 27) ** 0.5 + (1 / 0.2) ** 0.5) / 2)


def test_quantile_loss_and_coverage():
    window = windows(panel(), 1, ["day"])["day"]
    quantiles = np.array([[[8.0], [3.0]], [[9.0], [4.0]], [[12.0], [5.0]]])
    found = score(window, Forecasts(quantiles[1], quantiles), np.ones((2, 1), bool), np.ones(2))
    assert found.coverage == 0.5
    # actual 10 and 2; pinball: p10 .1*2 + .9*1, p50 .5*1 + .5*2, p90 .1*2 + .1*3
    assert found.wql == pytest.approx(2 * (1.1 + 1.5 + 0.5) / 3 / 12)


def test_windows_lie_within_the_scored_days_and_sum_raw_sales():
    units = np.arange(60.0)[None]
    found = windows(panel(units, ["a"]), 30, ["day", "7_days", "28_days"])
    for window in found.values():
        assert window.origins[0] == 29
        assert window.origins[-1] + window.span == 59
    week = found["7_days"]
    assert week.actual[0, 0] == sum(range(30, 37))
    assert week.actual[0, -1] == sum(range(53, 60))


def test_zero_days_count_but_neither_days_before_the_first_sale_nor_days_known_closed():
    units = np.array([[3.0, 0, 0, 0, 0, 1], [0, 0, 1, 0, 0, 1]])
    whole = panel(units, ["a", "a"])
    window = windows(whole, 5, ["day"])["day"]
    ours = Forecasts(np.ones((2, 5)))
    opened, expected_closed_on_day_1 = np.ones((2, 5)), np.array([[0.0, 1, 1, 1, 1]] * 2)
    assert scored_windows(whole, window, ours, opened).tolist() == [[True] * 5, [False, False, True, True, True]]
    assert not scored_windows(whole, window, ours, expected_closed_on_day_1)[0, 0]
    # the store was open on day 2: to have expected it closed is an error, not a window less
    assert scored_windows(whole, window, ours, np.zeros((2, 5)))[0, 1]
