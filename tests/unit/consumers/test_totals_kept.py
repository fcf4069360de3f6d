"""Totals of the running day, from messages into documents and out of them as rows: the newest word of each stands."""

import random

from charts.queries import running_totals
from charts.queries.paging import Slice
from consumers.forecasts.forecasts import ForecastsSink
from streams.contract.documents import RUNNING_TOTALS
from streams.contract.messages import TotalForecast, TotalsPredicted
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import records_of
from tests.support.stand_ins import BEGINNING


def totals(offset, store="Leeds", day="2025-03-01", **means):
    """A message at an offset; `whole` is the store's total, other names are categories."""
    numbers = {"sold_so_far": 1.0, "p10": 0.0, "p50": 1.0, "p90": 9.0, "same_weekday_mean": 2.0}
    made = tuple(TotalForecast(category=None if name == "whole" else name, mean=mean, **numbers) for name, mean in means.items())
    place = {"partition": 0, "offset": offset}
    return TotalsPredicted(id=f"0-{offset}-1", store=store, day=day, made_at=1.7e9 + offset, totals=made, **place)


MESSAGES = [
    totals(1, whole=10.0, dairy=4.0, bakery=6.0), totals(2, store="York", whole=50.0, dairy=50.0), totals(3, dairy=5.0),
    totals(4, whole=12.0), totals(5, day="2025-03-02", whole=20.0, dairy=7.0), totals(6, store='a "quoted", [store]', whole=1.0),
]  # fmt: skip


def kept(*batches):
    documents = MemoryDocuments()
    sink = ForecastsSink(documents, metrics())
    sink.start(0, BEGINNING)
    for batch in batches:
        sink.write(records_of(batch))
    return documents


def means(rows):
    return {(row.store, row.category): row.mean for row in rows}


def test_the_newest_word_of_each_total_stands():
    rows = running_totals.newest(kept(MESSAGES[:4]), None, Slice(10)).rows
    assert means(rows) == {
        ("Leeds", None): 12.0, ("Leeds", "dairy"): 5.0, ("Leeds", "bakery"): 6.0, ("York", None): 50.0, ("York", "dairy"): 50.0,
    }  # fmt: skip
    assert next(row for row in rows if row.category == "bakery").made_at == 1.7e9 + 1


def test_a_store_is_asked_for_its_newest_day():
    rows = running_totals.of_store(kept(MESSAGES), "Leeds")
    assert [(row.category, row.day, row.mean) for row in rows] == [(None, "2025-03-02", 20.0), ("dairy", "2025-03-02", 7.0)]
    assert running_totals.of_store(kept(MESSAGES), "nowhere") == []


def test_any_cut_order_and_repetition_gives_the_same_documents():
    whole = kept(MESSAGES).collections[RUNNING_TOTALS]
    for seed in range(20):
        rng = random.Random(seed)
        at, batches = 0, []
        while at < len(MESSAGES):
            end = at + rng.randrange(1, 4)
            batches.append(MESSAGES[max(0, at - rng.randrange(4)) : end])
            at = end
        found = kept(*batches, MESSAGES[: rng.randrange(1, 6)]).collections[RUNNING_TOTALS]
        assert {name: held["total"] for name, held in found.items()} == {name: held["total"] for name, held in whole.items()}


def test_pages_hold_every_total_once():
    documents, after, found = kept(MESSAGES), None, []
    while True:
        page = running_totals.newest(documents, None, Slice(2, after))
        found += page.rows
        after = page.after
        if after is None:
            break
    assert found == running_totals.newest(documents, None, Slice(100)).rows
    assert len(found) == 6
    assert means(running_totals.newest(documents, "York", Slice(100)).rows) == {("York", None): 50.0, ("York", "dairy"): 50.0}
