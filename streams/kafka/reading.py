"""Reads a stretch of a partition's log, without a group."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final, NamedTuple

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, TopicPartition

from streams.contract.errors import ServerError
from streams.contract.settings import KafkaSettings
from streams.kafka.trouble import kafka_error

_SILENCE_SECONDS: Final = 30.0


class LogRecord(NamedTuple):
    """A message of the log in the form that the processor takes."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def read_log(kafka: KafkaSettings, topic: str, partition: int, first: int, end: int) -> Iterator[LogRecord]:
    """Records from offset `first` to before `end`. Raises ServerError when Kafka falls silent before."""
    consumer = Consumer(kafka.client() | {"group.id": "shelfcast-log-reader", "enable.auto.commit": False, "auto.offset.reset": "error"})
    try:
        consumer.assign([TopicPartition(topic, partition, first or OFFSET_BEGINNING)])
        position, heard = first, time.monotonic()
        while position < end:
            for message in consumer.consume(2000, 1.0):
                error, offset = message.error(), message.offset()
                if error is not None:
                    raise kafka_error(kafka, error)
                if offset is None:
                    raise ServerError(f"Kafka gave a message of {topic} without its offset: run `shelfcast doctor`.")
                position, heard = offset + 1, time.monotonic()
                if offset < end:
                    yield LogRecord(offset, message.timestamp()[1], _bytes(message.key()), _bytes(message.value()))
            if time.monotonic() - heard > _SILENCE_SECONDS:
                raise ServerError(f"Kafka gave nothing of {topic} for {_SILENCE_SECONDS:.0f} s: run `shelfcast doctor`.")
    except KafkaException as error:
        raise kafka_error(kafka, error) from error
    finally:
        consumer.close()


def _bytes(value: str | bytes | None) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
