"""The checked-in contract is the one the declarations give, and the messages fulfil it."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest

from deploy.commands.schema import FILES, text
from streams.contract.schema import CHANNELS, json_schema, message_name
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import PARTITIONS, log_of, sale
from tests.unit.streams.test_heart import a_week

CONTRACT = Path(__file__).parents[2] / "docs" / "contract"


@pytest.mark.parametrize("name", FILES)
def test_the_checked_in_document_is_generated(name):
    assert (CONTRACT / name).read_text() == text(FILES[name]()), "run: shelfcast schema --out docs/contract"


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_every_message_the_heart_gives_fulfils_the_schema(validator):
    out = Processor(Rules(), 1, PARTITIONS).apply(log_of(*a_week(40)))
    kinds = set()
    for _, value in out.accepted[:50] + out.forecasts:
        message = json.loads(value)
        kinds.add(message["type"])
        validator.validate(message)
    assert kinds >= {"sale-accepted.v1", "predicted-sales.v1", "shelf-allocation.v1", "forecast-scored.v1"}


def test_a_sale_fulfils_the_schema_and_a_wrong_one_does_not(validator):
    validator.validate(sale())
    for wrong in (sale(quantity="two"), sale(store=""), sale(item="a\nb"), sale(currency="euro")):
        with pytest.raises(jsonschema.ValidationError):
            validator.validate(wrong)


def test_a_newer_message_with_unknown_fields_can_be_read():
    for held in CHANNELS.values():
        for message in held:
            required = {f.encode_name for f in msgspec.structs.fields(message) if f.required}
            assert "type" not in required
            assert message_name(message).endswith(".v1")


REQUIRED_AT_FIRST_RELEASE = {
    "sale-recorded.v1": {"event_id", "store", "item", "quantity", "sold_at"},
    "stock-counted.v1": {"event_id", "store", "item", "units", "counted_at"},
    "stock-received.v1": {"event_id", "store", "item", "units", "received_at"},
    "stock-written-off.v1": {"event_id", "store", "item", "units", "written_off_at", "reason"},
    "promotion-planned.v1": {"event_id", "store", "item", "first_day", "last_day", "planned_at"},
    "opening-planned.v1": {"event_id", "store", "first_day", "last_day", "open", "planned_at"},
    "clock-ticked.v1": {"store", "at"},
    "shelf-defined.v1": {"event_id", "store", "shelf", "level_width", "levels", "items", "defined_at"},
}


def test_no_required_field_was_added_to_an_input():
    for held in CHANNELS.values():
        for message in held:
            name = message_name(message)
            if name in REQUIRED_AT_FIRST_RELEASE:
                required = {f.encode_name for f in msgspec.structs.fields(message) if f.required}
                assert required <= REQUIRED_AT_FIRST_RELEASE[name]
