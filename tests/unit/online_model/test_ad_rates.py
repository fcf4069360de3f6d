"""Live ads' model: conversions per spend that drift."""

import numpy as np
import pytest
from river import checks

from online_model.ads.account import MOST_ARMS, OTHERS, AdAccount
from online_model.ads.rates import DriftingRates


@pytest.mark.parametrize("check", list(checks.yield_checks(DriftingRates())), ids=lambda c: c.__name__)
def test_river_checks(check):
    check(DriftingRates())


def fed(account, days, rate_of, seed=1, first=730_001):
    """Reports of three campaigns, each with its own rate of conversions per spend; conversions grow with spend to the power .8."""
    random = np.random.default_rng(seed)
    for day in range(first, first + days):
        for arm in ("search", "social", "banner"):
            spend = float(np.exp(random.normal(6, 0.6)))
            sold = float(random.poisson(400 * rate_of(arm, day) * (spend / 400) ** 0.8))
            account.report(arm, day, spend, float(random.poisson(spend / 8)), sold)
    return account


RATES = {"search": 0.02, "social": 0.01, "banner": 0.005}


def test_a_campaign_that_drifts_is_followed_and_said():
    steady = fed(AdAccount(), 300, lambda arm, _: RATES[arm])
    assert not any(rate.drifted for rate in steady.rates.arms.values())
    assert steady.rates.elasticity == pytest.approx(0.8, abs=0.08)
    drifting = fed(AdAccount(), 300, lambda arm, day: 0.006 if arm == "search" and day > 730_150 else RATES[arm])
    online, all_time, mean = (error.deviance / error.n for error in drifting.errors.values())
    assert online < 0.8 * all_time < 0.8 * mean
    found = {arm: rate.drifted for arm, rate in drifting.rates.arms.items()}
    assert 730_150 < found["search"] < 730_200
    assert found["social"] == found["banner"] == 0
    sold, spent = drifting.rates.evidence("search")
    assert sold / spent == pytest.approx(0.006, rel=0.25)


def test_a_dump_goes_on_exactly():
    whole = fed(fed(AdAccount(), 90, lambda arm, _: RATES[arm]), 90, lambda arm, _: RATES[arm], 2, 730_091)
    half = AdAccount.load(fed(AdAccount(), 90, lambda arm, _: RATES[arm]).dump())
    assert fed(half, 90, lambda arm, _: RATES[arm], 2, 730_091).dump() == whole.dump()


def test_a_day_closes_with_a_later_one_and_late_reports_count_without_a_score():
    account = AdAccount()
    assert account.report("a", 10, 100.0, 5.0, 2.0) is None
    assert account.report("a", 10, 50.0, -1.0, 1.0) is None
    assert account.pending["a"] == [150.0, -1.0, 3.0], "clicks are unknown if one report lacks them"
    assert account.report("a", 11, 10.0, 1.0, 0.0) == 10
    assert account.report("a", 9, 30.0, 1.0, 1.0) is None
    assert (account.rates.arms["a"].all_spent, account.rates.arms["a"].all_sold) == (180.0, 4.0)
    assert account.report("a", 12, 10.0, 1.0, 0.0) == 11
    assert account.errors["online"].n == 1, "the first day has nothing to be forecast from"


def test_arms_beyond_the_most_are_taken_together():
    account = AdAccount()
    for place in range(MOST_ARMS + 5):
        account.report(f"c{place}", 10, 1.0, 1.0, 0.0)
    account.report("c3", 11, 1.0, 1.0, 0.0)
    account.report("new", 12, 1.0, 1.0, 0.0)
    assert len(account.rates.arms) == MOST_ARMS + 1
    assert OTHERS in account.rates.arms


def test_nothing_that_is_spent_or_counted_breaks_it():
    account = AdAccount()
    for day in range(1, 60):
        for arm, spend, sold in (("zero", 0.0, 0.0), ("free", 0.0, 7.0), ("huge", 1e9, 1e7), ("tiny", 1e-9, 1e7)):
            account.report(arm, day, spend, -1.0, sold)
    for arm in account.rates.arms:
        assert np.isfinite(account.rates.evidence(arm)).all()
        assert np.isfinite(account.rates.predict_one({"arm": arm, "spend": 1e9, "clicks": 1e12, "day": 70}))
