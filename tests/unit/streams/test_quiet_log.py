"""What is said at most once in a while: by our own loops, and by libraries that repeat themselves."""

import io
import logging

import pytest

from streams.kafka.quiet_log import REPEAT_SECONDS, OncePerWhile, limit_repeats


def test_of_each_kind_one_is_due_and_the_next_tells_how_many_were_kept():
    now = [0.0]
    limit = OncePerWhile(10.0, clock=lambda: now[0])
    assert [limit.due("a"), limit.due("a"), limit.due("a"), limit.due("b")] == ["", None, None, ""]
    now[0] = 10.0
    assert limit.due("a") == " (2 more like this)"
    now[0] = 20.0
    assert limit.due("a") == ""


def test_what_is_remembered_of_kinds_is_bounded():
    limit = OncePerWhile()
    for kind in range(5000):
        limit.due(str(kind))
    assert len(limit._kinds) <= 1001


@pytest.fixture
def shown():
    stream = io.StringIO()
    handler, root = logging.StreamHandler(stream), logging.getLogger()
    root.addHandler(handler)
    yield stream
    root.removeHandler(handler)


def test_only_the_named_loggers_are_limited(shown):
    limit_repeats("aiokafka")
    for number in range(3):
        logging.getLogger("aiokafka.x").error("no broker %s", number)
        logging.getLogger("shelfcast.x").error("ours")
    assert shown.getvalue().count("no broker") == 1
    assert shown.getvalue().count("ours") == 3


def test_a_template_that_is_due_again_tells_how_many_were_kept(shown):
    now = [0.0]
    limit_repeats("aiokafka", clock=lambda: now[0])
    for second in (0.0, 1.0, 2.0, REPEAT_SECONDS):
        now[0] = second
        logging.getLogger("aiokafka.x").error("no broker %s", "a")
    assert shown.getvalue().splitlines() == ["no broker a", "no broker a (2 more like this)"]
