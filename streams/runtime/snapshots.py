"""Snapshots of a partition's state on `shelfcast.snapshots`: written in chunks, and found through the metadata of the commit.

The commit {offset, metadata} names the chunks of the snapshot at that offset. So a snapshot counts from the moment its offset is
committed, and the broker refuses that commit to a worker that has lost its partition.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from xxhash import xxh3_64_hexdigest

from streams.contract import topics
from streams.contract.errors import SnapshotError
from streams.kafka.ends import LogEnds
from streams.kafka.reading import DamagedLogError, TopicReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import Message

    from streams.contract.settings import KafkaSettings
    from streams.runtime.outbox import Outbox

log = logging.getLogger(__name__)

CHUNK_BYTES: Final = 900_000
QUEUE_KB: Final = 4096
"""How much is fetched ahead: at the end of each window it is thrown away."""

WINDOW, LARGEST_WINDOW = 16, 256
"""Messages looked at in one step backwards: few while it is unknown whose they are, as each is held until then; the rest of a snapshot
that was found is fetched in large steps, and only its own chunks are held."""

_SILENCE_SECONDS: Final = 60.0
_KEY: Final = re.compile(rb"\d+/(\d+-[0-9a-f]{16})/(\d{1,6})/(\d{1,6})")

SnapshotKey = tuple[str, int]
"""A snapshot's id and how many chunks it has."""


class Chunk(NamedTuple):
    """A message of `shelfcast.snapshots`."""

    offset: int
    snapshot: SnapshotKey
    number: int
    data: bytes


class Place(msgspec.Struct, frozen=True):
    """Where a snapshot stands, as kept in the metadata of a commit."""

    id: str
    first: int
    last: int
    chunks: int
    next_offset: int


def split(data: bytes | bytearray) -> Iterator[bytes]:
    """`data` in chunks that fit a message, one at a time: a second copy of a large state would not fit the memory."""
    with memoryview(data) as view:
        for start in range(0, max(len(data), 1), CHUNK_BYTES):
            yield bytes(view[start : start + CHUNK_BYTES])


def write(outbox: Outbox, partition: int, data: bytes | bytearray, next_offset: int) -> str:
    """Write a snapshot, wait for it, and return the metadata to commit with `next_offset`."""
    total = max(1, -(-len(data) // CHUNK_BYTES))
    snapshot_id = f"{next_offset}-{xxh3_64_hexdigest(data)}"
    offsets = outbox.send_snapshot(partition, split(data), total, snapshot_id)
    place = Place(snapshot_id, offsets[0], offsets[-1], total, next_offset)
    return msgspec.json.encode(place).decode()


class SnapshotReader:
    """Reads snapshots of one worker's partitions."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka

    def at(self, partition: int, metadata: str) -> bytes:
        """The snapshot a commit's metadata names. Raises SnapshotError when it is not all there."""
        try:
            place = msgspec.json.decode(metadata, type=Place)
        except msgspec.DecodeError as error:
            raise SnapshotError(f"The commit names no snapshot: {error}.") from None
        found: dict[int, bytes] = {}
        with self._reader() as reader:
            low, high = reader.ends_of(topics.SNAPSHOTS, partition)
            if place.first < low:
                raise SnapshotError("The snapshot's chunks were deleted by retention.")
            for chunk in _chunks(reader, partition, LogEnds(place.first, min(place.last + 1, high))):
                if chunk.snapshot == (place.id, place.chunks):
                    found[chunk.number] = chunk.data
        return _join(found, place.chunks, place.id)

    def newest(self, partition: int) -> bytes | None:
        """The complete snapshot that was written last; None if there is none. For when the commit has expired.

        The log is read backwards, and never more than one snapshot is held; how many there are does not matter.
        """
        with self._reader() as reader:
            search = NewestSearch(*reader.ends_of(topics.SNAPSHOTS, partition))
            while (window := search.window()) is not None:
                for chunk in _chunks(reader, partition, LogEnds(*window)):
                    search.see(chunk)
                if (data := search.turn()) is not None:
                    return data
        return None

    def _reader(self) -> TopicReader:
        return TopicReader(
            self._kafka,
            "shelfcast-snapshot-reader",
            silence_seconds=_SILENCE_SECONDS,
            at_once=1,
            ahead_kb=QUEUE_KB,
            logger=log,
        )


class NewestSearch:
    """Finds the newest complete snapshot in a log that it gets in windows, from the end backwards.

    Chunks of two workers can be mixed. While the chunks of one snapshot are collected, those of the other are skipped; they are looked at
    again only if the first snapshot turns out to be torn or corrupt.
    """

    def __init__(self, low: int, high: int) -> None:
        self._low = low
        self._first = self._end = high  # of the next window
        self._again = low  # where another snapshot ends, for when the candidate fails
        self._candidate: SnapshotKey | None = None
        self._begins = high  # the lowest offset of the candidate's chunks
        self._found: dict[int, bytes] = {}
        self._failed: dict[SnapshotKey, int] = {}  # from which offset on its chunks are of no use
        self._window: list[Chunk] = []

    def window(self) -> tuple[int, int] | None:
        """The next stretch to show: from the first offset to before the second; None when nothing is left."""
        if self._end <= self._low and self._candidate is not None:
            self._give_up()
        if self._end <= self._low:
            return None
        missing = self._candidate[1] - len(self._found) if self._candidate else 0
        self._first = max(self._low, self._end - max(WINDOW, min(missing, LARGEST_WINDOW)))
        return self._first, self._end

    def see(self, chunk: Chunk) -> None:
        """Take a chunk of the window, in the log's order; of a snapshot other than the one being gathered only its place is kept."""
        if chunk.offset < self._failed.get(chunk.snapshot, chunk.offset + 1):
            keep = self._candidate in (None, chunk.snapshot)
            self._window.append(chunk if keep else chunk._replace(data=b""))

    def turn(self) -> bytes | None:
        """The window has been shown: the snapshot, if it is complete by now."""
        window, self._window = self._window, []
        for chunk in reversed(window):
            if self._candidate is None:
                self._candidate = chunk.snapshot
            if chunk.snapshot != self._candidate:
                self._again = max(self._again, chunk.offset + 1)
                continue
            self._found.setdefault(chunk.number, chunk.data)
            self._begins = chunk.offset
            if len(self._found) == chunk.snapshot[1]:
                try:
                    return _join(self._found, chunk.snapshot[1], chunk.snapshot[0])
                except SnapshotError:
                    self._give_up()
                    return None
            if chunk.number == 0:  # what is missing is not before its first
                self._give_up()
                return None
        self._end = self._first
        if self._candidate is not None and self._begins - self._first > LARGEST_WINDOW + 4 * self._candidate[1]:
            self._give_up()
        return None

    def _give_up(self) -> None:
        """The candidate is torn or corrupt: go on before it, or where another stood beside it."""
        assert self._candidate is not None
        self._failed[self._candidate] = self._begins
        self._end = max(self._again, self._begins)
        self._again, self._candidate, self._found = self._low, None, {}


def _chunks(reader: TopicReader, partition: int, stretch: LogEnds) -> Iterator[Chunk]:
    """The chunks of a stretch that are still there. Raises SnapshotError, and ServerError when Kafka falls silent."""
    try:
        for message in reader.messages(topics.SNAPSHOTS, {partition: stretch}):
            chunk = _chunk(message)
            if chunk is not None:
                yield chunk
    except DamagedLogError as error:
        raise SnapshotError(f"The snapshot cannot be read: {error}") from None


def _chunk(message: Message) -> Chunk | None:
    """A message of the topic as a chunk; None for what is none."""
    match = _KEY.fullmatch(bytes(message.key() or b""))
    value, offset = message.value(), message.offset()
    if match is None or value is None or offset is None or int(match[3]) <= int(match[2]):
        return None
    return Chunk(offset, (match[1].decode(), int(match[3])), int(match[2]), bytes(value))


def _join(chunks: dict[int, bytes], total: int, snapshot_id: str) -> bytes:
    if sorted(chunks) != list(range(total)):
        raise SnapshotError(f"The snapshot {snapshot_id} is torn: {len(chunks)} of {total} chunks are there.")
    data = b"".join(chunks[i] for i in range(total))
    if xxh3_64_hexdigest(data) != snapshot_id.partition("-")[2]:
        raise SnapshotError(f"The snapshot {snapshot_id} is corrupt.")
    return data
