"""A stretch of a topic's log, read from first to last, without joining a group or leaving a trace in one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Self

from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, Message, TopicPartition

from streams.contract.errors import ServerError
from streams.kafka.clients import consumer
from streams.kafka.ends import LogEnds, ends_of, partitions_of
from streams.kafka.trouble import kafka_error

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator, Mapping
    from types import TracebackType

    from streams.contract.settings import KafkaSettings

SILENCE_SECONDS: Final = 30.0
_ENDS_SECONDS: Final = 20.0
_SLICE_SECONDS: Final = 0.2
"""consume() waits for all it is asked for or its time-out: short ones, and silence is counted apart."""

_PASSING: Final = frozenset({
    "_ALL_BROKERS_DOWN", "_RESOLVE", "_TIMED_OUT", "_TRANSPORT", "LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION",
    "REQUEST_TIMED_OUT", "UNKNOWN_TOPIC_OR_PART",
})  # fmt: skip
"""What librdkafka tries again by itself, as while a broker restarts."""

_DAMAGE: Final = frozenset({"_BAD_COMPRESSION", "_BAD_MSG", "CORRUPT_MESSAGE", "INVALID_MSG"})


class DamagedLogError(ServerError):
    """A record is there and cannot be decoded."""


class LogRecord(NamedTuple):
    """A message of the log in the form that the processor takes."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class TopicReader:
    """Reads stretches of topics. Used by one thread.

    group: is named to Kafka, which may ask for a right on it, and is never joined. lost: what to do where retention has taken the
    offset to begin at: go on with the earliest there is, or raise. at_once: messages held at the same time, where they are large.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        group: str,
        *,
        lost: Literal["earliest", "error"] = "earliest",
        silence_seconds: float = SILENCE_SECONDS,
        at_once: int = 1000,
        ahead_kb: int = 16_384,
        logger: logging.Logger | None = None,
    ) -> None:
        self.kafka = kafka
        self._silence_seconds = silence_seconds
        self._at_once = at_once
        more = {"auto.offset.reset": lost, "enable.partition.eof": True, "queued.max.messages.kbytes": ahead_kb}
        self._consumer = consumer(kafka, group, more, logger=logger)

    def partitions(self, topic: str) -> list[int]:
        """The numbers of a topic's partitions; none when there is no such topic. Raises ServerError."""
        try:
            return partitions_of(self._consumer, topic)
        except KafkaException as error:
            raise kafka_error(self.kafka, error) from error

    def ends(self, topic: str) -> dict[int, LogEnds]:
        """Where each partition begins and ends; empty when there is no such topic. Raises ServerError."""
        return {partition: self.ends_of(topic, partition) for partition in self.partitions(topic)}

    def ends_of(self, topic: str, partition: int) -> LogEnds:
        """Where one partition begins and ends. Raises ServerError."""
        try:
            return ends_of(self._consumer, topic, partition, seconds=_ENDS_SECONDS)
        except KafkaException as error:
            raise kafka_error(self.kafka, error) from error

    def messages(self, topic: str, stretches: Mapping[int, LogEnds]) -> Iterator[Message]:
        """Every message of the stretches that is still there, each partition's in order.

        Raises ServerError when Kafka refuses or falls silent before the end, DamagedLogError.
        """
        left = {partition: stretch.high for partition, stretch in stretches.items() if stretch.low < stretch.high}
        self._consumer.assign([TopicPartition(topic, partition, stretches[partition].low or OFFSET_BEGINNING) for partition in left])
        heard, said = time.monotonic(), None
        while left:
            for message in self._next():
                partition, offset, error = message.partition(), message.offset(), message.error()
                if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001  that is its name
                    said = self._weighed(error)
                    continue
                if partition is None or offset is None:
                    raise ServerError(f"Kafka gave a message of {topic} without its offset: run `shelfcast doctor`.")
                heard, end = time.monotonic(), left.get(partition, 0)
                if error is None and offset < end:
                    yield message
                # Where the last records were compacted away only the end itself is told, as where the next one will be.
                if offset + (error is None) >= end:
                    left.pop(partition, None)
            if time.monotonic() - heard > self._silence_seconds:
                if said is not None:
                    raise kafka_error(self.kafka, said)
                silence = f"Kafka gave nothing more of {topic} for {self._silence_seconds:.0f} s, though it is not at its end"
                raise ServerError(f"{silence}: run `shelfcast doctor`.")
        self._consumer.unassign()

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _next(self) -> list[Message]:
        try:
            return self._consumer.consume(self._at_once, _SLICE_SECONDS)
        except KafkaException as error:
            raise kafka_error(self.kafka, error) from error

    def _weighed(self, error: KafkaError) -> KafkaError:
        """The error, if time may mend it. Raises ServerError, DamagedLogError."""
        if error.name() in _DAMAGE:
            raise DamagedLogError(f"{error.str()}.")
        if error.name() not in _PASSING:
            raise kafka_error(self.kafka, error)
        return error


def read_log(kafka: KafkaSettings, topic: str, partition: int, first: int, end: int) -> Iterator[LogRecord]:
    """Records from offset `first` to before `end`. Raises ServerError when Kafka falls silent, or no longer has the first."""
    with TopicReader(kafka, "shelfcast-log-reader", lost="error") as reader:
        for message in reader.messages(topic, {partition: LogEnds(first, end)}):
            yield LogRecord(message.offset() or 0, message.timestamp()[1], _bytes(message.key()), _bytes(message.value()))


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
