"""The form and the API over HTTP, without a browser."""

import re

import pytest
from litestar.testing import TestClient

from tests.unit.third_month.test_third_month import months_of
from workbench.third_month.app import create_app
from workbench.third_month.desk import Desk
from workbench.third_month.leave_one_out import MEAN

CASE = {"rate": "5", "sales_in_first_month": "300", "sales_in_second_month": "200", "sales_in_third_month": ""}
OWN = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def client():
    with TestClient(create_app(Desk(months_of(), MEAN)), base_url="http://127.0.0.1") as client:
        yield client


def test_the_form_answers_keeps_what_was_typed_and_needs_no_script(client):
    empty = client.get("/")
    assert "<script" not in empty.text
    assert "script-src" not in empty.headers["content-security-policy"]
    identity = re.search(r'name="id" value="(\w+)"', empty.text)[1]
    answer = client.post("/", data=CASE | {"id": identity}, headers=OWN)
    assert answer.status_code == 200
    assert "80 % interval" in answer.text
    assert 'value="300"' in answer.text
    taught = client.post("/", data=CASE | {"id": identity, "sales_in_third_month": "400"}, headers=OWN)
    assert "Learned" in taught.text
    assert "Third months known so far: 1," in taught.text
    reloaded = client.post("/", data=CASE | {"id": identity, "sales_in_third_month": "400"}, headers=OWN)
    assert "Third months known so far: 1," in reloaded.text


def test_the_form_says_what_is_wrong_beside_the_field(client):
    hostile = '"><script>alert(1)</script>'
    answer = client.post("/", data=CASE | {"rate": "two", "sales_in_first_month": hostile}, headers=OWN)
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="rate-wrong"' in answer.text
    assert "is a word" in answer.text
    assert "<script>" not in answer.text
    assert 'value="two"' in answer.text


def test_programs_get_json_or_a_sentence(client):
    case = {"rate": 5, "sales_in_first_month": 300, "sales_in_second_month": 200}
    found = client.post("/third-month", json=case).json()
    assert found["intervals"][0]["low"] < found["sales_in_third_month"] < found["intervals"][0]["high"]
    assert (found["learned"], found["as_last_month"]) == (False, 200)
    taught = client.post("/third-month", json=case | {"sales_in_third_month": 410, "id": "x"}).json()
    assert (taught["learned"], taught["record"]["n"]) == (True, 1)
    for body, status, words in (
        (b"{", 400, "not JSON"),
        (b"[]", 422, "Send one object"),
        (b'{"rate": "5", "sales_in_first_month": 1, "sales_in_second_month": 1}', 422, "without quotes"),
        (b'{"rate": 1e999}', 400, "out of range"),
        (b"{}", 422, "Give the rate"),
        (b"[" * 10_000, 400, "not JSON"),
        (b" " * 30_000, 413, "at most 20,000 bytes"),
    ):
        answer = client.post("/third-month", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text


def test_a_foreign_page_may_neither_post_the_form_nor_read(client):
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}, {}):
        assert client.post("/", data=CASE, headers=headers).status_code in (403, 415)
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 403


def test_it_describes_itself(client):
    document = client.get("/openapi.json").json()
    assert "ThirdMonthQuestion" in document["components"]["schemas"]
    assert "/third-month" in client.get("/docs").text
    assert client.get("/gone").status_code == 404
