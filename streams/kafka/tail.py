"""The newest messages of a topic in memory, for any number of readers who each know how far they have read."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from streams.kafka.clients import consumer
from streams.kafka.ends import LogEnds, ends_of, partitions_of
from streams.kafka.quiet_log import RateLimited
from streams.kafka.trouble import sentence_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confluent_kafka import Consumer, Message

    from streams.contract.settings import KafkaSettings

MOST_MESSAGES: Final = 50_000
MOST_BYTES: Final = 64 * 1024 * 1024
_BACK: Final = 5_000
"""How many messages of each partition are read before the newest, for readers who were here before this process was."""
_WAIT_SECONDS: Final = 1.0
_GROUP: Final = "shelfcast-tail"
"""Named to Kafka, which may ask for a right on it, and never joined."""

_log = RateLimited(logging.getLogger(__name__))


class Told(NamedTuple):
    """A message."""

    partition: int
    offset: int
    kind: str
    store: str | None
    raw: bytes


class _Head(msgspec.Struct):
    """What is read of a message."""

    type: str
    store: str | None = None


class Tail:
    """Reads a topic in a thread of its own from the first `start` until `close`. Readers ask from any thread.

    back: see `_BACK`. most: messages to hold; of more, and of more than 64 MB, the oldest half goes.
    """

    def __init__(self, kafka: KafkaSettings, topic: str, *, back: int = _BACK, most: int = MOST_MESSAGES) -> None:
        self._kafka, self._topic, self._back, self._most = kafka, topic, back, most
        self._held: list[Told] = []
        self._number = 0
        self._bytes = 0
        self._lows: dict[int, int] = {}
        self._nexts: dict[int, int] = {}
        self._lock = threading.Lock()
        self._closing, self._ready = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to read, unless it has begun."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="tail", daemon=True)
                self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether all is read that stood in the topic when it began."""
        return self._ready.is_set()

    def close(self) -> None:
        """Stop reading."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def end(self) -> tuple[int, dict[int, int]]:
        """The number of the next message, and the offset after the newest of each partition."""
        with self._lock:
            return self._number + len(self._held), dict(self._nexts)

    def begin(self, place: Mapping[int, int]) -> tuple[int, bool]:
        """From which number on to read for everything from `place` (offset by partition) on; and whether some of it is gone."""
        with self._lock:
            known = all(partition in self._lows for partition in place)
            gone = not known or any(low > place.get(partition, 0) for partition, low in self._lows.items())
            return self._number, gone

    def since(self, number: int, most: int = 500) -> tuple[list[Told], int, bool]:
        """Messages from a number on, the number after them, and whether the reader came too late for some."""
        with self._lock:
            late = number < self._number
            first = max(number, self._number)
            found = self._held[first - self._number : first - self._number + most]
            return found, first + len(found), late

    def _run(self) -> None:
        reader = consumer(self._kafka, _GROUP, {"auto.offset.reset": "earliest", "enable.partition.eof": True, "fetch.wait.max.ms": 50})
        try:
            waiting = self._assigned(reader)
            while not self._closing.is_set():
                for message in reader.consume(500, 0.1):
                    self._take(message, waiting)
                if not waiting:
                    self._ready.set()
        finally:
            reader.close()

    def _assigned(self, reader: Consumer) -> set[int]:
        """Begin at the newest messages of each partition, however long Kafka is away; returns the partitions that have some."""
        while not self._closing.is_set():
            try:
                ends = {number: ends_of(reader, self._topic, number, seconds=5.0) for number in partitions_of(reader, self._topic)}
            except KafkaException as error:
                self._say(error.args[0])
                ends = {}
            if ends:
                return self._begun(reader, ends)
            self._closing.wait(_WAIT_SECONDS)
        return set()

    def _begun(self, reader: Consumer, ends: dict[int, LogEnds]) -> set[int]:
        starts = {number: max(end.low, end.high - self._back) for number, end in ends.items()}
        with self._lock:
            self._lows, self._nexts = dict(starts), dict(starts)
        reader.assign([TopicPartition(self._topic, number, start) for number, start in starts.items()])
        return {number for number, start in starts.items() if start < ends[number].high}

    def _take(self, message: Message, waiting: set[int]) -> None:
        error, partition, offset, raw = message.error(), message.partition(), message.offset(), message.value()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF and partition is not None:  # noqa: SLF001  that is its name
                waiting.discard(partition)
            else:
                self._say(error)
            return
        if partition is None or offset is None:
            return
        told = _told(partition, offset, raw or b"")
        with self._lock:
            self._nexts[partition] = offset + 1
            if told is not None:
                self._held.append(told)
                self._bytes += len(told.raw)
            if len(self._held) > self._most or self._bytes > MOST_BYTES:
                self._drop(len(self._held) // 2 + 1)

    def _drop(self, count: int) -> None:
        for one in self._held[:count]:
            self._lows[one.partition] = one.offset + 1
            self._bytes -= len(one.raw)
        del self._held[:count]
        self._number += count

    def _say(self, error: KafkaError) -> None:
        _log.say(logging.WARNING, str(error.code()), f"Kafka, reading {self._topic}: {sentence_of(error)}. Trying again.")


def _told(partition: int, offset: int, raw: bytes) -> Told | None:
    """A message, unless it is none of ours."""
    try:
        head = _HEAD.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return Told(partition, offset, head.type, head.store, raw)


_HEAD: Final = msgspec.json.Decoder(_Head)
