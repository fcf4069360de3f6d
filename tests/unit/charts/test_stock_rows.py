"""What is asked of stock: the ledger, lost sales in sum, alarms."""

import pytest

from charts.queries import stock_rows
from charts.queries.paging import Slice
from consumers.forecasts.forecasts import ForecastsSink
from tests.support import stock_told
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import records_of
from tests.support.stand_ins import BEGINNING

ALL = Slice(100)
EVER = (None, None)


@pytest.fixture(scope="module")
def documents():
    held = MemoryDocuments()
    sink = ForecastsSink(held, metrics())
    sink.start(0, BEGINNING)
    first, second = stock_told.DAYS
    sink.write(records_of([
        stock_told.stated(1, "Leeds", "milk", 0.0, cause="sold_out", out_since=stock_told.AT),
        stock_told.stated(2, "Leeds", "tea", 4.0, knows="unknown", wrong=2, wrong_at=stock_told.AT, cause="wrong"),
        stock_told.stated(3, "York", "milk", 9.0),
        stock_told.lost(4, "Leeds", first, {"milk": ("dairy", 2.0, 12.0, 1.5, "GBP"), "tea": (None, 0.0, 1.0, 4.0, "EUR")}),
        stock_told.lost(5, "Leeds", second, {"milk": ("fresh", 1.0, 5.0, 1.5, "GBP")}),
        stock_told.lost(6, "York", second, {"milk": ("dairy", 0.0, 2.0, 1.5, "GBP"), "oats": ("dairy", 1.0, 1.0, 1.0, "GBP")}),
        stock_told.silent(7, "Leeds", "tea"),
        stock_told.runs_out(8, "York", "milk", stock_told.AT + 60),
    ]))  # fmt: skip
    return held


def test_the_ledger_is_asked_by_store_by_item_and_for_what_is_out(documents):
    def named(*asked, **options):
        return [(row.store, row.item) for row in stock_rows.stock_levels(documents, *asked, ALL, **options).rows]

    assert named(None, None, None) == [("Leeds", "milk"), ("Leeds", "tea"), ("York", "milk")]
    assert named("Leeds", None, None, out=True) == [("Leeds", "milk")]
    assert named(None, None, "unknown") == [("Leeds", "tea")]
    assert named("York", "milk", None) == [("York", "milk")]
    assert named("York", "tea", None) == []
    tea = stock_rows.stock_level(documents, "Leeds", "tea")
    assert (tea.units, tea.knows, tea.wrong, tea.written_off, tea.out_since) == (4.0, "unknown", 2, 3.0, None)
    assert [(one.reason, one.units) for one in tea.reasons] == [("waste", 2.0), ("stolen", 1.0)]
    assert stock_rows.stock_level(documents, "York", "tea") is None


def test_lost_sales_of_an_item_come_newest_first_and_are_worth_their_units(documents):
    rows = stock_rows.lost_of_items(documents, "Leeds", "milk", EVER, ALL).rows
    assert [(row.day, row.units, row.revenue) for row in rows] == [("2025-01-27", 4.0, 6.0), ("2025-01-26", 10.0, 15.0)]
    assert (rows[1].units_p10, rows[1].units_p90, rows[1].revenue_p10, rows[1].revenue_p90) == (5.0, 20.0, 7.5, 30.0)
    assert stock_rows.lost_of_items(documents, None, None, ("2025-01-28", None), ALL).rows == []


def test_sums_never_add_currencies_and_their_bands_add_by_squares(documents):
    milk, tea, *others = stock_rows.lost_sums(documents, "Leeds", None, EVER, "item")
    assert others == []
    # An item stays one though its category was renamed; the newest name is shown.
    assert (milk.item, milk.category, milk.currency, milk.n, milk.units, milk.revenue) == ("milk", "fresh", "GBP", 2, 14.0, 21.0)
    assert milk.units_p10 == pytest.approx(14 - (5**2 + 2**2) ** 0.5, abs=1e-3)
    assert milk.units_p90 == pytest.approx(14 + (10**2 + 4**2) ** 0.5, abs=1e-3)
    assert (tea.item, tea.currency, tea.revenue, tea.day) == ("tea", "EUR", 4.0, None)


def test_sums_by_store_category_and_day(documents):
    def sums(per, store=None):
        return {
            (row.store, row.category, row.day, row.currency): row.revenue
            for row in stock_rows.lost_sums(documents, store, None, ("2025-01-27", None), per)
        }

    assert sums("store") == {("Leeds", None, None, "GBP"): 6.0, ("York", None, None, "GBP"): 3.0}
    assert sums("category") == {(None, "fresh", None, "GBP"): 6.0, (None, "dairy", None, "GBP"): 3.0}
    assert sums("day") == {(None, None, "2025-01-27", "GBP"): 9.0}
    assert sums("day", "York") == {("York", None, "2025-01-27", "GBP"): 3.0}


def test_nothing_lost_is_worth_nothing(documents):
    (oats,) = stock_rows.lost_of_items(documents, None, "oats", EVER, ALL).rows
    assert (oats.units, oats.revenue, oats.revenue_p90) == (0.0, 0.0, 0.0)


def test_alarms_are_told_the_newest_first(documents):
    rows = stock_rows.shelf_alarms(documents)
    assert [(row.kind, row.store, row.item, row.bring, row.revenue_per_hour) for row in rows] == [
        ("runs_out", "York", "milk", 5.0, None), ("silent", "Leeds", "tea", None, 6.0),
    ]  # fmt: skip
    assert [row.kind for row in stock_rows.shelf_alarms(documents, "Leeds", "tea")] == ["silent"]
    assert stock_rows.shelf_alarms(documents, "Leeds", "milk") == []
