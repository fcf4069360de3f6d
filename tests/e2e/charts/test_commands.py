"""The commands as a user types them: consume, verify, charts, web, over real sockets."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest
from pymongo import MongoClient

from consumers.forecasts.forecasts import ForecastsSink
from streams.contract.codec import encode
from streams.contract.topics import ACCEPTED, FORECASTS
from tests.support.fakes import metrics
from tests.support.shop import a_season, records_of, sales_of
from tests.support.stand_ins import BEGINNING, documents_in, kafka_stand_in, mongo_settings

SALES = sales_of(800, a_day=40)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    producer, kafka = kafka_stand_in()
    with mongo_settings(tmp_path_factory.mktemp("mongo")) as mongo:
        yield (
            producer,
            mongo,
            os.environ
            | {
                "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
                "MONGODB_URI": mongo.uri.reveal(),
                "MONGODB_DATABASE": mongo.database,
                "SHELFCAST_CONSUME_METRICS_PORT": "0",
                "SHELFCAST_STATISTICS_GROUP": f"statistics-{mongo.database}",
                "SHELFCAST_FORECASTS_GROUP": f"forecasts-{mongo.database}",
                "PYTHONPATH": ".",
            },
        )


def shelfcast(environment, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "deploy.cli", *arguments], env=environment[2], capture_output=True, text=True, timeout=60, check=False
    )


def started(environment, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", *arguments], env=environment[2], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def consumed(environment):
    """The consumer has taken the sales and was asked to end."""
    producer, mongo, _ = environment
    for sale in SALES:
        producer.produce(ACCEPTED, encode(sale), sale.store, partition=sale.partition)
    for message in a_season(stores=("store 0", "store 1"), items=("item 0", "item 1"), days=30):
        producer.produce(FORECASTS, encode(message), message.store, partition=message.partition)
    assert producer.flush(20) == 0
    with started(environment, "consume", "--batch-seconds", "0.2") as child, MongoClient(mongo.uri.reveal()) as client:
        progress = client[mongo.database]["progress"]
        until = time.monotonic() + 40
        while sum(d["seq"] or 0 for d in progress.find({"reader": "statistics"})) < len(SALES) and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(1.0)
        child.send_signal(signal.SIGTERM)
        assert child.wait(15) == 0
        return environment


def test_verify_says_what_mongodb_holds(consumed):
    answer = shelfcast(consumed, "verify", "--json")
    told = json.loads(answer.stdout)
    assert told["totals"]["revenue"] == f"{sum(s.revenue_micros for s in SALES) / 1e6:.2f}"
    assert told["totals"]["sales"] == sum(s.quantity > 0 for s in SALES)
    assert (told["balanced"], told["lag"], answer.returncode) == (True, 0, 0)
    assert "The books balance." in shelfcast(consumed, "verify").stdout


def test_charts_are_written(consumed, tmp_path):
    answer = shelfcast(consumed, "charts", "--out", str(tmp_path / "charts"), "--store", "store 0", "--top", "3")
    assert answer.returncode == 0, answer.stderr
    files = sorted(file.name for file in (tmp_path / "charts").iterdir())
    names = (
        "busiest_hours",
        "explanation",
        "forecast",
        "frequency_of_sale",
        "lost_sales",
        "profit_by_item",
        "running_error",
        "shelf_share",
    )
    assert files == sorted(f"{name}.{form}" for name in names for form in ("png", "svg"))
    assert "the other 3 items" in (tmp_path / "charts" / "profit_by_item.svg").read_text()


def test_charts_on_a_full_disk_are_a_sentence(consumed, tmp_path):
    """No file may be larger than 4 kB: as a full disk, it stops the first chart half way."""
    told = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "charts", "--out", str(tmp_path / "charts")],
        env=consumed[2], capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY)),
    )  # fmt: skip
    said = " ".join(told.stderr.split())
    assert told.returncode == 1, said
    assert "Traceback" not in said
    assert "cannot be written: File too large." in said


def test_a_wrong_option_is_a_sentence(consumed):
    answer = shelfcast(consumed, "charts", "--from", "yesterday")
    assert answer.returncode == 2
    assert "give a date" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_the_web_page_answers_and_ends_when_asked(consumed):
    with started(consumed, "web", "--port", "0") as child:
        try:
            address = re.search(r"http://\S+", child.stdout.readline()).group()

            def get(path, **headers):
                with urllib.request.urlopen(urllib.request.Request(address + path, headers=headers), timeout=20) as answer:
                    return answer.headers["content-type"], answer.read()

            kind, page = get("/gallery")
            assert kind.startswith("text/html")
            assert b"item 0" in page
            assert get("/profit_by_item?top=3")[1][:4] == b"\x89PNG"
            rows = json.loads(get("/frequency_of_sale", Accept="application/json")[1])
            assert sum(row["frequency"] for row in rows) == sum(1 if s.quantity > 0 else -1 for s in SALES)
            predictions = json.loads(get("/predict?store=store%200")[1])
            assert sum(row["shelf_space_percentage"] for row in predictions) == pytest.approx(100)
            with pytest.raises(urllib.error.HTTPError) as refused:
                get("/profit_by_item?top=nine")
            with refused.value as answer:
                assert answer.status == 422
        finally:
            child.send_signal(signal.SIGTERM)
        assert child.wait(15) in (0, -signal.SIGTERM, 130, 143)


def test_another_log_is_refused_with_a_sentence(consumed):
    producer, mongo, variables = consumed
    answer = shelfcast((producer, mongo, variables | {"SHELFCAST_LOG_ID": "another"}), "consume")
    assert answer.returncode == 2
    assert "MONGODB_DATABASE" in answer.stderr


def test_forecasts_are_there(consumed):
    with documents_in(consumed[1]) as documents:
        plans = list(documents.each("plans", ("store",)))
        assert {plan["store"] for plan in plans} == {"store 0", "store 1"}
        sink = ForecastsSink(documents, metrics())  # applied by hand again: nothing changes
        sink.start(3, BEGINNING)
        before = {d["_id"]: d["v"] for d in documents.each("forecasts", ("v",))}
        sink.write([r._replace(partition=3) for r in records_of(a_season(stores=("store 0",), items=("item 0",), days=30))])
        assert {d["_id"]: d["v"] for d in documents.each("forecasts", ("v",))} == before


def test_a_question_is_answered_from_the_database(consumed):
    answer = shelfcast(consumed, "ask", "revenue by store", 'only "store 1"', "revenue by colour", "--json")
    assert answer.returncode == 1, answer.stderr
    by_store, one, unknown = map(json.loads, answer.stdout.splitlines())
    expected = {f"store {n}": round(sum(s.revenue_micros for s in SALES if s.store == f"store {n}") / 1e6, 2) for n in range(4)}
    assert dict(by_store["rows"]) == expected
    assert one["rows"] == [["store 1", expected["store 1"]]]
    assert by_store["watermark"]["sales_applied"] == len(SALES)
    assert by_store["books"]["balanced"]
    assert unknown["refused"]
    assert unknown["rows"] == []


def test_a_report_is_written_from_the_database(consumed, tmp_path):
    answer = shelfcast(consumed, "report", "--out", str(tmp_path), "--from", "2025-01-01", "--to", "2025-01-10", "--json")
    assert answer.returncode == 0, answer.stderr
    totals = {row["measure"]: row["now"] for row in json.loads(answer.stdout)["tables"]["totals"]}
    inside = [s for s in SALES if "2025-01-01" <= s.business_date <= "2025-01-10"]
    assert totals["revenue"] == round(sum(s.revenue_micros for s in inside) / 1e6, 2)
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")
    assert (tmp_path / "places.png").read_bytes()[:4] == b"\x89PNG"
