"""How far the workers say they have come, as far as we may see it."""

import logging

from confluent_kafka import KafkaException

from streams.kafka.clients import admin
from streams.kafka.lag import committed
from streams.kafka.reading import TopicReader
from streams.kafka.trouble import kafka_error

_logger = logging.getLogger(__name__)


def commits_of(log: TopicReader, topic: str, group: str) -> dict[int, int]:
    """The offsets that a group has committed, without joining it; none where we have no right to see them. Raises ServerError."""
    client, partitions = admin(log.kafka), log.partitions(topic)
    try:
        return {place.partition: place.offset for place in committed(client, group, topic, partitions) if place.offset >= 0}
    except KafkaException as error:
        if error.args[0].name() != "GROUP_AUTHORIZATION_FAILED":
            raise kafka_error(log.kafka, error) from error
        _logger.warning("The commits of group %s may not be seen; the last trace of each partition is taken for them.", group)
        return {}
