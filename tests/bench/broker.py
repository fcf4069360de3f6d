"""The Kafka that is measured on: the one that is named, else Apache Kafka from its jars, else the embedded stand-in."""

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from streams.contract.settings import KafkaSettings
from streams.kafka.brokers import check_topics
from tests.servers.jars import MissingError
from tests.servers.kafka import JarKafka, MockKafka

EMBEDDED_KEEPS = 100_000
"""So many events the embedded Kafka holds; it forgets the oldest."""

console = Console()


@contextmanager
def broker():
    """Kafka's settings, its name, and the most events it can hold."""
    if named := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        kafka = KafkaSettings.read()
        check_topics(kafka)
        yield kafka, named, None
        return
    with tempfile.TemporaryDirectory(prefix="shelfcast-bench-") as directory:
        try:
            server, most = JarKafka(Path(directory)), None
        except MissingError as error:
            console.print(f"No Apache Kafka here ({error}); the embedded stand-in takes its place.", style="yellow")
            server, most = MockKafka(), EMBEDDED_KEEPS
        try:
            server.make_topics()
            yield server.settings, server.name, most
        finally:
            server.close()
