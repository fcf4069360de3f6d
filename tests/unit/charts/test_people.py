"""People who use the page: they log in, see and change what their role and stores allow, and what they change is written down."""

import asyncio
import re
import time

import pytest
from argon2 import PasswordHasher
from litestar import get, post
from litestar.params import FromPath
from litestar.testing import TestClient
from msgspec.structs import replace
from prometheus_client import CollectorRegistry

from charts.web.app import create_app
from charts.web.people import doorkeeper, users
from charts.web.people.login import _own
from charts.web.people.sessions import COOKIE, Sessions
from charts.web.people.users import LOCK_SECONDS, SCOPES_OF, User, is_password, new_session, new_user
from charts.web.web_settings import WebSettings
from streams.contract.errors import ServerError, SettingsError, UsageError
from streams.contract.settings import Secret
from tests.support.fakes import MemoryDocuments
from tests.support.people import MemoryRecords

PASSWORD = "correct horse battery"
BROWSER = {"Accept": "text/html,*/*", "Sec-Fetch-Site": "same-origin"}
KEY = "0123456789abcdef0123"
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""The real one takes its time, which is what it is for."""


def person(name, role, *stores):
    return User(name, role, stores, CHEAP.hash(PASSWORD), new_session())


ANNA, OLGA, VERA = person("anna", "manager", "berlin-1"), person("olga", "operator"), person("vera", "viewer")


@pytest.fixture
def records(monkeypatch):
    monkeypatch.setattr(users, "_NOBODY", CHEAP.hash("nobody's"))
    return MemoryRecords(ANNA, OLGA, VERA)


@pytest.fixture
def client_of(records):
    def make(**settings):
        @post("/put-up", opt={"needs": "publish"})
        async def put_up() -> str:
            return "planned"

        @post("/train", opt={"needs": "train"})
        async def train() -> str:
            return "trained"

        @get("/orders/{store:str}")
        async def orders_of(store: FromPath[str]) -> str:
            return store

        settings = WebSettings(**({"login": True} | settings))
        app = create_app(
            MemoryDocuments(), settings, CollectorRegistry(), [put_up, train, orders_of], records=records if settings.login else None
        )
        client = TestClient(app, base_url="http://shop.example", raise_server_exceptions=False)
        client.headers.update(BROWSER)
        client.follow_redirects = False
        return client

    return make


def token_in(page):
    return re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]


def log_in(client, name="anna", password=PASSWORD, wanted="/"):
    form = {"csrf_token": token_in(client.get("/login")), "name": name, "password": password, "next": wanted}
    return client.post("/login", data=form)


def test_a_page_asks_a_person_to_log_in_and_a_program_for_a_key(client_of):
    with client_of() as client:
        page = client.get("/?store=berlin-1")
        assert (page.status_code, page.headers["location"]) == (303, "/login?next=%2F%3Fstore%3Dberlin-1")
        data = client.get("/v1/summary", headers={"Accept": "application/json"})
        assert (data.status_code, data.headers["www-authenticate"]) == (401, "Bearer")
        assert client.post("/put-up").status_code == 401
        assert client.get("/healthz").status_code == 200


def test_a_person_logs_in_and_out(client_of):
    with client_of() as client:
        shown = log_in(client, wanted="/?store=berlin-1")
        assert (shown.status_code, shown.headers["location"]) == (303, "/?store=berlin-1")
        cookie = shown.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "secure" not in cookie
        assert client.get("/v1/forecasts?store=berlin-1").status_code == 200
        page = client.get("/login")
        assert "logged in as anna (manager)" in page.text
        old = client.cookies[COOKIE]
        assert client.post("/logout", data={"csrf_token": token_in(page)}).status_code == 303
        client.cookies.set(COOKIE, old)
        assert client.get("/v1/forecasts?store=berlin-1", headers={"Accept": "*/*"}).status_code == 401


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(client_of):
    with client_of() as client:
        for name, password in (("anna", "wrong"), ("nobody", PASSWORD), ("", ""), ("anna", "x" * 10_000), ("\x00<i>", "é")):
            answer = log_in(client, name, password)
            assert answer.status_code == 401
            assert "Name or password is wrong" in answer.text
            assert "set-cookie" not in answer.headers
            assert "<i>" not in answer.text


def test_too_many_wrong_passwords_lock_the_user_for_a_while(client_of, records):
    with client_of(wrong_keys_per_minute=10_000) as client:
        for _ in range(5):
            assert log_in(client, password="wrong").status_code == 401
        assert records.users["anna"].locked_until > time.time() + 60
        assert log_in(client).status_code == 401
        records.users["anna"] = replace(records.users["anna"], locked_until=1.0)
        assert log_in(client).status_code == 303


def test_an_address_that_tries_many_names_is_shut_out(client_of):
    with client_of(wrong_keys_per_minute=3) as client:
        assert [log_in(client, f"n{i}", "wrong").status_code for i in range(5)] == [401, 401, 401, 429, 429]


MAY = [
    ("vera", ("GET", "/v1/summary"), 200),
    ("vera", ("POST", "/put-up"), 403),
    ("anna", ("POST", "/put-up?store=berlin-1"), 201),
    ("anna", ("POST", "/put-up?store=berlin-2"), 403),
    ("anna", ("POST", "/put-up"), 403),
    ("anna", ("POST", "/train?store=berlin-1"), 403),
    ("olga", ("POST", "/train"), 201),
    ("anna", ("GET", "/v1/forecasts?store=berlin-1"), 200),
    ("anna", ("GET", "/v1/forecasts?store=berlin-1&store=berlin-2"), 403),
    ("anna", ("GET", "/v1/summary"), 403),
    ("anna", ("GET", "/orders/berlin-1"), 200),
    ("anna", ("GET", "/orders/berlin-2"), 403),
    ("anna", ("GET", "/docs"), 200),
]


def test_a_role_and_stores_say_what_a_person_may(client_of):
    with client_of() as client:
        for name in ("vera", "anna", "olga"):
            client.cookies.clear()
            assert log_in(client, name).status_code == 303
            token = {"X-CSRF-Token": token_in(client.get("/login"))}
            asked = [(asks, status) for who, asks, status in MAY if who == name]
            assert [(asks, client.request(*asks, headers=token).status_code) for asks, _ in asked] == asked


def test_a_change_needs_the_token_of_this_session(client_of, records):
    with client_of() as client, client_of() as other:
        log_in(client, "olga")
        log_in(other, "olga")
        mine, theirs = token_in(client.get("/login")), token_in(other.get("/login"))
        assert client.post("/put-up", data={"csrf_token": mine}).status_code == 201
        for wrong in ({}, {"csrf_token": theirs}, {"csrf_token": mine[:-1]}, {"csrf_token": ""}):
            assert client.post("/put-up", data=wrong).status_code == 403
        assert client.post("/put-up", json={}).status_code == 403
        foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        assert client.post("/put-up", data={"csrf_token": mine}, headers=foreign).status_code == 403
    noted = [one for one in records.noted if one["did"] == "POST /put-up"]
    assert {one["who"] for one in noted} == {"olga"}
    assert [one["status"] for one in noted] == [200, 403, 403, 403, 403, 403, 403]


def test_what_was_changed_is_written_down_and_no_password_with_it(client_of, records):
    with client_of() as client:
        log_in(client, password="wrong horse battery")
        log_in(client)
        client.post("/train", headers={"X-CSRF-Token": token_in(client.get("/login"))})
    assert [(one["who"], one["did"], one["status"]) for one in records.noted] == [
        ("anna", "POST /login", 401), ("anna", "POST /login", 303), ("anna", "POST /train", 403),
    ]  # fmt: skip
    assert "battery" not in str(records.noted)


def test_a_removed_user_is_out_within_seconds(client_of, records, monkeypatch):
    with client_of() as client:
        log_in(client, "olga")
        assert client.get("/v1/summary").status_code == 200
        del records.users["olga"]
        monkeypatch.setattr(doorkeeper, "_KNOWN_SECONDS", -1.0)
        assert client.get("/v1/summary", headers={"Accept": "*/*"}).status_code == 401


@pytest.mark.parametrize("cookie", ["", "x", "WyJvbGdhIl0.x.y", "\x00"])
def test_a_cookie_that_is_not_ours_is_nobody(cookie):
    assert Sessions(Secret("k" * 40), 1).read(cookie) is None
    assert Sessions(Secret("j" * 40), 1).read(Sessions(Secret("k" * 40), 1).cookie(OLGA)) is None


def test_a_session_ends_by_itself(monkeypatch):
    sessions = Sessions(Secret("k" * 40), 0.5)
    cookie = sessions.cookie(OLGA)
    assert sessions.read(cookie).name == "olga"
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 4e9)
    assert sessions.read(cookie) is None


def test_programs_keep_their_keys_where_people_log_in(client_of):
    with client_of(api_keys=Secret(KEY)) as client:
        assert client.get("/v1/summary", headers={"X-API-Key": KEY}).status_code == 200
        assert client.post("/train", headers={"X-API-Key": KEY}).status_code == 201


def test_without_login_all_stays_as_it_is_and_a_form_of_ours_counts(client_of):
    with client_of(login=False) as client:
        client.base_url = "http://127.0.0.1"
        assert client.get("/v1/summary").status_code == 200
        assert client.get("/login").status_code == 404
        assert client.post("/put-up", data={"x": "1"}).status_code == 415
        assert client.post("/put-up", data={"csrf_token": "x"}).status_code == 403


def test_a_form_that_does_not_arrive_is_given_up(client_of, monkeypatch):
    async def never(_):
        await asyncio.sleep(60)

    monkeypatch.setattr(doorkeeper, "_FORM_SECONDS", 0.05)
    monkeypatch.setattr(doorkeeper.Request, "form", never)
    with client_of() as client:
        assert client.post("/login", data={"name": "anna"}).status_code == 408


def test_over_tls_the_cookie_is_for_tls_only(client_of):
    with client_of() as client:
        client.base_url = "https://shop.example"
        assert "secure" in log_in(client).headers["set-cookie"].lower()


def test_a_page_for_others_needs_a_way_in():
    WebSettings(host="0.0.0.0", login=True)
    with pytest.raises(SettingsError):
        WebSettings(host="0.0.0.0")


def test_a_database_that_is_away_lets_nobody_in(client_of, records, monkeypatch):
    with client_of() as client:
        log_in(client, "olga")
        monkeypatch.setattr(doorkeeper, "_KNOWN_SECONDS", -1.0)

        def away(_):
            raise ServerError("MongoDB is away.")

        monkeypatch.setattr(records, "user", away)
        assert client.get("/v1/summary").status_code == 503
        assert log_in_again(client) == 503


def log_in_again(client):
    client.cookies.clear()
    return log_in(client, "olga").status_code


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "http://[", "/a\nb", ""],
)
def test_a_log_in_leads_to_no_other_site(wanted):
    assert _own(wanted) == "/"
    assert _own("/items?store=a&q=b") == "/items?store=a&q=b"


@pytest.mark.parametrize(
    ("name", "password", "words"),
    [
        ("Anna", PASSWORD, "cannot name"),
        ("", PASSWORD, "cannot name"),
        ("anna", "short", "12 to 200"),
        ("anna", "anna anna anna", "holds the name"),
    ],
)
def test_odd_names_and_weak_passwords_are_refused(name, password, words):
    with pytest.raises(UsageError, match=words):
        new_user(name, "viewer", [], password)


def test_a_password_is_kept_as_argon2_and_shown_nowhere():
    user = new_user("anna", "viewer", [], PASSWORD)
    assert user.password.startswith("$argon2id$v=19$m=65536,t=3,")
    assert PASSWORD not in repr(user)
    assert user.password not in repr(user)
    assert is_password(user, PASSWORD)
    assert not is_password(None, PASSWORD)
    assert LOCK_SECONDS >= 60
    assert SCOPES_OF["viewer"] < SCOPES_OF["manager"] < SCOPES_OF["operator"]


def test_the_desk_is_that_of_the_stores_of_who_has_logged_in(client_of):
    with client_of() as client:
        log_in(client, "anna")
        away = client.get("/")
        assert (away.status_code, away.headers["location"]) == (303, "/?store=berlin-1")
        page = client.get("/?store=berlin-1")
        token = {"X-CSRF-Token": re.search(r'name="csrf" content="([^"]+)"', page.text)[1]}
        for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page.text):
            assert client.get(address).status_code == 200
        task = {"name": "a", "state": "taken", "store": "berlin-1"}
        assert client.post("/todo?store=berlin-1", json=task).status_code == 403
        assert client.post("/todo", json=task, headers=token).status_code == 403
        assert client.post("/todo?store=berlin-2", json=task, headers=token).status_code == 403
        other = client.post("/todo?store=berlin-1", json=task | {"store": "berlin-2"}, headers=token)
        assert (other.status_code, "state: give one of" in other.text) == (422, True)  # what is about another store counts as nothing
        own = client.post("/todo?store=berlin-1", json=task, headers=token)
        assert (own.status_code, "keeps no decisions" in own.text) == (422, True)  # let in, as far as this process goes
