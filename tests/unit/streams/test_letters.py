"""Dead letters fit a message, whatever was refused."""

from hashlib import sha256

import pytest
from confluent_kafka import KafkaException, Producer

from streams.contract.topics import MESSAGE_BYTES, REJECTED
from streams.processor.letters import CARRIED_BYTES, HEAD_BYTES, KEY_BYTES, TAIL_BYTES, letter_of
from streams.processor.outputs import Rejection


def headers_of(letter):
    return dict(letter.headers)


@pytest.mark.parametrize("size", [0, 1, 262_145, CARRIED_BYTES])
def test_what_can_be_carried_is_whole(size):
    raw = b"x" * size
    letter = letter_of(Rejection(raw, b"berlin", "too_large", "A sentence.", 7), 2)
    assert (letter.key, letter.value) == (b"berlin", raw)
    assert letter.headers == [
        ("reason", b"too_large"),
        ("error", b"A sentence."),
        ("source-topic", b"sales.events"),
        ("source-partition", b"2"),
        ("source-offset", b"7"),
    ]


@pytest.mark.parametrize("size", [CARRIED_BYTES + 1, 1_000_100, 5_000_000])
def test_of_what_is_too_large_head_tail_length_and_hash_are_kept(size):
    raw = bytes(range(251)) * (size // 251) + b"e" * (size % 251)
    letter = letter_of(Rejection(raw, b"berlin", "too_large", "A sentence.", 7), 2)
    headers = headers_of(letter)
    head = int(headers["raw-head-bytes"])
    assert head == HEAD_BYTES
    assert letter.value[:head] == raw[:head]
    assert letter.value[head:] == raw[-TAIL_BYTES:]
    assert int(headers["raw-bytes"]) == size
    assert headers["raw-sha256"].decode() == sha256(raw).hexdigest()
    assert headers["source-offset"] == b"7"


def test_the_largest_letter_fits_the_producer():
    """Everything in it at its largest, by librdkafka's own measure."""
    worst = letter_of(Rejection(b"x" * CARRIED_BYTES, b"k" * 2_000_000, "r" * 60, "\N{EURO SIGN}" * 500_000, 2**63), 2**31 - 1)
    assert len(worst.key) == KEY_BYTES
    assert headers_of(worst)["key-bytes"] == b"2000000"
    producer = Producer({"bootstrap.servers": "127.0.0.1:1", "message.max.bytes": MESSAGE_BYTES, "log_level": 0})
    producer.produce(REJECTED, worst.value, worst.key, headers=worst.headers)
    producer.purge()
    with pytest.raises(KafkaException, match="MSG_SIZE_TOO_LARGE"):
        producer.produce(REJECTED, b"x" * MESSAGE_BYTES)
