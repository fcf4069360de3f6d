"""`shelfcast shelf`: a definition reaches the log; the newest plan is shown, ordered from and drawn."""

import os
from pathlib import Path

import pytest
from confluent_kafka import Consumer
from pymongo import MongoClient

from deploy import cli
from deploy.embedded import stack
from streams.contract.codec import decode_event
from streams.contract.documents import PLANS
from streams.contract.messages import ShelfDefined
from streams.contract.topics import EVENTS

DAIRY = Path(__file__).parents[3] / "docs" / "examples" / "dairy.toml"


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


@pytest.fixture
def named(servers, monkeypatch):
    """The environment as a user sets it, with a database of this test's own."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", servers[0])
    monkeypatch.setenv("MONGODB_URI", servers[1])
    monkeypatch.setenv("MONGODB_DATABASE", f"shelf_{os.getpid()}")
    yield servers
    with MongoClient(servers[1]) as client:
        client.drop_database(f"shelf_{os.getpid()}")


def test_define_puts_the_shelf_into_the_log(named, capsys):
    consumer = Consumer({"bootstrap.servers": named[0], "group.id": f"g{os.getpid()}", "auto.offset.reset": "earliest"})
    assert cli.run("shelf", ["define", str(DAIRY)]) == 0
    said = capsys.readouterr().out
    consumer.subscribe([EVENTS])
    found = None
    for _ in range(60):
        message = consumer.poll(0.5)
        if message is not None and message.error() is None:
            event = decode_event(message.value())
            if isinstance(event, ShelfDefined) and event.event_id in said:
                found = event
                break
    consumer.close()
    assert found is not None
    assert (found.store, found.shelf, len(found.items)) == ("Chicago", "dairy", 5)
    assert message.key() == b"Chicago"


def plan_document(facings):
    names = ("milk 1 l", "oat milk 1 l", "butter 250 g", "yoghurt plain 500 g", "yoghurt strawberry 500 g")
    items = [
        {
            "item": name, "predicted_sales": 9.5, "shelf_space_percentage": 20.0, "facings": count,
            "previous_facings": 3, "profit_per_day": 4.0, "marginal_profit": 0.1, "order_units": 12.0 * (place % 2),
        }
        for place, (name, count) in enumerate(zip(names, facings, strict=True))
    ]  # fmt: skip
    plan = {"shelf": "dairy", "origin": "2026-05-01", "items": items, "reasons": ["milk 1 l from 3 to 9 facings: +1.20 a day."]}
    return {"_id": '["Chicago","dairy"]', "v": 0, "store": "Chicago", "shelf": "dairy", "plan": plan}


def test_the_newest_plan_is_shown_ordered_from_and_drawn(named, capsys, tmp_path):
    with MongoClient(named[1]) as client:
        client[f"shelf_{os.getpid()}"][PLANS].insert_one(plan_document((9, 8, 6, 10, 9)))
    assert cli.run("shelf", ["show"]) == 0
    assert "+1.20 a day" in capsys.readouterr().out
    assert cli.run("shelf", ["orders", "--store", "Chicago"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "store,origin,item,units",
        "Chicago,2026-05-01,oat milk 1 l,12",
        "Chicago,2026-05-01,yoghurt plain 500 g,12",
    ]
    assert cli.run("shelf", ["picture", "--file", str(DAIRY), "--out", str(tmp_path / "dairy")]) == 0
    assert "widths to scale" in (tmp_path / "dairy.svg").read_text("utf-8")
    assert (tmp_path / "dairy.png").read_bytes().startswith(b"\x89PNG")
    assert cli.run("shelf", ["picture", "--out", str(tmp_path / "sketch.svg")]) == 0
    assert "widths from percentages" in (tmp_path / "sketch.svg").read_text("utf-8")


def test_a_shelf_without_a_plan_is_a_sentence(named, capsys):
    assert cli.run("shelf", ["show", "--store", "nowhere"]) == 2
    assert "No plan of shelf any in store nowhere" in " ".join(capsys.readouterr().err.split())
