"""What is kept for the pages: read once, read anew in the background, waited for a moment and not longer."""

import threading
import time

import pytest

from charts.web.pages.kept import Kept
from streams.contract.errors import ServerError


@pytest.fixture
def now():
    return [1000.0]


@pytest.fixture
def kept(now):
    found = Kept(clock=lambda: now[0], wait_seconds=5.0)
    yield found
    found.close()


def test_a_value_is_read_once_until_it_is_old(kept, now):
    made = []

    def make():
        made.append(1)
        return len(made)

    assert [kept.get("a", make, 10) for _ in range(3)] == [1, 1, 1]
    now[0] += 11
    assert kept.get("a", make, 10) == 2
    assert kept.peek("a") == 2
    assert kept.peek("b") is None


def test_what_takes_long_is_not_waited_for_and_comes_later(now):
    kept, gate = Kept(clock=lambda: now[0], wait_seconds=0.05), threading.Event()
    assert kept.get("a", lambda: gate.wait(10) and "there", 10) is None
    gate.set()
    until = time.monotonic() + 5
    while kept.get("a", lambda: "never asked again", 10) is None:
        assert time.monotonic() < until
    assert kept.get("a", lambda: "never asked again", 10) == "there"
    now[0] += 1000
    slow = threading.Event()
    assert kept.get("a", lambda: slow.wait(10) and "newer", 10) == "there", "an older value is better than none"
    slow.set()
    kept.close()


def test_a_visit_waits_once_for_everything(now):
    kept, gate = Kept(clock=lambda: now[0], wait_seconds=0.2), threading.Event()
    began = time.monotonic()
    with kept.visit():
        assert [kept.get(n, lambda: gate.wait(30), 10) for n in range(20)] == [None] * 20
    assert time.monotonic() - began < 2.0
    gate.set()
    kept.close()


def test_a_failure_is_told_and_not_tried_again_at_once(kept, now):
    tried = []

    def fail():
        tried.append(1)
        raise ServerError("away")

    for _ in range(3):
        with pytest.raises(ServerError, match="away"):
            kept.get("a", fail, 10)
    assert len(tried) == 1
    now[0] += 4
    assert kept.get("a", lambda: "back", 10) == "back"
    now[0] += 11
    assert kept.get("a", fail, 10) == "back", "an older value is better than none"
