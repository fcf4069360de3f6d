"""Servers for all integration tests, and the list of what could not run here."""

import os

import pytest

from tests.servers import containers
from tests.servers.ferret import FerretServer
from tests.servers.jars import MissingError
from tests.servers.kafka import JarKafka, MockKafka, NamedKafka
from tests.servers.mongo import OwnMongo, stand_in
from tests.servers.mongo import named as named_mongo
from tests.servers.processes import Consumers, Workers
from tests.support.publisher import MemoryPublisher

NOT_RUN: dict[str, str] = {}
"""What could not run here, and why; told at the end."""


def pytest_addoption(parser):
    parser.addoption("--kill-rounds", type=int, default=4, help="how many random moments the kill tests kill at")


def pytest_collection_modifyitems(config, items):
    """Without -m the long kill tests are left out, and it is said."""
    if config.getoption("markexpr"):
        return
    long = [item for item in items if item.get_closest_marker("kill")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
        not_run(f"{len(long)} long kill tests", "`make kill` runs them")


@pytest.fixture(scope="session")
def kill_rounds(request):
    return request.config.getoption("--kill-rounds")


def not_run(what: str, why: str) -> None:
    NOT_RUN[what] = why


def pytest_sessionfinish(session):
    output = getattr(session.config, "workeroutput", None)
    if output is not None:  # a worker of pytest-xdist: the list is printed by the one that started it
        output["not_run"] = NOT_RUN


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    NOT_RUN.update(getattr(node, "workeroutput", {}).get("not_run", {}))


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


@pytest.fixture(scope="session")
def lasting_kafka(tmp_path_factory):
    """Gives Apache Kafka from its jars, started at the first call; its start takes longer than many a test."""
    started = []

    def give():
        if not started:
            started.append(JarKafka(tmp_path_factory.mktemp("kafka")))
        return started[0]

    yield give
    for broker in started:
        broker.close()


@pytest.fixture
def kafka(lasting_kafka):
    """A broker with empty topics: named, in a container, Apache Kafka from its jars, else the stand-in."""
    makers = [_named_kafka, containers.ContainerKafka, lasting_kafka, MockKafka]
    broker = _first_that_can_be_had("fault tests on Apache Kafka 4.1; they ran on the embedded stand-in", makers)
    if isinstance(broker, JarKafka):
        broker.revive()
        broker.make_topics_anew()
        yield broker
        return
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


@pytest.fixture
def ferretdb(tmp_path):
    """FerretDB of the test's own, not started yet; skipped, and counted, where it cannot be built."""
    try:
        server = FerretServer(tmp_path)
    except MissingError as error:
        not_run("tests on FerretDB, a second server of MongoDB's protocol", str(error))
        pytest.skip(str(error))
    yield server
    server.kill()


@pytest.fixture
def workers(kafka, tmp_path):
    made = Workers(kafka, tmp_path)
    yield made
    made.close()


@pytest.fixture
def consumers(kafka, mongo, tmp_path):
    made = Consumers(kafka, mongo, tmp_path)
    yield made
    made.close()


@pytest.fixture
def memory_publisher() -> MemoryPublisher:
    return MemoryPublisher()
