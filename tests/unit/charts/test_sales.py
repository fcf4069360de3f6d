import msgspec
import pytest

from charts.queries import sales
from charts.queries.sales import Period
from charts.queries.summary import totals_shown
from consumers.statistics.statistics import StatisticsSink
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import records_of, sales_of
from tests.support.stand_ins import BEGINNING

SOLD = sales_of(2000, a_day=30)


@pytest.fixture(scope="module")
def database():
    documents = MemoryDocuments()
    sink = StatisticsSink(documents, metrics())
    for partition in range(2):
        sink.start(partition, BEGINNING)
    sink.write(records_of(SOLD))
    return documents


def of(store=None, first="0000", last="9999", item=None):
    return [s for s in SOLD if (store in (None, s.store)) and (item in (None, s.item)) and first <= s.business_date <= last]


@pytest.mark.parametrize("store", [None, "store 1"])
@pytest.mark.parametrize("period", [Period(), Period("2025-01-20", "2025-02-03"), Period(None, "2025-01-10"), Period("2025-03-01", None)])
def test_totals_are_what_was_sold_in_the_period(database, store, period):
    sums = sales.totals(database, store, period)
    sold = of(store, period.first or "0000", period.last or "9999")
    assert sums.revenue_micros == sum(s.revenue_micros for s in sold)
    assert sums.profit_micros == sum(s.profit_micros or 0 for s in sold)
    assert sums.sales == sum(s.quantity > 0 for s in sold)
    assert sums.first_day == min((s.business_date for s in sold), default="")
    assert sums.last_day == max((s.business_date for s in sold), default="")


def test_items_add_up_to_the_whole(database):
    items = sales.by_item(database, "store 2", Period("2025-01-05", "2025-01-25"))
    whole = sales.totals(database, "store 2", Period("2025-01-05", "2025-01-25"))
    assert sum(sums.revenue_micros for sums in items.values()) == whole.revenue_micros
    for name, sums in items.items():
        assert sums.row[0] == sum(round(s.quantity * 1000) for s in of("store 2", "2025-01-05", "2025-01-25", name))


def test_days_of_a_store(database):
    days = sales.by_store_day(database)
    assert {store for store, _ in days} == set(sales.stores(database)) == {f"store {n}" for n in range(4)}
    assert sum(one.sales for one in days.values()) == sum(s.quantity > 0 for s in SOLD)
    assert days["store 1", "2025-01-09"].sales == sum(s.quantity > 0 for s in of("store 1", "2025-01-09", "2025-01-09"))


def test_hours_of_the_week_add_up(database):
    assert sum(sales.hours_of_week(database, "store 0")) == sum(s.quantity > 0 for s in of("store 0"))


def test_the_newest_day_of_an_item(database):
    assert sales.last_date(database) == max(s.business_date for s in SOLD)
    newest = sales.newest_day_by_item(database, "store 1")
    for (store, item), sums in newest.items():
        last = max(s.business_date for s in of(store, item=item))
        assert sums.last_day == last
        assert sums.row[0] == sum(round(s.quantity * 1000) for s in of(store, last, last, item))


def test_nothing_sold_is_no_error():
    nothing = MemoryDocuments()
    assert sales.last_date(nothing) is None
    assert sales.totals(nothing).row == [0] * 8
    assert sales.by_item(nothing) == sales.newest_day_by_item(nothing) == {}


def test_currencies_are_never_added():
    sold = [msgspec.structs.replace(sale, currency=("CHF", "EUR", None)[n % 3]) for n, sale in enumerate(SOLD)]
    documents = MemoryDocuments()
    sink = StatisticsSink(documents, metrics())
    for partition in range(2):
        sink.start(partition, BEGINNING)
    sink.write(records_of(sold))
    for period in (Period(), Period("2025-01-20", "2025-02-03")):
        inside = [s for s in sold if period.holds(s.business_date)]
        sums = sales.totals(documents, None, period)
        assert (sums.revenue_micros, sums.profit_micros) == (None, None)
        assert sums.currencies == {"CHF", "EUR"}
        for currency in ("CHF", "EUR", None):
            mine = [s for s in inside if s.currency == currency]
            assert sums.revenue_in(currency) == sum(s.revenue_micros for s in mine)
            assert sums.profit_in(currency) == sum(s.profit_micros or 0 for s in mine)
            assert sums.money[currency][3] == len(mine)
            items = sales.by_item(documents, None, period)
            assert sum(one.revenue_in(currency) for one in items.values()) == sums.revenue_in(currency)
        shown = totals_shown(sums)
        assert (shown["revenue"], shown["profit"]) == (None, None)
        assert {one["currency"]: one["revenue"] for one in shown["by_currency"]}["CHF"] == f"{sums.revenue_in('CHF') / 1e6:.2f}"
    (store, day), one = next(iter(sales.by_store_day(documents).items()))
    assert set(one.money) == {s.currency for s in sold if (s.store, s.business_date) == (store, day)}
