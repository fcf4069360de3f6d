"""Who hostile connections keep out of the gateway, over real sockets: nobody but themselves."""

import contextlib
import socket
import time

import httpx
import pytest

from tests.integration.producers.test_gateway import Gateway, sale

KEY = "k" * 24
TICKER = "t" * 24
HEAD = b"POST /v1/sales HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def gateway(kafka):
    found = Gateway(kafka, SHELFCAST_TICK_SECONDS="0", SHELFCAST_HEADER_SECONDS="3", SHELFCAST_WRITE_SECONDS="2")
    yield found
    found.terminate()


def connect(gateway, source="127.0.0.1"):
    """A connection from an address of this machine."""
    url = httpx.URL(gateway.address)
    return socket.create_connection((url.host, url.port), timeout=20, source_address=(source, 0))


def closed_after(connection, most=15.0):
    """Seconds until the other side closes, having read what it sent."""
    began = time.monotonic()
    connection.settimeout(most)
    with contextlib.suppress(ConnectionResetError):
        while connection.recv(65536):
            pass
    return time.monotonic() - began


def metric(gateway, name):
    lines = gateway.client.get("/metrics").text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def test_silent_connections_of_one_address_keep_nobody_else_out(kafka):
    gateway = Gateway(kafka, SHELFCAST_TICK_SECONDS="0")
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            stack.enter_context(connect(gateway))
        time.sleep(0.5)
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), base_url=gateway.address) as till:
            assert till.post("/v1/sales", json=sale("door")).status_code == 202
        with httpx.Client(base_url=gateway.address) as probe:
            assert probe.get("/healthz").status_code == 200
            refused = probe.post("/v1/sales", json=sale("door", 1))
        assert refused.status_code == 503
        assert int(refused.headers["Retry-After"]) >= 1
        with httpx.Client(base_url=gateway.address) as reader:
            shown = reader.get("/metrics").text
        assert 'shelfcast_gateway_connections_refused_total{reason="address"}' in shown
    gateway.terminate()


def test_when_every_connection_is_taken_the_probe_has_its_own_way_in(kafka):
    gateway = Gateway(kafka, SHELFCAST_TICK_SECONDS="0", SHELFCAST_MAX_CONNECTIONS="40", SHELFCAST_CONNECTIONS_PER_ADDRESS="40")
    with contextlib.ExitStack() as stack:
        for number in range(120):
            stack.enter_context(connect(gateway, f"127.0.0.{3 + number % 3}"))
        time.sleep(0.5)
        with httpx.Client(base_url=gateway.address) as probe:
            assert probe.get("/healthz").status_code == 200
            assert probe.post("/v1/sales", json=sale("door")).status_code == 503
            assert 'connections_refused_total{reason="all"}' in probe.get("/metrics").text
    time.sleep(0.5)
    assert gateway.post("/v1/sales", sale("door")).status_code == 202
    gateway.terminate()


@pytest.mark.parametrize("first", [b"", HEAD], ids=["silent", "half a head"])
def test_a_connection_that_brings_no_request_is_closed(gateway, first):
    with connect(gateway) as connection:
        connection.sendall(first)
        assert 2 < closed_after(connection) < 10


def test_a_head_of_one_byte_a_second_is_closed(gateway):
    began = time.monotonic()
    with connect(gateway) as connection, pytest.raises(OSError):
        for byte in HEAD:
            connection.sendall(bytes([byte]))
            time.sleep(0.5)
    assert 2 < time.monotonic() - began < 12


def test_a_second_head_must_come_in_time_as_well(gateway):
    with connect(gateway) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200" in connection.recv(4096)
        connection.sendall(HEAD)
        assert 2 < closed_after(connection) < 10


def test_a_body_without_end_ends_with_its_answer(gateway):
    """Nobody reads the body of a path that is not there: it may not hold the connection for ever."""
    began = time.monotonic()
    with connect(gateway) as connection:
        connection.sendall(b"POST /nowhere HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(40):
                connection.sendall(b"1\r\nx\r\n")
                time.sleep(0.5)
    assert time.monotonic() - began < 12


def test_an_answer_that_is_not_read_is_given_up(gateway):
    before = metric(gateway, 'shelfcast_gateway_connections_refused_total{reason="slow_read"}')
    with connect(gateway) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with contextlib.suppress(OSError):
            connection.settimeout(2)
            for _ in range(3000):
                connection.sendall(b"GET /docs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 10)
        time.sleep(4)
        assert metric(gateway, 'shelfcast_gateway_connections_refused_total{reason="slow_read"}') == before + 1


def test_two_lengths_of_one_body_are_refused(gateway):
    """A proxy may believe the other one and take the rest for the next request."""
    with connect(gateway) as connection:
        connection.sendall(HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        answer = connection.recv(4096)
        assert answer.startswith(b"HTTP/1.1 400")
        assert closed_after(connection) < 2


def test_a_huge_head_is_refused(gateway):
    with connect(gateway) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(HEAD + b"X-Long: " + b"x" * 200_000)
        began = time.monotonic()
        closed_after(connection)
        assert time.monotonic() - began < 2


def test_forwarded_addresses_are_believed_from_listed_proxies_only(kafka):
    codes = {}
    for proxies in ("", "127.0.0.1"):
        gateway = Gateway(
            kafka,
            SHELFCAST_API_KEYS=KEY,
            SHELFCAST_RATE_PER_SECOND="0.01",
            SHELFCAST_RATE_BURST="3",
            SHELFCAST_TRUSTED_PROXIES=proxies,
        )
        codes[proxies] = [
            gateway.post("/v1/sales", sale("door"), **{"X-API-Key": "w" * 24, "X-Forwarded-For": f"10.0.0.{n}"}).status_code
            for n in range(8)
        ]
        gateway.terminate()
    assert codes == {"": [401] * 3 + [429] * 5, "127.0.0.1": [401] * 8}


def test_wrong_keys_are_limited_by_address_and_known_tills_stay(kafka):
    gateway = Gateway(kafka, SHELFCAST_API_KEYS=f"{KEY},{'j' * 24}", SHELFCAST_WRONG_KEYS_PER_MINUTE="3")
    assert gateway.post("/v1/sales", sale("door"), **{"X-API-Key": KEY}).status_code == 202
    wrong = [gateway.post("/v1/sales", sale("door"), **{"X-API-Key": "w" * 24}) for _ in range(6)]
    assert [answer.status_code for answer in wrong] == [401] * 3 + [429] * 3
    assert int(wrong[-1].headers["Retry-After"]) >= 1
    assert gateway.post("/v1/sales", sale("door"), **{"X-API-Key": KEY}).status_code == 202
    assert gateway.post("/v1/sales", sale("door"), **{"X-API-Key": "j" * 24}).status_code == 429, "a guess may be right"
    gateway.terminate()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"X-HTTP-Method-Override": "DELETE"}, 202),
        ({}, 202),
    ],
)
def test_a_foreign_page_may_not_send_sales(gateway, headers, status):
    assert gateway.post("/v1/sales", sale("door"), **headers).status_code == status


def test_metrics_are_no_page_of_another_name(gateway):
    assert gateway.client.get("/metrics", headers={"Host": "evil.example"}).status_code == 403
    assert gateway.client.get("/metrics").status_code == 200


def tick(seconds_ahead=0.0):
    return {"type": "clock-ticked.v1", "store": "door", "at": time.time() + seconds_ahead}


def test_clock_ticks_are_a_right_of_their_own(kafka, gateway):
    assert gateway.post("/v1/events", tick()).status_code == 202, "without keys this machine may"
    keyed = Gateway(kafka, SHELFCAST_API_KEYS=KEY, SHELFCAST_TICK_KEYS=TICKER)
    assert keyed.post("/v1/events", tick(), **{"X-API-Key": KEY}).status_code == 403
    assert keyed.post("/v1/events", tick(), **{"X-API-Key": TICKER}).status_code == 202
    assert keyed.post("/v1/sales", sale("door"), **{"X-API-Key": TICKER}).status_code == 403
    assert keyed.post("/v1/sales", sale("door"), **{"X-API-Key": KEY}).status_code == 202
    keyed.terminate()


def test_a_tick_is_at_most_minutes_ahead(gateway):
    assert gateway.post("/v1/events", tick(240)).status_code == 202
    answer = gateway.post("/v1/events", tick(47 * 3600))
    assert answer.status_code == 422
    assert answer.json()["lines"][0]["reason"] == "time_out_of_range"
