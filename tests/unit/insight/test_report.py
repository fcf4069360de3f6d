"""Each number of a report, recomputed in pandas; the rules, case by case; the page as a manager gets it."""

import json

import pandas as pd
import pytest
from scipy.stats import ttest_ind

from charts.insight.reports.decisions import buckets, decisions
from charts.insight.reports.places import interval
from charts.insight.reports.profiles import Profile, abc_classes, xyz_class
from charts.insight.reports.report import periods, report
from charts.queries.sales import Period
from deploy.commands.report import written
from streams.contract.errors import UsageError
from tests.support.fakes import MemoryDocuments

NOW, BEFORE = ("2017-02-01", "2017-02-28"), ("2017-01-01", "2017-01-31")
SEASON, RECENT = ("2016-12-14", "2017-03-14"), ("2017-02-15", "2017-03-14")


@pytest.fixture(scope="module")
def made(database):
    return report(database)


def within(frame, first, last):
    return frame[(frame["business_date"] >= first) & (frame["business_date"] <= last)]


def test_the_newest_whole_month_is_compared_with_the_one_before_and_a_year_ago(made):
    assert (made.period, made.before) == (Period(*NOW), Period(*BEFORE))
    assert made.year == Period("2016-02-01", "2016-02-29")


def test_totals(made, frame):
    rows = {row["measure"]: row for row in made.tables["totals"]}
    for column, span in (("now", NOW), ("before", BEFORE), ("year_before", ("2016-02-01", "2016-02-29"))):
        part = within(frame, *span)
        assert rows["revenue"][column] == round(part["revenue"].sum(), 2)
        assert rows["profit"][column] == round(part["profit"].sum(), 2)
        assert rows["margin"][column] == round(part["profit"].sum() / part["revenue"].sum(), 4)
        assert rows["units"][column] == part["quantity"].sum()
        assert rows["sales"][column] == (part["quantity"] > 0).sum()
        assert rows["returns"][column] == (part["quantity"] < 0).sum()
        assert rows["orders"][column] == part.groupby("store")["order_id"].nunique().sum()
        assert rows["order_value"][column] == round(rows["revenue"][column] / rows["orders"][column], 2)
    change = 100 * (rows["revenue"]["now"] / rows["revenue"]["before"] - 1)
    assert rows["revenue"]["change_percent"] == pytest.approx(change, abs=0.051)


def test_places(made, frame):
    now, before = (within(frame, *span).groupby("store") for span in (NOW, BEFORE))
    assert {one.store for one in made.places} == set(now.groups) | set(before.groups)
    whole = within(frame, *NOW)["revenue"].sum() - within(frame, *BEFORE)["revenue"].sum()
    for one in made.places:
        revenue, earlier = now["revenue"].sum()[one.store], before["revenue"].sum()[one.store]
        assert (one.revenue, one.before) == (round(revenue, 2), round(earlier, 2))
        assert one.margin == round(now["profit"].sum()[one.store] / revenue, 4)
        assert one.open_days == now["business_date"].nunique()[one.store]
        assert one.revenue_a_day == round(revenue / one.open_days, 2)
        assert one.share_of_change == pytest.approx((revenue - earlier) / whole, abs=0.0002)
        mine = frame[frame["store"] == one.store]
        days = [within(mine, *span).groupby("business_date")["revenue"].sum() for span in (NOW, BEFORE)]
        low, high = ttest_ind(*days, equal_var=False).confidence_interval(0.95)
        assert (one.interval.low, one.interval.high) == pytest.approx((low, high))


def test_products(made, frame):
    season, recent = within(frame, *SEASON), within(frame, *RECENT)
    sums = season.groupby("item")[["revenue", "profit", "quantity"]].sum()
    for one in made.products:
        assert one.revenue == round(sums["revenue"][one.item], 2)
        assert one.margin == round(sums["profit"][one.item] / sums["revenue"][one.item], 4)
        mine = season[season["item"] == one.item]
        assert one.returns == (mine["quantity"] < 0).sum()
        sold, back = mine[mine["quantity"] > 0]["quantity"].sum(), -mine[mine["quantity"] < 0]["quantity"].sum()
        assert one.return_rate == round(back / sold, 4)
        assert one.recent_revenue == round(recent[recent["item"] == one.item]["revenue"].sum(), 2)
        weeks = mine.groupby((pd.Timestamp(SEASON[1]) - mine["day"]).dt.days // 7)["quantity"].sum().reindex(range(13), fill_value=0)
        ratio = weeks.std(ddof=0) / weeks.mean()
        assert one.xyz == ("X" if ratio <= 0.5 else "Y" if ratio <= 1 else "Z")
        high = (sums["revenue"][one.item] >= sums["revenue"].median(), one.margin >= (sums["profit"] / sums["revenue"]).round(4).median())
        names = {(True, True): "stars", (True, False): "volume", (False, True): "niche", (False, False): "laggards"}
        assert one.quadrant == names[high]


def test_forecast_revenue_of_the_decisions(made, frame):
    prices = within(frame, "2017-02-16", "2017-03-15").groupby(["store", "item"])[["revenue", "quantity"]].sum()
    for one in made.decisions:
        place = ["Bread", "Butter", "Milk 1 l", "Milk 2 l", "Coffee Beans", "Old Jam"].index(one.item)
        units = sum((1.0 + place) * (1 + 0.3 * (n % 7 > 4)) for n in range(28))
        expected = sum(units * prices["revenue"][store, one.item] / prices["quantity"][store, one.item] for store in ("Leeds", "York"))
        assert one.forecast_revenue == pytest.approx(expected, abs=0.011)


def test_movers_causes_and_margin_eaters(made, frame):
    change = within(frame, *NOW).groupby("item")["revenue"].sum() - within(frame, *BEFORE).groupby("item")["revenue"].sum()
    assert {row["item"]: row["change"] for row in made.tables["movers"]} == {item: round(one, 2) for item, one in change.items()}
    *causes, last = made.tables["causes"]
    assert last["revenue_change"] == round(change.sum(), 2)
    assert sum(row["revenue_change"] for row in causes) == pytest.approx(change.sum(), abs=0.03)
    season = within(frame, *SEASON).groupby("item")[["revenue", "profit"]].sum()
    below = season["profit"].sum() / season["revenue"].sum() * season["revenue"] - season["profit"]
    expected = {item: round(amount, 2) for item, amount in below.items() if amount > 0}
    assert {row["item"]: row["below_usual"] for row in made.tables["margin_eaters"]} == pytest.approx(expected, abs=0.011)


def test_weekdays(made, frame):
    days = within(frame, *SEASON).groupby("business_date")["revenue"].sum()
    names = pd.to_datetime(days.index).day_name()
    for row in made.tables["weekdays"]:
        mine, others = days[names == row["weekday"]], days[names != row["weekday"]]
        assert (row["days"], row["revenue_a_day"]) == (len(mine), round(mine.mean(), 2))
        low, high = ttest_ind(mine, others, equal_var=False).confidence_interval(0.95)
        assert (row["a_day_low"], row["a_day_high"]) == pytest.approx((low, high), abs=0.006)


def test_no_sentence_without_evidence_and_no_chance_told_as_fact(made):
    assert 5 <= len(made.sentences) <= 10
    for one in made.sentences:
        assert one.n > 0
        assert one.period
        assert one.table in made.tables
    certain = {place.store for place in made.places if place.interval.is_certain}
    texts = " ".join(one.text for one in made.sentences)
    told = {place.store for place in made.places if f"{place.store} grew" in texts or f"{place.store} fell" in texts}
    assert told <= certain
    assert made.total.is_certain == ("no more than days differ anyway" not in made.sentences[0].text)


def test_the_interval_is_welchs_and_needs_days():
    assert interval([1.0] * 6, [2.0] * 20) is None
    assert not interval([1.0, 2.0] * 5, [1.0, 2.0] * 6).is_certain
    assert interval([9.0, 10.0] * 5, [1.0, 2.0] * 6).is_certain


def product(item="it", **changes):
    fields = {
        "item": item, "revenue": 100.0, "profit": 30.0, "margin": 0.3, "units": 50.0, "returns": 0, "return_rate": 0.0,
        "abc": "A", "xyz": "X", "quadrant": "stars", "recent_revenue": 40.0, "recent_units": 20.0, "recent_profit": 12.0, "change": 0.0,
        "forecast_units": 20.0, "forecast_revenue": 40.0,
    }  # fmt: skip
    return Profile(**(fields | changes))


USUAL = [product(f"usual {n}") for n in range(9)]


@pytest.mark.parametrize(("changes", "action"), [
    ({}, "keep"),
    ({"margin": -0.1, "recent_profit": -4.0}, "check price"),
    ({"return_rate": 0.2, "returns": 9}, "watch"),
    ({"return_rate": 0.2, "returns": 4}, "keep"),
    ({"forecast_units": 30.0, "forecast_revenue": 60.0}, "raise stock"),
    ({"abc": "C", "recent_profit": 0.5, "xyz": "Z"}, "delist"),
    ({"margin": 0.1}, "check price"),
    ({"forecast_units": 10.0, "forecast_revenue": 20.0}, "discount"),
    ({"forecast_units": 10.0, "forecast_revenue": 20.0, "margin": 0.2}, "watch"),
    ({"margin": 0.5, "forecast_revenue": 10.0}, "promote"),
    ({"margin": None, "profit": None, "recent_profit": None, "forecast_units": None, "forecast_revenue": None}, "keep"),
])  # fmt: skip
def test_the_first_rule_that_applies_decides(changes, action):
    found = {one.item: one for one in decisions([*USUAL, product("it", **changes)])}
    assert found["it"].action == action
    assert found["it"].reason
    assert all(found[one.item].action in ("keep", "promote") for one in USUAL)


def test_buckets_and_classes():
    assert buckets({"a": 50.0, "b": 30.0, "c": 20.0, "d": None}) == {"a": "High", "b": "Medium", "c": "Low", "d": "Low"}
    assert abc_classes({"a": 80, "b": 15, "c": 5, "d": -3}) == {"a": "A", "b": "B", "c": "C", "d": "C"}
    weeks = [4.0] * 13, [1.0, 7.0] * 6, [0.0] * 11 + [40.0, 1.0], [9.0] + [0.0] * 12
    assert [xyz_class(one) for one in weeks] == ["X", "Y", "", "Z"]


def test_the_files_of_a_report(made, tmp_path):
    files = {file.name for file in written(made, tmp_path)}
    assert {"report.html", "report.json", "places.png", "quadrants.png", "decisions.csv", "decisions.parquet"} <= files
    page = (tmp_path / "report.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert all(f'id="{name}"' in page for name in made.tables)
    assert json.loads((tmp_path / "report.json").read_text())["tables"]["places"] == made.tables["places"]
    assert pd.read_parquet(tmp_path / "places.parquet")["revenue"].tolist() == [one.revenue for one in made.places]
    assert pd.read_csv(tmp_path / "places.csv")["store"].tolist() == [one.store for one in made.places]


def test_what_cannot_be_reported_is_said(database):
    assert report(MemoryDocuments()) is None
    for wrong in ({"stores": ("Paris",)}, {"first": "2017-02-30"}, {"first": "2017-03-01", "last": "2017-02-01"}):
        with pytest.raises(UsageError):
            report(database, **wrong)
    assert periods("2016-01-04", "2017-03-15", "2017-02-10", "2017-02-12")[1] == Period("2017-02-07", "2017-02-09")
    one = report(database, stores=("Leeds",))
    assert [place.store for place in one.places] == ["Leeds"]
