"""The older shape as people send it: requests of curl and HTTPie byte for byte, and CSV files as spreadsheets write them."""

import pytest
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from producers.gateway.app import create_app
from producers.gateway.gateway_settings import GatewaySettings
from producers.sources.building import Builder
from producers.sources.files import open_file
from producers.sources.guess import guess
from streams.contract.codec import decode_event

HTTPIE = {"User-Agent": "HTTPie/3.2.4", "Accept": "application/json, */*;q=0.5", "Content-Type": "application/json"}
CURL = {"User-Agent": "curl/7.88.1", "Accept": "*/*", "Content-Type": "application/json"}
REQUESTS = {
    "curl -d '[...]'": (CURL, b'[{"name": 2, "buy": 50, "profit": 20, "time": 1713000000}]'),
    "http name:=2 buy:=50": (HTTPIE, b'{"name": 2, "buy": 50, "profit": 20, "time": 1713000000}'),
    "http name=2 buy=50": (HTTPIE, b'{"name": "2", "buy": "50", "profit": "20", "time": "1713000000"}'),
    "http < lines.json": (HTTPIE, b'[{"name": 2, "buy": 50, "profit": 20.0, "time": "2024-04-13T09:20:00Z"}]\n'),
}


@pytest.fixture
def client(memory_publisher):
    app = create_app(memory_publisher, GatewaySettings(tick_seconds=0.0), CollectorRegistry())
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.mark.parametrize("request_of", REQUESTS)
def test_a_client_s_request_is_one_sale(client, memory_publisher, request_of):
    headers, body = REQUESTS[request_of]
    answer = client.post("/add-data", content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"message": "Data added successfully!"})
    [(key, raw, _)] = memory_publisher.messages
    sale = decode_event(raw)
    assert (key, sale.item, sale.quantity, sale.profit) == (b"shop", "2", 50.0, 20.0)


def test_a_number_in_quotes_is_the_same_line(client, memory_publisher):
    for name in ("http name:=2 buy:=50", "http name=2 buy=50"):
        headers, body = REQUESTS[name]
        client.post("/add-data", content=body, headers=headers)
    first, second = (decode_event(raw) for _, raw, _ in memory_publisher.messages)
    assert first == second, "sent again as text it is a retry, and counts once"


@pytest.mark.parametrize("buy", ["", "many", "1,5", "nan", "inf", " 5"])
def test_text_that_is_no_number_is_named(client, memory_publisher, buy):
    answer = client.post("/add-data", json={"name": "2", "buy": buy, "profit": "20", "time": "1713000000"})
    assert answer.status_code == 422
    assert answer.json()["lines"][0]["field"] == "buy"
    assert memory_publisher.messages == []


GERMAN = "name;buy;profit;time\r\nMilch 1,5 %;2;{};13.04.2024 09:20\r\nKäse;1;{};13.04.2024 18:05\r\n"
SHEETS = {
    "German": (GERMAN.format("0,80", "2,50"), [0.8, 2.5]),
    "German with euros": (GERMAN.format("0,80 €", "2,50 €"), [0.8, 2.5]),
    "German with thousands": (GERMAN.format("1.000,80", "2.000,50"), [1000.8, 2000.5]),
    "German with three decimals": (GERMAN.format("0,805", "0,250"), [0.805, 0.25]),
    "German with a line for the separator": ("sep=;\r\n" + GERMAN.format("0,80", "2,50"), [0.8, 2.5]),
    "German with empty columns and rows": (GERMAN.format("0,80", "2,50").replace("\r\n", ";;\r\n") + ";;;;;\r\n", [0.8, 2.5]),
    "American": ('name,buy,profit,time\r\nMilk,2,"1,000.80",4/13/2024 9:20\r\nCheese,1,2.50,4/13/2024 18:05\r\n', [1000.8, 2.5]),
    "American by the half day": (
        'name,buy,profit,time\r\nMilk,2,"$0.80 ",4/13/2024 9:20 AM\r\nCheese,1,$2.50,4/13/2024 6:05 PM\r\n',
        [0.8, 2.5],
    ),
    "seconds since 1970": ("name,buy,profit,time\r\n1,2,0.8,1713000000\r\n2,1,2.5,1713031500\r\n", [0.8, 2.5]),
}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("sheet", SHEETS)
def test_a_spreadsheet_s_csv_is_read_without_a_mapping(tmp_path, sheet, encoding):
    text, expected = SHEETS[sheet]
    path = tmp_path / "sales.csv"
    path.write_text(text, encoding, newline="")
    source = open_file(path)
    mapping = guess(next(source.read())).mapping
    built = [Builder(mapping).build(rows) for rows in source.read()]
    sales = [decode_event(raw) for part in built for raw in part.raws]
    assert [bad for part in built for bad in part.bad] == []
    assert [sale.profit for sale in sales] == expected
    assert [sale.quantity for sale in sales] == [2.0, 1.0]
    assert [sale.sold_at for sale in sales] == [1713000000.0, 1713031500.0]
    assert {sale.store for sale in sales} == {"shop"}


def test_a_value_under_a_column_without_a_name_is_a_bad_row(tmp_path):
    path = tmp_path / "sales.csv"
    path.write_text("name;buy;profit;time;\nmilk;2;0,80;13.04.2024 09:20;0,15\n")
    [rows] = open_file(path).read()
    assert len(rows) == 0
    assert "5 columns" in rows.unreadable[0].sentence
