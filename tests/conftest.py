"""Servers for all integration tests, and the list of what could not run here."""

import os
import subprocess
import sys
import time
import uuid

import pytest

from streams.contract.settings import WorkerSettings
from tests.servers import containers
from tests.servers.jars import MissingError
from tests.servers.kafka import JarKafka, MockKafka, NamedKafka
from tests.servers.mongo import OwnMongo, stand_in
from tests.servers.mongo import named as named_mongo

NOT_RUN: dict[str, str] = {}
"""What could not run here, and why; told at the end."""


def pytest_addoption(parser):
    parser.addoption("--kill-rounds", type=int, default=6, help="how many random moments the kill tests kill at")


@pytest.fixture(scope="session")
def kill_rounds(request):
    return request.config.getoption("--kill-rounds")


def not_run(what: str, why: str) -> None:
    NOT_RUN[what] = why


def pytest_terminal_summary(terminalreporter):
    for what, why in NOT_RUN.items():
        terminalreporter.write_line(f"not run here: {what} ({why})", yellow=True)


def _named_kafka():
    """The broker of KAFKA_BOOTSTRAP_SERVERS, if tests may remove its topics: theirs are named as the product's."""
    if not os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        return None
    if os.environ.get("SHELFCAST_TESTS_MAY_DELETE_TOPICS") != "true":
        not_run("fault tests on KAFKA_BOOTSTRAP_SERVERS", "they delete shelfcast's topics: set SHELFCAST_TESTS_MAY_DELETE_TOPICS=true")
        return None
    return NamedKafka()


def _first_that_can_be_had(what, makers):
    """The first server that can be had here; those that cannot are listed with their reasons."""
    reasons = []
    for maker in makers:
        try:
            server = maker()
        except MissingError as error:
            reasons.append(str(error))
            continue
        if server is None:
            continue
        if maker is makers[-1]:
            not_run(what, ", ".join(reasons))
        return server
    raise AssertionError(what)


@pytest.fixture
def kafka(tmp_path):
    """A broker of the test's own: named, in a container, Apache Kafka from its jars, else the stand-in."""
    directory = tmp_path / "kafka"
    directory.mkdir()
    makers = [_named_kafka, containers.ContainerKafka, lambda: JarKafka(directory), MockKafka]
    broker = _first_that_can_be_had("fault tests on Apache Kafka 4.1; they ran on the embedded stand-in", makers)
    try:
        broker.make_topics()
        yield broker
    finally:
        broker.close()


@pytest.fixture
def real_kafka(kafka):
    """A broker that can be killed and keeps its log."""
    if not kafka.restarts:
        not_run("tests that restart the broker or delete records", f"not possible with {kafka.name}")
        pytest.skip("needs Apache Kafka: Docker, or Java 17 and Maven")
    return kafka


@pytest.fixture
def mongo(tmp_path):
    """A database of the test's own: named, in a container, else the stand-in."""
    directory = tmp_path / "mongo"
    directory.mkdir()
    makers = [named_mongo, lambda: OwnMongo(containers.ContainerMongo(directory)), lambda: stand_in(directory)]
    server = _first_that_can_be_had("fault tests on MongoDB 7; they ran on the embedded stand-in", makers)
    yield server
    server.close()


class Workers:
    """Worker processes of one group; all are killed at the end of the test."""

    def __init__(self, kafka, directory):
        self.kafka = kafka
        self.directory = directory
        self.group = f"worker-{uuid.uuid4().hex[:8]}"
        self.environment = {
            "SHELFCAST_GROUP": self.group,
            "SHELFCAST_CHECKPOINT_SECONDS": "0.5",
            "SHELFCAST_CHECKPOINT_EVENTS": "2000",
            "SHELFCAST_DEDUPE_WINDOW": "100000",
            "SHELFCAST_WORKER_METRICS_PORT": "0",
            "TEST_SESSION_SECONDS": "4",
        }
        self.started = []

    @property
    def settings(self):
        return WorkerSettings.read(self.environment)

    def start(self, *arguments, **environment):
        with self._log(len(self.started)).open("ab") as out:
            child = subprocess.Popen(
                [sys.executable, "-m", "tests.servers.worker_child", self.kafka.address, *map(str, arguments)],
                env=os.environ | {"PYTHONPATH": "."} | self.environment | environment,
                stdout=out,
                stderr=out,
            )
        self.started.append(child)
        return child

    def _log(self, number):
        return self.directory / f"worker-{number}.log"

    def said(self):
        return "".join(self._log(number).read_text(errors="replace") for number in range(len(self.started)))

    def ready(self, child, seconds=60.0):
        """Wait until it has joined."""
        log, until = self._log(self.started.index(child)), time.monotonic() + seconds
        while "started; Kafka at" not in log.read_text(errors="replace"):
            assert child.poll() is None, self.said()[-3000:]
            assert time.monotonic() < until, self.said()[-3000:]
            time.sleep(0.1)

    def stop(self, child, seconds=15.0):
        """SIGTERM, as a supervisor sends it; how long it took."""
        self.ready(child)
        started = time.monotonic()
        child.terminate()
        assert child.wait(seconds) == 0, self.said()[-3000:]
        return time.monotonic() - started

    def close(self):
        for child in self.started:
            child.kill()
            child.wait()


@pytest.fixture
def workers(kafka, tmp_path):
    made = Workers(kafka, tmp_path)
    yield made
    made.close()


class Consumers:
    """Consumer processes into one database; all are killed at the end of the test."""

    def __init__(self, kafka, mongo, directory):
        self._arguments = [kafka.address, mongo.settings.uri.reveal(), mongo.settings.database, f"consumers-{uuid.uuid4().hex[:8]}"]
        self.log = directory / "consumers.log"
        self.started = []

    def start(self, *arguments):
        with self.log.open("ab") as out:
            command = [sys.executable, "-m", "tests.support.consume_child", *self._arguments, *map(str, arguments)]
            child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "."}, stdout=out, stderr=out)
        self.started.append(child)
        return child

    def said(self):
        return self.log.read_text(errors="replace")

    def close(self):
        for child in self.started:
            child.kill()
            child.wait()


@pytest.fixture
def consumers(kafka, mongo, tmp_path):
    made = Consumers(kafka, mongo, tmp_path)
    yield made
    made.close()
