"""The API for programs over a database in memory: lists, pages, forms, problems."""

import csv
import gzip
import io
import time

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from charts.web.app import create_app
from charts.web.web_settings import WebSettings
from consumers.forecasts.forecasts import ForecastsSink
from consumers.replenishment.order_pages import OrderPages
from consumers.replenishment.orders import Line, Part
from consumers.statistics.statistics import StatisticsSink
from streams.contract.documents import DESK_PLANS
from streams.contract.errors import ServerError
from streams.contract.settings import Secret
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.openapi import wrongs
from tests.support.shop import a_season, accepted, drift, forecast_of_today, records_of
from tests.support.stand_ins import BEGINNING
from tests.support.stock_told import told_of_stock
from tests.unit.consumers.test_totals_kept import totals as running

KEY = "0123456789abcdef0123"
STORES = ("Berlin", "=Paris+1", "a/b ?&#%")
ITEMS = ("milk", "2", "<b>bread</b>", "牛奶")
LISTS = {
    "/v1/stores": "StoreRow",
    "/v1/items": "ItemRow",
    "/v1/statistics": "DayRow",
    "/v1/forecasts": "ItemForecasts",
    "/v1/forecasts/history?store=Berlin": "PastForecastRow",
    "/v1/forecasts/history?store=Berlin&as_of=2025-01-10": "PastForecastRow",
    "/v1/today": "TodayRow",
    "/v1/totals": "TotalRow",
    "/v1/accuracy?by=origin": "AccuracyRow",
    "/v1/drift": "DriftRow",
    "/v1/shelves": "ShelfRow",
    "/v1/shelves/items": "ShelfItemRow",
    "/v1/orders": "OrderRow",
    "/v1/stock/ledger": "StockLevel",
    "/v1/stock/ledger?store=Berlin": "StockLevel",
    "/v1/lost-sales": "LostSalesRow",
    "/v1/lost-sales?by=item": "LostSalesRow",
    "/v1/lost-sales?by=category": "LostSalesRow",
    "/v1/decisions": "DecisionRow",
    "/v1/decisions?store=Berlin": "DecisionRow",
    "/v1/categories?days=60": "CategoryTotalRow",
    "/v1/plans": "PlanRow",
}


def filled():
    documents = MemoryDocuments()
    fill(documents)
    return documents


def fill(documents):
    """A month of three stores with awkward names, through the consumers' own sinks."""
    sold = StatisticsSink(documents, metrics())
    sold.start(0, BEGINNING)
    sold.write(records_of([
        accepted(n + 1, store=STORES[n % 3], item=ITEMS[n % 4], currency="EUR", business_date=f"2025-01-{n % 28 + 1:02}")
        for n in range(120)
    ]))  # fmt: skip
    foreseen = ForecastsSink(documents, metrics())
    foreseen.start(0, BEGINNING)
    season = a_season(stores=STORES, items=ITEMS, days=30)
    days = [forecast_of_today(9000 + n, STORES[n % 3], ITEMS[n % 4], day="2025-01-31") for n in range(12)]
    drifts = [drift(9000, STORES[n % 3], ITEMS[n % 4]) for n in range(7)]
    drifts = [msgspec.structs.replace(one, id=f"0-9000-{n}") for n, one in enumerate(drifts)]
    totals = [running(9050 + n, store, "2025-01-31", whole=10.0, fresh=4.0) for n, store in enumerate(STORES)]
    foreseen.write(records_of([*season, *days, *totals, *drifts, *told_of_stock(STORES, ITEMS)]))
    orders = OrderPages(documents)
    for day in ("2025-01-29", "2025-01-30"):
        for store in STORES:
            orders.add(Part(store, day, f"{store}{day}", tuple(Line(item, 12.0, "forecast") for item in ITEMS)))
    plans = [
        {"_id": f"desk-{n}", "store": store, "kind": ("promotion", "closed")[n % 2], "item": (ITEMS[0], "")[n % 2], "at": 1.7e9 + n,
         "first_day": f"2025-02-{n + 1:02}", "last_day": f"2025-02-{n + 3:02}", "active": n != 1}
        for n, store in enumerate((*STORES, STORES[0]))
    ]  # fmt: skip
    documents.merge(DESK_PLANS, {one["_id"]: one for one in plans})


def client_of(documents, **settings):
    app = create_app(documents, WebSettings(**({"chart_seconds": 0.0, "rate_per_second": 0.0} | settings)), CollectorRegistry())
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client():
    with client_of(filled()) as client:
        yield client


@pytest.fixture(scope="module")
def document(client):
    return client.get("/openapi.json").json()


@pytest.mark.parametrize(("path", "kind"), LISTS.items())
def test_pages_put_together_are_the_list_and_each_row_is_as_described(client, document, path, kind):
    whole = client.get(path).json()
    assert len(whole) > 1
    for size in (1, 2, len(whole)):
        rows, following = [], f"{path}{'&' if '?' in path else '?'}limit={size}"
        while following:
            answer = client.get(following)
            assert len(answer.json()) <= size
            rows += answer.json()
            link = answer.headers.get("link", "")
            assert link == "" or link.endswith('>; rel="next"')
            following = link[1:].partition(">")[0]
        assert rows == whole
    for row in whole:
        assert wrongs(document, {"$ref": f"#/components/schemas/{kind}"}, row, closed=True) == []


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_the_same_in_every_form(client, path):
    joint = "&" if "?" in path else "?"
    table = pq.read_table(io.BytesIO(client.get(f"{path}{joint}format=parquet").content))
    answer = client.get(path, headers={"Accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(lines) == table.num_rows >= len(client.get(path).json())
    assert list(lines[0]) == table.column_names
    for line in lines:
        assert not any(cell.startswith(("=", "+", "@", "-")) and not cell[1:2].isdigit() for cell in line.values())
    assert (
        "=Paris+1" in {row.get("store") for row in table.to_pylist()}
        or "Berlin" in path
        or path in {"/v1/accuracy", "/v1/lost-sales?by=category"}
    )


def test_types_of_a_parquet_file_are_those_of_the_rows(client):
    schema = pq.read_table(io.BytesIO(client.get("/v1/items?format=parquet").content)).schema
    assert schema.field("first_day").type == pa.date32()
    assert schema.field("revenue").type == pa.decimal128(38, 3)
    assert (schema.field("revenue").nullable, schema.field("store").nullable) == (True, False)


def test_sums_are_exact_and_limited_to_what_is_asked_for(client):
    rows = client.get("/v1/items", params={"store": "Berlin", "from": "2025-01-03", "to": "2025-01-05"}).json()
    sold = [n for n in range(120) if n % 3 == 0 and 3 <= n % 28 + 1 <= 5]
    assert sum(row["sales"] for row in rows) == len(sold)
    assert {row["item"]: row["revenue"] for row in rows}["milk"] == f"{2.38 * sum(n % 4 == 0 for n in sold):.2f}"
    days = client.get("/v1/statistics", params={"store": "Berlin", "item": "milk"}).json()
    assert sum(row["sales"] for row in days) == sum(n % 3 == 0 and n % 4 == 0 for n in range(120))
    assert [row["item"] for row in client.get("/v1/items?store=Berlin&search=MIL").json()] == ["milk"]
    assert client.get("/v1/items?currency=USD").json()[0]["revenue"] == "0.00"


def test_what_was_known_on_a_day_is_not_what_came_later(client):
    rows = client.get("/v1/forecasts/history?store=Berlin&as_of=2025-01-10").json()
    assert {(row["horizon"], row["origin"]) for row in rows} == {(name, "2025-01-10") for name in ("day", "7_days", "28_days")}
    limited = client.get("/v1/forecasts/history?store=Berlin&item=milk&horizon=7_days&from=2025-01-05&to=2025-01-07").json()
    assert [row["origin"] for row in limited] == ["2025-01-07", "2025-01-06", "2025-01-05"]


def test_a_forecast_of_a_day_that_has_closed_is_not_of_today():
    documents = MemoryDocuments()
    sink = ForecastsSink(documents, metrics())
    sink.start(0, BEGINNING)
    following = {}
    with client_of(documents) as client:
        sink.write(records_of([*a_season(("Berlin",), ("milk",), days=3), forecast_of_today(9, day="2025-01-04")], start=following))
        assert client.get("/v1/today").json()[0]["day"] == "2025-01-04"
        sink.write(records_of(a_season(("Berlin",), ("milk",), days=4)[-6:], start=following))
        assert client.get("/v1/today").json() == []


def test_an_answer_that_the_client_has_is_not_sent_again(client):
    answer = client.get("/v1/items")
    for sent in (answer.headers["etag"], f'"x", W/{answer.headers["etag"]}', answer.headers["etag"][:-1] + '-gzip"'):
        again = client.get("/v1/items", headers={"If-None-Match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-control"] == "private, no-cache"
    assert client.get("/v1/items?limit=1", headers={"If-None-Match": answer.headers["etag"]}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "coding"), [("gzip", "gzip"), ("zstd, gzip", "zstd"), ("gzip, zstd;q=0.5", "gzip"), ("br", None), ("gzip;q=0", None)]
)
def test_long_answers_are_packed_as_the_client_can_unpack_them(client, accepted, coding):
    plain = client.get("/v1/forecasts", headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/v1/forecasts", headers={"Accept-Encoding": accepted}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == coding
    unpack = {"gzip": gzip.decompress, "zstd": lambda body: pa.decompress(body, len(plain.content), "zstd", asbytes=True)}
    assert unpack.get(coding, bytes)(raw) == plain.content
    assert answer.headers["vary"] == "Accept, Accept-Encoding, Authorization, X-API-Key"


def test_only_the_named_fields_are_given(client):
    assert client.get("/v1/items?fields=item,sales&limit=1").json() == [{"item": "2", "sales": 10}]
    assert client.get("/v1/items?fields=sales,item&limit=1&format=csv").text == "sales,item\r\n10,2\r\n"


@pytest.mark.parametrize(
    ("path", "parameter", "sentence"),
    [
        ("/v1/items?limit=0", "limit", ">= 1"),
        ("/v1/items?limit=5001", "limit", "<= 5000"),
        ("/v1/items?limit=many", "limit", "int"),
        ("/v1/items?limit=1&limit=2", "limit", "twice"),
        ("/v1/items?sotre=x", None, "There is no parameter 'sotre'"),
        ("/v1/items?from=2025-02-31", "from", "date"),
        ("/v1/items?from=1999-12-31", "from", "2000 to 2099"),
        ("/v1/items?from=2025-02-02&to=2025-02-01", "from", "is after"),
        ("/v1/items?store=" + "s" * 65, "store", "64"),
        ("/v1/items?store=", "store", "1"),
        ("/v1/items?fields=secret", "fields", "There is no field 'secret'"),
        ("/v1/items?cursor=%00", "cursor", "not of this list"),
        ("/v1/items?cursor=WzFd", "cursor", "not of this list"),
        ("/v1/items?format=xml", "format", "xml"),
        ("/v1/items?currency=eur", "currency", "[A-Z]"),
        ("/v1/forecasts?item=milk", "item", "without store"),
        ("/v1/forecasts/history", "store", "missing"),
        ("/v1/forecasts/history?store=a&as_of=2025-01-01&horizon=day", "as_of", "the one or the other"),
        ("/v1/accuracy?by=moon", "by", "moon"),
        ("/v1/stock/ledger?item=milk", "item", "without store"),
        ("/v1/stock/ledger?knows=much", "knows", "much"),
        ("/v1/lost-sales?by=moon", "by", "moon"),
        ("/v1/health?x=1", None, "use none"),
    ],
)
def test_wrong_parameters_are_named(client, path, parameter, sentence):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    told = answer.json()
    assert (told["status"], told["title"], told.get("parameter")) == (422, "Unprocessable Entity", parameter)
    assert sentence in told["detail"]


def test_every_refusal_is_a_problem():
    with client_of(filled(), api_keys=Secret(KEY), rate_per_second=1.0, rate_burst=2) as client:
        shown = {"Authorization": f"Bearer {KEY}"}
        answers = {
            401: client.get("/v1/items"),
            404: client.get("/v1/nothing", headers=shown),
            405: client.delete("/v1/items", headers=shown),
            406: client.get("/v1/items", headers=shown | {"Accept": "text/html"}),
        }
        limited = [client.get("/v1/items", headers=shown) for _ in range(3)]
        answers[429] = limited[-1]
        for status, answer in answers.items():
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
            assert answer.json()["status"] == status
        assert limited[0].headers["ratelimit"] == '"default";r=0;t=2'
        assert answers[429].headers["ratelimit-policy"] == '"default";q=2;w=2'
        assert int(answers[429].headers["retry-after"]) >= 1
        assert "www-authenticate" in answers[401].headers


class Broken(MemoryDocuments):
    error = ServerError("MongoDB at secret-host:27017 refuses.")

    def find(self, *_arguments, **_options):
        raise self.error


@pytest.mark.parametrize(("error", "status"), [(Broken.error, 503), (ZeroDivisionError("secret"), 500)])
def test_errors_give_nothing_away(error, status):
    documents = Broken()
    documents.error = error
    with client_of(documents) as client:
        for path in (*LISTS, "/v1/health"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), path
            assert "secret" not in answer.text


def test_sums_are_those_of_what_is_written_now():
    documents = filled()
    sold = StatisticsSink(documents, metrics())
    sold.start(0, BEGINNING)
    with client_of(documents, chart_seconds=60.0) as client:
        before = client.get("/v1/stores").json()[0]["sales"]
        sold.write(records_of([accepted(121, store="=Paris+1")], start={0: 900}))
        until = time.monotonic() + 10
        while client.get("/v1/stores").json()[0]["sales"] == before:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_what_was_replaced_goes_on_and_says_so(client, document):
    for path, successor in {"/v1/plan": "/v1/shelves", "/v1/scores": "/v1/accuracy", "/v1/drifts": "/v1/drift"}.items():
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["deprecation"].startswith("@")
        assert answer.headers["link"] == f'<{successor}>; rel="successor-version"'
        assert document["paths"][path]["get"]["deprecated"] is True
    assert "deprecation" not in client.get("/predict").headers


def test_health_says_how_far_the_database_has_come(client):
    told = client.get("/v1/health").json()
    assert (told["status"], told["counted"], told["series"]) == ("ok", 120, 12)
    assert {reader["reader"] for reader in told["readers"]} == {"statistics", "forecasts"}


def test_decisions_and_categories_are_those_of_the_table_of_products(client):
    rows = client.get("/v1/decisions?days=14").json()
    assert "high" in {row["weight"] for row in rows}
    some = min(row["action"] for row in rows)
    assert {row["action"] for row in client.get(f"/v1/decisions?days=14&action={some}").json()} == {some}
    sums = client.get("/v1/categories?days=14").json()
    assert sum(one["items"] for one in sums) == len(rows)
    assert sum(one["revenue"] for one in sums) == pytest.approx(sum(row["revenue"] for row in rows))
    assert sum(one["expected_units"] for one in sums) == pytest.approx(sum(row["expected_units"] for row in rows), abs=0.01)


def test_plans_are_listed_by_period_the_withdrawn_ones_too(client):
    assert [(row["item"] is None, row["active"]) for row in client.get("/v1/plans").json()] == [
        (False, True), (True, False), (False, True), (True, True)
    ]  # fmt: skip
    assert [row["first_day"] for row in client.get("/v1/plans?since=2025-02-05&until=2025-02-03").json()] == ["2025-02-03"]
