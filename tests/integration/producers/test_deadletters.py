import json
import uuid
from hashlib import sha256

import pytest
from typer.testing import CliRunner

from deploy.commands.deadletters import app
from producers import deadletters
from producers.deadletters import UnmendableError, letters, mend, send_again, settle
from producers.publisher import Publisher
from producers.sources.mapping import mapping_of
from streams.contract.codec import decode_event
from streams.contract.errors import DeliveryError
from streams.contract.topics import EVENTS, REJECTED
from streams.processor.letters import HEAD_BYTES, letter_of
from streams.processor.outputs import Rejection

FIX = """
[columns]
store = "shop"
item = "item"
quantity = "qty"
unit_price = "unit_price"
[time]
columns = ["when"]
format = "%d.%m.%Y %H:%M"
zone = "Europe/Berlin"
"""


@pytest.fixture
def store():
    return f"d{uuid.uuid4().hex[:10]}"


@pytest.fixture
def publisher(kafka):
    with Publisher(kafka) as found:
        yield found


def refuse(publisher, store, raw, offset, reason="invalid"):
    headers = {
        "reason": reason.encode(),
        "error": b"a sentence",
        "source-topic": EVENTS.encode(),
        "source-partition": b"0",
        "source-offset": f"{store}{offset}".encode(),
    }
    publisher.publish(store, raw, headers=headers, topic=REJECTED).wait(10)


def waiting(kafka, store, **options):
    return [letter for letter in letters(kafka, **options) if letter.key == store.encode()]


def sale(store, **changes):
    return json.dumps(
        {"event_id": f"{store}-1", "store": store, "item": "i", "quantity": 1, "unit_price": 1, "sold_at": 1700000000} | changes
    ).encode()


def test_a_letter_tells_what_was_refused_why_and_where_it_came_from(kafka, publisher, store):
    refuse(publisher, store, b"\xff not json", 7, "not_json")
    (letter,) = waiting(kafka, store)
    assert (letter.raw, letter.reason, letter.error, letter.source) == (b"\xff not json", "not_json", "a sentence", f"{EVENTS}-0-{store}7")


def test_a_letter_written_twice_by_a_restarted_worker_is_one(kafka, publisher, store):
    refuse(publisher, store, b"x", 7)
    refuse(publisher, store, b"x", 7)
    refuse(publisher, store, b"x", 8)
    assert len(waiting(kafka, store)) == 2
    settle(publisher, waiting(kafka, store)[0], 10)
    assert len(waiting(kafka, store)) == 1
    assert len(waiting(kafka, store, settled=True)) == 2


def test_mended_by_a_change_it_is_sent_once_under_its_own_id(kafka, publisher, read, store):
    refuse(publisher, store, sale(store, quantity=0), 1)
    (letter,) = waiting(kafka, store)
    with pytest.raises(UnmendableError, match="quantity is 0"):
        mend(letter)
    send_again(publisher, mend(letter, changes={"quantity": 3}), 10)
    (message,) = read(kafka, EVENTS, store.encode())
    event = decode_event(message.value())
    assert (event.event_id, event.quantity) == (f"{store}-1", 3.0)
    assert dict(message.headers())["replayed-from"] == f"{REJECTED}-{letter.place}".encode()
    assert waiting(kafka, store) == []


def test_mended_by_a_mapping_fields_are_renamed_and_an_id_is_made_of_the_letter_s_place(kafka, publisher, store):
    raw = json.dumps({"shop": store, "item": "milk", "qty": "2", "unit_price": 1.5, "when": "01.05.2026 12:30", "cashier": "eve"}).encode()
    refuse(publisher, store, raw, 1)
    (letter,) = waiting(kafka, store)
    event = decode_event(mend(letter, mapping_of(FIX)).raw)
    assert (event.store, event.quantity, event.unit_price, event.sold_at, event.cashier) == (store, 2.0, 1.5, 1777631400.0, "eve")
    assert event.event_id == f"letter-{letter.place}"


def test_without_an_id_the_letter_s_place_makes_one_that_a_second_try_repeats():
    letter = deadletters.Letter(
        2, 17, "invalid", "", "", 0.0, None, b'{"store":"s","item":"i","quantity":1,"unit_price":1,"sold_at":1700000000}'
    )
    assert decode_event(mend(letter, changes={"quantity": 2}).raw).event_id == "letter-2-17"


@pytest.mark.parametrize(
    ("raw", "says"), [(b"not json", "not JSON"), (b"[1]", "no object"), (b'{"shop": "s"}', "does not have"), (b'{"shop":"\\ud800"}', "")]
)
def test_what_cannot_be_mended_says_why(raw, says):
    letter = deadletters.Letter(0, 1, "invalid", "", "", 0.0, None, raw)
    with pytest.raises(UnmendableError) as caught:
        mend(letter, mapping_of(FIX))
    assert says in str(caught.value)


def test_one_that_is_not_whole_says_so_and_is_not_sent_again(kafka, publisher, store, monkeypatch):
    raw = b'{"store":"' + b"x" * 1_000_100
    letter = letter_of(Rejection(raw, store.encode(), "too_large", "a sentence", 7), 3)
    headers = dict(letter.headers)
    publisher.publish(store, letter.value, headers=headers, topic=REJECTED).wait(10)
    (found,) = waiting(kafka, store)
    assert (found.cut.length, found.cut.sha256, found.cut.head) == (len(raw), sha256(raw).hexdigest(), HEAD_BYTES)
    assert found.raw[: found.cut.head] == raw[: found.cut.head]
    for changes in (None, {"store": store}):
        with pytest.raises(UnmendableError, match=f"the message had {len(raw)} bytes, .*read it from {EVENTS}-3-7"):
            mend(found, changes=changes)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap_servers)
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1")
    shown = CliRunner().invoke(app, ["show", found.place])
    assert f"not whole: the message had {len(raw)} bytes" in shown.output
    told = json.loads(CliRunner().invoke(app, ["list", "--json"]).output)
    assert {"bytes": len(raw), "sha256": sha256(raw).hexdigest(), "head_bytes": HEAD_BYTES} in [one.get("cut") for one in told]
    settle(publisher, found, 10)
    assert waiting(kafka, store) == [], "it can still be dismissed"


def test_killed_between_event_and_marker_the_second_try_sends_the_same_bytes(kafka, publisher, read, store, monkeypatch):
    raw = json.dumps({"shop": store, "item": "milk", "qty": "2", "unit_price": 1.5, "when": "01.05.2026 12:30"}).encode()
    refuse(publisher, store, raw, 1)

    def killed(*_):
        raise DeliveryError("killed here")

    with monkeypatch.context() as patch:
        patch.setattr(deadletters, "settle", killed)
        with pytest.raises(DeliveryError):
            send_again(publisher, mend(waiting(kafka, store)[0], mapping_of(FIX)), 10)
    (letter,) = waiting(kafka, store)
    send_again(publisher, mend(letter, mapping_of(FIX)), 10)
    sent = [message.value() for message in read(kafka, EVENTS, store.encode())]
    assert len(sent) == 2
    assert sent[0] == sent[1], "one id and one content: the worker drops the second"
    assert waiting(kafka, store) == []
