"""Measures how far consumers lag, so that a replay does not outrun what a small broker keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.contract.settings import KafkaSettings
from streams.kafka.trouble import kafka_error

_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True)
class Watched:
    """A consumer group and the topic it reads."""

    group: str
    topic: str


class LagMeter:
    """Sums the messages that groups have not committed yet, over all groups and their topics.

    Groups commit at checkpoints, so the number is an upper bound. A group that has never committed counts from the message that was the
    oldest when the meter first looked.
    """

    def __init__(self, kafka: KafkaSettings, watched: Sequence[Watched]) -> None:
        self._kafka = kafka
        self._consumers = [(w, Consumer({**kafka.client(), "group.id": w.group, "enable.auto.commit": False})) for w in watched]
        self._start: dict[tuple[str, int], int] = {}

    def __call__(self) -> int:
        """Messages of lag. Raises ServerError when Kafka does not answer."""
        return sum(self.by_group().values())

    def by_group(self) -> dict[str, int]:
        """Messages of lag of each group. Raises ServerError when Kafka does not answer."""
        try:
            return {watched.group: self._lag(watched.topic, consumer) for watched, consumer in self._consumers}
        except KafkaException as error:
            raise kafka_error(self._kafka, error) from None

    def close(self) -> None:
        """Let go of the connections."""
        for _, consumer in self._consumers:
            consumer.close()

    def _lag(self, topic: str, consumer: Consumer) -> int:
        found = consumer.list_topics(topic, timeout=_TIMEOUT).topics[topic]
        if found.error is not None and found.error.name() != "UNKNOWN_TOPIC_OR_PART":
            raise KafkaException(found.error)
        partitions = [TopicPartition(topic, number) for number in found.partitions]
        if found.error is not None or not partitions:
            return 0
        lag = 0
        for at in consumer.committed(partitions, timeout=_TIMEOUT):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, at.partition), timeout=_TIMEOUT)
            start = self._start.setdefault((topic, at.partition), low)
            lag += high - max(at.offset, start)
        return lag
