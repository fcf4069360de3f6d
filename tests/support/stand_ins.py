"""Kafka and MongoDB for integration tests: those named in the environment, else the embedded stand-ins."""

import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from confluent_kafka import Producer
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from consumers.store.mongo import MongoDocuments
from streams.contract.settings import KafkaSettings, MongoSettings, Secret
from streams.kafka.clients import librdkafka
from streams.kafka.ends import LogEnds
from streams.mongodb.client import connect

BEGINNING = LogEnds(0, 1_000_000)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class MongoStandIn:
    """nx-27017 in a process of its own, which tests may kill and start again on the same port and data."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        pid = self._directory / "pid"
        pid.unlink(missing_ok=True)
        program = Path(sys.executable).with_name("nx-27017")
        self._process = subprocess.Popen(
            [program, "--db", self._directory / "db", "-p", str(self.port), "--pid-file", pid, "--log-file", self._directory / "log"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        until = time.monotonic() + 20
        while True:
            client = MongoClient(f"mongodb://127.0.0.1:{self.port}", serverSelectionTimeoutMS=200)
            try:
                client.admin.command("ping")
            except PyMongoError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return
            finally:
                client.close()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def settings(self) -> MongoSettings:
        return MongoSettings(Secret(f"mongodb://127.0.0.1:{self.port}"), f"test_{uuid.uuid4().hex[:8]}")


class KeepsDocuments(Protocol):
    """A database server of a test's own."""

    port: int

    def start(self) -> None: ...

    def kill(self) -> None: ...


@contextmanager
def settings_on(server: KeepsDocuments) -> Iterator[MongoSettings]:
    """A database on a server that runs meanwhile."""
    server.start()
    try:
        yield MongoSettings(Secret(f"mongodb://127.0.0.1:{server.port}"), f"test_{uuid.uuid4().hex[:8]}")
    finally:
        server.kill()


@contextmanager
def mongo_settings(directory: Path) -> Iterator[MongoSettings]:
    """A database of its own, gone afterwards."""
    named = os.environ.get("MONGODB_URI")
    if named:
        settings = MongoSettings(Secret(named), f"test_{uuid.uuid4().hex[:8]}")
        yield settings
        with MongoClient(named) as client:
            client.drop_database(settings.database)
        return
    with settings_on(MongoStandIn(directory)) as settings:
        yield settings


@contextmanager
def documents_in(settings: MongoSettings) -> Iterator[MongoDocuments]:
    client = connect(settings, "shelfcast-test")
    try:
        yield MongoDocuments(client[settings.database], settings.shown)
    finally:
        client.close()


def kafka_stand_in() -> tuple[Producer, KafkaSettings]:
    """A producer and the broker it writes to; the embedded one lives as long as the producer."""
    named = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if named:
        settings = KafkaSettings.read()
        return Producer(librdkafka(settings) | {"partitioner": "murmur2_random"}), settings
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0, "linger.ms": 2})
    broker = str(next(iter(producer.list_topics(timeout=10).brokers.values()))).partition("/")[0]
    return producer, KafkaSettings(broker)
