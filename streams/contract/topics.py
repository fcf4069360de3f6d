"""Topics, their names and settings, and where a store's events go."""

from dataclasses import dataclass
from typing import Final

EVENTS: Final = "sales.events"
ACCEPTED: Final = "sales.accepted"
FORECASTS: Final = "sales.forecasts"
REJECTED: Final = "sales.rejected"
SNAPSHOTS: Final = "shelfcast.snapshots"

DEFAULT_PARTITIONS: Final = 4
PARTITIONER: Final = "murmur2_random"
"""librdkafka's name of Java's default placement: murmur2 of the key."""

MESSAGE_BYTES: Final = 1_000_000
"""The largest message, and batch of messages, that our producers hand to Kafka."""

BATCH_BYTES: Final = MESSAGE_BYTES + 1000
"""What a topic must take at once (`max.message.bytes`): such a batch with its frame."""

_DAY_MS: Final = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic as it should be on the broker."""

    name: str
    purpose: str
    retention_ms: int
    cleanup_policy: str = "delete"
    max_message_bytes: int = 1_048_588


TOPICS: Final[tuple[Topic, ...]] = (
    Topic(EVENTS, "what tills publish: the only input", 400 * _DAY_MS),
    Topic(ACCEPTED, "the sales that passed, each once", 400 * _DAY_MS),
    Topic(FORECASTS, "forecasts, shelf plans, scores, drift", 35 * _DAY_MS),
    Topic(REJECTED, "dead letters: the raw bytes with reason and origin in headers", 90 * _DAY_MS),
    Topic(SNAPSHOTS, "state of a partition at an offset, in chunks", 7 * _DAY_MS),
)


def murmur2(data: bytes) -> int:
    """MurmurHash2 (Appleby 2008) with the seed of Java's Kafka client, as a signed-agnostic 32 bit number."""
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
    """The partition that holds a store's events: Java's default placement of its UTF-8 name."""
    return (murmur2(store.encode()) & 0x7FFFFFFF) % partitions
