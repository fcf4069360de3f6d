"""Each page over a database in memory: what it shows, in both languages, and what it refuses."""

import csv
import io
import re
import time
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from charts.web.pages.desk import PAGES
from streams.contract.errors import ServerError
from streams.contract.messages import OpeningPlanned, PromotionPlanned, SaleRecorded
from tests.support.fakes import MemoryDocuments, MemoryKeeps
from tests.unit.charts.pages.shop import HOSTILE, LAST, STORE, Doors, client_of, filled

HTML = {"Accept": "text/html"}
ADDRESSES = [path for path, _ in PAGES if path != "/gallery"]


@pytest.fixture(scope="module")
def doors():
    return Doors()


@pytest.fixture(scope="module")
def client(doors):
    with client_of(filled(), doors) as client:
        yield client


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))


def page(client, path, **query):
    """The text of a page, once it has added up what it shows."""
    until = time.monotonic() + 20
    while True:
        answer = client.get(f"{path}?{urlencode(query)}" if query else path, headers=HTML)
        assert answer.status_code == 200, answer.text
        if "data-loading" not in answer.text:
            return answer.text
        assert time.monotonic() < until
        time.sleep(0.05)


def words(text):
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())


@pytest.mark.parametrize("path", [*ADDRESSES, "/item"])
@pytest.mark.parametrize("language", ["en", "de"])
def test_every_page_is_whole_and_safe(client, path, language):
    query = {"store": STORE, "lang": language} | ({"item": HOSTILE} if path == "/item" else {})
    text = page(client, path, **query)
    assert HOSTILE not in text
    assert len(text) < 100_000
    assert f'<html lang="{language}"' in text
    assert not re.search(r"(src|href|action)=[\"']?(https?:)?//", text)
    assert not re.search(r" (style|on\w+)=", text)
    assert text.count("<script") == len(re.findall(r'<script src="/static/[0-9a-f]{12}/\w+\.js" defer></script>', text))
    tags = Tags(text).found
    assert [tag for tag, _ in tags].count("h1") == 1
    if path != "/item":
        [current] = [attributes["href"] for tag, attributes in tags if tag == "a" and attributes.get("aria-current") == "page"]
        assert current.startswith(path)
    pictures = [attributes for tag, attributes in tags if tag == "svg" and not attributes.get("aria-hidden")]
    assert all(attributes.get("aria-label") for attributes in pictures if attributes.get("role") == "img")


def test_filters_go_along_to_every_page(client):
    text = page(client, "/products", store=STORE, category="dairy", days=7)
    for path in ADDRESSES:
        assert f'href="{path}?{urlencode({"store": STORE, "category": "dairy", "days": 7}).replace("&", "&amp;")}"' in text
    assert words(text).count("milk") >= 1
    assert "bread" not in words(text).replace("All categories", "")


def test_today_tells_what_the_day_brings(client):
    text = words(page(client, "/", store=STORE))
    assert "€53.28" in text  # 3 x 2 x (1.39 + 2.49 + 5)
    assert "€79.69 between €76.17 and €82.99" in text  # 25 milk, 6 bread, 6 of the third
    assert "milk 9 25 4.2 to 8.1 +€26.41" in text
    assert "bread" in text, "the level shift"


def test_products_weigh_advise_and_sort(client):
    text = words(page(client, "/products", store=STORE))
    assert "3 items" in text
    for expected in ("High", "Check the price", "It lost €168 on a revenue of €840.", "Order more", "€234"):
        assert expected in text, text
    first = page(client, "/products", store=STORE, sort="item")
    assert first.index(">bread<") < first.index(">milk<")
    found = words(page(client, "/products", store=STORE, q="MIL"))
    assert "1 item" in found
    assert "No item fits" in words(page(client, "/products", store=STORE, q="nothing like it"))


def test_products_as_csv_hold_every_row(client):
    page(client, "/products", store=STORE)
    answer = client.get("/products.csv", params={"store": STORE, "sort": "item"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["item"] for row in rows] == [HOSTILE, "bread", "milk"]
    assert rows[2]["revenue"] == "233.52"
    assert rows[2]["category"] == "dairy"
    assert float(rows[2]["expected_units"]) == 168
    assert answer.headers["content-type"].startswith("text/csv")


def test_item_shows_forecast_accuracy_and_shelf(client):
    text = words(page(client, "/item", store=STORE, item="milk"))
    for expected in (
        "Next 28 days 168",
        "between 118 and 227 units",
        "Same-weekday mean",
        "dairy : 33% of the space, 3 facings (now 2)",
        "30% of revenue",
    ):
        assert expected in text, text
    assert "Nothing is known of this item" in words(page(client, "/item", store=STORE, item="no such thing"))
    assert client.get("/item", params={"item": "milk"}, headers=HTML).status_code == 422


def test_orders_take_the_plan_and_can_be_changed(client):
    text = words(page(client, "/orders", store=STORE))
    assert "in whole cases" in text
    assert "What should sell until the next order" in text
    origin = re.search(r'name="origin" value="([^"]+)"', page(client, "/orders", store=STORE)).group(1)
    answer = client.post("/orders", json={"store": STORE, "origin": origin, "units": [["bread", "40"]]})
    assert answer.status_code == 200
    rows = {row["item"]: row for row in csv.DictReader(io.StringIO(client.get("/orders.csv", params={"store": STORE}).text))}
    assert (rows["milk"]["order_units"], rows["milk"]["chosen_by"]) == ("12.0", "plan")
    assert (rows["bread"]["order_units"], rows["bread"]["chosen_by"]) == ("40.0", "person")
    for units in ([["bread", "many"]], [["bread", -1]], [["bread"]], "40", [[7, 7]]):
        assert client.post("/orders", json={"store": STORE, "origin": origin, "units": units}).status_code == 422


def test_shelves_say_what_to_move(client):
    text = words(page(client, "/shelves", store=STORE))
    assert "milk 2 3 +1" in text
    assert "+1.50" in text


def test_health_tells_errors_letters_and_lag(client):
    text = words(page(client, "/health", store=STORE))
    for expected in ("Error by week: Next business day", "Dead letters 1", "Events waiting 3", "invalid", "540"):
        assert expected in text, text


def test_work_is_sorted_by_money_and_can_be_taken_or_ignored(client):
    text = page(client, "/todo", store=STORE)
    assert words(text).index("Check the price") < words(text).index("Mend refused events")
    name = (
        re.search(r'name="name" value="([^"]*price[^"]*)"', text).group(1).replace("&#34;", '"').replace("&lt;", "<").replace("&gt;", ">")
    )
    name = name.replace("&#39;", "'").replace("&amp;", "&")
    task = {"name": name, "store": STORE, "item": HOSTILE, "what": "Check the price", "why": "It lost.", "money": "€1", "link": "item"}
    assert client.post("/todo", json=task | {"state": "ignored", "reason": " "}).status_code == 422
    assert client.post("/todo", json=task | {"state": "ignored", "reason": "a loss leader"}).status_code == 200
    assert "a loss leader" in words(page(client, "/todo", store=STORE))
    assert client.post("/todo", json={"name": name, "state": "open"}).status_code == 200
    assert "a loss leader" not in words(page(client, "/todo", store=STORE))
    assert client.post("/todo", json={"name": name, "state": "deleted"}).status_code == 422


def test_promotions_and_closed_days_are_announced_and_withdrawn():
    doors, keeps = Doors(), MemoryKeeps()
    with client_of(filled(), doors, keeps) as client:
        body = {"kind": "promotion", "store": STORE, "item": "milk", "first_day": "2099-01-01", "last_day": "2099-01-07"}
        assert client.post("/plans", json=body).status_code == 200
        assert client.post("/plans", json=body | {"kind": "closed", "item": ""}).status_code == 200
        assert client.post("/plans", json=body | {"kind": "sale"}).status_code == 422
        assert client.post("/plans", json=body | {"item": ""}).status_code == 422
        [(store, promotion), (_, closed)] = doors.published
        assert (store, type(promotion), promotion.item, promotion.active) == (STORE, PromotionPlanned, "milk", True)
        assert (type(closed), closed.open) == (OpeningPlanned, False)
        text = page(client, "/plans", store=STORE)
        assert "milk" in words(text)
        name = next(iter(keeps.held["desk_plans"]))
        assert client.post("/plans/withdraw", json={"name": name}).status_code == 200
        assert doors.published[-1][1].active is False
        assert doors.published[-1][1].event_id != promotion.event_id
        assert client.post("/plans/withdraw", json={"name": "no such"}).status_code == 422


def test_the_till_sends_lines_with_ids_of_their_own(client, doors):
    line = {"event_id": "till-1", "item": "milk", "quantity": 2, "unit_price": 1.39, "sold_at": 1.7e9, "order_id": "r1"}
    assert client.post("/till/sales", json={"store": STORE, "lines": [line]}).status_code == 200
    store, sale = doors.published[-1]
    assert (store, type(sale), sale.event_id, sale.quantity) == (STORE, SaleRecorded, "till-1", 2.0)
    for wrong in ({"event_id": ""}, {"quantity": "2"}, {"unit_price": None}, {"sold_at": True}, {"item": 7}):
        assert client.post("/till/sales", json={"store": STORE, "lines": [line | wrong]}).status_code == 422
    assert client.post("/till/sales", json={"store": STORE, "lines": []}).status_code == 422


@pytest.mark.parametrize("path", ["/orders", "/todo", "/plans", "/plans/withdraw", "/till/sales"])
def test_a_foreign_page_changes_nothing(client, path):
    assert client.post(path, json={}, headers={"Origin": "https://evil.example"}).status_code == 403
    assert client.post(path, content=b"a=b", headers={"Content-Type": "application/x-www-form-urlencoded"}).status_code == 415


@pytest.mark.parametrize(
    "query", ["days=8", "page=0", "page=x", "level=120", "sort=colour", "store=a&store=b", "nonsense=1", "q=" + "x" * 300, "days=٢٨"]
)
def test_wrong_addresses_are_told_in_words(client, query):
    answer = client.get(f"/products?{query}", headers=HTML)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert client.get(f"/products?{query}").json()["error"]


def test_an_empty_shop_is_welcomed_on_every_page():
    with client_of(MemoryDocuments()) as client:
        for path in ADDRESSES:
            assert page(client, path)
        assert "Nothing was sold yet" in page(client, "/")


class Away(MemoryDocuments):
    def find(self, *_arguments, **_options):
        raise ServerError("MongoDB at here cannot be read: check that it runs.")


def test_without_the_database_every_page_says_so():
    with client_of(Away()) as client:
        for path in ADDRESSES:
            answer = client.get(path, headers=HTML)
            assert answer.status_code == 503, path
            assert "check that it runs" in answer.text
            assert answer.headers["retry-after"] == "5"
            assert answer.headers["content-type"].startswith("text/html")


def test_files_have_names_of_their_content(client):
    for address in re.findall(r'"(/static/[^"]+)"', page(client, "/till", store=STORE)):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    assert client.get("/static/000000000000/desk.css").status_code == 404
    assert client.get("/static/000000000000/..%2Fdesk.py").status_code == 404
    assert client.get("/till/worker.js").headers["service-worker-allowed"] == "/till"


def test_the_language_is_remembered(client):
    answer = client.get("/?lang=de", headers=HTML)
    assert "Heute" in answer.text
    assert "Heute" in client.get("/", headers=HTML | {"Cookie": "lang=de"}).text
    assert 'data-theme="dark"' in client.get("/", headers=HTML | {"Cookie": "theme=dark"}).text
    assert "data-theme=" not in client.get("/", headers=HTML | {"Cookie": 'theme="><script>'}).text
    assert LAST.year == 2025


def test_a_body_is_about_the_store_of_its_address(client, doors):
    """Rights are checked by the address, so the body must not be about another store."""
    line = {"event_id": "till-2", "item": "milk", "quantity": 1, "unit_price": 1.0, "sold_at": 1.7e9}
    before = len(doors.published)
    assert client.post("/till/sales?store=other", json={"store": STORE, "lines": [line]}).status_code == 422
    assert len(doors.published) == before
    assert client.post("/till/sales", params={"store": STORE}, json={"store": STORE, "lines": [line]}).status_code == 200


def test_a_page_carries_the_token_of_its_session(client):
    assert re.search(r'<meta name="csrf" content="[^"]{10,}">', page(client, "/todo", store=STORE))


def test_a_browser_tells_our_own_forms_where_they_come_from(client):
    """With `no-referrer` it sends `Origin: null` with them, and nobody can log in."""
    assert client.get("/health", headers=HTML).headers["referrer-policy"] == "same-origin"
