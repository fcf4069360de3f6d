"""What the supervisor does when one of its processes ends."""

import os
import time

import pytest

from deploy.supervisor import Supervisor

NOWHERE = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "MONGODB_URI": "mongodb://127.0.0.1:1", "SHELFCAST_CONSUME_METRICS_PORT": "0"}


@pytest.fixture
def supervisor(tmp_path):
    found = Supervisor(tmp_path / "logs")
    yield found
    found.stop()


def wait(what, seconds=40):
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_killed_process_is_started_again(supervisor):
    supervisor.start("consume", "consume", environment=NOWHERE)
    first = supervisor.pids["consume"]
    os.kill(first, 9)
    wait(lambda: supervisor.pids.get("consume", first) != first)
    assert supervisor.restarts == 1
    assert supervisor.given_up is None


def test_a_wrong_setting_is_not_tried_again(supervisor):
    supervisor.start("worker", "worker", environment=NOWHERE | {"SHELFCAST_TIMEZONE": "Nowhere"})
    wait(lambda: supervisor.given_up == "worker")
    assert supervisor.restarts == 0
    assert "Europe/Berlin" in " ".join(supervisor.last_words("worker").split())
