"""Each number of an answer, recomputed in pandas from the sale lines."""

import msgspec
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charts.insight.answers.asking import ask
from charts.insight.answers.causes import explained
from charts.queries.sales import Sums
from tests.support.fakes import MemoryDocuments
from tests.unit.insight.shop import database_of, sales

FEBRUARY = ("2017-02-01", "2017-02-28")
JANUARY = ("2017-01-01", "2017-01-31")


def within(frame, first="2016", last="2018", **where):
    for name, wanted in where.items():
        frame = frame[frame[name] == wanted]
    return frame[(frame["business_date"] >= first) & (frame["business_date"] <= last)]


def rows(database, question, **more):
    answer = ask(database, question, **more)
    assert not answer.refused, answer.reason
    return answer.rows


def table(series, decimals=2):
    return {key: round(number, decimals) for key, number in series.items()}


def test_totals(database, frame):
    february = within(frame, *FEBRUARY)
    assert rows(database, "revenue last month") == ((round(february["revenue"].sum(), 2),),)
    assert rows(database, "profit last month in Leeds") == ((round(within(february, store="Leeds")["profit"].sum(), 2),),)
    assert rows(database, "how many units did we sell last month") == ((february["quantity"].sum(),),)
    assert rows(database, "number of sales last month") == (((february["quantity"] > 0).sum(),),)
    assert rows(database, "how many returns last month") == (((february["quantity"] < 0).sum(),),)
    assert rows(database, "units returned last month") == ((-february[february["quantity"] < 0]["quantity"].sum(),),)


@pytest.mark.parametrize(("dimension", "key"), [
    ("store", "store"), ("item", "item"), ("month", lambda f: f["business_date"].str[:7]), ("day", "business_date"),
    ("year", lambda f: f["business_date"].str[:4]), ("weekday", lambda f: f["day"].dt.day_name()),
    ("week", lambda f: f["day"].dt.strftime("%G-W%V")),
    ("quarter", lambda f: f["day"].dt.to_period("Q").astype(str).str.replace("Q", "-Q")),
])  # fmt: skip
def test_groups(database, frame, dimension, key):
    keys = key(frame) if callable(key) else frame[key]
    assert dict(rows(database, f"revenue by {dimension}")) == table(frame.groupby(keys)["revenue"].sum())


def test_hours_and_weekdays(database, frame):
    sold = frame[frame["quantity"] > 0]
    assert dict(rows(database, "number of sales by hour")) == {f"{h:02}:00": n for h, n in sold.groupby("hour").size().items()}
    saturdays = frame[(frame["day"].dt.day_of_week == 5) & (frame["day"].dt.year == 2016)]
    assert rows(database, "revenue on Saturdays last year") == ((round(saturdays["revenue"].sum(), 2),),)
    assert ask(database, "number of sales by hour last week").refused


def test_ratios(database, frame):
    february = within(frame, *FEBRUARY)
    by = february.groupby("item")[["revenue", "profit", "quantity"]].sum()
    assert dict(rows(database, "margin by item last month")) == table(by["profit"] / by["revenue"], 4)
    assert dict(rows(database, "average price by item last month")) == table(by["revenue"] / by["quantity"], 4)
    days = within(february, store="Leeds").groupby("business_date")["revenue"].sum()
    assert rows(database, "average revenue per day in Leeds last month") == ((round(days.sum() / len(days), 4), len(days)),)
    share = february.groupby("store")["revenue"].sum()
    assert {store: part for store, _, part in rows(database, "share of revenue by store last month")} == table(share / share.sum(), 4)
    bread = by["profit"]["Bread"] / by["profit"].sum()
    assert rows(database, "what percentage of profit came from bread last month")[0][1] == round(bread, 4)


def test_rankings_and_bounds(database, frame):
    by = within(frame, *FEBRUARY).groupby("item")["revenue"].sum().sort_values(ascending=False)
    assert list(dict(rows(database, "top 3 items by revenue last month"))) == list(by.index[:3])
    assert list(dict(rows(database, "bottom 2 items by revenue last month"))) == list(by.index[::-1][:2])
    limit = round(by.iloc[2] - 0.01, 2)
    assert set(dict(rows(database, f"items with revenue over {limit} last month"))) == set(by[by > limit].index)


def test_equal_rows_at_the_limit_all_show():
    lines = [msgspec.structs.replace(line, revenue_micros=1_000_000) for line in sales(step=40)]
    database = database_of([msgspec.structs.replace(line, seq=n + 1, offset=n) for n, line in enumerate(lines[:3])])
    names = {line.item for line in lines[:3]}
    answer = ask(database, "top 1 item by revenue")
    assert len(answer.rows) == len(names)
    assert "equal" in " ".join(answer.notes)


def test_comparisons(database, frame):
    now, before = (within(frame, *month).groupby("store")["revenue"].sum() for month in (FEBRUARY, JANUARY))
    for store, one, other, change, percent in rows(database, "revenue by store February vs January"):
        assert (one, other) == (round(now[store], 2), round(before[store], 2))
        assert change == pytest.approx(now[store] - before[store], abs=0.005)
        assert percent == pytest.approx(100 * (now[store] / before[store] - 1), abs=0.06)
    grew = {row[0] for row in rows(database, "which stores grew most last month by revenue")}
    assert grew == {store for store in now.index if now[store] > before[store]}
    fell = {row[0] for row in rows(database, "which stores fell last month by revenue")}
    assert fell == {store for store in now.index if now[store] < before[store]}


def test_causes_of_a_change_add_up_and_a_false_premise_is_said(database, frame):
    change = within(frame, *FEBRUARY)["revenue"].sum() - within(frame, *JANUARY)["revenue"].sum()
    answer = ask(database, f"why did revenue {'fall' if change > 0 else 'rise'} in February")
    *causes, last = answer.rows
    assert last[0] == "change"
    assert last[1] == pytest.approx(change, abs=0.01)
    assert sum(row[1] for row in causes) == pytest.approx(change, abs=0.03)
    assert "takes it for granted" in answer.notes[0]
    both = [within(frame, *month, item="Coffee Beans").groupby("store")[["revenue", "quantity"]].sum() for month in (JANUARY, FEBRUARY)]
    dearer = ((both[1]["revenue"] / both[1]["quantity"] - both[0]["revenue"] / both[0]["quantity"]) * both[1]["quantity"]).sum()
    assert dict(row[:2] for row in causes)["prices"] == pytest.approx(dearer, abs=0.02)
    closed = ask(database, "why did revenue fall in the first quarter of 2017 compared with the first quarter of 2016")
    assert closed.refused or dict(row[:2] for row in closed.rows)["stores that sold in one period only"] < 0


amounts = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")),
    st.tuples(st.integers(-5000, 90_000), st.integers(-(10**9), 10**10), st.integers(-(10**9), 10**9)), min_size=1,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(amounts, amounts, st.sampled_from(["revenue", "profit", "units"]))
def test_causes_always_add_up_exactly(before, now, measure):
    def cells(given):
        return {
            key: Sums([units, 0, 0, 1, 0, 0, 0, 0], {"EUR": [revenue, profit, 1, 1]}) for key, (units, revenue, profit) in given.items()
        }

    found = explained(cells(before), cells(now), measure, "EUR")
    place = {"units": 0, "revenue": 1, "profit": 2}[measure]
    assert found.change == sum(one[place] for one in now.values()) - sum(one[place] for one in before.values())
    assert sum(one.amount for one in found.causes) == found.change


def test_forecasts_are_valued_at_recent_prices(database, frame):
    recent = within(frame, "2017-02-16").groupby(["store", "item"])[["revenue", "quantity"]].sum()
    units = dict(rows(database, "forecast units by item"))
    assert units["Bread"] == pytest.approx(2 * sum(1.0 * (1 + 0.3 * (n % 7 > 4)) for n in range(28)))
    price = recent["revenue"] / recent["quantity"]
    expected = sum(price[store, "Bread"] * units["Bread"] / 2 for store in ("Leeds", "York"))
    assert dict(rows(database, "forecast revenue by item"))["Bread"] == pytest.approx(expected, abs=0.01)
    assert dict(rows(database, "forecast units by day next week"))
    assert ask(database, "forecast units next year").refused


def test_an_answer_shows_how_it_came_about(database, lines):
    shown = ask(database, "revenue by store last month").shown()
    assert {"understood", "query", "columns", "rows", "refused", "choices", "watermark"} <= set(shown)
    assert shown["understood"] == "Revenue by store, 2017-02-01 to 2017-02-28."
    assert shown["query"]["database"][0]["collection"] == "store_months"
    assert shown["watermark"] == {"newest_day": "2017-03-15", "sales_applied": len(lines)}
    assert shown["books"]["balanced"]
    assert (shown["refused"], shown["choices"]) == (False, ())


def test_books_that_do_not_balance_are_told(lines):
    database = database_of(lines[:300])
    broken = next(iter(database.collections["item_months"].values()))
    broken["total"][1] += 1
    answer = ask(database, "revenue")
    assert answer.books is not None
    assert not answer.books["balanced"]


def test_currencies_are_never_added():
    lines = [msgspec.structs.replace(line, currency=("GBP", "EUR")[n % 2]) for n, line in enumerate(sales(step=30))]
    database = database_of(lines)
    answer = ask(database, "revenue by store")
    assert (answer.refused, answer.ambiguous) == (True, True)
    assert answer.choices == ("revenue by store in EUR", "revenue by store in GBP")
    assert rows(database, "revenue in EUR") == ((round(sum(line.revenue_micros for line in lines if line.currency == "EUR") / 1e6, 2),),)
    assert not ask(database, "units by store").refused


def test_unknown_profit_is_no_profit_of_nothing():
    lines = [msgspec.structs.replace(line, profit_micros=None if n % 2 else line.profit_micros) for n, line in enumerate(sales(step=30))]
    database = database_of(lines)
    assert "Profit is known for" in ask(database, "profit").notes[0]
    assert rows(database, "margin") == ((None,),)
    assert ask(database, "why did profit change in February").refused


def test_follow_ups(database, frame):
    first = ask(database, "revenue in Leeds last week")
    second = ask(database, "and last month?", first.form)
    assert second.rows == ((round(within(frame, *FEBRUARY, store="Leeds")["revenue"].sum(), 2),),)
    third = ask(database, "what about York?", second.form)
    assert third.rows == ((round(within(frame, *FEBRUARY, store="York")["revenue"].sum(), 2),),)


def test_nothing_sold_yet():
    answer = ask(MemoryDocuments(), "revenue")
    assert answer.refused
    assert answer.choices


def test_items_without_a_sale(database, frame):
    sold = within(frame, "2017-01-01", "2017-01-02")
    expected = set(frame["item"]) - set(sold[sold["quantity"] > 0]["item"])
    assert {row[0] for row in rows(database, "which items did not sell between 2017-01-01 and 2017-01-02")} == expected
    assert isinstance(frame, pd.DataFrame)
