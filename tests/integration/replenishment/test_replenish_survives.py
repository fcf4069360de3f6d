"""`shelfcast replenish` killed with -9 and restarted: no order doubled, missed or changed."""

import contextlib
import csv
import os
import signal
import subprocess
import sys
import time

import pytest
from confluent_kafka import Producer
from pymongo import MongoClient

from consumers.replenishment.order_pages import COLLECTION
from consumers.replenishment.orders import OrderBook
from consumers.replenishment.replenishment_settings import ReplenishSettings
from deploy.embedded import stack
from streams.contract.codec import encode
from streams.contract.messages import Allocation, HorizonForecast, PredictedSales, ShelfAllocation
from streams.contract.topics import FORECASTS, PARTITIONER

STORES, DAYS, ITEMS = 4, 80, 5


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Addresses of Kafka and MongoDB: those named in the environment, else the embedded ones."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS") and os.environ.get("MONGODB_URI"):
        yield os.environ["KAFKA_BOOTSTRAP_SERVERS"], os.environ["MONGODB_URI"]
        return
    running = stack.start(tmp_path_factory.mktemp("servers"))
    yield running.addresses.kafka, running.addresses.mongo
    running.stop()
    for child in running.children:
        child.stdin.close()
        child.stdout.close()


def messages():
    """Every message as the worker publishes it, in order: forecasts of each store and day, then its plan."""
    told = []
    for day in range(DAYS):
        origin = f"2026-{1 + day // 28:02d}-{1 + day % 28:02d}"
        for store in range(STORES):
            number = 0
            for item in range(ITEMS):
                number += 1
                mean = 3.0 + item + (day * 7 + store) % 11
                horizons = tuple(
                    HorizonForecast(
                        horizon=name, first_day=origin, last_day=origin, open_days=days, mean=mean * days,
                        p10=mean * days / 2, p50=mean * days, p90=mean * days * 2, same_weekday_mean=mean,
                    )
                    for name, days in (("day", 1), ("7_days", 7))
                )  # fmt: skip
                told.append(
                    PredictedSales(
                        id=f"{store}-{day}-{number}", store=f"s{store}", item=f"i{item}", origin=origin, made_at=float(day),
                        horizons=horizons, partition=0, offset=day,
                    )
                )  # fmt: skip
            allocations = tuple(
                Allocation(
                    item=f"i{item}", predicted_sales=1.0, shelf_space_percentage=100 / ITEMS,
                    order_units=24.0 if item == 0 else None, stock=2.0 if item == 1 else None,
                )
                for item in range(ITEMS)
            )  # fmt: skip
            told.append(
                ShelfAllocation(
                    id=f"{store}-{day}-{number + 1}", store=f"s{store}", origin=origin, made_at=float(day),
                    items=allocations, partition=0, offset=day,
                )
            )  # fmt: skip
    return told


def expected():
    """The orders by store and day, from the same messages without any server."""
    book, orders = OrderBook(ReplenishSettings()), {}
    for offset, message in enumerate(messages()):
        if isinstance(message, PredictedSales):
            book.forecast(message, offset)
        else:
            [part] = book.plan(message, offset)
            orders[part.store, part.origin] = [(line.item, line.units, line.chosen_by) for line in part.lines]
    return orders


def publish(kafka):
    producer = Producer({"bootstrap.servers": kafka, "partitioner": PARTITIONER, "linger.ms": 50})
    told = messages()
    for start in range(0, len(told), 48):
        chunk = told[start : start + 48]
        # After a crash the worker publishes a part of its log again: the same messages at new offsets.
        for message in [*chunk, *chunk] if start % 5 == 0 else chunk:
            producer.produce(FORECASTS, encode(message), message.store)
        producer.produce(FORECASTS, b"\xff not a message", "s0")
    assert producer.flush(30) == 0


def started(servers, directory, database, group):
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": servers[0],
        "MONGODB_URI": servers[1],
        "MONGODB_DATABASE": database,
        "SHELFCAST_REPLENISH_GROUP": group,
        "SHELFCAST_ORDERS_DIR": str(directory),
        "SHELFCAST_REPLENISH_SESSION_SECONDS": "6" if "KAFKA_BOOTSTRAP_SERVERS" in os.environ else "4",
        "SHELFCAST_REPLENISH_METRICS_PORT": "0",
    }
    return subprocess.Popen([sys.executable, "-m", "deploy.cli", "replenish"], env=environment, stderr=subprocess.PIPE)


@contextlib.contextmanager
def killed_at_end(process):
    """The process, killed with -9 when the block ends."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def wait_for(count, orders, process):
    until = time.monotonic() + 120
    while (have := orders.count_documents({})) < count:
        assert process.poll() is None, process.stderr.read().decode()[-2000:]
        assert time.monotonic() < until, f"{have} of {count} orders after 120 s"
        time.sleep(0.01)


def test_kill_9_and_no_order_is_doubled_missed_or_changed(servers, tmp_path):
    kafka, mongo = servers
    database = f"replenish_{os.getpid()}"
    publish(kafka)
    with MongoClient(mongo) as client:
        orders = client[database][COLLECTION]
        with killed_at_end(started(servers, tmp_path, database, database)) as process:
            wait_for(100, orders, process)
        assert orders.count_documents({}) < STORES * DAYS, "it was killed at work, not after it"
        with killed_at_end(started(servers, tmp_path, database, database)) as process:
            wait_for(STORES * DAYS, orders, process)
            time.sleep(1.0)  # anything doubled would come now
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        found = list(orders.find())
        client.drop_database(database)
    assert len(found) == STORES * DAYS
    in_mongo = {(o["store"], o["origin"]): [(line["item"], line["units"], line["chosen_by"]) for line in o["lines"]] for o in found}
    assert in_mongo == expected()
    assert all(len(o["messages"]) == 1 and o["v"] == 1 for o in found), "each plan took effect once"
    in_files = {}
    for path in tmp_path.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        in_files[rows[0]["store"], rows[0]["origin"]] = [(r["item"], float(r["units"]), r["chosen_by"]) for r in rows]
    assert in_files == expected()
