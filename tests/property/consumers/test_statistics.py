"""Any cut, repetition, reordering by zombies and failed writes: the same documents, and they add up."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.customers import fold as people
from consumers.statistics.fold import applied, by_item, by_store, empty
from consumers.statistics.statistics import StatisticsSink
from consumers.store.cache import CachedDocuments
from consumers.store.port import Change, ContendedError
from streams.contract.documents import money_of
from streams.contract.errors import ServerError
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import named, records_of, sales_of
from tests.support.stand_ins import BEGINNING

SALES = [
    msgspec.structs.replace(sale, currency=("EUR", "EUR", "CHF", None)[number * 7 % 5 % 4])
    for number, sale in enumerate(named(sales_of(60, partitions=2)))
]


def expected():
    documents = {"item_months": {}, "store_months": {}, "customer_years": {}, "cashier_months": {}}
    for collection, groups in (("item_months", by_item(SALES)), ("store_months", by_store(SALES))):
        for key, sales in groups.items():
            document = applied(empty(key), sales)
            documents[collection][document["_id"]] = document
    for key, sales in people.by_person(SALES).items():
        document = people.applied(people.empty(key), sales)
        documents[key.collection][document["_id"]] = document
    return documents


EXPECTED = expected()


def test_the_expectation_adds_up_to_what_was_sold():
    days = [row for document in EXPECTED["store_months"].values() for row in document["days"].values()]
    for currency in ("EUR", "CHF", None):
        mine = [money_of(document).get(currency, [0] * 4) for document in EXPECTED["store_months"].values()]
        assert sum(row[0] for row in mine) == sum(sale.revenue_micros for sale in SALES if sale.currency == currency)
        assert sum(row[3] for row in mine) == sum(sale.currency == currency for sale in SALES) > 0
    assert sum(row[0] for row in days) == sum(round(sale.quantity * 1000) for sale in SALES)
    assert sum(row[3] for row in days) == sum(sale.quantity > 0 for sale in SALES)


def test_customers_and_cashiers_hold_what_they_bought_and_sold():
    for collection, field in (("customer_years", "customer"), ("cashier_months", "cashier")):
        for name in {getattr(sale, field) for sale in SALES} - {None}:
            mine = [sale for sale in SALES if getattr(sale, field) == name]
            held = [document for document in EXPECTED[collection].values() if document[field] == name]
            for currency in ("EUR", "CHF", None):
                revenue = sum(sum(d.get("revenue_micros", ())) for d in held if d["currency"] == currency)
                assert revenue == sum(sale.revenue_micros for sale in mine if sale.currency == currency)
            assert sum(sum(d.get("sales", ())) for d in held) == sum(sale.quantity > 0 for sale in mine)
            assert all(d["cells"] == sorted(set(d["cells"])) for d in held)
    days = {(s.customer, s.store, s.currency, s.business_date) for s in SALES if s.customer}
    assert sum(len(document["cells"]) for document in EXPECTED["customer_years"].values()) == len(days)
    bought = sum(sum(document["bought_lines"]) for document in EXPECTED["customer_years"].values())
    assert bought == sum(sale.customer is not None and sale.quantity > 0 for sale in SALES)


@st.composite
def histories(draw):
    """What a topic may hold of the sales: each in order, with pieces written again, and pieces ahead of their turn."""
    log, at = [], 0
    while at < len(SALES):
        if draw(st.integers(0, 3)) == 0:
            start = draw(st.integers(0, len(SALES) - 1))
            log += SALES[start : start + draw(st.integers(1, 30))]
        length = draw(st.integers(1, 40))
        log += SALES[at : at + length]
        at += length
    return log


@settings(max_examples=400, deadline=None)
@given(log=histories(), data=st.data())
def test_any_history_in_any_batches_with_any_failures_gives_the_same_documents(log, data):
    documents = MemoryDocuments()
    records = records_of(log)
    sink, at = None, 0
    while at < len(records):
        if sink is None or data.draw(st.integers(0, 5)) == 0:  # a restart reads on from what progress says
            sink = StatisticsSink(documents, metrics())
            starts = {partition: sink.start(partition, BEGINNING) for partition in range(2)}
        batch = [r for r in records[: at + data.draw(st.integers(1, 60))] if r.offset >= starts[r.partition]]
        documents.fail_after = data.draw(st.one_of(st.none(), st.integers(0, 30)))
        try:
            sink.write(batch)
        except ServerError:
            sink = None
        else:
            at += len([r for r in records[at:] if r in batch])
            starts = {p: max([starts[p], *(r.offset + 1 for r in batch if r.partition == p)]) for p in range(2)}
    documents.fail_after = None
    assert documents.statistics() == EXPECTED


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 20)), max_size=8))
def test_a_document_takes_each_sale_once_however_batches_overlap(pieces):
    sales = [sale for sale in SALES if sale.store == "store 0"]
    key = (0, "store 0", "", "2025-01")
    mine = [sale for sale in sales if sale.business_date[:7] == "2025-01"]
    document, reach = empty(key), 0
    for start, length in pieces:
        begin = min(start, reach)  # a batch may begin anywhere before what is already there, never leave a hole
        batch = mine[begin : begin + length]
        reach = max(reach, min(begin + length, len(mine)))
        document = applied(document, batch) if batch else document
    assert document == (applied(empty(key), mine[:reach]) if reach else empty(key))


def test_a_stale_cache_is_found_out():
    documents = MemoryDocuments()
    key = (0, "store 0", "", "2025-01")
    first, second = CachedDocuments(documents), CachedDocuments(documents)

    document = empty(key)
    first.write("store_months", [Change(document | {"v": 1}, None)])
    second.read("store_months", [document["_id"]])
    second.write("store_months", [Change(document | {"v": 2}, 1)])
    with pytest.raises(ContendedError):
        first.write("store_months", [Change(document | {"v": 2, "late": True}, 1)])
    assert first.read("store_months", [document["_id"]])[document["_id"]]["v"] == 2
