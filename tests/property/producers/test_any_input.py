"""Any bytes into the gateway, any table into the mapping: an answer, never an exception."""

import json

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.testing import TestClient
from prometheus_client import CollectorRegistry

from producers.gateway.app import create_app
from producers.gateway.checks import check
from producers.gateway.gateway_settings import GatewaySettings
from producers.gateway.lines import BodyError, split
from producers.gateway.older import mapped
from producers.sources.building import Builder, profits
from producers.sources.guess import guess
from producers.sources.mapping import Mapping, Time, mapping_of, written
from producers.sources.rows import Rows
from streams.contract.codec import decode_event
from streams.contract.errors import UsageError
from tests.property.bodies import damaged

NOW = 1_777_631_400.0
scalar = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
value = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=12
)
fields = st.sampled_from(
    ["type", "event_id", "store", "item", "quantity", "unit_price", "sold_at", "profit", "amount", "customer", "name", "buy", "time"]
)
nearly = st.fixed_dictionaries(
    {
        "event_id": st.text(max_size=4),
        "store": st.text(max_size=4),
        "item": st.text(max_size=4),
        "quantity": st.floats(-3, 3) | scalar,
        "sold_at": st.just(NOW) | scalar,
    },
    optional={
        "unit_price": st.floats(0, 9) | scalar,
        "type": st.just("sale-recorded.v1") | scalar,
        "name": scalar,
        "buy": scalar,
        "profit": scalar,
        "time": scalar,
    },
)
documents = (nearly | st.dictionaries(fields, value, max_size=8) | st.lists(nearly, max_size=4) | value).map(
    lambda found: json.dumps(found).encode("utf-8", "surrogatepass")
)
bodies = st.binary(max_size=200) | damaged() | documents | st.lists(documents, max_size=4).map(b"\n".join)


@settings(max_examples=3000, deadline=None)
@given(bodies, st.sampled_from(["json", "ndjson"]))
def test_any_body_is_split_and_checked_into_good_lines_and_named_errors(body, shape):
    try:
        lines = split(body, shape, 100)
    except BodyError as error:
        assert error.status in (413, 422)
        return
    for sales_only in (True, False):
        checked, errors = check(lines, NOW, sales_only=sales_only, max_depth=16)
        assert len(checked.raws) + len(errors) == len(lines)
        for raw in checked.raws:
            decode_event(raw)
    older = mapped(lines, "shop", None, 16)
    assert len(older.raws) + len(older.errors) == len(lines)
    checked, errors = check(older.raws, NOW, sales_only=True, max_depth=16, numbers=older.numbers)
    assert len(checked.raws) + len(errors) == len(older.raws)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    bodies,
    st.sampled_from(["/v1/sales", "/v1/events", "/add-data"]),
    st.sampled_from(["application/json", "application/x-ndjson", "application/json; charset=x", ""]),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20),
)
def test_any_request_gets_an_answer_that_is_not_a_500(memory_publisher, body, path, kind, key):
    app = create_app(memory_publisher, GatewaySettings(rate_per_second=0.0, tick_seconds=0.0), CollectorRegistry())
    before = len(memory_publisher.messages)
    with TestClient(app, base_url="http://127.0.0.1") as client:
        answer = client.post(path, content=body, headers={"Content-Type": kind, "Idempotency-Key": key})
    assert answer.status_code in (200, 202, 413, 415, 422)
    assert (len(memory_publisher.messages) > before) == (answer.status_code in (200, 202))


cells = (
    st.text(max_size=12)
    | st.none()
    | st.floats()
    | st.integers()
    | st.sampled_from(["2026-05-01", "01.05.2026 12:30", "1777631400", "1,50", "3.99", "milk"])
)
tables = st.integers(1, 5).flatmap(lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=12))


@settings(max_examples=150, deadline=None)
@given(tables, st.sampled_from(["iso", "%d.%m.%Y %H:%M", "epoch_seconds"]), st.sampled_from([".", ","]), st.sampled_from([None, 0.25]))
def test_every_row_of_any_table_is_an_event_or_a_bad_row(table, layout, decimal, margin):
    names = ["store", "item", "quantity", "amount", "date"][: len(table[0])]
    columns = dict(zip(names, map(list, zip(*table, strict=True)), strict=True))
    constants = {"store": "s", "item": "i", "quantity": 1, "amount": 2}
    mapping = Mapping(
        time=Time((names[-1],), layout, "Europe/Berlin"),
        columns={name: name for name in names if name in constants},
        constants={name: constant for name, constant in constants.items() if name not in names},
        decimal=decimal,
        margin=margin,
    )
    built = Builder(mapping).build(Rows(range(1, len(table) + 1), columns))
    assert len(built.raws) + len(built.bad) == len(table)
    assert len(built.raws) == len(built.keys) == len(built.times)
    for raw, key in zip(built.raws, built.keys, strict=True):
        assert decode_event(raw).store.encode() == key
    assert mapping_of(written(mapping)) == mapping


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=10) | st.sampled_from(["date", "item", "qty", "price"]),
        st.lists(cells, min_size=6, max_size=6),
        min_size=1,
        max_size=5,
    )
)
def test_a_guess_of_any_table_is_a_mapping_that_can_be_written_and_used_or_a_question(columns):
    rows = Rows(range(1, 7), columns)
    try:
        found = guess(rows)
    except UsageError as error:
        assert "--mapping" in str(error)
        return
    assert mapping_of(written(found.mapping)) == found.mapping
    built = Builder(found.mapping).build(rows)
    assert len(built.raws) + len(built.bad) + sum(built.skipped.values()) == 6


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(-1e11, 1e11), max_size=20), st.integers(0, 1_000_000))
def test_profits_never_exceed_the_amount(amounts, millionths):
    found = profits(np.array(amounts, dtype=np.float64), millionths)
    assert all(abs(profit) <= abs(amount) + 5.1e-5 for amount, profit in zip(amounts, found.tolist(), strict=True))
