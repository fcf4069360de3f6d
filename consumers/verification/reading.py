"""A topic from its beginning to where it ends now, once, without leaving a trace in any group."""

import time
from collections.abc import Callable, Iterator
from typing import Final

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from consumers.sink import LogEnds
from streams.contract.errors import ServerError
from streams.contract.settings import KafkaSettings

_PATIENCE_SECONDS: Final = 30.0
Say = Callable[[str], None]


class LogReader:
    """Reads topics whole."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._where = kafka.bootstrap_servers
        self._consumer = Consumer(
            kafka.client()
            | {
                "group.id": "shelfcast-verify",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 16_384,
                "log_level": 0,
            }
        )

    def ends(self, topic: str) -> dict[int, LogEnds]:
        """Where each partition begins and ends; empty when there is no such topic. Raises ServerError."""
        try:
            about = self._consumer.list_topics(timeout=10).topics.get(topic)
            partitions = sorted(about.partitions) if about is not None and about.error is None else []
            found = {}
            for partition in partitions:
                low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
                found[partition] = LogEnds(low, high)
        except KafkaException as error:
            raise ServerError(f"Kafka at {self._where} does not answer ({error}): check that it runs.") from error
        return found

    def committed(self, topic: str, group: str) -> dict[int, int]:
        """The offsets that a group has committed, without joining it. Raises ServerError."""
        consumer = Consumer(self._kafka.client() | {"group.id": group, "enable.auto.commit": False, "log_level": 0})
        try:
            about = consumer.list_topics(topic, timeout=10).topics[topic]
            places = [TopicPartition(topic, partition) for partition in about.partitions] if about.error is None else []
            found = consumer.committed(places, timeout=10) if places else []
        except KafkaException as error:
            raise ServerError(f"Kafka at {self._where} does not answer ({error}): check that it runs.") from error
        finally:
            consumer.close()
        return {place.partition: place.offset for place in found if place.offset >= 0}

    def messages(self, topic: str, ends: dict[int, LogEnds]) -> Iterator[Message]:
        """Every message between the ends. Raises ServerError when nothing more comes."""
        left = {partition: end.high for partition, end in ends.items() if end.low < end.high}
        self._consumer.assign([TopicPartition(topic, partition, ends[partition].low) for partition in left])
        came = time.monotonic()
        while left:
            for message in self._consumer.consume(1000, timeout=0.2):
                partition, offset = message.partition(), message.offset()
                if message.error() is not None or partition is None or offset is None:
                    continue
                came = time.monotonic()
                if partition in left and offset < left[partition]:
                    yield message
                if offset + 1 >= left.get(partition, 0):
                    left.pop(partition, None)
            if time.monotonic() - came > _PATIENCE_SECONDS:
                raise ServerError(f"Kafka gave nothing more of {topic} for {_PATIENCE_SECONDS:.0f} s, though it is not at its end.")
        self._consumer.unassign()

    def close(self) -> None:
        """Close the connections."""
        self._consumer.close()
