"""Asks the broker, before any work begins, whether it can be reached and whether the topics are as they should be."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import wait
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource
from confluent_kafka.admin._metadata import ClusterMetadata
from confluent_kafka.cimpl import NewTopic

from streams.contract.errors import ServerError
from streams.contract.settings import KafkaSettings
from streams.contract.topics import BATCH_BYTES, DEFAULT_PARTITIONS, EVENTS, TOPICS, Topic
from streams.kafka.clients import admin, consumer
from streams.kafka.trouble import CAUSES, asked, cause_of, kafka_error, sentence_of

log = logging.getLogger(__name__)

_SECONDS: Final = 15.0

_NEW_TOPIC_SECONDS: Final = 10.0
"""How long a broker may take to know a topic after it answered that it made it."""


def metadata(kafka: KafkaSettings, seconds: float = _SECONDS) -> ClusterMetadata:
    """What the broker says of itself. Raises ServerError with advice."""
    cluster, causes = asked(kafka, seconds)
    if cluster is None:
        raise kafka_error(kafka, causes[-1], causes, ask=False)
    return cluster


def is_embedded(cluster: ClusterMetadata) -> bool:
    """Whether the cluster is librdkafka's stand-in and not an Apache Kafka."""
    return (cluster.cluster_id or "").startswith("mockCluster")


def forbidden(kafka: KafkaSettings, names: Iterable[str]) -> list[str]:
    """Those of the topics that are there, but that the user may not see. Raises ServerError."""
    # A consumer asks: for a producer or an admin client a broker may make a topic that is only asked for.
    client = consumer(kafka, "shelfcast-topics", logger=log)
    try:
        found = {name: client.list_topics(name, timeout=_SECONDS).topics[name].error for name in names}
    except KafkaException as error:
        raise kafka_error(kafka, error) from None
    finally:
        client.close()
    return [name for name, error in found.items() if error is not None and error.name() == "TOPIC_AUTHORIZATION_FAILED"]


def check_topics(kafka: KafkaSettings) -> int:
    """The number of partitions all topics share, made if they are missing. Raises ServerError."""
    ensure_topics(kafka, None)
    found = metadata(kafka).topics
    counts = {topic.name: len(found[topic.name].partitions) for topic in TOPICS if topic.name in found}
    missing = [topic.name for topic in TOPICS if topic.name not in counts]
    if missing:
        raise ServerError(f"The topics {', '.join(missing)} do not exist: run `shelfcast topics create`.")
    if len(set(counts.values())) != 1:
        raise ServerError(f"The topics must share one number of partitions, but have {counts}: recreate those that differ.")
    return counts[EVENTS]


def small_topics(kafka: KafkaSettings) -> dict[str, int] | None:
    """Topics that take less at once than our producers send, and what they take; None where the broker does not tell.

    The stand-in tells nothing, nor does a Kafka where the user has no right to describe topics' settings. Raises ServerError.
    """
    if is_embedded(metadata(kafka)):  # it would not even refuse: the question only times out
        return None
    client = admin(kafka, logger=log)
    until = time.monotonic() + _NEW_TOPIC_SECONDS
    while True:
        try:
            return {name: taken for name, taken in _taken(client).items() if taken < BATCH_BYTES}
        except KafkaException as error:
            if error.args[0].name() == "UNKNOWN_TOPIC_OR_PART" and time.monotonic() < until:
                time.sleep(0.2)  # a topic that was made a moment ago
                continue
            log.warning("Kafka does not tell what its topics take: %s", sentence_of(error.args[0]))
            return None


def _taken(client: AdminClient) -> dict[str, int]:
    """How many bytes each topic takes at once. Raises KafkaException."""
    futures = client.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic.name) for topic in TOPICS], request_timeout=_SECONDS)
    wait(futures.values())  # all of them: the client must not go while Kafka still answers it
    limits = {resource.name: future.result().get("max.message.bytes") for resource, future in futures.items()}
    return {name: int(limit.value or 0) for name, limit in limits.items() if limit is not None}


def check_sizes(kafka: KafkaSettings) -> None:
    """Raise ServerError if a topic takes less at once than we send: the worker would end at the first large message."""
    small = small_topics(kafka)
    if small:
        raise ServerError(f"{told_small(small)}: {RAISE_SIZES}.")


RAISE_SIZES: Final = f"set their max.message.bytes to {TOPICS[0].max_message_bytes} (Kafka's own default)"


def told_small(small: dict[str, int]) -> str:
    """In words which topics take too little."""
    return ", ".join(f"topic {name} takes {taken} bytes at once" for name, taken in small.items()) + f", but {BATCH_BYTES} are sent"


def ensure_topics(kafka: KafkaSettings, partitions: int | None, replication: int = -1, *, topics: Sequence[Topic] = TOPICS) -> list[str]:
    """Create the topics that are missing; the names of those created. Raises ServerError.

    partitions: None takes the count that existing topics have, else the default.
    """
    cluster = metadata(kafka)
    found = cluster.topics
    missing = [topic for topic in topics if topic.name not in found or found[topic.name].error is not None]
    if not missing:
        return []
    if not is_embedded(cluster) and (hidden := forbidden(kafka, [topic.name for topic in missing])):
        cause, advice = CAUSES["TOPIC_AUTHORIZATION_FAILED"]
        raise ServerError(f"Kafka at {kafka.bootstrap_servers} does not show {', '.join(hidden)} ({cause}): {advice}.")
    existing = {len(found[t.name].partitions) for t in TOPICS if t not in missing and t.name in found}
    count = partitions or (existing.pop() if existing else DEFAULT_PARTITIONS)
    client = admin(kafka, logger=log)
    if is_embedded(cluster):  # knows no CreateTopics: a topic is made at first mention
        for topic in missing:
            client.list_topics(topic.name, timeout=_SECONDS)
        return [topic.name for topic in missing]
    new = [
        NewTopic(
            t.name,
            count,
            replication,
            config={"retention.ms": str(t.retention_ms), "cleanup.policy": t.cleanup_policy, "max.message.bytes": str(t.max_message_bytes)},
        )
        for t in missing
    ]
    for name, future in client.create_topics(new, request_timeout=_SECONDS).items():
        try:
            future.result()
        except KafkaException as error:
            code = error.args[0].name()
            if code == "TOPIC_ALREADY_EXISTS":
                continue
            cause, advice = cause_of(error.args[0])
            raise ServerError(f"Topic {name} cannot be created ({cause}): {advice}.") from None
    _wait_for(kafka, {topic.name for topic in missing})
    return [topic.name for topic in missing]


def _wait_for(kafka: KafkaSettings, made: set[str]) -> None:
    """Wait until the broker shows the topics that it says are made. Raises ServerError."""
    until = time.monotonic() + _NEW_TOPIC_SECONDS
    while not made <= {name for name, topic in metadata(kafka).topics.items() if topic.error is None}:
        if time.monotonic() > until:
            raise ServerError(f"Kafka says that it made {', '.join(sorted(made))}, but does not show them: see the broker's log.")
        time.sleep(0.1)
