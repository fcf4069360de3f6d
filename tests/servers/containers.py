"""Kafka and MongoDB in containers, where Docker answers."""

import functools
import subprocess
import sys
import time
from pathlib import Path

from tests.servers.jars import MissingError
from tests.servers.kafka import Broker
from tests.support.stand_ins import free_port

KAFKA_IMAGE = "apache/kafka:4.1.0"
MONGO_IMAGE = "mongo:7"


@functools.cache
def docker() -> None:
    """Raises MissingError when Docker does not answer within two seconds."""
    asking = [sys.executable, "-c", "import docker; docker.from_env(timeout=2).ping()"]
    try:  # in a process of its own: the client leaves sockets open when nobody answers
        answers = subprocess.run(asking, capture_output=True, timeout=20, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        answers = False
    if not answers:
        raise MissingError("Docker does not answer")


class ContainerKafka(Broker):
    """Apache Kafka in a container, on a port that stays the same when it is started again."""

    name = "Apache Kafka 4.1 in a container"
    restarts = True

    def __init__(self) -> None:
        from testcontainers.core.container import DockerContainer

        docker()
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, ("127.0.0.1", port))
        for name, value in {
            "PROCESS_ROLES": "broker,controller",
            "NODE_ID": "1",
            "CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
            "LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
            "ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
            "CONTROLLER_LISTENER_NAMES": "CONTROLLER",
            "LISTENER_SECURITY_PROTOCOL_MAP": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
            "TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
            "TRANSACTION_STATE_LOG_MIN_ISR": "1",
            "GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
            "GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
            "AUTO_CREATE_TOPICS_ENABLE": "false",
        }.items():
            container = container.with_env(f"KAFKA_{name}", value)
        self._container = container.start()
        self.start(again=False)

    def start(self, *, again: bool = True) -> None:
        if again:
            self._container.get_wrapped_container().start()
        until = time.monotonic() + 60
        while True:
            try:
                self.admin().list_topics(timeout=2)
            except Exception:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
            else:
                return

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def pause(self) -> None:
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        self._container.get_wrapped_container().unpause()

    def close(self) -> None:
        self._container.stop()


class ContainerMongo:
    """MongoDB in a container."""

    def __init__(self, directory: Path) -> None:
        from testcontainers.core.container import DockerContainer

        docker()
        self.port = free_port()
        self._container = DockerContainer(MONGO_IMAGE).with_bind_ports(27017, ("127.0.0.1", self.port)).start()

    def start(self) -> None:
        self._container.get_wrapped_container().start()

    def kill(self) -> None:
        self._container.get_wrapped_container().kill()

    def pause(self) -> None:
        self._container.get_wrapped_container().pause()

    def resume(self) -> None:
        self._container.get_wrapped_container().unpause()

    def close(self) -> None:
        self._container.stop()
