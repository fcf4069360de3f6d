"""The topics, their names and settings, and the partition of a store's events."""

from dataclasses import dataclass
from typing import Final

EVENTS: Final = "sales.events"
ACCEPTED: Final = "sales.accepted"
FORECASTS: Final = "sales.forecasts"
REJECTED: Final = "sales.rejected"
SNAPSHOTS: Final = "shelfcast.snapshots"
AD_EVENTS: Final = "ads.events"
AD_ADVICE: Final = "ads.advice"

DEFAULT_PARTITIONS: Final = 4
PARTITIONER: Final = "murmur2_random"
"""librdkafka's name for Java's default placement: murmur2 of the key."""

MESSAGE_BYTES: Final = 1_000_000
"""Largest message, and largest batch of messages, that our producers hand to Kafka."""

BATCH_BYTES: Final = MESSAGE_BYTES + 1000
"""What a topic must accept at once (`max.message.bytes`): such a batch with its header."""

_DAY_MS: Final = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should exist on the broker."""

    name: str
    purpose: str
    retention_ms: int
    cleanup_policy: str = "delete"
    max_message_bytes: int = 1_048_588


TOPICS: Final[tuple[Topic, ...]] = (
    Topic(EVENTS, "what tills publish: the only input", 400 * _DAY_MS),
    Topic(ACCEPTED, "the sales that passed, each once", 400 * _DAY_MS),
    Topic(FORECASTS, "forecasts, shelf plans, scores, drift, stock, alarms about shelves", 35 * _DAY_MS),
    Topic(REJECTED, "dead letters: the raw bytes with reason and origin in headers", 90 * _DAY_MS),
    Topic(SNAPSHOTS, "state of a partition at an offset, in chunks", 7 * _DAY_MS),
)
AD_TOPICS: Final[tuple[Topic, ...]] = (
    Topic(AD_EVENTS, "what managers of ads report, keyed by account: the input of live ads", 400 * _DAY_MS),
    Topic(AD_ADVICE, "where the next 1,000 of an account's budget earn most", 35 * _DAY_MS),
)
"""Made when live ads begin: a shop without ads does not have them."""


def murmur2(data: bytes) -> int:
    """MurmurHash2 (Appleby 2008) with the seed of Java's Kafka client, as an unsigned 32-bit number."""
    mask, m = 0xFFFFFFFF, 0x5BD1E995
    length = len(data)
    h = (0x9747B28C ^ length) & mask
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & mask
        k = (k ^ k >> 24) * m & mask
        h = (h * m & mask) ^ k
    if whole < length:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


def partition_of(store: str, partitions: int) -> int:
    """The partition of a store's events: Java's default placement of its name in UTF-8."""
    return (murmur2(store.encode()) & 0x7FFFFFFF) % partitions
