"""Order quantities: newsvendor with known stock, replacement of sales without."""

import numpy as np
import pytest
from scipy.stats import norm

from online_model.shelf import Demand, Quantiles, ShelfSettings, order_units, service_levels

SETTINGS = ShelfSettings(lead_time_days=1.0, review_days=1.0)


def demand_of(mean, sd, **more):
    mean, sd = np.atleast_1d(mean).astype(float), np.atleast_1d(sd).astype(float)
    return Demand(Quantiles(mean, mean - norm.ppf(0.9) * sd, mean, mean + norm.ppf(0.9) * sd), **more)


def test_the_quantiles_are_met_and_normal_demand_is_normal():
    demand = demand_of(100, 10)
    for level in (0.1, 0.5, 0.9, 0.975):
        assert demand.quantile(level, 1)[0] == pytest.approx(norm.ppf(level, 100, 10))
    assert demand.quantile(0.9, 4)[0] == pytest.approx(400 + norm.ppf(0.9) * 20), "independent days"


def test_quantiles_lie_between_those_of_a_day_and_of_a_week():
    day, week = demand_of(10, 2).day, demand_of(80, 9).day
    demand = Demand(day, week)
    values = [demand.quantile(0.95, days)[0] for days in (0.5, 1, 2, 4, 7, 14)]
    assert values == sorted(values)
    assert demand.quantile(0.5, 4)[0] == pytest.approx(45.0)
    assert demand.quantile(0.9, 7)[0] == pytest.approx(week.p90[0])
    assert demand.expected(14)[0] == pytest.approx(160.0)


def test_the_critical_ratio_comes_from_price_and_cost():
    levels = service_levels(np.array([2.0, 2.0, 1.0, 2.0]), np.array([1.0, np.nan, 3.0, 0.0]), SETTINGS)
    assert levels.tolist() == pytest.approx([1 / 1.05, 0.95, 0.5, 0.995])


def test_known_stock_is_filled_up_to_the_quantile_in_whole_cases():
    demand = demand_of([100, 100, 100], [10, 10, 10], stock=np.array([150.0, 500.0, 0.0]))
    units = order_units(demand, SETTINGS, case_size=np.array([24.0, 24.0, 1.0]))
    upto = norm.ppf(0.95, 200, 10 * 2**0.5)
    assert units.tolist() == [np.ceil((upto - 150) / 24) * 24, 0.0, np.ceil(upto)]


def test_without_stock_orders_replace_sales_in_the_long_run():
    total = np.zeros(3)
    for date_number in range(739_000, 739_365):
        demand = demand_of([0.2, 3.7, 40.0], [1, 1, 1], date_number=date_number)
        units = order_units(demand, SETTINGS, case_size=np.array([6.0, 1.0, 12.0]))
        assert (units % [6, 1, 12] == 0).all()
        total += units
    assert np.abs(total - 365 * np.array([0.2, 3.7, 40.0])).max() <= 12


def test_orders_of_several_review_days_cover_them():
    weekly = ShelfSettings(review_days=7.0)
    totals = [order_units(demand_of(1.5, 1, date_number=d), weekly)[0] for d in range(0, 700, 7)]
    assert sum(totals) == pytest.approx(1.5 * 700, abs=2)
