"""The recount finds each kind of fault, and finds none where there is none."""

import msgspec
import pytest

from consumers.statistics.statistics import StatisticsSink
from consumers.verification.events import EventBooks
from consumers.verification.statistics import SalesBooks
from streams.contract.codec import encode
from streams.contract.messages import ClockTicked, SaleRecorded
from streams.kafka.ends import LogEnds
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import accepted, named, records_of, sales_of
from tests.support.stand_ins import BEGINNING

SALES = sales_of(500)


def applied(sales):
    documents = MemoryDocuments()
    sink = StatisticsSink(documents, metrics())
    for partition in range(2):
        sink.start(partition, BEGINNING)
    sink.write(records_of(sales))
    return documents


def recount(documents, log, truncated=()):
    progress = {d["partition"]: d["seq"] for d in documents.collections["progress"].values()}
    books = SalesBooks(progress)
    for partition in truncated:
        books.truncated(partition)
    for collection in ("store_months", "item_months"):
        for document in documents.each(collection, ()):
            books.document(document)
    for collection in ("customer_years", "cashier_months"):
        for document in documents.each(collection, ()):
            books.people.document(collection, document)
    for sale in log:
        books.accepted(sale)
    return books, books.conclude()


def test_right_statistics_have_no_difference():
    books, differences = recount(applied(SALES), [*SALES, *SALES[100:300]])
    assert differences == []
    assert books.totals[1] == sum(sale.revenue_micros for sale in SALES)
    assert (books.sales, books.not_applied) == (len(SALES), 0)


def test_statistics_that_lag_are_no_difference():
    books, differences = recount(applied(SALES[:300]), SALES)
    assert differences == []
    assert books.not_applied == 200


@pytest.mark.parametrize("collection", ["store_months", "item_months"])
@pytest.mark.parametrize(("column", "name"), [(0, "units"), (1, "revenue"), (2, "profit"), (3, "sales"), (4, "returns")])
def test_a_wrong_number_is_found_and_named(collection, column, name):
    documents = applied(SALES)
    document = next(iter(documents.collections[collection].values()))
    day = next(iter(document["days"]))
    document["days"][day][column] += 1
    _, differences = recount(documents, SALES)
    [one] = differences
    assert one.store == document["store"]
    assert one.column.startswith(name)
    assert one.day.startswith(document["month"])
    assert one.sentence.startswith(name)


NAMED = named(SALES)


def test_right_customers_and_cashiers_have_no_difference():
    assert recount(applied(NAMED), [*NAMED, *NAMED[100:300]])[1] == []
    assert recount(applied(NAMED[:300]), NAMED)[1] == []


@pytest.mark.parametrize(("collection", "kind"), [("customer_years", "customers"), ("cashier_months", "cashiers")])
def test_a_wrong_number_of_a_person_is_found_and_one_that_is_gone_too(collection, kind):
    documents = applied(NAMED)
    document = next(iter(documents.collections[collection].values()))
    document["revenue_micros"][0] += 10_000
    [one] = recount(documents, NAMED)[1]
    assert (one.kind, one.column, one.store) == (kind, "revenue_micros", document["store"])
    assert (document.get("customer") or document["cashier"]) in one.sentence
    documents.collections[collection].popitem()
    assert {one.kind for one in recount(documents, NAMED)[1]} == {kind}


MIXED = [msgspec.structs.replace(sale, currency=("CHF", "EUR", None)[n % 3]) for n, sale in enumerate(SALES)]


def test_right_statistics_of_several_currencies_have_no_difference():
    books, differences = recount(applied(MIXED), [*MIXED, *MIXED[50:90]])
    assert differences == []
    for currency in ("CHF", "EUR", None):
        assert books.money[currency][0] == sum(sale.revenue_micros for sale in MIXED if sale.currency == currency)


@pytest.mark.parametrize("collection", ["store_months", "item_months"])
@pytest.mark.parametrize(("column", "name"), [(0, "revenue"), (1, "profit"), (2, "profit_lines")])
def test_a_wrong_amount_of_another_currency_is_found_and_named(collection, column, name):
    documents = applied(MIXED)
    other = next(iter(documents.collections[collection].values()))["others"][0]
    day = next(iter(other["days"]))
    other["days"][day][column] += 1
    [one] = recount(documents, MIXED)[1]
    assert one.column.startswith(name)
    assert one.currency == other["currency"]
    assert f" in {other['currency'] or 'no currency'} of " in one.sentence


def test_money_under_the_wrong_currency_is_found():
    documents = applied(MIXED)
    document = next(iter(documents.collections["store_months"].values()))
    document["currency"], document["others"][0]["currency"] = document["others"][0]["currency"], document["currency"]
    assert {one.column for one in recount(documents, MIXED)[1]} >= {"revenue_micros", "lines"}


def in_the_first_format(sales):
    documents = applied([msgspec.structs.replace(sale, currency=None) for sale in sales])
    for collection in ("store_months", "item_months"):
        for document in documents.collections[collection].values():
            del document["others"]
            document["currency"] = "EUR"
    return documents


def test_statistics_of_the_first_format_balance_before_and_after_they_go_on():
    documents = in_the_first_format(SALES[:300])
    sales = [msgspec.structs.replace(sale, currency=None) if n % 3 else sale for n, sale in enumerate(SALES)]
    assert recount(documents, sales)[1] == []
    sink = StatisticsSink(documents, metrics())
    following = {partition: sink.start(partition, BEGINNING) for partition in range(2)}
    sink.write(records_of(sales[300:], start=following))
    assert recount(documents, sales)[1] == []


def test_currencies_that_the_first_format_added_up_are_named():
    differences = recount(in_the_first_format(MIXED), MIXED)[1]
    assert {one.kind for one in differences} == {"currencies"}
    assert "adds up CHF under EUR: an older version wrote it" in differences[0].sentence


def test_a_document_that_is_gone_is_found():
    documents = applied(SALES)
    documents.collections["store_months"].popitem()
    assert {one.kind for one in recount(documents, SALES)[1]} == {"statistics"}


def test_a_sale_missing_from_the_log_is_found():
    _, differences = recount(applied(SALES), [sale for sale in SALES if (sale.partition, sale.seq) != (1, 17)])
    assert "missing" in {one.kind for one in differences}
    assert any("the first is number 17" in one.sentence for one in differences)


def test_a_log_cut_by_retention_is_not_compared():
    cut = [sale for sale in SALES if sale.partition == 0 or sale.seq > 50]
    assert recount(applied(SALES), cut, truncated=(1,))[1] == []


def test_a_number_beyond_reason_costs_no_memory():
    _, differences = recount(applied(SALES), [*SALES, accepted(2**60)])
    assert [one.kind for one in differences] == ["missing"]


def sale(event_id, **changes):
    fields = {"event_id": event_id, "store": "Berlin", "item": "milk", "quantity": 2.0, "sold_at": 1.7e9, "unit_price": 1.0}
    return encode(SaleRecorded(**(fields | changes)))


def events(raws, accepted_at=(), rejected_at=(), ends=None, committed=None):
    books = EventBooks({0: ends or LogEnds(0, len(raws))}, committed)
    for seq, (offset, event_id) in enumerate(accepted_at):
        books.accepted(accepted(seq + 1, offset=offset, event_id=event_id))
    for offset, reason in rejected_at:
        books.rejected(0, offset, reason)
    for offset, raw in enumerate(raws):
        books.event(0, offset, raw)
    return books.conclude(), books.differences


def test_each_event_is_in_one_class():
    raws = [sale("a"), b"garbage", sale("a"), encode(ClockTicked(store="Berlin", at=1.7e9)), sale("b"), sale("c")]
    counts, differences = events(raws, [(0, "a"), (4, "b")], [(1, "not_json"), (1, "not_json")])
    assert differences == []
    assert (counts.events, counts.accepted, counts.duplicates, counts.rejected, counts.other, counts.pending) == (
        6,
        2,
        1,
        {"not_json": 1},
        1,
        1,
    )
    assert counts.events == counts.accepted + counts.duplicates + sum(counts.rejected.values()) + counts.other + counts.pending


@pytest.mark.parametrize("raw", [sale("b"), b"garbage"])
def test_an_event_without_a_trace_is_lost(raw):
    counts, [difference] = events([sale("a"), raw, sale("c")], [(0, "a"), (2, "c")])
    assert (difference.kind, difference.partition, difference.offset) == ("lost", 0, 1)
    assert counts.pending == 0


def test_an_event_id_accepted_twice_is_found():
    _, [difference] = events([sale("a"), sale("b"), sale("a")], [(0, "a"), (1, "b"), (2, "a")])
    assert (difference.kind, difference.offset) == ("counted_twice", 2)


def test_an_event_both_accepted_and_rejected_is_found():
    _, [difference] = events([sale("a")], [(0, "a")], [(0, "conflict")])
    assert "both" in difference.sentence


def test_many_faults_are_listed_by_example_and_counted():
    raws = [sale(f"e{n}") for n in range(101)]
    _, differences = events(raws, [(100, "e100")])
    assert len(differences) == 21
    assert differences[-1].log == 100


def test_numbered_ids_of_several_partitions_are_all_unique():
    """Seeding the hash with the partition's number made ids of 1 to 3 and of 8 characters collide."""
    ids = {partition: [str(n) for n in range(1201) if n % 4 == partition] for partition in range(4)}
    books = EventBooks({partition: LogEnds(0, len(mine)) for partition, mine in ids.items()})
    for partition, mine in ids.items():
        for offset, event_id in enumerate(mine):
            books.accepted(accepted(offset + 1, partition=partition, offset=offset, event_id=event_id))
    for partition, mine in ids.items():
        for offset, event_id in enumerate(mine):
            books.event(partition, offset, sale(event_id))
    counts = books.conclude()
    assert (books.differences, counts.accepted, counts.duplicates) == ([], 1201, 0)


def test_an_event_whose_id_was_accepted_only_later_is_lost():
    counts, [difference] = events([sale("a"), sale("b"), sale("a")], [(1, "b"), (2, "a")])
    assert (counts.duplicates, difference.kind, difference.offset) == (0, "lost", 0)
    assert "accepted only later, at offset 2" in difference.sentence


def test_another_sale_under_an_accepted_id_is_no_repeat():
    counts, [difference] = events([sale("a"), sale("a", quantity=-2.0), sale("b")], [(0, "a"), (2, "b")])
    assert (counts.duplicates, difference.kind, difference.offset) == (0, "lost", 1)
    assert "accepted at offset 0 for another sale" in difference.sentence


def test_what_the_worker_has_not_committed_is_pending_though_a_later_event_has_its_trace():
    """Accepted sales and dead letters go to two topics: one may be there before the other."""
    raws = [sale("a"), sale("b"), b"garbage", sale("c")]
    counts, differences = events(raws, [(0, "a")], [(2, "not_json")], committed={0: 1})
    assert (differences, counts.pending) == ([], 2)


def test_what_was_committed_without_a_trace_is_lost_also_at_the_end_of_the_log():
    counts, [difference] = events([sale("a"), sale("b")], [(0, "a")], committed={0: 2})
    assert (counts.pending, difference.kind, difference.offset) == (0, "lost", 1)


def test_a_commit_beyond_the_log_is_of_another_log():
    counts, differences = events([sale("a"), sale("b")], [(0, "a")], committed={0: 900})
    assert (differences, counts.pending) == ([], 1)
