"""msgspec tells the field in its words only: a release that words it otherwise must be noticed."""

import msgspec
import pytest

from streams.contract.codec import decode_event
from streams.contract.complaint import Complaint, complaint_of
from streams.contract.errors import RejectedEvent
from streams.contract.messages import InputEvent

SHELF = '{"type":"shelf-defined.v1","event_id":"c","store":"s","shelf":"a","level_width":1,"levels":1,"items":[%s],"defined_at":1}'


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        ("{}", Complaint("type", "missing")),
        ('{"type":"x"}', Complaint("type", "unknown")),
        ('{"type":3}', Complaint("type", "unfit")),
        ("[]", Complaint(None, "unfit")),
        (SHELF % "{}", Complaint("items[0].item", "missing")),
        (SHELF % '{"item":3}', Complaint("items[0].item", "unfit")),
        ("{", Complaint(None, "unfit")),
    ],
)
def test_the_field_and_the_kind_are_told(raw, complaint):
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(raw, type=InputEvent)
    assert complaint_of(caught.value) == complaint


@pytest.mark.parametrize(
    ("raw", "reason", "field"),
    [
        ('{"type":"x"}', "unknown_type", "type"),
        ('{"type":3}', "invalid", "type"),
        ("{}", "invalid", "event_id"),
        (SHELF % "{}", "invalid", "items[0].item"),
        ('{"event_id":"e","store":"a\\u0000","item":"i","quantity":1,"unit_price":1,"sold_at":1777631400}', "invalid", "store"),
        ("{", "not_json", None),
    ],
)
def test_a_rejected_event_carries_the_field(raw, reason, field):
    with pytest.raises(RejectedEvent) as caught:
        decode_event(raw.encode())
    assert (caught.value.reason, caught.value.field) == (reason, field)
