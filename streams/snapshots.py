"""Snapshots of a partition's state on `shelfcast.snapshots`: written in chunks, found again by the commit's metadata.

The commit {offset, metadata} is the flip: it names the chunks of the snapshot that belongs to the offset, so a snapshot
counts from the moment its offset is committed, and the broker refuses that commit from a worker that lost its partition.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition
from xxhash import xxh3_64_hexdigest

from streams.contract import topics
from streams.contract.errors import ServerError, SnapshotError
from streams.kafka_trouble import kafka_error

if TYPE_CHECKING:
    from streams.contract.settings import KafkaSettings
    from streams.outbox import Outbox

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 900_000
_READ_SECONDS: Final = 60.0


class Place(msgspec.Struct, frozen=True):
    """Where a snapshot stands: the metadata of a commit."""

    id: str
    first: int
    last: int
    chunks: int
    next_offset: int


def split(data: bytes) -> list[bytes]:
    """`data` in chunks that fit a message."""
    return [data[i : i + CHUNK_BYTES] for i in range(0, len(data), CHUNK_BYTES)] or [b""]


def write(outbox: Outbox, partition: int, data: bytes, next_offset: int) -> str:
    """Write a snapshot, wait for it, and return the metadata to commit with `next_offset`."""
    chunks = split(data)
    snapshot_id = f"{next_offset}-{xxh3_64_hexdigest(data)}"
    offsets = outbox.send_snapshot(partition, chunks, snapshot_id)
    place = Place(snapshot_id, offsets[0], offsets[-1], len(chunks), next_offset)
    return msgspec.json.encode(place).decode()


class SnapshotReader:
    """Reads snapshots of one worker's partitions."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._config = kafka.client() | {
            "group.id": "shelfcast-snapshot-reader",  # never joined: partitions are assigned by hand
            "enable.auto.commit": False,
            "auto.offset.reset": "error",
            "enable.partition.eof": False,
            "log.connection.close": False,
        }

    def at(self, partition: int, metadata: str) -> bytes:
        """The snapshot a commit's metadata names. Raises SnapshotError when it is not all there."""
        try:
            place = msgspec.json.decode(metadata, type=Place)
        except msgspec.DecodeError as error:
            raise SnapshotError(f"The commit names no snapshot: {error}.") from None
        found = self._read(partition, place.first, place.last + 1).get(place.id, {})
        return _join(found, place.chunks, place.id)

    def newest(self, partition: int) -> bytes | None:
        """The newest complete snapshot of a partition; None if there is none. For when the commit has expired."""
        complete: list[tuple[int, bytes]] = []
        for snapshot_id, chunks in self._read(partition, None, None).items():
            total = next(iter(chunks.values()))[0]
            try:
                data = _join(chunks, total, snapshot_id)
            except SnapshotError:
                continue
            complete.append((int(snapshot_id.partition("-")[0]), data))
        return max(complete, key=lambda pair: pair[0])[1] if complete else None

    def _read(self, partition: int, first: int | None, end: int | None) -> dict[str, dict[int, tuple[int, bytes]]]:
        """Chunks from `first` to before `end`: {snapshot: {number: (total, bytes)}}."""
        consumer = Consumer(self._config, logger=log)
        try:
            here = TopicPartition(topics.SNAPSHOTS, partition)
            low, high = consumer.get_watermark_offsets(here, timeout=20)
            first = low if first is None else first
            end = high if end is None else min(end, high)
            if first < low:
                raise SnapshotError("The snapshot's chunks were deleted by retention.")
            consumer.assign([TopicPartition(topics.SNAPSHOTS, partition, first if first > low else OFFSET_BEGINNING)])
            return self._collect(consumer, first, end)
        except KafkaException as error:
            raise kafka_error(self._kafka, error) from error
        finally:
            consumer.close()

    def _collect(self, consumer: Consumer, position: int, end: int) -> dict[str, dict[int, tuple[int, bytes]]]:
        found: dict[str, dict[int, tuple[int, bytes]]] = {}
        until = time.monotonic() + _READ_SECONDS
        while position < end:
            message = consumer.poll(1.0)
            if time.monotonic() > until:
                raise ServerError(f"Kafka did not give the snapshot within {_READ_SECONDS:.0f} s.")
            if message is None:
                continue
            error = message.error()
            if error is not None:
                raise SnapshotError(f"The snapshot cannot be read: {error.str()}.")
            position = (message.offset() or 0) + 1
            key, value = message.key(), message.value()
            if key is None or value is None or position > end:
                continue
            _, snapshot_id, number, total = bytes(key).decode().split("/")
            found.setdefault(snapshot_id, {})[int(number)] = (int(total), bytes(value))
        return found


def _join(chunks: dict[int, tuple[int, bytes]], total: int, snapshot_id: str) -> bytes:
    if sorted(chunks) != list(range(total)):
        raise SnapshotError(f"The snapshot {snapshot_id} is torn: {len(chunks)} of {total} chunks are there.")
    data = b"".join(chunks[i][1] for i in range(total))
    if xxh3_64_hexdigest(data) != snapshot_id.partition("-")[2]:
        raise SnapshotError(f"The snapshot {snapshot_id} is corrupt.")
    return data
