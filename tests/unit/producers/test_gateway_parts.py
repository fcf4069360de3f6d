import json
import subprocess
import sys

import pytest

from producers.gateway.checks import check
from producers.gateway.gateway_settings import GatewaySettings
from producers.gateway.lines import BodyError, depth_is_within, shape_of, split
from producers.gateway.older import mapped
from producers.gateway.ticks import LiveStores
from streams.contract.codec import decode_event
from streams.contract.errors import SettingsError
from streams.contract.messages import SaleRecorded
from streams.http.access import RefusedError
from streams.http.rate import RateLimit
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import Record

NOW = 1_777_631_400.0
SALE = {"event_id": "e", "store": "s", "item": "i", "quantity": 1, "unit_price": 2, "sold_at": NOW}


def line(**changes):
    return json.dumps({name: value for name, value in (SALE | changes).items() if value is not ...}).encode()


def errors_of(*lines, sales_only=True):
    return [(e.line, e.reason, e.field) for e in check(list(lines), NOW, sales_only=sales_only, max_depth=16)[1]]


@pytest.mark.parametrize(
    ("raw", "reason", "field"),
    [
        (b"not json", "not_json", None),
        (line(item="x" * 2_000_000), "too_large", None),
        (line(store=...), "invalid", "store"),
        (line(event_id=...), "invalid", "event_id"),
        (b'{"event_id":"e","store":"s","item":"i","quantity":NaN,"unit_price":1,"sold_at":1777631400}', "not_json", None),
        (line(quantity=0), "invalid", "quantity"),
        (line(quantity=1e308), "invalid", "quantity"),
        (line(sold_at="9999-01-01T00:00:00Z"), "time_out_of_range", "sold_at"),
        (line(sold_at=0), "time_out_of_range", "sold_at"),
        (line(sold_at=NOW + 3 * 86400), "time_out_of_range", "sold_at"),
        (line(sold_at="2026-05-01T12:30:00"), "invalid", "sold_at"),
        (line(unit_price=...), "invalid", "unit_price"),
        (line(store=7), "invalid", "store"),
        (line(item="a\x00b"), "invalid", "item"),
        (line(extra=json.loads("[" * 40 + "]" * 40)), "invalid", None),
        (line(type="stock-counted.v1"), "invalid", "units"),
        (b'{"type":"clock-ticked.v1","store":"s","at":1777631400}', "unknown_type", None),
    ],
)
def test_a_bad_line_is_named_with_its_reason_and_field(raw, reason, field):
    assert errors_of(line(), raw, line()) == [(2, reason, field)]


def test_good_lines_pass_as_sent_with_their_type_and_unknown_fields():
    checked, errors = check([line(extra={"a": [1]}), line(type="sale-recorded.v1")], NOW, sales_only=True, max_depth=16)
    assert errors == []
    assert checked.keys == [b"s", b"s"]
    assert json.loads(checked.raws[0]) == SALE | {"type": "sale-recorded.v1", "extra": {"a": [1]}}
    assert all(isinstance(decode_event(raw), SaleRecorded) for raw in checked.raws)
    assert checked.newest == {"s": NOW}


def test_other_events_pass_where_they_belong_and_must_name_their_type():
    count = b'{"type":"stock-counted.v1","event_id":"c","store":"s","item":"i","units":3,"counted_at":1777631400}'
    assert errors_of(count, sales_only=False) == []
    assert errors_of(line(), sales_only=False) == [(1, "unknown_type", None)]


def test_a_plan_passes_when_its_days_are_a_period():
    plan = {"type": "opening-planned.v1", "event_id": "o", "store": "s", "first_day": "2026-05-02", "open": False, "planned_at": NOW}
    good, backwards, no_day = (json.dumps(plan | {"last_day": day}).encode() for day in ("2026-05-03", "2026-05-01", "2026-02-30"))
    assert errors_of(good, backwards, no_day, sales_only=False) == [(2, "invalid", "last_day"), (3, "invalid", "first_day")]


@pytest.mark.parametrize(
    ("content_type", "encoding", "status"),
    [("", "", 415), ("text/plain", "", 415), ("application/json; charset=latin-1", "", 415), ("application/json", "gzip", 415)],
)
def test_bodies_of_other_kinds_are_refused(content_type, encoding, status):
    with pytest.raises(BodyError) as caught:
        shape_of(content_type, encoding)
    assert caught.value.status == status


def test_bodies_are_split_by_their_kind():
    assert shape_of("application/json; charset=UTF-8", "") == "json"
    assert shape_of("application/x-ndjson", "identity") == "ndjson"
    assert split(b' {"a":1} ', "json", 9) == [b'{"a":1}']
    assert split(b'[{"a":1} , 2,"x"]', "json", 9) == [b'{"a":1}', b"2", b'"x"']
    assert split(b'{"a":1}\r\n\n{"a":2}', "ndjson", 9) == [b'{"a":1}', b'{"a":2}']


@pytest.mark.parametrize(
    ("body", "shape", "status"),
    [(b"", "json", 422), (b"[]", "json", 422), (b"[1", "json", 422), (b"1\n2\n3", "ndjson", 413), (b"[" * 100_000, "json", 422)],
)
def test_bodies_that_cannot_be_split_are_refused(body, shape, status):
    with pytest.raises(BodyError) as caught:
        split(body, shape, 2)
    assert caught.value.status == status


def test_depth_counts_brackets_outside_text_only():
    assert depth_is_within(b'{"a":"' + b"[" * 100 + b'"}', 2)
    assert depth_is_within(b'{"a":"\\"' + b"[" * 100 + b'"}', 2)
    assert depth_is_within(b"[1],[2],[3],[4]", 2)
    assert not depth_is_within(b"[[[]]]", 2)


OLDER = b'{"name": 2, "buy": 50, "profit": 20, "time": 1713000000}'


def ids(*lines, key=None):
    return [decode_event(raw).event_id for raw in mapped(list(lines), "shop", key, 16).raws]


def test_the_older_shape_becomes_a_sale_of_the_default_store():
    sale = decode_event(mapped([OLDER], "shop", None, 16).raws[0])
    assert (sale.store, sale.item, sale.quantity, sale.profit, sale.sold_at) == ("shop", "2", 50.0, 20.0, 1713000000.0)
    assert (sale.unit_price, sale.amount) == (None, None)


def test_a_repeated_request_has_the_same_ids_and_equal_lines_within_one_differ():
    assert ids(OLDER, OLDER) == ids(OLDER, OLDER)
    assert len(set(ids(OLDER, OLDER))) == 2
    assert ids(OLDER)[0] == ids(OLDER.replace(b"50", b"50.0"))[0], "the same number is the same line"


def test_an_idempotency_key_tells_equal_requests_apart():
    assert ids(OLDER, key="a") == ids(OLDER, key="a")
    assert ids(OLDER, key="a") != ids(OLDER, key="b")
    assert ids(OLDER, key="a") != ids(OLDER)


def test_errors_of_the_older_shape_use_its_words():
    found = mapped([b'{"buy":1}', OLDER, b"nope", b'{"name":2,"buy":"x","profit":1,"time":1}'], "shop", None, 16)
    assert [(e.line, e.reason, e.field) for e in found.errors] == [(1, "invalid", "name"), (3, "not_json", None), (4, "invalid", "buy")]
    assert found.numbers == [2]


def test_the_rate_is_limited_by_sender_and_says_when_to_come_back():
    now = [0.0]
    limit = RateLimit(2.0, 3, lambda: now[0])
    for _ in range(3):
        limit.take("a")
    with pytest.raises(RefusedError) as caught:
        limit.take("a")
    assert (caught.value.status, caught.value.retry_after) == (429, 1)
    limit.take("b")
    now[0] = 0.5
    limit.take("a")
    with pytest.raises(RefusedError):
        limit.take("a")


def test_senders_that_never_return_are_forgotten():
    limit = RateLimit(1.0, 1, lambda: 0.0)
    for number in range(10_050):
        limit.take(str(number))
    assert len(limit._buckets) == 10_000


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"SHELFCAST_GATEWAY_HOST": "0.0.0.0"}, "set SHELFCAST_API_KEYS"),
        ({"SHELFCAST_GATEWAY_HOST": "shop.example"}, "set SHELFCAST_API_KEYS"),
        ({"SHELFCAST_API_KEYS": "short"}, "fewer than 16"),
        ({"SHELFCAST_API_KEYS": "é" * 20}, "HTTP header"),
        ({"SHELFCAST_DEFAULT_STORE": "x" * 65}, "1 to 64"),
        ({"SHELFCAST_GATEWAY_PORT": "70000"}, "from 0 to 65535"),
    ],
)
def test_settings_that_are_not_safe_stop_the_start(environment, says):
    with pytest.raises(SettingsError) as caught:
        GatewaySettings.read(environment)
    assert says in str(caught.value)


def test_keys_are_not_shown():
    settings = GatewaySettings.read({"SHELFCAST_GATEWAY_HOST": "0.0.0.0", "SHELFCAST_API_KEYS": "a" * 20 + ", " + "b" * 20})
    assert settings.keys == ("a" * 20, "b" * 20)
    assert "aaaa" not in repr(settings)
    assert GatewaySettings.read({"SHELFCAST_GATEWAY_HOST": "::1"}).keys == ()


def test_only_stores_that_sell_now_get_ticks():
    stores = LiveStores()
    stores.saw({"old": NOW - 10 * 86400, "new": NOW - 60}, NOW)
    keys, raws = stores.ticks(NOW + 5)
    assert keys == [b"new"]
    assert decode_event(raws[0]).at == NOW + 5
    stores.saw({"new": NOW - 60}, NOW + 5 * 86400)
    assert len(stores) == 1, "a quiet store stays live: its days have to close"


def shelf(**changes):
    fields = {"type": "shelf-defined.v1", "event_id": "s", "store": "s", "shelf": "dairy", "level_width": 10, "levels": 1}
    return json.dumps(fields | {"items": [{"item": "milk"}], "defined_at": NOW} | changes).encode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"items": [{"item": "milk", "max_facings": 9_999_999_999_999_999_999}]}, "max_facings"),
        ({"items": [{"item": "milk", "width": 11}]}, "one unit"),
        ({"items": [{"item": "milk", "min_facings": 11}]}, "lower min_facings"),
        ({"items": [{"item": "milk"}, {"item": "milk"}]}, "given twice"),
        ({"shares": [{"category": "cold", "min_share": 0.5}]}, "cannot reach"),
    ],
)
def test_a_shelf_that_the_worker_would_refuse_is_refused_at_the_door(changes, sentence):
    _, (error,) = check([shelf(**changes)], NOW, sales_only=False, max_depth=16)
    assert error.reason == "invalid"
    assert sentence in error.error
    assert Processor(Rules(), 0, 1).apply([Record(0, 0, b"s", shelf(**changes))]).rejected[0].reason == "invalid"


def test_a_shelf_that_can_be_planned_passes_the_door():
    checked, errors = check([shelf()], NOW, sales_only=False, max_depth=16)
    assert (checked.raws, errors) == ([shelf()], [])


def test_the_gateway_takes_sales_without_loading_the_models():
    code = "import sys, producers.gateway.app; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
