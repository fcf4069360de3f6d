"""Every number of an input event has a range that its later use can hold."""

import json
import time

import msgspec
import pytest

from streams.contract.codec import MAX_SHELVES, decode_event
from streams.contract.errors import RejectedEvent
from streams.contract.messages import InputEvent
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import MONDAY, PARTITIONS, STORE, log_of, sale
from tests.unit.streams.test_heart import a_week
from tests.unit.streams.test_shelving import SHELF, plans

WRITTEN = (MONDAY + 3600) * 1000  # what lies days after it is refused
EXTREMES = [
    "9" * 400,
    "-" + "9" * 400,
    "9999999999999999999",
    "-9223372036854775809",
    "1e308",
    "-1e308",
    "5e-324",
    "-0.0",
    "0",
    "-1",
    "1e400",
    "NaN",
    "Infinity",
    "2147483648",
    "true",
]
EVENTS = [
    sale(1, amount=3, unit_cost=1, profit=1, list_price=2, stock_left=5),
    {"type": "stock-counted.v1", "event_id": "c", "store": STORE, "item": "milk", "units": 4, "counted_at": MONDAY},
    {"type": "stock-received.v1", "event_id": "r", "store": STORE, "item": "milk", "units": 4, "received_at": MONDAY},
    {
        "type": "stock-written-off.v1",
        "event_id": "w",
        "store": STORE,
        "item": "milk",
        "units": 1,
        "written_off_at": MONDAY,
        "reason": "waste",
    },
    {"type": "clock-ticked.v1", "store": STORE, "at": MONDAY},
    {
        **SHELF,
        "items": [
            {"item": "milk", "width": 1, "price": 2, "cost": 1, "case_size": 6, "units_per_facing": 6, "min_facings": 1, "max_facings": 4}
            | {"category": "cold"},
            {"item": "flour", "width": 1.5},
        ],
        "shares": [{"category": "cold", "min_share": 0.1, "max_share": 0.9}],
    },
    *(
        {"event_id": "p", "store": STORE, "first_day": "2025-01-06", "last_day": "2025-01-08", "planned_at": MONDAY} | more
        for more in ({"type": "promotion-planned.v1", "item": "milk"}, {"type": "opening-planned.v1", "open": False})
    ),
]


def with_numbers(event, value):
    """The event's JSON, once for each number in it, with that number replaced by the text `value`."""

    def walk(node, path=()):
        if isinstance(node, dict):
            for name, inner in node.items():
                yield from walk(inner, (*path, name))
        elif isinstance(node, list | tuple):
            for place, inner in enumerate(node):
                yield from walk(inner, (*path, place))
        elif isinstance(node, int | float) and not isinstance(node, bool):
            yield path

    for path in walk(event):
        copy = json.loads(json.dumps(event))
        inner = copy
        for step in path[:-1]:
            inner = inner[step]
        inner[path[-1]] = "@@"
        yield path, json.dumps(copy).replace('"@@"', value).encode()


@pytest.mark.parametrize("value", EXTREMES, ids=lambda value: value[:22])
def test_an_extreme_number_in_any_field_is_taken_or_refused_and_the_stream_goes_on(value):
    for event in EVENTS:
        for path, raw in with_numbers(event, value):
            processor = Processor(Rules(), 1, PARTITIONS)
            began = time.monotonic()
            processor.apply(log_of(raw, timestamp=WRITTEN))
            processor.apply(log_of(*a_week(), first=10))
            processor.apply(log_of(raw, first=100, timestamp=WRITTEN))
            Processor.load(processor.dump(), Rules(), 1, PARTITIONS)
            assert time.monotonic() - began < 10, path


def numbers_in(schema, found):
    """Every place of a schema where a number stands, with its bounds."""
    if isinstance(schema, dict):
        if schema.get("type") in ("number", "integer"):
            found.append(schema)
        for name, inner in schema.items():
            numbers_in({**inner, "_name": name} if isinstance(inner, dict) and "type" in inner else inner, found)
    elif isinstance(schema, list):
        for inner in schema:
            numbers_in(inner, found)


def test_every_number_and_every_list_of_an_input_event_has_both_bounds():
    _, components = msgspec.json.schema_components([InputEvent])
    for message, schema in components.items():
        for field, declared in schema["properties"].items():
            found = []
            numbers_in(declared, found)
            if field.endswith("at"):
                continue  # a moment: `seconds_of` holds it within the years 2000 to 2099
            for number in found:
                assert "minimum" in number or "exclusiveMinimum" in number, (message, field)
                assert "maximum" in number or "exclusiveMaximum" in number, (message, field)
            if declared.get("type") == "array":
                assert "maxItems" in declared, (message, field)


@pytest.mark.parametrize(
    "changes",
    [
        {"max_facings": 9_999_999_999_999_999_999},
        {"min_facings": 9_999_999_999_999_999_999},
        {"case_size": 10**400},
        {"case_size": 10**17},
        {"width": 1e-300},
        {"units_per_facing": 1e-300},
        {"units_per_facing": 1e300},
    ],
)
def test_a_shelf_item_out_of_its_range_is_refused(changes):
    shelf = {**SHELF, "items": [{"item": "milk"} | changes]}
    with pytest.raises(RejectedEvent):
        decode_event(json.dumps(shelf).encode())


def test_a_quantity_that_counts_as_nothing_is_refused():
    with pytest.raises(RejectedEvent, match="quantity is 0"):
        decode_event(json.dumps(sale(quantity=1e-300)).encode())


def test_a_price_that_vanishes_beside_the_usual_one_teaches_nothing():
    processor = Processor(Rules(), 1, PARTITIONS)
    processor.apply(log_of(sale(1, unit_price=1e7), sale(2, unit_price=5e-324), sale(3, unit_price=1)))
    assert processor.seq == 3


def test_a_stock_below_zero_is_none_even_as_the_first_word_on_it():
    processor = Processor(Rules(), 1, PARTITIONS)
    processor.apply(log_of(sale(1, stock_left=-3)))
    processor.apply(log_of(sale(2, item="flour", stock_left=-3), first=10))
    (store,) = processor._stores.values()
    assert [line.units for line in store.ledger.lines.values()] == [0.0, 0.0]


def test_a_store_takes_so_many_shelves_and_items_on_them_and_no_more():
    processor = Processor(Rules(), 1, PARTITIONS)
    out = processor.apply(log_of(*({**SHELF, "event_id": f"s{n}", "shelf": f"shelf-{n}"} for n in range(MAX_SHELVES + 1))))
    (refused,) = out.rejected
    assert refused.reason == "too_many_plans"
    assert str(MAX_SHELVES) in refused.sentence
    again = processor.apply(log_of({**SHELF, "event_id": "again", "shelf": "shelf-7"}, first=MAX_SHELVES + 1))
    assert not again.rejected  # a new definition of a known shelf takes no more room
    assert plans(processor.apply(log_of(*[*a_week()][:1], first=MAX_SHELVES + 2))) == []
