import os
import subprocess
import sys
import time
import types
import uuid

import pytest

from streams.contract.codec import encode
from streams.contract.documents import DAY_COLUMNS, exact
from tests.support.stand_ins import kafka_stand_in, mongo_settings, settings_on


@pytest.fixture(params=["first server", "FerretDB"])
def mongo(request, tmp_path):
    """A database of the test's own, on each of two independent servers."""
    second = request.param == "FerretDB"
    with settings_on(request.getfixturevalue("ferretdb")) if second else mongo_settings(tmp_path) as settings:
        yield settings


@pytest.fixture
def reads_all(request):
    """Whether the server is slow where a filter names more than the id, as FerretDB over SQLite is: tests give it fewer sales.

    Replacing a document of a version took it 340 ms where 72 months of items were held, by its id alone 7 ms.
    """
    return request.node.callspec.params["mongo"] == "FerretDB"


@pytest.fixture
def kafka():
    """A broker of the test's own: a reader of a new database begins with whatever the log has."""
    producer, settings = kafka_stand_in()
    yield producer, settings
    producer.flush(5)


@pytest.fixture
def consume(kafka, mongo):
    """Starts a consumer process in a group of its own; where to read from it learns from MongoDB, not from the group."""
    started = []

    def start(*arguments, settings=mongo, log=subprocess.DEVNULL, group=None):
        command = [
            sys.executable,
            "-m",
            "tests.support.consume_child",
            kafka[1].bootstrap_servers,
            settings.uri.reveal(),
            settings.database,
        ]
        child = subprocess.Popen(
            [*command, group or f"group-{uuid.uuid4().hex[:8]}", *map(str, arguments)], env=os.environ | {"PYTHONPATH": "."}, stderr=log
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.kill()
        child.wait()


@pytest.fixture
def publish(kafka):
    def send(topic, messages):
        for message in messages:
            kafka[0].produce(topic, encode(message), message.store or "", partition=message.partition)
        assert kafka[0].flush(30) == 0

    return send


def totals(documents):
    sums = [0] * len(DAY_COLUMNS)
    for document in documents:
        for row in document["days"].values():
            sums = [a + exact(b) for a, b in zip(sums, row, strict=True)]
    return dict(zip(DAY_COLUMNS, sums, strict=True))


def truth(sales):
    """Computed apart from the code under test, from the sales themselves."""
    return {
        "units_thousandths": sum(round(s.quantity * 1000) for s in sales),
        "revenue_micros": sum(s.revenue_micros for s in sales),
        "profit_micros": sum(s.profit_micros or 0 for s in sales),
        "sales": sum(s.quantity > 0 for s in sales),
        "returns": sum(s.quantity < 0 for s in sales),
    }


def eventually(check, seconds=30.0, every=0.1):
    until = time.monotonic() + seconds
    while True:
        result = check()
        if result or time.monotonic() > until:
            return result
        time.sleep(every)


@pytest.fixture
def helpers():
    return types.SimpleNamespace(totals=totals, truth=truth, eventually=eventually)
