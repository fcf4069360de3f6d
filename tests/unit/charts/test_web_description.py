"""The web server's OpenAPI document is made of its handlers, and true."""

import json
import tomllib
from pathlib import Path

import msgspec
import pytest
from jsonschema import Draft202012Validator
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from charts.web.app import create_app
from charts.web.asking import PARAMETERS
from charts.web.web_settings import WebSettings
from consumers.forecasts.forecasts import ForecastsSink
from consumers.statistics.statistics import StatisticsSink
from deploy.training import routes as training
from deploy.training.trainer import Trainer
from producers.gateway.door import Door
from producers.gateway.gateway_settings import GatewaySettings
from streams.contract.errors import ServerError
from streams.contract.messages import Allocation
from streams.http.description import UNDESCRIBED
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.openapi import bodies_in, dangling, operations_of, references, routes_of, unlike, wrongs
from tests.support.shop import a_season, accepted, forecast, plan, records_of
from tests.support.stand_ins import BEGINNING

ROOT = Path(__file__).parents[3]
DATA = ("/predict", "/v1/summary", "/v1/stores", "/v1/forecasts", "/v1/plan", "/v1/scores", "/v1/drifts", "/v1/stock", "/healthz")


class QuickTrainer(Trainer):
    """Its jobs are done at once; `wrong`: they fail."""

    wrong = None

    def __init__(self):
        super().__init__(None, None, None, None)

    async def _train(self, job):
        if self.wrong:
            raise self.wrong
        job.details |= {"closed_stores": 0, "events": 7, "partitions": 1, "compared": 1, "different": []}
        return "Model trained successfully!"

    async def _retrain(self, job):
        job.details["closed_stores"] = 0
        return "Model retrained successfully!"


def filled(currencies=("EUR",), stores=("Berlin", "Paris")):
    documents = MemoryDocuments()
    sold = StatisticsSink(documents, metrics())
    sold.start(0, BEGINNING)
    sold.write(records_of([
        accepted(n + 1, store=stores[n % len(stores)], item=("milk", "2")[n % 2], currency=currencies[n % len(currencies)])
        for n in range(60)
    ]))  # fmt: skip
    foreseen = ForecastsSink(documents, metrics())
    foreseen.start(0, BEGINNING)
    items = tuple(Allocation(item=name, predicted_sales=2.0, shelf_space_percentage=50.0, facings=1) for name in ("milk", "2"))
    described = msgspec.structs.replace(plan(9999, {"milk": 1.0}), shelf="dairy", items=items, gain_per_day=1.5, reasons=("It pays.",))
    foreseen.write(records_of([*a_season(stores=stores, items=("milk", "2"), days=30), described]))
    return documents


def client_of(documents, trainer=None):
    door = Door(None, GatewaySettings(), None, None, None, None)
    more = training.routes(trainer or QuickTrainer(), door)
    app = create_app(documents, WebSettings(), CollectorRegistry(), more)
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client():
    with client_of(filled()) as client:
        yield client


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json").json()


def test_routes_and_document_are_the_same_set(client, document):
    described = {(method, path) for method, path in routes_of(client.app) if path not in UNDESCRIBED}
    assert described == operations_of(document)
    assert {("GET", "/v1/stores"), ("GET", "/charts/{file}"), ("POST", "/train"), ("GET", "/jobs/{number}")} <= described


def test_every_reference_leads_somewhere(document):
    assert references(document)
    assert dangling(document) == set()
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_bodies_in_the_docs_are_as_the_document_says(document):
    found = bodies_in((ROOT / "docs/web.md").read_text())
    assert [called for called, _ in found] == ["/add-data"]
    for called, body in found:
        schema = document["paths"][called]["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert wrongs(document, schema, json.loads(body)) == []


@pytest.mark.parametrize("currencies", [("EUR",), ("EUR", "CHF"), ("EUR", None)])
def test_answers_with_data_are_as_the_document_says(document, currencies):
    with client_of(filled(currencies)) as client:
        for path in DATA:
            answer = client.get(path)
            assert answer.status_code == 200
            assert answer.json(), path
            assert unlike(document, "GET", path, answer) == []
        assert client.get("/v1/summary").json()["scores"]
        assert client.get("/v1/stock").json()["gains"]
        for path in ("/profit_by_item", "/frequency_of_sale"):
            for accept in ("application/json", "image/png", "image/svg+xml", "text/plain"):
                assert unlike(document, "GET", path, client.get(path, headers={"Accept": accept})) == []


def test_answers_without_data_are_as_the_document_says(document):
    with client_of(MemoryDocuments()) as client:
        for path in (*DATA, "/metrics", "/profit_by_item"):
            assert unlike(document, "GET", path, client.get(path)) == []


def test_a_forecast_of_the_running_day_is_as_the_document_says(document):
    documents = MemoryDocuments()
    sink = ForecastsSink(documents, metrics())
    sink.start(0, BEGINNING)
    closing = forecast(1, 1)
    today = msgspec.structs.replace(
        closing, offset=2, horizons=(msgspec.structs.replace(closing.horizons[0], horizon="today"),), path=(), sold_so_far=3.0
    )
    sink.write(records_of([closing, today]))
    with client_of(documents) as client:
        answer = client.get("/v1/forecasts")
        assert answer.json()[0]["today"]["sold_so_far"] == 3.0
        assert unlike(document, "GET", "/v1/forecasts", answer) == []


def test_refusals_are_as_the_document_says(client, document):
    for method, path in sorted(operations_of(document)):
        asked = path.replace("{file}", "nothing.png").replace("{number}", "9")
        assert unlike(document, method, path, client.request(method, asked, headers={"Host": "evil.example"})) == []
        if method == "GET" and path != "/metrics":
            assert unlike(document, method, path, client.get(asked, params={"nonsense": 1})) == []


class Away(MemoryDocuments):
    def find(self, *_arguments, **_options):
        raise ServerError("MongoDB cannot be read.")


def test_mongodb_away_is_told(document):
    with client_of(Away()) as client:
        for path in DATA[:-1]:
            answer = client.get(path)
            assert answer.status_code == 503
            assert unlike(document, "GET", path, answer) == []
            assert "Retry-After" in document["paths"][path]["get"]["responses"]["503"]["headers"]


def test_each_parameter_is_the_one_that_is_checked(client, document):
    for path, methods in document["paths"].items():
        if "get" not in methods or path in ("/metrics", "/jobs/{number}"):
            continue
        told = {one["name"] for one in methods["get"].get("parameters", ()) if one["in"] == "query"}
        asked = path.replace("{file}", "profit_by_item.svg")
        for name in PARAMETERS:
            said = client.get(asked, params={name: "?"})
            sentence = said.json().get("error") or said.json().get("detail", "") if said.status_code == 422 else ""
            refused = "There is no parameter" in sentence
            assert refused is (name not in told), (path, name)


def test_every_chart_is_named(client, document):
    [file] = [one for one in document["paths"]["/charts/{file}"]["get"]["parameters"] if one["in"] == "path"]
    assert "busiest_hours.svg" in file["schema"]["enum"]
    for name in file["schema"]["enum"]:
        assert unlike(document, "GET", "/charts/{file}", client.get(f"/charts/{name}")) == []
        assert client.get(f"/charts/{name}").status_code == 200


@pytest.mark.parametrize("wrong", [None, ServerError("Kafka is away.")])
def test_jobs_are_as_the_document_says(document, monkeypatch, wrong):
    trainer = QuickTrainer()
    trainer.wrong = wrong
    with client_of(MemoryDocuments(), trainer) as client:
        for path in ("/train", "/retrain"):
            assert unlike(document, "POST", path, client.post(path)) == []
        for number in (1, 2, 3):
            assert unlike(document, "GET", "/jobs/{number}", client.get(f"/jobs/{number}")) == []
        monkeypatch.setattr(training, "ANSWER_SECONDS", 0.0)
        answer = client.post("/train")
        assert answer.status_code == (503 if wrong else 200) or answer.headers["Location"].startswith("/jobs/")
        assert unlike(document, "POST", "/train", answer) == []


def test_the_page_shows_all_of_it_and_needs_nothing_from_elsewhere(client, document):
    shown = client.get("/docs").text
    for method, path in operations_of(document):
        assert f"{method} {path}" in shown
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in shown
    for elsewhere in ("<script", "http://", "https://", " style="):
        assert elsewhere not in shown


def test_an_installed_server_has_its_templates():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    shipped = {
        file for package, patterns in told.items() for pattern in patterns for file in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    there = {file for room in ("charts", "streams", "producers", "deploy") for file in (ROOT / room).rglob("*.html")}
    assert len(there) > 3
    assert there <= shipped
