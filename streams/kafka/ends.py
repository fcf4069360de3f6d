"""Where the logs of a topic's partitions begin and end, as the broker tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from confluent_kafka import KafkaException, TopicPartition

if TYPE_CHECKING:
    from confluent_kafka import Consumer

ASK_SECONDS: Final = 10.0
_MOVING: Final = ("LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION")
"""While a topic is made or a broker restarts; librdkafka asks anew for the leader, and does not repeat the question."""

_PAUSE_SECONDS: Final = 0.2


class LogEnds(NamedTuple):
    """Where the log of a partition begins and ends: the oldest offset there is, and the next to be written."""

    low: int
    high: int


def partitions_of(consumer: Consumer, topic: str) -> list[int]:
    """The numbers of a topic's partitions, ascending; none where there is no such topic. Raises KafkaException."""
    found = consumer.list_topics(topic, timeout=ASK_SECONDS).topics.get(topic)
    if found is None or (found.error is not None and found.error.name() == "UNKNOWN_TOPIC_OR_PART"):
        return []
    if found.error is not None:
        raise KafkaException(found.error)
    return sorted(found.partitions)


def ends_of(consumer: Consumer, topic: str, partition: int, seconds: float = ASK_SECONDS) -> LogEnds:
    """Where a partition's log begins and ends now. Raises KafkaException."""
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        try:
            return LogEnds(*consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=max(left, _PAUSE_SECONDS)))
        except KafkaException as error:
            if error.args[0].name() not in _MOVING or left < _PAUSE_SECONDS:
                raise
        time.sleep(_PAUSE_SECONDS)
