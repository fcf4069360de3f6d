"""A store of very many items, from its sales to plan, order, page and charts: whole everywhere, with time and memory told.

SHELFCAST_TEST_ITEMS=100000 is what a store may have at most (`make many-items`).
"""

import csv
import io
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import bson
import msgspec
import pytest
from confluent_kafka import Producer
from prometheus_client import CollectorRegistry
from pymongo import MongoClient

from charts.figures.export import export_charts
from charts.figures.gallery import Question
from charts.queries.database import ReadOnlyDatabase
from charts.queries.forecasts import incomplete, newest_plans
from charts.web.answers import Answers
from charts.web.telemetry import WebMetrics
from streams.contract.errors import ServerError
from streams.contract.topics import EVENTS, PARTITIONER
from streams.kafka.clients import librdkafka

ITEMS = int(os.environ.get("SHELFCAST_TEST_ITEMS", "13000"))
SECONDS = 120 + ITEMS / 100
STORE, MONDAY, DAY = "Main Street", 1_735_552_800, 86_400


def publish(kafka, numbers, sold_at):
    producer = Producer(librdkafka(kafka.settings) | {"partitioner": PARTITIONER, "linger.ms": 50, "queue.buffering.max.messages": 200_000})
    for number in numbers:
        sale = {
            "type": "sale-recorded.v1", "event_id": f"{sold_at}-{number}", "store": STORE, "item": f"40062{number:08}",
            "quantity": 1 + number % 7, "unit_price": 1.39, "sold_at": sold_at,
        }  # fmt: skip
        producer.produce(EVENTS, msgspec.json.encode(sale), STORE)
        producer.poll(0)
    assert producer.flush(60) == 0


@contextmanager
def command(name, environment, log):
    with log.open("ab") as out:
        child = subprocess.Popen([sys.executable, "-m", "deploy.cli", name], env=os.environ | environment, stdout=out, stderr=out)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def most_megabytes(child):
    lines = Path(f"/proc/{child.pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


def eventually(what, children, said):
    until = time.monotonic() + SECONDS
    while not what():
        assert all(child.poll() is None for child in children), said()[-3000:]
        assert time.monotonic() < until, said()[-3000:]
        time.sleep(0.5)


@pytest.mark.timeout(5 * SECONDS)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_store_of_many_items_is_planned_ordered_and_drawn(kafka, mongo, workers, tmp_path, monkeypatch, capsys):
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.address, "MONGODB_URI": mongo.settings.uri.reveal(), "MONGODB_DATABASE": mongo.settings.database,
        "SHELFCAST_CONSUME_METRICS_PORT": "0", "SHELFCAST_REPLENISH_METRICS_PORT": "0", "SHELFCAST_ORDERS_DIR": str(tmp_path / "orders"),
    }  # fmt: skip
    log = tmp_path / "commands.log"
    told = {}

    def said():
        return workers.said()[-1500:] + log.read_text()

    with command("consume", environment, log) as consume, command("replenish", environment, log) as replenish:
        worker = workers.start()
        workers.ready(worker)
        children = (consume, replenish, worker)
        publish(kafka, range(ITEMS), MONDAY)
        publish(kafka, [0], MONDAY + 2 * DAY)
        started = time.monotonic()
        database = ReadOnlyDatabase(mongo.settings)
        client = MongoClient(mongo.settings.uri.reveal())
        held = client[mongo.settings.database]

        def planned():
            try:
                plans = newest_plans(database, STORE)
            except ServerError:  # the stand-in answers nobody while it writes: many forecasts are more than the client's 10 s
                return False
            return plans and plans[0]["origin"] == "2024-12-31" and not incomplete(plans[0])

        eventually(planned, children, said)
        told["plan in MongoDB"] = time.monotonic() - started
        eventually(lambda: len(list((tmp_path / "orders").glob("*2024-12-31.csv"))) == 1, children, said)
        told["order written"] = time.monotonic() - started
        told |= {f"{name}, MB": most_megabytes(c) for name, c in zip(("consume", "replenish", "worker"), children, strict=True)}
    [plan] = newest_plans(database, STORE)
    assert len({one["item"] for one in plan["items"]}) == ITEMS
    assert sum(one["shelf_space_percentage"] for one in plan["items"]) == 100
    assert plan["parts"] > 1
    assert max(len(bson.encode(document)) for name in ("plans", "plan_parts") for document in held[name].find()) < 1_000_000
    [path] = (tmp_path / "orders").glob("*2024-12-31.csv")
    ordered = [row["item"] for row in csv.DictReader(io.StringIO(path.read_text("utf-8")))]
    lines = [line["item"] for page in held["purchase_orders"].find({"origin": "2024-12-31"}) for line in page["lines"]]
    assert sorted(ordered) == sorted(lines)
    assert len(set(ordered)) == len(ordered) > ITEMS / 2

    answers = Answers(database, WebMetrics(CollectorRegistry()), 0.0)
    for name, ask in {
        "the page's table": lambda: answers.stock(STORE), "GET /predict": lambda: answers.predict(STORE),
        "charts": lambda: list(export_charts(database, tmp_path / "charts", Question())),
    }.items():  # fmt: skip
        asked = time.monotonic()
        ask()
        told[name] = time.monotonic() - asked
    stock = answers.stock(STORE)
    assert (stock["items"], stock["notes"]) == (ITEMS, [])
    assert stock["rows"][0]["mean"] == max(one["predicted_sales"] for one in plan["items"])
    assert len(answers.predict(STORE)) == ITEMS

    from deploy import cli

    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SHELFCAST_TEST_ITEMS", raising=False)  # the command would name it as a setting that does nothing
    asked = time.monotonic()
    capsys.readouterr()
    assert cli.run("shelf", ["orders", "--store", STORE]) == 0
    told["shelf orders"] = time.monotonic() - asked
    assert capsys.readouterr().err == ""
    with MongoClient(mongo.settings.uri.reveal()) as again:
        again[mongo.settings.database]["plan_parts"].delete_one({"part": 2})
    assert cli.run("shelf", ["orders", "--store", STORE]) != 0
    assert "incomplete: part 2 of" in " ".join(capsys.readouterr().err.split())
    database.close()
    client.close()
    with capsys.disabled():
        print(f"\n{ITEMS} items on {kafka.name}: " + ", ".join(f"{name} {value:.1f}" for name, value in told.items()))
