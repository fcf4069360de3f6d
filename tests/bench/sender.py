"""Sends sales at an even rate, as a process of its own: python -m tests.bench.sender BOOTSTRAP RATE SECONDS CLOSING CPU.

CLOSING is a store whose newest day a sale closes half way through. Prints a line of JSON: how many were sent, at which rate, and
by how much the latest one was behind its time: who sends late measures short delays.
"""

import json
import os
import sys
import time
from itertools import count

import msgspec
from confluent_kafka import Producer

from streams.contract.settings import KafkaSettings
from streams.contract.topics import EVENTS, PARTITIONER
from streams.kafka.clients import librdkafka

STORES, ITEMS = 8, 50
DAY = 86_400
PAUSE_SECONDS = 0.0005
CONNECTING_SECONDS = 1.0
"""An idempotent producer asks the broker for an id of its own; until then its messages wait."""


def producer_of(kafka: KafkaSettings) -> Producer:
    """A till's producer: as the gateway's, but it waits for no others. It has its connection and its id when the first sale is due."""
    config = {"enable.idempotence": True, "acks": "all", "partitioner": PARTITIONER, "linger.ms": 1, "compression.type": "lz4"}
    producer = Producer(librdkafka(kafka) | config | {"queue.buffering.max.messages": 1_000_000})
    producer.list_topics(EVENTS, timeout=15)
    producer.poll(CONNECTING_SECONDS)
    return producer


def sale(event_id: str, store: str, item: str, sold_at: float) -> tuple[bytes, bytes]:
    """Key and value of a sale."""
    body = {
        "type": "sale-recorded.v1", "event_id": event_id, "store": store, "item": item,
        "quantity": 1, "unit_price": 1.39, "sold_at": sold_at,
    }  # fmt: skip
    return store.encode(), msgspec.json.encode(body)


def days_before(store: str, items: int, days: int) -> list[tuple[bytes, bytes]]:
    """Sales of a store of so many items on days up to the day before yesterday, which none of them closes."""
    first = int(time.time()) // DAY - 1 - days
    return [
        sale(f"{store}-{day}-{item}", store, f"item {item}", (first + day) * DAY + DAY / 2) for day in range(days) for item in range(items)
    ]


def closing_sale(store: str) -> tuple[bytes, bytes]:
    """The sale of yesterday that closes the last of `days_before`."""
    return sale(f"{store}-closing", store, "item 0", (int(time.time()) // DAY - 1) * DAY + 2 * 3600)


def send(kafka: KafkaSettings, rate: float, seconds: float, closing: str) -> dict[str, float]:
    """Send; each sale is due at its own moment, and what is due at once is sent at once."""
    producer, name, latest = producer_of(kafka), f"{os.getpid()}-{time.time_ns()}", 0.0
    total, closes_at, started = int(rate * seconds), int(rate * seconds) // 2, time.perf_counter()
    numbers = count()
    number = next(numbers)
    while number < total:
        age = time.perf_counter() - started
        latest = max(latest, age - number / rate)
        while number < total and number <= age * rate:
            if number == closes_at:
                key, value = closing_sale(closing)
            else:
                key, value = sale(f"{name}-{number}", f"store {number % STORES} of now", f"item {number * 7 % ITEMS}", time.time())
            producer.produce(EVENTS, value, key)
            number = next(numbers)
        producer.poll(0)
        time.sleep(PAUSE_SECONDS)
    took = time.perf_counter() - started
    if producer.flush(60):
        raise SystemExit("Kafka did not take the sales.")
    return {"sent": total, "rate": total / took, "latest_behind_seconds": latest}


def main() -> None:
    bootstrap, rate, seconds, closing, cpu = sys.argv[1:]
    if cpu != "any":
        os.sched_setaffinity(0, {int(cpu)})
    print(json.dumps(send(KafkaSettings(bootstrap), float(rate), float(seconds), closing)))


if __name__ == "__main__":
    main()
