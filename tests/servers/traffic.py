"""Traffic of a shop with everything that goes wrong, and the truth about it, counted here and not by the product."""

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from confluent_kafka import Producer

from producers.simulate.simulator import POISON, ShopSettings, Simulation
from streams.contract.topics import EVENTS, PARTITIONER, partition_of
from streams.kafka.clients import librdkafka

PARTITIONS = 4

FOREIGN = b'{"type":"sale-recorded.v1","event_id":"foreign-%d","store":"%s","item":"i","quantity":1,"unit_price":1,"sold_at":%f}'
"""A sale of a store that belongs in another partition: sent under another store's key."""


@dataclass
class Traffic:
    """Messages in the order in which they reach Kafka: (milliseconds, key, bytes)."""

    messages: list[tuple[int, bytes, bytes]] = field(default_factory=list)

    @property
    def stores(self) -> list[bytes]:
        return sorted({key for _, key, _ in self.messages})


def traffic(events: int, seed: int = 1, stores: int = 18, items: int = 8, days: int = 10) -> Traffic:
    """About so many events: repeats, late ones, returns, poison, conflicts, foreign stores, day closes."""
    settings = ShopSettings(
        seed=seed, stores=stores, items=items, days=days, lines_per_day=events / stores / days / 1.1,
        returns=0.03, late=0.03, late_minutes=2000, duplicates=0.04, poison=0.01,
    )  # fmt: skip
    made = Traffic()
    simulation = Simulation(settings)
    for number, event in enumerate(simulation.events()):
        made.messages.append((round(event.at * 1000), event.key, event.raw))
        if (
            number % 211 == 0
            and b'"quantity":1,' in event.raw
            and b"unit_price" in event.raw
            and b"event_id" in event.raw
            and event.raw not in POISON
        ):
            made.messages.append((round(event.at * 1000), event.key, event.raw.replace(b'"quantity":1,', b'"quantity":7,')))  # a conflict
        if number % 307 == 0:
            home = partition_of(event.key.decode(), PARTITIONS)
            other = next(name for n in range(99) if partition_of(name := f"elsewhere {n}", PARTITIONS) != home).encode()
            made.messages.append((round(event.at * 1000), event.key, FOREIGN % (number, other, event.at)))
    for event in simulation.closing_ticks():
        made.messages.append((round(event.at * 1000), event.key, event.raw))
    return made


@dataclass
class Truth:
    """What the books must say. days: (store, UTC date) -> [thousandths of units, revenue, profit in micros, sales, returns]."""

    events: int = 0
    sales: int = 0
    duplicates: int = 0
    conflicts: int = 0
    days: dict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(lambda: [0] * 5))

    @property
    def totals(self) -> list[int]:
        return [sum(column) for column in zip(*self.days.values(), strict=True)]


def truth_of(messages: Iterator[tuple[int, bytes, bytes]] | list[tuple[int, bytes, bytes]]) -> Truth:
    """Counted with json and Decimal from the messages themselves."""
    truth, seen = Truth(), dict[str, bytes]()
    for _, key, raw in messages:
        truth.events += 1
        if raw in POISON:
            continue
        event = json.loads(raw)
        if event.get("type") != "sale-recorded.v1" or event["store"] != key.decode():
            continue
        known = seen.get(event["event_id"])
        if known is None:
            seen[event["event_id"]] = raw
            _count(truth, event)
        elif known == raw:
            truth.duplicates += 1
        else:
            truth.conflicts += 1
    return truth


def _count(truth: Truth, event: dict) -> None:
    quantity = event["quantity"]
    revenue = quantity * Decimal(str(event["unit_price"])) * 1_000_000
    profit = revenue - quantity * Decimal(str(event["unit_cost"])) * 1_000_000
    assert revenue == int(revenue)
    assert profit == int(profit)
    day = datetime.fromtimestamp(event["sold_at"], UTC).date().isoformat()
    row = truth.days[event["store"], day]
    for column, value in enumerate((quantity * 1000, int(revenue), int(profit), quantity > 0, quantity < 0)):
        row[column] += value
    truth.sales += 1


def publish(settings, messages, rate: float | None = None) -> Counter:
    """Send the messages in order, wait until all are stored; how many went to each partition. rate: messages a second."""
    counts, failed = Counter(), []

    def stored(error, message):
        if error is None:
            counts[message.partition()] += 1
        else:
            failed.append(error)

    producer = Producer(
        librdkafka(settings)
        | {"enable.idempotence": True, "partitioner": PARTITIONER, "linger.ms": 5, "delivery.timeout.ms": 180_000, "log_level": 0}
    )
    started = time.monotonic()
    for number, (at, key, raw) in enumerate(messages):
        while True:
            try:
                producer.produce(EVENTS, raw, key, on_delivery=stored, timestamp=at)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
        while rate and (early := started + number / rate - time.monotonic()) > 0.02:
            producer.poll(0)
            time.sleep(min(early, 0.05))
    assert producer.flush(180) == 0
    assert not failed, failed[:3]
    return counts
