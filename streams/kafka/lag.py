"""How far readers are behind: one way to ask for a group's commits and the log's ends, one way to count."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition

from streams.kafka.clients import admin, consumer
from streams.kafka.ends import ASK_SECONDS, ends_of, partitions_of
from streams.kafka.trouble import kafka_error

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Sequence

    from confluent_kafka.admin import AdminClient

    from streams.contract.settings import KafkaSettings


def behind(next_offset: int, end: int, begin: int = 0) -> int:
    """Messages before `end` that a reader has still to take. begin: where one that has taken none begins; its next_offset is below 0."""
    return max(0, end - max(next_offset, begin))


def committed(client: AdminClient, group: str, topic: str, partitions: Iterable[int]) -> list[TopicPartition]:
    """Where a group would read on in each partition, with its metadata; offset below 0: it has no commit.

    Raises KafkaException. The group is not joined. Without a right on it a consumer that asked would only time out; an admin
    client is told so.
    """
    places = [TopicPartition(topic, partition) for partition in partitions]
    if not places:
        return []
    asked = ConsumerGroupTopicPartitions(group, places)
    found = client.list_consumer_group_offsets([asked], request_timeout=ASK_SECONDS)[group].result().topic_partitions
    for place in found:
        if place.error is not None:
            raise KafkaException(place.error)
    return list(found)


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
        self._watched = watched
        self._admin = admin(kafka)
        self._consumer = consumer(kafka, "shelfcast-lag-meter")
        self._start: dict[tuple[str, int], int] = {}

    def __call__(self) -> int:
        """Messages of lag. Raises ServerError when Kafka does not answer."""
        return sum(self.by_group().values())

    def by_group(self) -> dict[str, int]:
        """Messages of lag of each group. Raises ServerError when Kafka does not answer."""
        try:
            return {watched.group: self._lag(watched) for watched in self._watched}
        except KafkaException as error:
            raise kafka_error(self._kafka, error) from None

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()

    def _lag(self, watched: Watched) -> int:
        lag, partitions = 0, partitions_of(self._consumer, watched.topic)
        for place in committed(self._admin, watched.group, watched.topic, partitions):
            low, high = ends_of(self._consumer, watched.topic, place.partition)
            start = self._start.setdefault((watched.topic, place.partition), low)
            lag += behind(place.offset, high, start)
        return lag


class EndWatch:
    """The ends of a topic's log, asked over a connection of its own by one who must not wait for Kafka."""

    def __init__(self, kafka: KafkaSettings, topic: str, logger: logging.Logger) -> None:
        self._topic = topic
        self._consumer = consumer(kafka, "shelfcast-lag-watch", logger=logger)

    def end(self, partition: int) -> int | None:
        """The end of a partition; None while Kafka is away."""
        try:
            return ends_of(self._consumer, self._topic, partition, seconds=5.0).high
        except KafkaException:
            return None
