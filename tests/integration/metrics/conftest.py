"""The embedded stand-in is enough here: what is measured does not depend on the broker."""

import pytest

from tests.servers.kafka import MockKafka


@pytest.fixture
def kafka():
    broker = MockKafka()
    broker.make_topics()
    yield broker
    broker.close()
