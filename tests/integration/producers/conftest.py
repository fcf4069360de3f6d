import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Consumer, Message, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from streams.contract.settings import KafkaSettings
from streams.kafka.clients import librdkafka
from tests.servers.jars import MissingError, jars, java
from tests.servers.kafka import Broker, JarKafka, MockKafka


class PausableMock(MockKafka):
    """The stand-in, which can be held still as a broker that is away for a while."""

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)


class NamedKafka(Broker):
    """The broker named in the environment: nobody may stop it."""

    name = "the Kafka named in the environment"

    @property
    def settings(self) -> KafkaSettings:
        return KafkaSettings.read()

    def pause(self) -> None:
        pytest.skip("the broker named in KAFKA_BOOTSTRAP_SERVERS is not ours to stop")


@pytest.fixture(scope="session")
def producers_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One broker for all tests here; each test has stores of its own."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        found: Broker = NamedKafka()
    else:
        try:
            java(), jars()
        except MissingError:
            found = PausableMock()
        else:
            found = JarKafka(tmp_path_factory.mktemp("kafka"))
    found.make_topics()
    yield found
    found.close()


@pytest.fixture
def broker(producers_broker: Broker) -> Iterator[Broker]:
    """The broker, for a test that stops it; it goes on afterwards."""
    yield producers_broker
    if hasattr(producers_broker, "resume"):
        producers_broker.resume()


@pytest.fixture(scope="session")
def kafka(producers_broker: Broker) -> KafkaSettings:
    """How to reach it."""
    return producers_broker.settings


Read = Callable[..., list[Message]]


@pytest.fixture
def read() -> Read:
    """`read(kafka, topic, prefix)`: every message there whose key begins so."""
    return messages_of


@pytest.fixture
def new_topic(producers_broker: Broker) -> Callable[[str], str]:
    """Make a topic; the stand-in makes it at first mention."""

    def make(name: str) -> str:
        if not isinstance(producers_broker, MockKafka):
            admin = AdminClient(librdkafka(producers_broker.settings))
            admin.create_topics([NewTopic(name, 4, 1)])[name].result(20)
        return name

    return make


def messages_of(kafka: KafkaSettings, topic: str, prefix: bytes = b"") -> list[Message]:
    consumer = Consumer({**librdkafka(kafka), "group.id": "test-reader", "auto.offset.reset": "earliest", "enable.auto.commit": False})
    try:
        found, ends = [], {}
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
            if high > low:
                ends[partition] = high
        consumer.assign([TopicPartition(topic, partition, 0) for partition in ends])
        deadline = time.monotonic() + 20
        while ends and time.monotonic() < deadline:
            for message in consumer.consume(1000, timeout=0.2):
                assert message.error() is None, message.error()
                found.append(message)
                if message.offset() + 1 >= ends.get(message.partition(), 0):
                    ends.pop(message.partition(), None)
        assert not ends, "the reader came to the end"
        return [message for message in found if (message.key() or b"").startswith(prefix)]
    finally:
        consumer.close()
