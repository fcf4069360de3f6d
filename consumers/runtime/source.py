"""A Kafka consumer that reads from where the database says, and stays in its group while the database is away."""

import logging
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from consumers.runtime.sink import Record
from streams.contract.settings import KafkaSettings
from streams.kafka.clients import consumer
from streams.kafka.ends import LogEnds, ends_of
from streams.kafka.lag import behind
from streams.kafka.quiet_log import RateLimited
from streams.kafka.trouble import kafka_error, sentence_of

SILENCE_SECONDS: Final = 0.1
"""A batch ends when nothing came for so long: what would it wait for?"""

_logger = logging.getLogger(__name__)


class KafkaSource:
    """Reads one topic in a group, in one thread.

    Newly assigned partitions pause until `position` says where to read them from. The group's commits serve only tools that show lag; what
    counts is the progress in the database.

    whole: read keys and headers too. gather: let a batch gather for its whole time, whatever silence there is.
    """

    def __init__(
        self, kafka: KafkaSettings, topic: str, group: str, on_error: Callable[[], None], *, whole: bool = False, gather: bool = False
    ) -> None:
        self._kafka = kafka
        self._whole, self._gather = whole, gather
        self._topic = topic
        self._log = RateLimited(_logger)
        self._on_error = on_error
        self._assigned: list[TopicPartition] = []
        self._unpositioned = False
        self._next: dict[int, int] = {}
        self.generation = 0
        """Grows at each change of the assignment: what was read before it may be another's now."""
        self._consumer = consumer(
            kafka,
            group,
            {
                "auto.offset.reset": "earliest",
                "session.timeout.ms": 10_000,
                "max.poll.interval.ms": 300_000,
                "partition.assignment.strategy": "range",
                "topic.metadata.refresh.interval.ms": 5000,
                "fetch.wait.max.ms": 100,
                "queued.max.messages.kbytes": 16_384,
                "error_cb": self._trouble,
                "client.id": group,
            },
        )
        self._consumer.subscribe([topic], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke)

    def position(self, start: Callable[[int, LogEnds], int]) -> None:
        """Seek newly assigned partitions to where `start(partition, ends)` says. Raises ServerError."""
        if not self._unpositioned:
            return
        places = []
        for each in self._assigned:
            try:
                ends = ends_of(self._consumer, self._topic, each.partition, seconds=5.0)
            except KafkaException as error:
                raise kafka_error(self._kafka, error, ask=False) from error
            places.append(TopicPartition(self._topic, each.partition, start(each.partition, ends)))
        self._consumer.assign(places)
        self._consumer.resume(places)
        self._next = {place.partition: place.offset for place in places}
        self._unpositioned = False
        if places:
            _logger.info("Reading %s: %s.", self._topic, ", ".join(f"{p.partition} from {p.offset}" for p in places))

    def reposition(self) -> None:
        """Go back to where the database says, in all assigned partitions."""
        self._unpositioned = True
        self._consumer.pause(self._assigned)

    def batch(self, messages: int, seconds: float, stopping: Callable[[], bool]) -> list[Record]:
        """Up to so many messages, or what came in so many seconds or until a silence; empty when the partitions changed hands meanwhile."""
        generation = self.generation
        until = time.monotonic() + seconds
        records: list[Record] = []
        while len(records) < messages and not stopping():
            left = until - time.monotonic()
            if left <= 0:
                break
            got = self._consumer.consume(min(5000, messages - len(records)), timeout=min(left, SILENCE_SECONDS))
            if self.generation != generation:
                return []
            if records and not got and not self._gather:
                break
            records += [record for message in got if (record := self._record(message)) is not None]
        for record in records:
            self._next[record.partition] = record.offset + 1
        return records

    def serve(self, seconds: float) -> None:
        """Wait without reading, and stay in the group."""
        self._consumer.pause(self._assigned)
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._consumer.poll(min(left, 0.2))

    def resume(self) -> None:
        """Continue reading after `serve`."""
        if not self._unpositioned:
            self._consumer.resume(self._assigned)

    def commit(self) -> None:
        """Tell the group how far the database has come. A failure is logged and does no harm."""
        places = [TopicPartition(self._topic, partition, offset) for partition, offset in self._next.items()]
        if not places:
            return
        try:
            self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            self._log.say(logging.WARNING, "commit", f"Kafka did not take the commit of {self._topic}: {sentence_of(error.args[0])}.")

    def lag(self) -> dict[int, int]:
        """Messages not read yet, by partition, as far as the client knows without asking the broker."""
        lags = {}
        for partition, offset in self._next.items():
            try:
                _, high = self._consumer.get_watermark_offsets(TopicPartition(self._topic, partition), cached=True)
            except KafkaException:
                continue
            if high >= 0:
                lags[partition] = behind(offset, high)
        return lags

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _record(self, message: Message) -> Record | None:
        error = message.error()
        if error is not None:
            self._trouble(error)
            return None
        kind, milliseconds = message.timestamp()
        record = Record(
            message.partition() or 0,
            message.offset() or 0,
            milliseconds / 1000 if kind else 0.0,
            message.value() or b"",
        )
        return record._replace(key=message.key(), headers=_headers(message)) if self._whole else record

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self.generation += 1
        self._assigned = partitions
        self._next = {}
        consumer.assign(partitions)
        consumer.pause(partitions)
        self._unpositioned = True

    def _revoke(self, consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self.generation += 1
        self._assigned = []
        self._next = {}
        self._unpositioned = False
        consumer.unassign()

    def _trouble(self, error: KafkaError) -> None:
        self._on_error()
        self._log.say(logging.WARNING, str(error.code()), f"Kafka, reading {self._topic}: {sentence_of(error)}. Trying again.")


def _headers(message: Message) -> tuple[tuple[str, bytes], ...]:
    """The headers, as Kafka carries them: names and bytes."""
    told = message.headers() or ()
    pairs = told.items() if isinstance(told, dict) else told
    return tuple((name, value.encode() if isinstance(value, str) else value or b"") for name, value in pairs)
