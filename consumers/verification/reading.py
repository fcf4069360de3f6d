"""Reads a topic once, from its beginning to its present end, without leaving a trace in any group."""

import logging
import time
from collections.abc import Iterator
from typing import Final

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from consumers.runtime.sink import LogEnds
from streams.contract.errors import ServerError
from streams.contract.settings import KafkaSettings
from streams.kafka.trouble import kafka_error

_PATIENCE_SECONDS: Final = 30.0
_REFUSALS: Final = ("TOPIC_AUTHORIZATION_FAILED", "GROUP_AUTHORIZATION_FAILED")
_logger = logging.getLogger(__name__)


class LogReader:
    """Reads whole topics."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
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
        """Where each partition begins and ends; empty if there is no such topic. Raises ServerError."""
        try:
            about = self._consumer.list_topics(topic, timeout=10).topics.get(topic)
            if about is not None and about.error is not None and about.error.name() != "UNKNOWN_TOPIC_OR_PART":
                raise kafka_error(self._kafka, about.error)
            partitions = sorted(about.partitions) if about is not None and about.error is None else []
            found = {}
            for partition in partitions:
                low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
                found[partition] = LogEnds(low, high)
        except KafkaException as error:
            raise kafka_error(self._kafka, error) from error
        return found

    def committed(self, topic: str, group: str) -> dict[int, int]:
        """The offsets that a group has committed, read without joining it. Raises ServerError."""
        admin = AdminClient(self._kafka.client() | {"log_level": 0})
        try:
            about = self._consumer.list_topics(topic, timeout=10).topics[topic]
            places = [TopicPartition(topic, partition) for partition in about.partitions] if about.error is None else []
            if not places:
                return {}
            # Without rights on the group, a consumer would only time out; an admin client gets a clear refusal.
            asked = ConsumerGroupTopicPartitions(group, places)
            found = admin.list_consumer_group_offsets([asked], request_timeout=10)[group].result().topic_partitions
        except KafkaException as error:
            if error.args[0].name() != "GROUP_AUTHORIZATION_FAILED":
                raise kafka_error(self._kafka, error) from error
            _logger.warning("No right to read the commits of group %s: the last trace of each partition stands in for them.", group)
            return {}
        return {place.partition: place.offset for place in found if place.offset >= 0}

    def messages(self, topic: str, ends: dict[int, LogEnds]) -> Iterator[Message]:
        """Every message between the ends. Raises ServerError if messages stop coming."""
        left = {partition: end.high for partition, end in ends.items() if end.low < end.high}
        self._consumer.assign([TopicPartition(topic, partition, ends[partition].low) for partition in left])
        came = time.monotonic()
        while left:
            for message in self._consumer.consume(1000, timeout=0.2):
                partition, offset, error = message.partition(), message.offset(), message.error()
                if error is not None and error.name() in _REFUSALS:
                    raise kafka_error(self._kafka, error)
                if error is not None or partition is None or offset is None:
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
