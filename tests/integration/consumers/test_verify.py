"""`verify` over real sockets: the log as a worker writes it, MongoDB as the consumers fill it."""

import pytest
from pymongo import MongoClient

from consumers.statistics.statistics import StatisticsSink
from consumers.verification.run import verify
from streams.contract.codec import encode
from streams.contract.messages import SaleRecorded
from streams.contract.topics import ACCEPTED, EVENTS, REJECTED
from streams.kafka.reading import TopicReader
from tests.support.fakes import metrics
from tests.support.shop import records_of, sales_of
from tests.support.stand_ins import BEGINNING, documents_in, kafka_stand_in


@pytest.fixture
def kafka():
    """A log of its own for each test: it is counted whole."""
    producer, settings = kafka_stand_in()
    yield producer, settings
    producer.flush(5)


SALES = sales_of(1500, seed=5)


def log_of(partition):
    """Raw events by offset: each sale where its acceptance says it stood, a repeat after it, garbage everywhere else."""
    mine = {sale.offset: sale for sale in SALES if sale.partition == partition}
    raws = {}
    for offset in range(max(mine) + 2):
        sale = mine.get(offset) or mine.get(offset - 1)
        raws[offset] = b"garbage" if sale is None else encode(event_of(sale))
    return raws


def event_of(sale):
    return SaleRecorded(event_id=sale.event_id, store=sale.store, item=sale.item, quantity=sale.quantity, sold_at=sale.sold_at, amount=1.0)


def publish_log(producer):
    garbage = 0
    for partition in range(2):
        for offset, raw in log_of(partition).items():
            producer.produce(EVENTS, raw, partition=partition)
            if raw == b"garbage":
                garbage += 1
                origin = {"source-topic": EVENTS, "source-partition": str(partition), "source-offset": str(offset)}
                producer.produce(REJECTED, raw, partition=partition, headers={"reason": "not_json"} | origin)
    for sale in [*SALES, *SALES[300:500]]:
        producer.produce(ACCEPTED, encode(sale), sale.store, partition=sale.partition)
    assert producer.flush(30) == 0
    return garbage


def test_the_books_balance_until_a_cent_is_missing(kafka, mongo):
    producer, settings = kafka
    garbage = publish_log(producer)
    reader = TopicReader(settings, "shelfcast-verify")
    try:
        with documents_in(mongo) as documents:
            sink = StatisticsSink(documents, metrics())
            starts = [sink.start(partition, BEGINNING) for partition in range(2)]
            assert starts == [0, 0]
            sink.write(records_of(SALES[:1000], start=(following := {})))
            verdict = verify(reader, documents)
            assert verdict.balanced
            assert verdict.lag == 500
            sink.write(records_of(SALES[1000:], start=following))
            verdict = verify(reader, documents)
            assert verdict.differences == []
            assert verdict.lag == 0
            shown = verdict.shown()
            assert shown["totals"]["revenue"] == f"{sum(s.revenue_micros for s in SALES) / 1e6:.2f}"
            assert shown["totals"]["sales"] == sum(s.quantity > 0 for s in SALES)
            counts = shown["events"]
            assert (counts["accepted"], counts["duplicates"], counts["rejected"]) == (len(SALES), len(SALES), {"not_json": garbage})
            assert counts["in"] == counts["accepted"] + counts["duplicates"] + garbage
            with MongoClient(mongo.uri.reveal()) as client:
                months = client[mongo.database]["store_months"]
                one = months.find_one({})
                day = min(one["days"])
                one["days"][day][1] -= 10_000
                months.replace_one({"_id": one["_id"]}, one)
            [difference] = verify(reader, documents).differences
            assert (difference.kind, difference.store, difference.column) == ("statistics", one["store"], "revenue_micros")
    finally:
        reader.close()
