"""The gateway's OpenAPI document is made of its handlers, and true."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from producers.gateway.app import create_app
from producers.gateway.gateway_settings import GatewaySettings
from producers.gateway.older import OlderLine
from streams.contract.messages import SaleRecorded
from streams.contract.settings import Secret
from streams.http.description import UNDESCRIBED
from tests.support.openapi import bodies_in, dangling, operations_of, references, routes_of, unlike, wrongs
from tests.support.publisher import MemoryPublisher

ROOT = Path(__file__).parents[3]
KEY = "0123456789abcdef0123"
SALE = {"event_id": "e", "store": "s", "item": "i", "quantity": 1, "unit_price": 2, "sold_at": 1_777_631_400.0}
COUNT = {"type": "stock-counted.v1", "event_id": "c", "store": "s", "item": "i", "units": 3, "counted_at": 1_777_631_400}
OLDER = [{"name": 2, "buy": 50, "profit": 20, "time": 1_713_000_000}]


def client_of(publisher=None, **settings):
    app = create_app(publisher or MemoryPublisher(), GatewaySettings(tick_seconds=0.0, **settings), CollectorRegistry())
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client():
    with client_of() as client:
        yield client


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json").json()


def test_routes_and_document_are_the_same_set(client, document):
    described = {(method, path) for method, path in routes_of(client.app) if path not in UNDESCRIBED}
    assert described == operations_of(document)
    assert ("GET", "/metrics") in described
    assert ("POST", "/v1/sales") in described


def test_every_reference_leads_somewhere(document):
    assert references(document)
    assert dangling(document) == set()


def test_schemas_are_those_of_the_messages(document):
    schemas = document["components"]["schemas"]
    assert set(SaleRecorded.__struct_fields__) <= set(schemas["SaleRecorded"]["properties"])
    assert set(OlderLine.__struct_fields__) == set(schemas["OlderLine"]["properties"])
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("path", ["README.md", "docs/producers.md", "docs/shelf.md"])
def test_bodies_in_the_docs_are_as_the_document_says(document, path):
    for called, body in bodies_in((ROOT / path).read_text()):
        schema = document["paths"][called]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert wrongs(document, schema, json.loads(body)) == []


def test_the_docs_have_bodies_to_hold_against_it():
    found = [called for path in ("README.md", "docs/producers.md") for called, _ in bodies_in((ROOT / path).read_text())]
    assert {"/v1/sales", "/v1/events"} <= set(found)


def test_its_own_examples_are_as_it_says(client, document):
    for path, methods in document["paths"].items():
        if "post" in methods:
            body = methods["post"]["requestBody"]["content"]["application/json"]
            assert wrongs(document, body["schema"], body["example"]) == []
            assert client.post(path, json=body["example"]).status_code in (200, 202)


@pytest.mark.parametrize(
    ("path", "body", "fits"),
    [
        ("/v1/sales", SALE, True),
        ("/v1/sales", [SALE, SALE | {"type": "sale-recorded.v1"}], True),
        ("/v1/sales", COUNT, False),
        ("/v1/sales", SALE | {"quantity": "many"}, False),
        ("/v1/events", COUNT, True),
        ("/v1/events", SALE, False),
        ("/add-data", OLDER, True),
        ("/add-data", [{"name": 2}], False),
        ("/add-data", [], False),
    ],
)
def test_the_document_takes_what_the_door_takes(client, document, path, body, fits):
    schema = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert (wrongs(document, schema, body) == []) is fits
    assert (client.post(path, json=body).status_code in (200, 202)) is fits


def test_answers_are_as_the_document_says(client, document):
    asked = [("GET", path, {}) for path in ("/healthz", "/readyz", "/metrics")]
    asked += [("POST", path, {"json": body}) for path, body in (("/v1/sales", SALE), ("/v1/events", COUNT), ("/add-data", OLDER))]
    for path in ("/v1/sales", "/v1/events", "/add-data"):
        asked += [
            ("POST", path, {"json": [{"nothing": 1}]}),
            ("POST", path, {"content": b"x"}),
            ("POST", path, {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
            ("POST", path, {"json": SALE, "headers": {"Host": "evil.example"}}),
        ]
    statuses = set()
    for method, path, sent in asked:
        answer = client.request(method, path, **sent)
        statuses.add(answer.status_code)
        assert unlike(document, method, path, answer) == []
    assert statuses == {200, 202, 403, 415, 422}


def test_refusals_of_a_gateway_in_trouble_are_as_the_document_says(document):
    publisher = MemoryPublisher()
    publisher.away = True
    with client_of(publisher, api_keys=Secret(KEY), rate_per_second=0.01, rate_burst=2, max_lines=1) as client:
        shown = {"X-API-Key": KEY}
        answers = [
            ("POST", "/v1/sales", client.post("/v1/sales", json=SALE)),
            ("POST", "/v1/sales", client.post("/v1/sales", json=SALE, headers=shown)),
            ("POST", "/v1/events", client.post("/v1/events", json=[COUNT, COUNT], headers=shown)),
            ("POST", "/add-data", client.post("/add-data", json=OLDER, headers=shown)),
            ("GET", "/readyz", client.get("/readyz")),
            ("GET", "/metrics", client.get("/metrics")),
        ]
    assert [answer.status_code for *_, answer in answers] == [401, 503, 413, 429, 503, 401]
    assert [wrong for one in answers for wrong in unlike(document, *one)] == []
    for _, path, answer in answers[1:5]:
        told = document["paths"][path]
        headers = next(iter(told.values()))["responses"][str(answer.status_code)].get("headers", {})
        assert ("Retry-After" in headers) is ("Retry-After" in answer.headers)


def test_the_page_shows_all_of_it_and_needs_nothing_from_elsewhere(client, document):
    shown = client.get("/docs")
    assert shown.headers["content-type"].startswith("text/html")
    for method, path in operations_of(document):
        assert f"{method} {path}" in shown.text
    for name in document["components"]["schemas"]:
        assert name in shown.text
    assert "<script" not in shown.text
    assert "http://" not in shown.text
    assert "https://" not in shown.text
    assert client.get("/").text == shown.text
