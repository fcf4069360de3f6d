import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from streams.contract.settings import KafkaSettings

_BROKER = """
import sys
from confluent_kafka import Producer
cluster = Producer({"test.mock.num.brokers": 1, "bootstrap.servers": "127.0.0.1:1", "log_level": 0})
broker = next(iter(cluster.list_topics(timeout=20).brokers.values()))
print(f"{broker.host}:{broker.port}", flush=True)
sys.stdin.read()
"""


class Broker:
    """The stand-in for Kafka in a process of its own, which can be stopped and woken as a broker that is away for a while."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([sys.executable, "-c", _BROKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.kafka = KafkaSettings(self._process.stdout.readline().strip())

    def pause(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        self.wake()
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def broker() -> Iterator[Broker]:
    """A broker of the test's own."""
    found = Broker()
    yield found
    found.close()


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaSettings]:
    """The broker named in the environment, else the stand-in."""
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield KafkaSettings.read()
        return
    found = Broker()
    yield found.kafka
    found.close()


Read = Callable[..., list[Message]]


@pytest.fixture
def read() -> Read:
    """`read(kafka, topic, prefix)`: every message there whose key begins so."""
    return messages_of


def messages_of(kafka: KafkaSettings, topic: str, prefix: bytes = b"") -> list[Message]:
    consumer = Consumer({**kafka.client(), "group.id": "test-reader", "auto.offset.reset": "earliest", "enable.auto.commit": False})
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
