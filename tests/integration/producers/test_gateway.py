"""The gateway as a program over real sockets."""

import contextlib
import json
import os
import random
import subprocess
import sys
import threading
import time
import uuid

import httpx
import pytest

from streams.contract.codec import decode_event
from streams.contract.topics import EVENTS

NOW = time.time()


class Gateway:
    def __init__(self, kafka, **environment):
        self._environment = os.environ | kafka_environment(kafka) | {"PYTHONWARNINGS": "default"} | environment
        self.start()

    def start(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy.cli", "gateway", "--port", "0"], env=self._environment, stdout=subprocess.PIPE, text=True
        )
        line = self._process.stdout.readline()
        self.address = line.split(" on ")[1].split(" ")[0].strip()
        self.client = httpx.Client(base_url=self.address, timeout=30)
        for _ in range(100):
            with contextlib.suppress(httpx.TransportError):
                if self.client.get("/healthz").status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError("the gateway did not start")

    def kill(self):
        self._process.kill()
        self._ended()

    def ask_to_stop(self):
        self.client.close()
        self._process.terminate()

    def terminate(self):
        self._process.terminate()
        return self._ended()

    def _ended(self):
        self.client.close()
        code = self._process.wait(20)
        self._process.stdout.close()
        return code

    def post(self, path, body, kind="application/json", **headers):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(path, content=content, headers={"Content-Type": kind} | headers)


def kafka_environment(kafka):
    return {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "MONGODB_URI": "mongodb://127.0.0.1:1"}


@pytest.fixture(scope="module")
def gateway(kafka):
    found = Gateway(kafka, SHELFCAST_TICK_SECONDS="0.5", SHELFCAST_MAX_LINES="3000")
    yield found
    found.terminate()


@pytest.fixture
def store():
    return f"g{uuid.uuid4().hex[:10]}"


def sale(store, number=0, **changes):
    return {"event_id": f"{store}-{number}", "store": store, "item": "milk", "quantity": 2, "unit_price": 1.19, "sold_at": NOW} | changes


def stored(read, kafka, store):
    return [decode_event(message.value()) for message in read(kafka, EVENTS, store.encode())]


def ids(events):
    return [event.event_id for event in events if hasattr(event, "event_id")]


def test_one_sale_a_list_and_lines_are_in_kafka_when_202_comes(gateway, kafka, read, store):
    lines = "\n".join(json.dumps(sale(store, n)) for n in range(3, 6)).encode()
    answers = [
        gateway.post("/v1/sales", sale(store)),
        gateway.post("/v1/sales", [sale(store, 1), sale(store, 2)]),
        gateway.post("/v1/sales", lines, "application/x-ndjson"),
    ]
    assert [(answer.status_code, answer.json()) for answer in answers] == [
        (202, {"accepted": 1}),
        (202, {"accepted": 2}),
        (202, {"accepted": 3}),
    ]
    assert ids(stored(read, kafka, store)) == [f"{store}-{n}" for n in range(6)]


def test_a_mixed_request_publishes_nothing_and_names_line_and_field(gateway, kafka, read, store):
    answer = gateway.post(
        "/v1/sales", [sale(store), sale(store, 1, quantity=0), sale(store, 2), sale(store, 3, sold_at="1970-01-01T00:00:00Z")]
    )
    assert answer.status_code == 422
    assert answer.json()["refused"] == 2
    assert [(line["line"], line["field"]) for line in answer.json()["lines"]] == [(2, "quantity"), (4, "sold_at")]
    assert stored(read, kafka, store) == []


@pytest.mark.parametrize(
    ("path", "body", "kind", "status"),
    [
        ("/v1/sales", b"not json", "application/json", 422),
        ("/v1/sales", b'{"item":"' + b"x" * 2_000_000 + b'"}', "application/x-ndjson", 422),
        ("/v1/sales", b"x" * 5_000_000, "application/json", 413),
        ("/v1/sales", b"1\n" * 3001, "application/x-ndjson", 413),
        ("/v1/sales", b"", "application/json", 422),
        ("/v1/sales", b"{}", "text/plain", 415),
        ("/v1/nothing", b"{}", "application/json", 404),
    ],
)
def test_what_cannot_be_taken_has_its_own_status_and_sentence(gateway, path, body, kind, status):
    answer = gateway.post(path, body, kind)
    assert answer.status_code == status
    assert len(answer.json()["error"]) > 20


def test_a_body_sent_in_chunks_is_bounded_too(gateway):
    answer = gateway.client.post("/v1/sales", content=(b"x" * 65536 for _ in range(100)), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_other_methods_and_foreign_hosts_are_refused(gateway):
    assert gateway.client.get("/v1/sales").status_code == 405
    assert gateway.post("/v1/sales", sale("s"), Host="shop.example").status_code == 403


def test_other_events_are_taken_at_their_door(gateway, kafka, read, store):
    count = {"type": "stock-counted.v1", "event_id": "c", "store": store, "item": "milk", "units": 3, "counted_at": NOW}
    assert gateway.post("/v1/events", count).status_code == 202
    assert gateway.post("/v1/sales", count).json()["lines"][0]["reason"] == "unknown_type"
    assert ids(stored(read, kafka, store)) == ["c"]


def test_the_older_shape_is_taken_and_a_retry_repeats_its_ids(kafka, read, store):
    gateway = Gateway(kafka, SHELFCAST_DEFAULT_STORE=store)
    lines = [{"name": 2, "buy": 50, "profit": 20, "time": 1713000000}] * 2
    for headers in ({}, {}, {"Idempotency-Key": "monday"}, {"Idempotency-Key": "monday"}):
        answer = gateway.post("/add-data", lines, **headers)
        assert (answer.status_code, answer.json()) == (200, {"message": "Data added successfully!"})
    found = stored(read, kafka, store)
    assert len(found) == 8
    assert len(set(ids(found))) == 4
    assert {(event.item, event.quantity, event.profit) for event in found} == {("2", 50.0, 20.0)}
    assert gateway.terminate() == 0


def test_live_stores_get_clock_ticks_and_the_metrics_move(gateway, kafka, read, store):
    def metric(name):
        lines = gateway.client.get("/metrics").text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    before = {
        name: metric(name)
        for name in ("shelfcast_gateway_events_accepted_total", "shelfcast_gateway_lines_refused_total", "shelfcast_gateway_ticks_total")
    }
    answered = metric('shelfcast_gateway_requests_total{route="/v1/sales",status="202"}')
    timed = metric('shelfcast_gateway_request_seconds_count{route="/v1/sales"}')
    gateway.post("/v1/sales", [sale(store), sale(store, 1)])
    gateway.post("/v1/sales", sale(store, quantity=0))
    time.sleep(1.3)
    assert any(not hasattr(event, "event_id") and event.at > NOW for event in stored(read, kafka, store)), "a tick of now"
    assert metric("shelfcast_gateway_events_accepted_total") == before["shelfcast_gateway_events_accepted_total"] + 2
    assert metric("shelfcast_gateway_lines_refused_total") == before["shelfcast_gateway_lines_refused_total"] + 1
    assert metric("shelfcast_gateway_ticks_total") > before["shelfcast_gateway_ticks_total"]
    assert metric('shelfcast_gateway_requests_total{route="/v1/sales",status="202"}') == answered + 1
    assert metric('shelfcast_gateway_request_seconds_count{route="/v1/sales"}') == timed + 2
    assert metric("shelfcast_gateway_live_stores") >= 1


def test_it_describes_itself(gateway):
    assert gateway.client.get("/openapi.json").json()["openapi"] == "3.1.0"
    page = gateway.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "POST /add-data" in page.text
    assert gateway.client.get("/readyz").json() == {"status": "ready"}


def test_keys_are_asked_for_and_rates_are_limited(kafka, store):
    key = "k" * 24
    gateway = Gateway(kafka, SHELFCAST_API_KEYS=f"{'j' * 24},{key}", SHELFCAST_RATE_PER_SECOND="1", SHELFCAST_RATE_BURST="3")
    shown = {"Authorization": f"Bearer {key}"}
    assert gateway.post("/v1/sales", sale(store), **shown).status_code == 202
    assert gateway.post("/v1/sales", sale(store), **{"X-API-Key": key}).status_code == 202
    refused = gateway.post("/v1/sales", sale(store), **{"X-API-Key": key[1:]})
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert gateway.post("/v1/sales", sale(store), **shown).status_code == 202
    slowed = gateway.post("/v1/sales", sale(store), **shown)
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) >= 1
    assert gateway.client.get("/healthz").status_code == 200
    gateway.terminate()


def test_it_does_not_start_open_to_others_without_keys(kafka):
    environment = os.environ | kafka_environment(kafka)
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "gateway", "--host", "0.0.0.0"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert "SHELFCAST_API_KEYS" in done.stderr
    assert "Traceback" not in done.stderr


def test_while_kafka_is_away_it_answers_503_and_a_retry_counts_once(broker, read, store):
    gateway = Gateway(broker.settings, SHELFCAST_ACKNOWLEDGE_SECONDS="1")
    assert gateway.post("/v1/sales", sale(store, 0)).status_code == 202
    broker.pause()
    answer = gateway.post("/v1/sales", sale(store, 1))
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) >= 1
    assert gateway.client.get("/readyz").status_code == 503
    assert gateway.client.get("/healthz").status_code == 200
    broker.resume()
    for _ in range(20):
        if gateway.post("/v1/sales", sale(store, 1)).status_code == 202:
            break
    found = ids(stored(read, broker.settings, store))
    assert found[0] == f"{store}-0"
    assert set(found) == {f"{store}-0", f"{store}-1"}
    assert "shelfcast_gateway_undelivered_requests_total" in gateway.client.get("/metrics").text
    gateway.terminate()


def test_a_full_buffer_refuses_at_once(broker, store):
    gateway = Gateway(broker.settings, SHELFCAST_ACKNOWLEDGE_SECONDS="1", SHELFCAST_BUFFER_MESSAGES="100")
    broker.pause()
    began = time.monotonic()
    answer = gateway.post("/v1/sales", [sale(store, n) for n in range(101)])
    assert answer.status_code == 503
    assert time.monotonic() - began < 0.8
    broker.resume()
    gateway.kill()


def test_what_got_202_before_a_kill_is_in_kafka_and_the_rest_can_be_sent_again(kafka, read, store):
    """Kill -9 with requests in flight, three times; every sale is retried until it is accepted."""
    gateway = Gateway(kafka)
    lock, accepted, attempts = threading.Lock(), set(), [0]
    stop = threading.Event()

    def till(number):
        with httpx.Client(timeout=5) as client:
            receipts(number, client)

    def receipts(number, client):
        for receipt in range(60):
            batch = [sale(store, f"{number}-{receipt}-{line}") for line in range(3)]
            while not stop.is_set():
                attempts[0] += 1
                try:
                    done = client.post(f"{gateway.address}/v1/sales", json=batch).status_code == 202
                except httpx.HTTPError:
                    done = False
                if done:
                    with lock:
                        accepted.update(line["event_id"] for line in batch)
                    break
                time.sleep(0.02)

    tills = [threading.Thread(target=till, args=(number,), daemon=True) for number in range(4)]
    for thread in tills:
        thread.start()
    chance = random.Random(1)
    for _ in range(3):
        time.sleep(0.2 + chance.random() * 0.4)
        gateway.kill()
        with lock:
            promised = set(accepted)
        assert promised <= set(ids(stored(read, kafka, store)))
        gateway.start()
    for thread in tills:
        thread.join(30)
    stop.set()
    found = ids(stored(read, kafka, store))
    assert len(accepted) == 4 * 60 * 3
    assert set(found) == accepted
    assert attempts[0] > 4 * 60, "requests were interrupted"
    gateway.terminate()


def test_stopped_it_answers_what_is_under_way(broker, read, store):
    gateway = Gateway(broker.settings, SHELFCAST_ACKNOWLEDGE_SECONDS="20")
    gateway.post("/v1/sales", sale(store, "first"))
    broker.pause()
    answers = []

    def post():
        body = [sale(store, n) for n in range(200)]
        answers.append(httpx.post(f"{gateway.address}/v1/sales", json=body, timeout=30).status_code)

    thread = threading.Thread(target=post)
    thread.start()
    for _ in range(200):
        waiting = next(line for line in gateway.client.get("/metrics").text.splitlines() if line.startswith("shelfcast_gateway_waiting"))
        if float(waiting.split()[1]) >= 200:
            break
        time.sleep(0.05)
    gateway.ask_to_stop()
    time.sleep(0.3)
    assert answers == []
    broker.resume()
    thread.join(30)
    assert answers == [202]
    assert gateway.terminate() == 0
    assert len(stored(read, broker.settings, store)) == 201
