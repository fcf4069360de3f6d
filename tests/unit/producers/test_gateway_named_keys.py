"""Named keys at the gateway: what a till may post, for which stores, and how often a store."""

import json

import pytest
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from producers.gateway.app import create_app
from producers.gateway.gateway_settings import GatewaySettings
from streams.contract.errors import SettingsError
from streams.http.key_book import book_bytes, new_key
from tests.support.publisher import MemoryPublisher


def sale(store, number=1):
    return {
        "event_id": f"{store}-{number}", "store": store, "item": "tea", "quantity": 2, "unit_price": 1.5, "sold_at": "2026-05-01T12:30:00Z",
    }  # fmt: skip


TICK = {"type": "clock-ticked.v1", "event_id": "t", "store": "berlin-1", "at": "2026-05-01T12:30:00Z"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A gateway's client that posts with a key, and the keys."""
    file = tmp_path_factory.mktemp("keys") / "keys.json"
    made = [
        new_key("till", ["publish"], ["berlin-1"], "2026-05-01"), new_key("reports", ["read"], [], "2026-05-01"),
        new_key("clock", ["operate"], [], "2026-05-01"), new_key("chain", ["publish", "operate"], [], "2026-05-01"),
    ]  # fmt: skip
    file.write_bytes(book_bytes(key for key, _ in made))
    keys = {key.name: shown for key, shown in made}
    settings = GatewaySettings(host="0.0.0.0", key_book=str(file), tick_seconds=0.0, store_rate_per_second=1.0)
    publisher = MemoryPublisher()
    with TestClient(create_app(publisher, settings, CollectorRegistry()), base_url="http://shop.example") as client:

        def post(key, lines, path="/v1/sales"):
            shown = {"X-API-Key": keys.get(key, key)} if key else {}
            return client.post(path, content=json.dumps(lines), headers=shown | {"Content-Type": "application/json"})

        yield post


def test_a_till_posts_for_its_store_and_for_no_other(opened):
    assert opened("till", sale("berlin-1")).status_code == 202
    refused = opened("till", [sale("berlin-1"), sale("berlin-2")])
    assert (refused.status_code, refused.json()["error"]) == (403, "This key is not for the store 'berlin-2'.")


def test_scopes_say_what_may_be_posted(opened):
    assert opened("reports", sale("a")).status_code == 403
    assert opened("till", TICK, "/v1/events").status_code == 403
    assert opened("clock", TICK, "/v1/events").status_code == 202
    assert opened("clock", sale("a")).status_code == 403
    assert opened("chain", sale("b")).status_code == 202


def test_no_key_and_a_wrong_one_are_refused(opened):
    assert opened("", sale("c")).status_code == 401
    assert opened("till.wrong", sale("c")).status_code == 401
    assert opened("nobody.wrong", sale("c")).status_code == 401


def test_a_store_has_its_rate_whoever_posts(opened):
    statuses = [opened(key, sale("busy", number)).status_code for number, key in enumerate(["chain"] * 4)]
    assert statuses == [202, 202, 429, 429]
    assert opened("chain", sale("quiet")).status_code == 202


def test_a_gateway_for_others_needs_a_way_in(tmp_path):
    GatewaySettings(host="0.0.0.0", key_book=str(tmp_path / "keys.json"))
    with pytest.raises(SettingsError):
        GatewaySettings(host="0.0.0.0")
