"""Kafka brokers that tests start, kill, stop and start again: Apache Kafka from its jars, or librdkafka's stand-in."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from confluent_kafka.admin import AdminClient

from streams.contract.settings import KafkaSettings
from streams.contract.topics import TOPICS
from streams.kafka.brokers import ensure_topics
from streams.kafka.clients import librdkafka
from tests.servers.jars import jars, java
from tests.support.stand_ins import free_port

START_SECONDS = 120.0

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={directory}/log
num.partitions=4
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.retention.check.interval.ms=3600000
log.cleaner.dedupe.buffer.size=4194304
"""


class Broker:
    """A Kafka of a test's own, with the topics made."""

    name = "Kafka"
    restarts = False
    """Whether it can be killed and started again with its log."""

    address = ""

    @property
    def settings(self) -> KafkaSettings:
        return KafkaSettings(self.address)

    def admin(self) -> AdminClient:
        return AdminClient(librdkafka(self.settings) | {"log_level": 0})

    def make_topics(self, partitions: int = 4) -> None:
        ensure_topics(self.settings, partitions, 1)

    def make_topics_anew(self, partitions: int = 4) -> None:
        """Remove shelfcast's topics, with their settings and what groups committed of them, and make empty ones."""
        names = {topic.name for topic in TOPICS}
        admin = self.admin()
        there = names & admin.list_topics(timeout=15).topics.keys()
        if there:
            for future in admin.delete_topics(list(there)).values():
                future.result()
        until = time.monotonic() + 30
        while names & admin.list_topics(timeout=15).topics.keys() and time.monotonic() < until:
            time.sleep(0.1)
        ensure_topics(self.settings, partitions, 1)

    def close(self) -> None:
        """Nothing is left running."""


class JarKafka(Broker):
    """One KRaft node of Apache Kafka 4.1, on loopback, with its log in `directory`."""

    name = "Apache Kafka 4.1"
    restarts = True

    def __init__(self, directory: Path) -> None:
        java(), jars()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        self._properties = directory / "server.properties"
        self._properties.write_text(PROPERTIES.format(port=port, controller=free_port(), directory=directory))
        self._java("kafka.tools.StorageTool", "format", "-t", _cluster_id(), "-c", str(self._properties)).wait(60)
        self.start()

    def start(self) -> None:
        """Start on the log that is there; back when it answers."""
        self._process = self._java("kafka.Kafka", str(self._properties))
        until = time.monotonic() + START_SECONDS
        admin = self.admin()
        while time.monotonic() < until and self._process.poll() is None:
            try:
                if admin.list_topics(timeout=1).brokers:
                    return
            except Exception:
                time.sleep(0.1)
        raise AssertionError(f"Kafka did not start: {(self._directory / 'output').read_text()[-2000:]}")

    def kill(self) -> None:
        """kill -9."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """The broker stands still: connections open, no answer."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def revive(self) -> None:
        """Go on, whatever the test before did."""
        assert self._process is not None
        if self._process.poll() is None:
            self.resume()
        else:
            self.start()

    def close(self) -> None:
        if self._process is not None:
            self.kill()

    def _java(self, *arguments: str) -> subprocess.Popen[bytes]:
        options = ["-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        with (self._directory / "output").open("ab") as output:
            return subprocess.Popen([java(), *options, "-cp", f"{jars()}/*", *arguments], stdout=output, stderr=output)


class NamedKafka(Broker):
    """The broker of KAFKA_BOOTSTRAP_SERVERS. It is not ours to stop; shelfcast's topics are made anew."""

    name = "the broker of KAFKA_BOOTSTRAP_SERVERS"

    def __init__(self) -> None:
        self.address = KafkaSettings.read().bootstrap_servers

    @property
    def settings(self) -> KafkaSettings:
        return KafkaSettings.read()

    def make_topics(self, partitions: int = 4) -> None:
        self.make_topics_anew(partitions)


class MockKafka(Broker):
    """librdkafka's mock cluster in a process of its own."""

    name = "the embedded stand-in"

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy.embedded.kafka"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": "."},
        )
        assert self._process.stdout is not None
        self.address = json.loads(self._process.stdout.readline())["address"]

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def _cluster_id() -> str:
    """Sixteen random bytes in URL-safe base64; one that begins with `-` would be taken for an option."""
    return "A" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[1:22]
