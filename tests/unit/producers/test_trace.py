"""A trace that a till's request belongs to goes on with its messages; without one there is nothing."""

import logging

import pytest
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from producers.gateway.app import create_app
from producers.gateway.gateway_settings import GatewaySettings
from tests.support.publisher import MemoryPublisher

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
SALE = {"event_id": "e1", "store": "s", "item": "milk", "quantity": 1, "unit_price": 1.5, "sold_at": 1777631400}


@pytest.fixture
def publisher():
    return MemoryPublisher()


@pytest.fixture
def client(publisher):
    app = create_app(publisher, GatewaySettings(tick_seconds=0), CollectorRegistry())
    with TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    ("sent", "carried"),
    [
        (TRACE, {"traceparent": TRACE.encode()}),
        (None, None),
        ("", None),
        (TRACE.upper(), None),
        (TRACE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), None),
        (TRACE.replace("00f067aa0ba902b7", "0" * 16), None),
        ("ff" + TRACE[2:], None),
        (TRACE + "-more", None),
        ("x" * 5000, None),
    ],
)
def test_a_trace_goes_into_the_headers_of_the_messages(client, publisher, sent, carried):
    answer = client.post("/v1/sales", json=[SALE, SALE | {"event_id": "e2"}], headers={} if sent is None else {"traceparent": sent})
    assert answer.status_code == 202
    assert publisher.headers == [carried, carried]


def test_a_log_line_of_a_traced_request_names_the_trace(client, publisher, caplog):
    publisher.away = True
    with caplog.at_level(logging.WARNING):
        assert client.post("/v1/sales", json=SALE, headers={"traceparent": TRACE}).status_code == 503
        assert client.post("/v1/sales", json=SALE).status_code == 503
    assert [record.message.partition("[trace ")[2] for record in caplog.records] == [f"{TRACE[3:35]}]"]
