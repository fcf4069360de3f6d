"""The page and its API over a database in memory."""

import base64
import hashlib
import re
import threading
import time
from html.parser import HTMLParser

import msgspec
import pytest
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from charts.web.app import create_app
from charts.web.asking import JSON, PNG, SVG, preferred
from charts.web.fresh import FreshFor
from charts.web.web_settings import WebSettings
from consumers.forecasts.forecasts import ForecastsSink
from consumers.statistics.statistics import StatisticsSink
from streams.contract.errors import ServerError, SettingsError
from streams.contract.horizons import HORIZON_NAMES
from streams.contract.messages import Allocation
from streams.contract.settings import Secret
from streams.processor.parts import in_parts
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import a_season, accepted, day_after, forecast, plan, records_of
from tests.support.stand_ins import BEGINNING

SCRIPT = "<script>alert('x')</script>"
ITEMS = ("milk", "2", SCRIPT, "$butter$ 牛奶")
KEY = "0123456789abcdef0123"


def filled(stores=("Berlin", SCRIPT)):
    documents = MemoryDocuments()
    sold = StatisticsSink(documents, metrics())
    sold.start(0, BEGINNING)
    sold.write(records_of([
        accepted(n + 1, store=stores[n % len(stores)], item=ITEMS[n % 4], currency="EUR", business_date=f"2025-03-{n % 28 + 1:02}")
        for n in range(200)
    ]))  # fmt: skip
    foreseen = ForecastsSink(documents, metrics())
    foreseen.start(0, BEGINNING)
    foreseen.write(records_of(a_season(stores=stores, items=ITEMS, days=30)))
    return documents


def client_of(documents, **settings):
    registry = CollectorRegistry()
    app = create_app(documents, WebSettings(**settings), registry)
    return TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False)


@pytest.fixture(scope="module")
def client():
    with client_of(filled()) as client:
        yield client


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def test_the_page_shows_numbers_table_charts_and_drift(client):
    answer = client.get("/gallery")
    assert answer.status_code == 200
    for expected in ("What should I stock?", "200", "sale lines", "day-ahead error", "&times;1.60", "Next 28 days"):
        assert expected in answer.text
    tags = Tags()
    tags.feed(answer.text)
    pictures = [attributes for tag, attributes in tags.found if tag == "img"]
    assert len(pictures) == 6
    for picture in pictures:
        shown = client.get(picture["src"])
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/svg+xml")


def test_hostile_names_are_words_on_the_page(client):
    text = client.get("/gallery").text
    assert SCRIPT not in text
    assert "&lt;script&gt;alert" in text
    assert text.count("<script>") == 1  # our own


def test_the_page_needs_nothing_from_elsewhere_and_its_policy_fits_it(client):
    answer = client.get("/gallery", params={"store": SCRIPT})
    assert not re.search(r"(src|href|action)=[\"']?(https?:)?//", answer.text)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    for tag in ("style", "script"):
        [content] = re.findall(f"<{tag}>(.*?)</{tag}>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert not re.search(r" (style|on\w+)=", answer.text)
    for header in ("x-content-type-options", "x-frame-options", "referrer-policy"):
        assert header in answer.headers


def test_an_empty_database_is_welcomed():
    with client_of(MemoryDocuments()) as client:
        assert "Nothing was sold yet" in client.get("/gallery").text
        assert client.get("/predict").json() == []
        for path in ("/profit_by_item", "/frequency_of_sale", "/charts/running_error.png"):
            assert client.get(path).content[:4] == b"\x89PNG"


def test_predict_has_the_older_shape(client):
    with client_of(filled(stores=("Berlin",))) as one_store:
        rows = one_store.get("/predict").json()
    assert [set(row) for row in rows] == [{"name", "buy", "profit", "time", "predicted_sales", "shelf_space_percentage"}] * 4
    assert {row["name"] for row in rows} == {"milk", 2, SCRIPT, "$butter$ 牛奶"}
    assert sum(row["shelf_space_percentage"] for row in rows) == pytest.approx(100)
    several = client.get("/predict").json()
    assert {row["store"] for row in several} == {"Berlin", SCRIPT}
    assert all("store" not in row for row in client.get("/predict", params={"store": "Berlin"}).json())


def described(name, offset, items, **more):
    """A plan of a described shelf; items: name -> percentage of the store."""
    whole = sum(items.values())
    allocations = tuple(
        Allocation(item=item, predicted_sales=2.0, shelf_space_percentage=share, percentage_of_shelf=100 * share / whole, facings=1)
        for item, share in items.items()
    )
    return msgspec.structs.replace(plan(offset, {"milk": 1.0}), shelf=name, items=allocations, **more)


@pytest.fixture(scope="module")
def two_shelves():
    documents = filled(stores=("Berlin",))
    sink = ForecastsSink(documents, metrics())
    sink.start(0, BEGINNING)
    gains = {"gain_per_day": 1.5, "gain_over_share_of_sales": 12.25, "gain_over_share_of_profit": -0.5, "gain_over_equal_space": 30.0}
    origin = day_after(29)  # of the newest forecasts
    dairy = described("dairy", 9999, {"milk": 40.0, "2": 35.0}, origin=origin, **gains)
    freezer = described("freezer", 9999, {"ice": 20.0, "milk": 5.0}, origin=origin)
    sink.write(records_of([dairy, freezer], start={0: 500_000}))
    with client_of(documents) as client:
        yield client


def test_percentages_of_a_store_with_two_shelves_sum_to_100(two_shelves):
    rows = two_shelves.get("/predict").json()
    shares = {row["name"]: row["shelf_space_percentage"] for row in rows}
    assert shares == {"milk": 45.0, 2: 35.0, "ice": 20.0, SCRIPT: 0.0, "$butter$ 牛奶": 0.0}
    assert len(rows) == len(shares)
    assert all(row["predicted_sales"] > 0 for row in rows)
    stock = {row["item"]: row["shelf"] for row in two_shelves.get("/v1/stock").json()["rows"]}
    assert (stock["milk"], stock["2"], stock[SCRIPT]) == (45.0, 35.0, None)


def test_the_page_says_what_a_plan_earns_beyond_others(two_shelves):
    shown = two_shelves.get("/gallery").text
    assert "<tr><th>Shelf<th>The plan in place<th>Space by sales<th>Space by profit<th>Equal space" in shown
    assert "<tr><td>dairy<td>+1.50<td>+12.25<td>\N{MINUS SIGN}0.50<td>+30.00" in shown
    assert [row["shelf"] for row in two_shelves.get("/v1/stock").json()["gains"]] == ["dairy"]


@pytest.mark.parametrize("path", ["/profit_by_item", "/frequency_of_sale"])
def test_charts_come_as_the_client_likes(client, path):
    assert client.get(path).headers["content-type"] == "image/png"
    assert client.get(path, headers={"Accept": "*/*"}).headers["content-type"] == "image/png"
    assert client.get(path, headers={"Accept": "image/svg+xml"}).content.lstrip().startswith(b"<?xml")
    assert client.get(path, headers={"Accept": "text/plain"}).status_code == 406
    rows = client.get(path, headers={"Accept": "application/json"}, params={"store": "Berlin"}).json()
    assert {row["item"] for row in rows} == {"milk", SCRIPT}
    assert sum(row["sales"] for row in rows) == 100


def test_json_of_a_period_is_exact(client):
    rows = client.get("/profit_by_item", headers={"Accept": JSON}, params={"from": "2025-03-03", "to": "2025-03-04"}).json()
    sold = [n for n in range(200) if n % 28 + 1 in (3, 4)]
    assert sum(row["sales"] for row in rows) == len(sold)
    assert {row["item"]: row["revenue"] for row in rows}[ITEMS[2]] == f"{2.38 * sum(n % 4 == 2 for n in sold):.2f}"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/profit_by_item?top=0", "from 1 to 60"),
        ("/profit_by_item?top=many", "whole number"),
        ("/profit_by_item?top=" + "9" * 200, "128"),
        ("/profit_by_item?from=2025-02-31", "give a date"),
        ("/profit_by_item?from=20250201", "give a date"),
        ("/profit_by_item?to=9999-12-31", "give a date"),
        ("/profit_by_item?to=0001-01-01", "give a date"),
        ("/frequency_of_sale?from=2025-02-02&to=2025-02-01", "is after"),
        ("/frequency_of_sale?sotre=x", "no parameter"),
        ("/charts/forecast.png?item=milk", "without store"),
        ("/predict?store=a&store=b", "twice"),
    ],
)
def test_wrong_parameters_are_422_with_a_sentence(client, path, sentence):
    answer = client.get(path)
    assert answer.status_code == 422
    assert sentence in answer.json()["error"]


def test_the_rest_of_the_api_answers(client):
    assert client.get("/v1/summary").json()["totals"]["sales"] == 200
    [one] = client.get("/v1/forecasts", params={"store": "Berlin", "item": "milk"}).json()
    assert one["close"]["horizons"][0]["horizon"] == "day"
    assert len(client.get("/v1/forecasts").json()) == 8
    assert {one["store"] for one in client.get("/v1/plan").json()} == {"Berlin", SCRIPT}
    assert set(client.get("/v1/scores").json()) == set(HORIZON_NAMES)
    assert client.get("/v1/drifts").json()[0]["item"] == "milk"
    assert client.get("/v1/stock", params={"store": "Berlin"}).json()["rows"][0]["shelf"] > 0
    assert [row["store"] for row in client.get("/v1/stores").json()] == sorted(["Berlin", SCRIPT])
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/nowhere").status_code == 404
    assert client.get("/charts/etc.png").status_code == 404
    assert client.post("/predict").status_code == 405


def test_metrics_move(client):
    def count():
        text = client.get("/metrics").text
        [value] = re.findall(r'shelfcast_web_requests_total\{route="/predict",status="200"\} (\S+)', text) or ["0"]
        return float(value), 'status="422"' in text, "shelfcast_web_draw_seconds_count" in text

    client.get("/predict")
    before, _, _ = count()
    client.get("/predict")
    client.get("/predict?nonsense=1")
    after, refused, drawn = count()
    assert after == before + 1
    assert refused
    assert drawn


def test_without_keys_only_this_machine_by_its_own_name_is_answered(client):
    for host in ("evil.example", "localhost.evil.example", "10.0.0.1:80"):
        assert client.get("/", headers={"Host": host}).status_code == 403
    for host in ("localhost:8081", "127.0.0.1", "[::1]:80", "[::1]"):
        assert client.get("/v1/stores", headers={"Host": host}).status_code == 200


def test_with_keys_each_way_of_showing_one_works():
    with client_of(filled(), api_keys=Secret(f"{KEY},another-key-of-enough-length")) as client:
        basic = base64.b64encode(f"anyone:{KEY}".encode()).decode()
        for headers in ({"Authorization": f"Bearer {KEY}"}, {"X-API-Key": KEY}, {"Authorization": f"Basic {basic}"}):
            assert client.get("/v1/stores", headers=headers | {"Host": "shop.example"}).status_code == 200
        for headers in ({}, {"X-API-Key": KEY[:-1]}, {"Authorization": "Basic %%%"}, {"Authorization": "Bearer "}, {"X-API-Key": "é"}):
            answer = client.get("/v1/stores", headers={name: value.encode() for name, value in headers.items()})
            assert answer.status_code == 401
            assert "www-authenticate" in answer.headers
        assert client.get("/metrics").status_code == 401
        assert client.get("/healthz").status_code == 200


def test_off_loopback_needs_keys():
    with pytest.raises(SettingsError, match="SHELFCAST_API_KEYS"):
        WebSettings(host="0.0.0.0")
    with pytest.raises(SettingsError, match="16 characters"):
        WebSettings(api_keys=Secret("short"))


class Away(MemoryDocuments):
    def find(self, *_arguments, **_options):
        raise ServerError("MongoDB at here cannot be read: check that it runs.")


def test_mongodb_away_is_503_with_a_sentence():
    with client_of(Away()) as client:
        for path in ("/", "/gallery", "/predict", "/profit_by_item", "/v1/summary"):
            answer = client.get(path)
            assert answer.status_code == 503
            assert "check that it runs" in answer.json()["error"]
            assert answer.headers["retry-after"] == "5"


class Broken(MemoryDocuments):
    def find(self, *_arguments, **_options):
        raise ZeroDivisionError("secret detail")


def test_the_unforeseen_gives_nothing_away():
    with client_of(Broken()) as client:
        answer = client.get("/predict")
        assert answer.status_code == 500
        assert "secret" not in answer.text


def test_slow_drawing_does_not_hold_up_others():
    class Slow(MemoryDocuments):
        def find(self, collection, *arguments, **options):
            if collection == "item_months":
                time.sleep(0.8)
            yield from super().find(collection, *arguments, **options)

    with client_of(Slow()) as client:
        drawing = threading.Thread(target=client.get, args=("/profit_by_item",))
        drawing.start()
        time.sleep(0.1)
        began = time.perf_counter()
        assert client.get("/healthz").status_code == 200
        assert time.perf_counter() - began < 0.5
        drawing.join()


def test_kept_answers_are_made_once_until_they_are_old():
    now, made = [0.0], []
    fresh = FreshFor(10.0, lambda: now[0])

    def make():
        time.sleep(0.02)
        made.append(1)
        return len(made)

    threads = [threading.Thread(target=fresh.get, args=("a", make)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1
    now[0] = 11.0
    assert fresh.get("a", make) == 2


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("", PNG), ("*/*", PNG), ("image/*", PNG), ("image/svg+xml,*/*;q=0.8", SVG), ("application/json", JSON), ("text/html", None),
        ("image/png;q=0, */*", SVG), ("application/json;q=0.9, image/png;q=0.1", JSON), ("image/png;q=x", None), (",;,", PNG),
    ],
)  # fmt: skip
def test_accept_is_weighed(accept, kind):
    assert preferred(accept, (PNG, SVG, JSON)) == kind


def test_the_page_says_that_a_plan_misses_a_part_and_lists_what_sells_most_of_very_many():
    documents = MemoryDocuments()
    sink = ForecastsSink(documents, metrics())
    sink.start(0, BEGINNING)
    names = {f"item {n:04}": float(n) for n in range(6000)}
    made = [forecast(1, n, item=name, mean=1.0 + mean) for n, (name, mean) in enumerate(names.items())]
    parts = list(in_parts(plan(1, names)))
    assert len(parts) > 1
    with client_of(documents) as client:
        sink.write(records_of([*made, *parts], start=(following := {})))
        stock = client.get("/v1/stock?store=Berlin").json()
        assert stock["items"] == 6000
        assert [row["item"] for row in stock["rows"][:2]] == ["item 5999", "item 5998"]
        assert "incomplete" not in client.get("/gallery?store=Berlin").text
    with client_of(documents) as client:
        sink.write(records_of([*in_parts(plan(2, names))][:1], start=following))
        assert "This plan is incomplete: " in client.get("/gallery?store=Berlin").text
