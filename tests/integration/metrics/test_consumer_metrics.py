"""Each metric of the consumers moves in a run that has cause to move it."""

import threading
import time
from datetime import date

import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry

from consumers.runtime.consumer_settings import ConsumeSettings
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.service import ConsumerService
from streams.contract.codec import encode
from streams.contract.topics import ACCEPTED, FORECASTS
from streams.kafka.clients import librdkafka
from tests.support.shop import accepted, day_after, forecast
from tests.support.stand_ins import mongo_settings

WAIT_SECONDS = 40


@pytest.fixture
def mongo(tmp_path):
    with mongo_settings(tmp_path) as settings:
        yield settings


def test_consumers_count_what_becomes_of_each_message(kafka, mongo):
    registry = CollectorRegistry()

    def value(name, **labels):
        return registry.get_sample_value(f"shelfcast_consumer_{name}", labels) or 0.0

    def wait(ready):
        until = time.monotonic() + WAIT_SECONDS
        while not ready():
            assert time.monotonic() < until, [s for m in registry.collect() for s in m.samples if s.value and "_bucket" not in s.name]
            time.sleep(0.1)

    producer = Producer(librdkafka(kafka.settings) | {"log_level": 0})
    service = ConsumerService(kafka.settings, mongo, ConsumeSettings.read({}, batch_seconds=0.2), registry, log_id="one")
    thread = threading.Thread(target=service.run)
    sales = [encode(accepted(seq, business_date=day_after(seq // 20))) for seq in range(1, 201)]
    for message in [*sales, *sales[:7], b"unreadable", encode(accepted(205))]:
        producer.produce(ACCEPTED, message, b"Berlin", partition=0)
    newest = [encode(forecast(offset, origin=date(2025, 1, offset))) for offset in (1, 2)]
    for message in [*newest, newest[0], b"unreadable"]:
        producer.produce(FORECASTS, message, b"Berlin", partition=0)
    assert producer.flush(20) == 0
    thread.start()
    try:
        wait(lambda: value("events_total", reader="statistics", outcome="applied") == 200)
        wait(lambda: value("events_total", reader="statistics", outcome="gap") >= 1)
        wait(lambda: value("gap_seconds", partition="0") > 0.5)
        assert value("events_total", reader="statistics", outcome="repeated") == 7
        for reader in ("statistics", "forecasts"):
            wait(lambda: value("events_total", reader=reader, outcome="unreadable") >= 1)  # noqa: B023  called at once
            assert value("errors_total", reader=reader, kind="unreadable") == value("events_total", reader=reader, outcome="unreadable")
            assert value("batches_total", reader=reader) > 0
            assert value("documents_total", reader=reader) > 0
            assert value("write_seconds_count", reader=reader) == value("batches_total", reader=reader)
            assert value("write_seconds_sum", reader=reader) > 0
            assert value("end_to_end_seconds_count", reader=reader) > 0
            assert value("lag_messages", reader=reader, partition="0") == 0
        wait(lambda: value("events_total", reader="forecasts", outcome="applied") >= 1)
        # What was missing comes: the gap closes.
        for seq in range(201, 206):
            producer.produce(ACCEPTED, encode(accepted(seq)), b"Berlin", partition=0)
        assert producer.flush(20) == 0
        wait(lambda: value("events_total", reader="statistics", outcome="applied") == 205)
        wait(lambda: value("gap_seconds", partition="0") == 0)
    finally:
        service.stop()
        thread.join(30)
    assert not thread.is_alive()


def test_lag_is_what_is_not_read_yet(kafka, mongo):
    """Slow reading: one message a batch."""
    registry = CollectorRegistry()
    producer = Producer(librdkafka(kafka.settings) | {"log_level": 0})
    for seq in range(1, 2001):
        producer.produce(ACCEPTED, encode(accepted(seq)), b"Berlin", partition=1)
    assert producer.flush(20) == 0
    settings = ConsumeSettings.read({}, batch_seconds=0.2, batch_messages=20)
    service = ConsumerService(kafka.settings, mongo, settings, registry, log_id="one")
    thread = threading.Thread(target=service.run)
    thread.start()
    highest, until = 0.0, time.monotonic() + WAIT_SECONDS
    try:
        while highest < 100 and time.monotonic() < until:
            lag = registry.get_sample_value("shelfcast_consumer_lag_messages", {"reader": "statistics", "partition": "1"})
            highest = max(highest, lag or 0.0)
            time.sleep(0.01)
    finally:
        service.stop()
        thread.join(30)
    assert highest >= 100
    assert set(vars(ConsumerMetrics(CollectorRegistry()))) == {
        "events", "lag", "latency", "write", "batches", "documents", "errors", "gap_seconds"
    }, "a metric was added: move it above"  # fmt: skip
