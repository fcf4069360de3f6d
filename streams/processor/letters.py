"""Dead letters, the messages of `sales.rejected`: what was refused, why, and where it came from; cut if it is too large."""

from hashlib import sha256
from typing import Final, NamedTuple

from streams.contract import topics
from streams.processor.outputs import Rejection

CARRIED_BYTES: Final = 900_000
"""Largest refused message that a letter carries whole; key and headers still fit beside it into `topics.MESSAGE_BYTES`."""

HEAD_BYTES, TAIL_BYTES = 64 * 1024, 16 * 1024
"""How much of a larger message is kept: enough to see who sent it and where it went wrong."""

KEY_BYTES: Final = 16 * 1024
"""How much of a key is kept; the longest name of a store is far shorter."""

SENTENCE_BYTES: Final = 8 * 1024
"""How much of the reason's sentence is kept, which may quote what was sent."""

BYTES, SHA256, HEAD, KEY_LENGTH = "raw-bytes", "raw-sha256", "raw-head-bytes", "key-bytes"
"""Headers of a letter that was cut: length and SHA-256 of the refused message, and how many of the letter's bytes are the message's head;
the rest is its tail. `key-bytes` is the length of a key that was cut."""


class Letter(NamedTuple):
    """A message of `sales.rejected`."""

    key: bytes | None
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


def letter_of(dead: Rejection, partition: int) -> Letter:
    """The dead letter of an event of `partition`; it fits into a message, whatever was refused."""
    key, value = dead.key, dead.raw
    headers: list[tuple[str, str | bytes | None]] = [
        ("reason", dead.reason.encode()),
        ("error", dead.sentence.encode(errors="replace")[:SENTENCE_BYTES]),
        ("source-topic", topics.EVENTS.encode()),
        ("source-partition", str(partition).encode()),
        ("source-offset", str(dead.offset).encode()),
    ]
    if len(value) > CARRIED_BYTES:
        headers += [
            (BYTES, str(len(value)).encode()),
            (SHA256, sha256(value).hexdigest().encode()),
            (HEAD, str(HEAD_BYTES).encode()),
        ]
        value = value[:HEAD_BYTES] + value[-TAIL_BYTES:]
    if key is not None and len(key) > KEY_BYTES:
        headers.append((KEY_LENGTH, str(len(key)).encode()))
        key = key[:KEY_BYTES]
    return Letter(key, value, headers)
