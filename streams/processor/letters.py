"""Dead letters as they stand in `sales.rejected`: what was refused, why and whence; cut where it is too large to be carried."""

from hashlib import sha256
from typing import Final, NamedTuple

from streams.contract import topics
from streams.processor.outputs import Rejection

CARRIED_BYTES: Final = 900_000
"""The largest refused message that is carried whole: beside it a key and the headers fit `topics.MESSAGE_BYTES`."""

HEAD_BYTES, TAIL_BYTES = 64 * 1024, 16 * 1024
"""What is kept of a larger one: enough to see who sent it and where it went wrong."""

KEY_BYTES: Final = 16 * 1024
"""What is kept of a key; the longest name of a store is far shorter."""

SENTENCE_BYTES: Final = 8 * 1024
"""A sentence may repeat what was sent."""

BYTES, SHA256, HEAD, KEY_LENGTH = "raw-bytes", "raw-sha256", "raw-head-bytes", "key-bytes"
"""Headers of a letter that is not whole: length and SHA-256 of what was refused, and how many of the letter's bytes are its head; the
rest is its tail. `key-bytes` is the length of a key that was cut."""


class Letter(NamedTuple):
    """A message of `sales.rejected`."""

    key: bytes | None
    value: bytes
    headers: list[tuple[str, str | bytes | None]]


def letter_of(dead: Rejection, partition: int) -> Letter:
    """The dead letter of an event of `partition`; it fits a message whatever was refused."""
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
