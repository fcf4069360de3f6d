"""Customers, segments and cashiers: each number of answers and reports recomputed in pandas; what is off stays off."""

import json
from datetime import date

import msgspec
import numpy as np
import pandas as pd
import pytest

from charts.insight.answers.asking import STAFF_OFF, ask
from charts.insight.customers.segments import SEGMENTS, Rfm, lift, moves, rfm, segment_of, yardstick
from charts.insight.customers.tables import customers
from charts.insight.reports.report import report
from charts.insight.reports.staff import Worked, expected, interval
from charts.insight.staff_settings import StaffSettings
from charts.queries.cashiers import Hour
from charts.queries.customers import Purchases, purchases
from charts.queries.sales import Period
from tests.unit.insight.shop import database_of, sales

NOW, BEFORE = Period("2017-02-01", "2017-02-28"), Period("2017-01-01", "2017-01-31")


@pytest.fixture(scope="module")
def made(database):
    return report(database, top=1000, staff=True)


def february(frame):
    return frame[(frame["business_date"] >= NOW.first) & (frame["business_date"] <= NOW.last)]


def rows(database, question, **more):
    answer = ask(database, question, **more)
    assert not answer.refused, answer.reason
    return answer.rows


def table(series, decimals=2):
    return {key: round(number, decimals) for key, number in series.items()}


def test_questions_about_customers(database, frame):
    mine = february(frame)
    known = mine[mine["customer"].notna()]
    bought = known[known["quantity"] > 0]
    assert dict(rows(database, "revenue by customer last month")) == table(known.groupby("customer")["revenue"].sum())
    top = known.groupby("customer")["revenue"].sum().sort_values(ascending=False)
    assert list(dict(rows(database, "top 5 customers by revenue last month"))) == list(top.index[:5])
    assert rows(database, "how many customers did we have last month") == ((bought["customer"].nunique(),),)
    assert dict(rows(database, "number of customers by store last month")) == table(bought.groupby("store")["customer"].nunique())
    saturdays = bought[bought["day"].dt.day_of_week == 5]
    assert rows(database, "number of customers on Saturdays last month") == ((saturdays["customer"].nunique(),),)
    [[spend]] = rows(database, "average spend per customer last month in Leeds")
    leeds = known[known["store"] == "Leeds"]
    assert spend == pytest.approx(leeds["revenue"].sum() / leeds[leeds["quantity"] > 0]["customer"].nunique(), abs=0.006)
    months = frame[frame["customer"].notna() & (frame["quantity"] > 0)].groupby(frame["business_date"].str[:7])["customer"].nunique()
    assert dict(rows(database, "number of customers by month")) == table(months)


def test_customers_compared(database, frame):
    january = frame[(frame["business_date"] >= BEFORE.first) & (frame["business_date"] <= BEFORE.last) & frame["customer"].notna()]
    was, now = (one.groupby("customer")["revenue"].sum() for one in (january, february(frame)))
    found = {row[0]: row[1:3] for row in rows(database, "revenue by customer February vs January")}
    assert found.keys() == {*was.index, *now.index}
    assert all(found[name] == (round(now.get(name, 0.0), 2), round(was.get(name, 0.0), 2)) for name in found)


def test_segments_hold_all_customers_and_their_money(database, frame):
    mine = february(frame)
    found = dict(rows(database, "revenue by segment last month"))
    assert set(found) <= set(SEGMENTS)
    assert sum(found.values()) == pytest.approx(mine[mine["customer"].notna()]["revenue"].sum(), abs=0.05)


def test_cashiers_only_where_it_is_allowed(database, frame):
    assert ask(database, "revenue by cashier last month").reason == STAFF_OFF
    mine = february(frame)
    assert dict(rows(database, "revenue by cashier last month", staff=True)) == table(mine.groupby("cashier")["revenue"].sum())
    assert "cashiers" not in report(database).tables
    assert StaffSettings.read({}).allowed is False
    assert StaffSettings.read({"SHELFCAST_STAFF_REPORTS": "true"}).allowed is True


def test_nobody_is_shown_with_fewer_than_five_orders(lines):
    few = [msgspec.structs.replace(line, cashier="Eve" if n < 6 else "Bob", order_id=f"o{n // 2}") for n, line in enumerate(lines[:200])]
    database = database_of([msgspec.structs.replace(line, seq=n + 1, offset=n) for n, line in enumerate(few)])
    answer = ask(database, "revenue by cashier", staff=True)
    assert [row[0] for row in answer.rows] == ["Bob"]
    assert any("1 cashiers with fewer than 5 orders" in note for note in answer.notes)


def test_lines_that_name_nobody_are_no_answer():
    plain = [msgspec.structs.replace(line, customer=None, cashier=None) for line in sales(step=40)]
    database = database_of([msgspec.structs.replace(line, seq=n + 1, offset=n) for n, line in enumerate(plain)])
    assert "names a customer" in ask(database, "revenue by customer").reason
    assert "segments" not in report(database).tables


def recomputed(frame, last):
    """Recency, frequency and money of 365 days by customer, in pandas; a day counts if a line was sold on it."""
    upto = frame[(frame["business_date"] <= last) & frame["customer"].notna()]
    sold = upto[upto["quantity"] > 0]
    end = pd.Timestamp(last)
    recent = upto[upto["day"] > end - pd.Timedelta(days=365)]
    return pd.DataFrame(
        {
            "recency": (end - sold.groupby("customer")["day"].max()).dt.days,
            "frequency": recent[recent["quantity"] > 0].groupby("customer")["business_date"].nunique(),
            "money": recent.groupby("customer")["revenue_micros"].sum(),
        }
    ).fillna(0)


def test_segments_of_the_report(made, frame):
    table = recomputed(frame, NOW.last)
    quintiles = {name: np.quantile(table[name], (0.2, 0.4, 0.6, 0.8)) for name in table}
    recency = 5 - np.searchsorted(quintiles["recency"], table["recency"])
    frequency = 1 + np.searchsorted(quintiles["frequency"], table["frequency"])
    table["segment"] = [segment_of(r, f) for r, f in zip(recency, frequency, strict=True)]
    found = {row["segment"]: row for row in made.tables["segments"]}
    assert {name: row["customers"] for name, row in found.items()} == table.groupby("segment").size().to_dict()
    money = table.groupby("segment")["money"].sum()
    assert {name: row["revenue_365_days"] for name, row in found.items()} == {name: round(n / 1e6, 2) for name, n in money.items()}
    assert sum(row["customers"] for row in made.tables["segment_moves"]) == len(table)
    for row in found.values():
        assert 0 < row["still_active"] <= 1
        assert row["purchases_low"] <= row["purchases"] <= row["purchases_high"]
        assert row["spend_low"] <= row["spend"] <= row["spend_high"]


def test_customers_of_the_report(made, frame):
    mine = frame[(frame["business_date"] <= NOW.last) & frame["customer"].notna()]
    sold = mine[mine["quantity"] > 0]
    listed = {row["customer"]: row for row in made.tables["customers"]}
    assert len(listed) == sold["customer"].nunique()
    for name, days in sold.groupby("customer")["business_date"].agg(lambda at: sorted(set(at))).items():
        row = listed[name]
        assert (row["first_day"], row["last_day"], row["days_bought"]) == (days[0], days[-1], len(days))
        assert row["revenue"] == round(mine[mine["customer"] == name]["revenue"].sum(), 2)
        since = (date.fromisoformat(NOW.last) - date.fromisoformat(days[0])).days
        assert row["as_often_as_so_far"] == round((len(days) - 1) * 90 / since, 2)
    tests = made.tables["customer_test"]
    assert [row["forecast"] for row in tests] == ["BG/NBD", "as often as so far"]
    json.dumps(made.shown())


def test_what_a_segment_buys_more(database, frame):
    known = purchases(database, "GBP", with_lines=True)
    sold = frame[frame["customer"].notna() & (frame["quantity"] > 0)]
    names = sold["category"].fillna(sold["item"])
    for name, group in sold.groupby(["customer", names]).size().groupby("customer"):
        assert known[name].lines == {category: n for (_, category), n in group.items()}
    one = lift("loyal", "drinks", (60, 100), (300, 1000))
    assert (one.lift, one.n) == (2.0, 60)
    assert 1 < one.low < 2 < one.high


def test_cashiers_against_the_same_hours(made, frame):
    mine = february(frame)
    mine = mine[mine["cashier"].notna()]
    hours = mine.groupby(["cashier", "store", "business_date", "hour"])["revenue"].sum().reset_index()
    listed = {row["cashier"]: row for row in made.tables["cashiers"]}
    assert {name: row["revenue"] for name, row in listed.items()} == table(mine.groupby("cashier")["revenue"].sum())
    assert {name: row["hours"] for name, row in listed.items()} == hours.groupby("cashier").size().to_dict()
    for name, row in listed.items():
        own = hours[hours["cashier"] == name]
        wanted = []
        for one in own.itertuples():
            others = hours[(hours["cashier"] != name) & (hours["store"] == one.store)]
            weekday = pd.to_datetime(others["business_date"]).dt.day_of_week == pd.Timestamp(one.business_date).day_of_week
            cells = (others[weekday & (others["hour"] == one.hour)], others[others["hour"] == one.hour], others)
            cell = next((cell for cell in cells if len(cell) >= 3), None)
            wanted.append(None if cell is None else one.revenue - cell["revenue"].mean())
        known = [one for one in wanted if one is not None]
        assert row["difference_an_hour"] == pytest.approx(sum(known) / len(known), abs=0.006)
        if row["low"] is not None:
            assert row["low"] <= row["difference_an_hour"] <= row["high"]
        assert row["verdict"] in ("as expected", "above", "below", "too few days")


def test_who_works_on_saturdays_does_not_win_by_that_alone():
    days = [date.fromordinal(date(2017, 1, 2).toordinal() + n).isoformat() for n in range(84)]
    worked = []
    for day in days:
        saturday = date.fromisoformat(day).weekday() == 5
        for name in ("Ann", "Bob", "Cid") if saturday else ("Ann", "Bob"):
            worked.append(Worked(Hour(name, "Leeds", day, 10), 500.0 if saturday else 100.0))
    against = expected(worked)
    assert all(against[one.hour] == one.revenue for one in worked)


def test_an_interval_counts_days_and_not_hours():
    steady = [(10.0 * n, float(n)) for n in (8, 4, 8, 6, 8, 7, 8, 8)]
    low, high = interval(steady, 1)
    assert (low, high) == (10.0, 10.0)
    noisy = [(80.0, 8.0), (-80.0, 8.0)] * 8
    low, high = interval(noisy, 1)
    assert low < 0 < high
    wider = interval(noisy, 10)
    assert wider[0] < low
    assert interval(noisy[:3], 1) == (None, None)


def test_a_segment_follows_its_scores_and_all_25_have_one():
    assert {segment_of(r, f) for r in range(1, 6) for f in range(1, 6)} == set(SEGMENTS)
    assert (segment_of(5, 5), segment_of(1, 1), segment_of(2, 5), segment_of(5, 1)) == ("champions", "lost", "at risk", "new")
    by = yardstick([Rfm(n, 1, n) for n in range(100)])
    assert by.scores(Rfm(0, 1, 0)) == (5, 1, 1)
    assert by.scores(Rfm(99, 2, 99)) == (1, 5, 5)
    assert rfm(Purchases({10: 5}), 9) is None
    assert rfm(Purchases({10: 5}, {12: -2}), 12) == Rfm(2, 1, 3)
    assert moves({"a": "loyal"}, {"a": "lost", "b": "new"}) == {(None, "new"): 1, ("loyal", "lost"): 1}


def test_too_few_customers_have_no_segments(lines):
    few = [msgspec.structs.replace(line, customer="Ada") for line in lines[:100]]
    assert customers(database_of(few), NOW, BEFORE, "GBP", (), 10) is None
