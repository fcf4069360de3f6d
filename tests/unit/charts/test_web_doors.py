"""What changes something on the web server: who may ask for it, and from where."""

import base64

import pytest
from litestar import post
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from charts.web.app import create_app
from charts.web.web_settings import WebSettings
from streams.contract.settings import Secret
from tests.support.fakes import MemoryDocuments

KEY = "0123456789abcdef0123"
HOST = {"Host": "127.0.0.1:8081"}


@pytest.fixture
def trained():
    return []


@pytest.fixture
def client_of(trained):
    @post("/train")
    async def train() -> str:
        trained.append("yes")
        return "done"

    def make(**settings):
        app = create_app(MemoryDocuments(), WebSettings(**settings), CollectorRegistry(), [train])
        return TestClient(app, base_url="http://127.0.0.1:8081", raise_server_exceptions=False)

    return make


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:8081.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "text/plain;charset=application/json"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 415),
        ({"Host": "evil.example:8081"}, 403),
    ],
)
def test_a_foreign_page_starts_no_rebuild(client_of, trained, headers, status):
    with client_of() as client:
        answer = client.post("/train", headers=headers, content=b"x")
    assert (answer.status_code, trained) == (status, [])
    assert len(answer.json()["error"]) > 20


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "application/json"},
        {"Content-Type": "Application/JSON; charset=utf-8"},
        {"Origin": "http://127.0.0.1:8081", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_programs_and_our_own_page_go_on_as_before(client_of, trained, headers):
    with client_of() as client:
        assert client.post("/train", headers=headers).status_code == 201
    assert trained == ["yes"]


def test_a_password_that_the_browser_remembers_changes_nothing(client_of, trained):
    basic = {"Authorization": "Basic " + base64.b64encode(f"anyone:{KEY}".encode()).decode()}
    with client_of(api_keys=Secret(KEY)) as client:
        assert client.get("/v1/stores", headers=basic).status_code == 200
        answer = client.post("/train", headers=basic)
        assert (answer.status_code, answer.headers["WWW-Authenticate"], trained) == (401, "Bearer", [])
        assert client.post("/train", headers={"Authorization": f"Bearer {KEY}"}).status_code == 201
        assert client.post("/train", headers={"X-API-Key": KEY}).status_code == 201
        assert client.post("/train", headers={"X-API-Key": KEY, "Origin": "https://evil.example"}).status_code == 403


def test_no_other_method_is_a_way_around(client_of, trained):
    with client_of(api_keys=Secret(KEY)) as client:
        for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "TRACE"):
            assert client.request(method, "/train", headers={"X-HTTP-Method-Override": "POST"}).status_code == 405
        told = client.options("/train", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"})
        assert not any(name.startswith("access-control-") for name in told.headers)
        for path in ("/", "/docs", "/openapi.json", "/metrics", "/predict"):
            assert client.get(path).status_code == 401
            assert client.head(path).status_code in (401, 405)
    assert trained == []


def test_wrong_keys_are_limited_here_too(client_of):
    with client_of(api_keys=Secret(KEY), wrong_keys_per_minute=3) as client:
        answers = [client.get("/v1/stores", headers={"X-API-Key": "w" * 20}) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert client.get("/v1/stores", headers={"X-API-Key": KEY}).status_code == 429, "a guess may be right"
        assert client.get("/healthz").status_code == 200
