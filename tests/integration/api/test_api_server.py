"""The API of a running server: both generated clients, events that go on after a restart, and whatever schemathesis thinks of."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from streams.contract.codec import encode
from streams.contract.topics import FORECASTS
from tests.conftest import not_run
from tests.support.served import served
from tests.support.shop import drift
from tests.support.stand_ins import documents_in, kafka_stand_in, mongo_settings
from tests.unit.charts.test_api import STORES, fill

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "deploy" / "clients" / "python"))

from shelfcast_client import Client, ProblemError  # noqa: E402


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A producer of forecasts, the settings of both servers, and the server's output."""
    directory = tmp_path_factory.mktemp("shop")
    producer, kafka = kafka_stand_in()
    with mongo_settings(directory) as mongo:
        with documents_in(mongo) as documents:
            documents.prepare()
            fill(documents)
        yield producer, kafka, mongo, directory / "web.log"
    producer.flush(1)


@pytest.fixture(scope="module")
def port(shop):
    _, kafka, mongo, said = shop
    with served(kafka, mongo, said, SHELFCAST_RATE_PER_SECOND="0") as port:
        yield port


@pytest.fixture
def client(port):
    return Client(f"http://127.0.0.1:{port}")


def publish(producer, *numbers):
    for number in numbers:
        producer.produce(FORECASTS, encode(drift(number)), b"Berlin")
    assert producer.flush(20) == 0


def test_the_python_client_follows_pages_and_raises_problems(client):
    assert [row["store"] for row in client.stores()] == sorted(STORES)
    whole = list(client.items())
    assert list(client.items(limit=2)) == whole
    assert {row["store"] for row in client.items(store=STORES[2])} == {"a/b ?&#%"}
    assert [row["origin"] for row in client.history(store="Berlin", item="milk", from_="2025-01-28")] == [
        "2025-01-30", "2025-01-29", "2025-01-28",
    ]  # fmt: skip
    assert client.database_health()["counted"] == 120
    assert client.table("/v1/stores", "text/csv", fields="store").decode().splitlines()[0] == "store"
    with pytest.raises(ProblemError, match=r"currency") as problem:
        list(client.items(currency="eur"))
    assert (problem.value.status, problem.value.parameter) == (422, "currency")


def test_events_go_on_after_the_last_one_even_at_another_process(shop, port):
    producer, kafka, mongo, said = shop
    publish(producer, 5000)
    place, seen = None, []

    def listen(at, most):
        nonlocal place
        for event in Client(f"http://127.0.0.1:{at}").live_events(kinds="drift-detected.v1", after=place):
            place = event.id
            seen.append(event.data["id"])
            if len(seen) >= most:
                return

    listening = threading.Thread(target=listen, args=(port, 2))
    listening.start()
    until = time.monotonic() + 60
    number = 5001
    while listening.is_alive():
        assert time.monotonic() < until
        publish(producer, number)
        number += 1
        time.sleep(0.3)
    publish(producer, number, number + 1)
    with served(kafka, mongo, said) as other:
        listen(other, len(seen) + number + 1 - int(seen[-1].split("-")[1]))
        open_stream = Client(f"http://127.0.0.1:{other}").live_events(kinds="counted")
        next(open_stream)
        began = time.monotonic()
    assert time.monotonic() - began < 14, "an open stream must not hold up the end of a server, which waits 15 s for requests"
    numbers = [int(name.split("-")[1]) for name in seen]
    assert numbers == list(range(numbers[0], number + 2))


def test_the_javascript_client_sees_the_same(shop, client, port):
    node = shutil.which("node")
    if node is None:
        not_run("the JavaScript client", "there is no node")
        pytest.skip("there is no node")
    producer, *_ = shop
    events, place = client.live_events(kinds="drift-detected.v1", after="0-0.1-0.2-0.3-0"), []
    publish(producer, 6000, 6001)
    for event in events:
        place.append(event)
        if event.data["id"] == "0-6001-drift":
            break
    command = [
        node,
        str(Path(__file__).with_name("client.mjs")),
        f"http://127.0.0.1:{port}",
        place[-3].id if len(place) > 2 else "0-0.1-0.2-0.3-0",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["stores"] == list(client.stores())
    assert seen["items"] == list(client.items(search="i"))
    assert seen["forecasts"] == list(client.forecasts(store=STORES[2]))
    assert (seen["counted"], seen["problem"]) == (120, [True, 422, "currency"])
    assert seen["csv"].splitlines()[0] == "store"
    assert seen["events"] == [[event.id, event.kind, event.data["id"]] for event in place[-2:]]


def test_the_documented_calls_run_as_written(port, tmp_path):
    lines = [line for line in (ROOT / "docs" / "api.md").read_text().splitlines() if line.startswith("curl ")]
    assert len(lines) > 8
    for line in lines:
        done = subprocess.run(["bash", "-c", line.replace(":8081", f":{port}")], capture_output=True, timeout=60, cwd=tmp_path)
        assert done.returncode in (0, 28 if "-m 5" in line else 0), (line, done.stderr)
        assert done.stdout or list(tmp_path.iterdir()), line
        assert b'"status":5' not in done.stdout, line


def test_no_request_that_the_document_allows_or_forbids_is_answered_otherwise_than_it_says(port):
    """Schemathesis makes them. A cursor is of its list and dates have an order, which no schema can say: so some are refused."""
    without_end_or_effect = r"^/(v1/live|train|retrain|add-data|charts|profit_by_item|frequency_of_sale)"
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"http://127.0.0.1:{port}/openapi.json", "--no-color",
        "--exclude-path-regex", without_end_or_effect, "--phases", "fuzzing", "--max-examples", "10",
        "--seed", "1", "--suppress-health-check", "all", "--exclude-checks", "positive_data_acceptance,unsupported_method",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-5000:]
    assert int(re.findall(r"Tested: +(\d+)", done.stdout)[0]) >= 18
