"""`shelfcast announce`: a manager's table reaches the log, and the forecasts know it; a wrong row stops all of it."""

import time
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import pytest
from confluent_kafka.admin import AdminClient

from deploy import cli
from producers.publisher import Publisher
from streams.contract.codec import decode_event, decode_output, encode
from streams.contract.messages import ClockTicked, OpeningPlanned, PredictedSales, SaleRecorded
from streams.contract.topics import EVENTS
from streams.kafka.clients import librdkafka
from streams.processor.processor import Processor
from streams.processor.rules import Rules

TODAY = datetime.now(UTC).date()


class Log(NamedTuple):
    """A record as the processor takes it."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes


@pytest.fixture
def named(kafka, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1")
    return kafka


def test_an_announced_closure_is_forecast_and_a_withdrawn_one_is_not(named, read, tmp_path, capsys):
    store = f"announce-{uuid.uuid4()}"
    closed = [TODAY + timedelta(days=4), TODAY + timedelta(days=5)]
    table = tmp_path / "closures.csv"
    table.write_text(f"store,first_day,last_day,open\n{store},{closed[0]},{closed[1]},no\n")
    with Publisher(named) as publisher:
        for number in range(21, 0, -1):
            at = datetime.combine(TODAY - timedelta(days=number), datetime.min.time(), UTC).timestamp() + 36_000
            sale = SaleRecorded(event_id=f"{store}-{number}", store=store, item="milk", quantity=5, unit_price=1.0, sold_at=at)
            publisher.publish(store, encode(sale))
    assert cli.run("announce", [str(table), "--check"]) == 0
    assert "1 closure; 1 store" in capsys.readouterr().out
    assert not [m for m in read(named, EVENTS, store.encode()) if isinstance(decode_event(m.value()), OpeningPlanned)]

    assert cli.run("announce", [str(table)]) == 0
    assert capsys.readouterr().out.startswith("Announced: 1 closure; 1 store")
    assert zero_days(named, read, store) == closed
    assert cli.run("announce", [str(table), "--withdraw"]) == 0
    assert zero_days(named, read, store) == []


def zero_days(kafka, read, store) -> list[date]:
    """Days of the newest forecast on which nothing is expected, after the log as it is and a tick that closes yesterday."""
    messages = sorted(read(kafka, EVENTS, store.encode()), key=lambda message: message.offset())
    partitions = len(AdminClient(librdkafka(kafka)).list_topics(EVENTS, timeout=10).topics[EVENTS].partitions)
    processor = Processor(Rules(), messages[0].partition(), partitions)
    tick = encode(ClockTicked(store=store, at=time.time()))
    log = [Log(m.offset(), m.timestamp()[1], m.key(), m.value()) for m in messages]
    out = processor.apply([*log, Log(log[-1].offset + 1, 0, store.encode(), tick)])
    assert not out.rejected
    newest = [m for m in (decode_output(raw) for _, raw in out.forecasts) if isinstance(m, PredictedSales) and m.path][-1]
    return [date.fromisoformat(newest.origin) + timedelta(days=n) for n, units in enumerate(newest.path, 1) if units == 0]


def test_one_wrong_row_and_nothing_is_announced(named, read, tmp_path, capsys):
    store = f"announce-{uuid.uuid4()}"
    table = tmp_path / "closures.csv"
    table.write_text(f"store,first_day,open\n{store},2026-12-24,no\n{store},24.12.2026,no\n")
    assert cli.run("announce", [str(table)]) == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "Nothing was announced" in said
    assert "row 2" in said
    assert read(named, EVENTS, store.encode()) == []
