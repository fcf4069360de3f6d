"""Nightly scores of the live worker: all stores together, each once, restarted where nothing is lost."""

import pytest

from streams.contract.messages import ForecastScored
from workbench.tracking.nights import Nights


def score(store, day, horizon="day", **more):
    values = {"n": 4, "actual": 100.0, "absolute_error": 20.0, "absolute_error_same_weekday_mean": 30.0, "error": -5.0, "within_band": 3}
    return ForecastScored(
        id="x", store=store, horizon=horizon, origin=f"2026-01-{day - 1:02}", first_day=f"2026-01-{day:02}", last_day=f"2026-01-{day:02}",
        items=(), partition=0, offset=0, **(values | more),
    )  # fmt: skip


def test_a_night_is_the_sum_of_its_stores_and_ends_with_a_later_one_or_in_silence():
    nights = Nights()
    for offset, (store, day) in enumerate((("a", 5), ("b", 5), ("a", 5), ("a", 6))):
        nights.add(score(store, day, actual=100.0 if store == "a" else 300.0), 0, offset)
    nights.add(score("b", 5, part=2, parts=2, actual=9e9), 0, 4)
    assert nights.over() == [], "stores may still be scored: the next night alone does not end it"
    assert nights.safe(0, 5) == 0
    nights.add(score("a", 7), 1, 3)
    (done,) = nights.over()
    assert (done.horizon, done.metrics["n"], done.metrics["stores"]) == ("day", 8.0, 2.0)
    assert done.metrics["wape"] == pytest.approx(40 / 400)
    assert done.metrics["wape_same_weekday_mean"] == pytest.approx(60 / 400)
    assert done.metrics["bias"] == pytest.approx(-10 / 400)
    assert done.metrics["in_band"] == pytest.approx(6 / 8)
    assert nights.over() == [done], "it stays until it is kept"
    nights.kept([done])
    assert (nights.safe(0, 5), nights.safe(1, 4), nights.safe(2, 9)) == (3, 3, 9)
    rest = nights.over(quiet=True)
    assert [one.day - done.day for one in rest] == [1, 2]
    nights.kept(rest)
    assert nights.over(quiet=True) == [], "nothing has grown"
    assert nights.safe(0, 5) == 3, "a store that closes later makes the night anew, after a restart too"
    nights.add(score("late", 7), 0, 9)
    nights.add(score("a", 7), 0, 10)
    (grown,) = nights.over(quiet=True)
    assert grown.metrics["stores"] == 2.0


def test_a_night_without_sales_has_no_ratio():
    nights = Nights()
    nights.add(score("a", 5, actual=0.0, n=0, within_band=0), 0, 0)
    assert nights.over(quiet=True)[0].metrics == {"n": 0.0, "stores": 1.0}
