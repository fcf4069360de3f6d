"""The older API against the whole stack, as `shelfcast up` runs it."""

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from deploy.embedded.mongo import free_port
from tests.e2e.deploy.test_demo import SHELFCAST, shelfcast

START = 1_713_000_000
DAYS = 30
LINES = [
    {"name": name, "buy": 5 + name * 3 + day % 7, "profit": 2.5 * name + 1, "time": START + day * 86_400 + hour * 3600}
    for day in range(DAYS)
    for name in (1, 2, 3)
    for hour in (0, 3, 6)
]


def ask(url, body=None, accept="application/json", method=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json", "Accept": accept}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("up")
    gateway, web = free_port(), free_port()
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("KAFKA_", "MONGODB_", "SHELFCAST_"))}
    clean |= {
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "SHELFCAST_WORKER_METRICS_PORT": "0",
        "SHELFCAST_CONSUME_METRICS_PORT": "0",
    }
    command = [*SHELFCAST, "up", "--gateway-port", str(gateway), "--web-port", str(web)]
    run = subprocess.Popen(command, cwd=folder, env=clean, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for port in (gateway, web):
            until = time.monotonic() + 90
            while True:
                try:
                    if ask(f"http://127.0.0.1:{port}/healthz")[0] == 200:
                        break
                except OSError:
                    pass
                assert run.poll() is None, "shelfcast up ended"
                assert time.monotonic() < until, "it did not start"
                time.sleep(0.3)
        yield folder, f"http://127.0.0.1:{gateway}", f"http://127.0.0.1:{web}"
    finally:
        run.send_signal(signal.SIGTERM)
        assert run.wait(40) == 130


def test_posted_lines_are_learned_counted_and_predicted(stack):
    folder, _, web = stack
    assert ask(f"{web}/add-data", LINES) == (200, b'{"message":"Data added successfully!"}')
    assert ask(f"{web}/add-data", LINES)[0] == 200  # a retry of the request counts once
    assert ask(f"{web}/retrain", method="POST") == (200, b'{"message":"Model retrained successfully!"}')
    assert ask(f"{web}/train", method="POST") == (200, b'{"message":"Model trained successfully!"}')
    status, body = ask(f"{web}/predict")
    assert status == 200
    items = json.loads(body)
    assert [item["name"] for item in items] == [1, 2, 3]
    assert sum(item["shelf_space_percentage"] for item in items) == pytest.approx(100)
    for item in items:
        usual = 3 * (5 + item["name"] * 3 + 3)
        assert 0.6 * usual < item["predicted_sales"] < 1.4 * usual
    verified = shelfcast("verify", "--json", cwd=folder)
    assert verified.returncode == 0, verified.stdout
    totals = json.loads(verified.stdout)["totals"]
    assert float(totals["profit"]) == sum(line["profit"] for line in LINES)
    assert float(totals["units"]) == sum(line["buy"] for line in LINES)
    assert totals["sales"] == len(LINES)


def test_the_rebuilt_model_was_held_against_the_workers(stack):
    _, _, web = stack
    ask(f"{web}/train", method="POST")
    jobs = []
    for number in range(1, 10):
        status, body = ask(f"{web}/jobs/{number}")
        if status == 200:
            jobs.append(json.loads(body))
    trained = [job for job in jobs if job["kind"] == "train"][-1]
    assert trained["state"] == "done"
    assert trained["compared"] >= 1
    assert trained["different"] == []
    assert trained["events"] >= len(LINES)


def test_retraining_does_not_wait_for_the_ten_seconds_of_a_checkpoint(stack):
    _, _, web = stack
    seconds = []
    for number in range(3):
        line = {"name": 1, "buy": 1, "profit": 1, "time": LINES[-1]["time"] + 60 + number}
        assert ask(f"{web}/add-data", [line])[0] == 200
        started = time.monotonic()
        assert ask(f"{web}/retrain", method="POST")[0] == 200
        seconds.append(time.monotonic() - started)
    print(f"\nretrained in {', '.join(f'{s:.2f}' for s in seconds)} s")
    assert min(seconds) < 5, "it waited for the checkpoint of a busy partition"  # 1 s on a machine of one's own


def test_a_job_that_is_not_there_is_said(stack):
    _, _, web = stack
    status, body = ask(f"{web}/jobs/999")
    assert status == 404
    assert "no job 999" in body.decode()


def test_a_wrong_line_is_named(stack):
    _, _, web = stack
    status, body = ask(f"{web}/add-data", [{"name": 1, "buy": "many", "profit": 1, "time": START}])
    assert status == 422
    assert "buy" in body.decode()


@pytest.mark.parametrize("path", ["/profit_by_item", "/frequency_of_sale"])
@pytest.mark.parametrize(("accept", "head"), [("image/png", b"\x89PNG"), ("image/svg+xml", b"<"), ("application/json", b"[")])
def test_charts_come_in_the_format_asked_for(stack, path, accept, head):
    _, _, web = stack
    status, body = ask(web + path, accept=accept)
    assert status == 200
    assert body.startswith(head)


def test_a_till_publishes_over_the_gateway(stack):
    _, gateway, _ = stack
    sale = {"event_id": "t-1", "store": "Main Street", "item": "Milk 1 l", "quantity": 2, "unit_price": 1.39, "sold_at": time.time()}
    status, body = ask(f"{gateway}/v1/sales", sale)
    assert (status, json.loads(body)) == (202, {"accepted": 1})


def test_the_description_names_every_call(stack):
    _, _, web = stack
    paths = json.loads(ask(f"{web}/openapi.json")[1])["paths"]
    assert {"/add-data", "/train", "/retrain", "/predict", "/profit_by_item", "/frequency_of_sale"} <= set(paths)
