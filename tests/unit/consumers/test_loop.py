"""The loop over a source written by hand: outages, changes of hands, and the end."""

import logging

import pytest
from prometheus_client import CollectorRegistry

from consumers.runtime.loop import ReadingLoop
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.sink import Record
from consumers.store.port import ContendedError
from streams.contract.errors import LogTruncatedError, ServerError
from streams.kafka.ends import LogEnds
from streams.kafka.quiet_log import RateLimited


class FakeSource:
    """Hands out batches; stops the loop after the last one."""

    def __init__(self, batches):
        self.batches = list(batches)
        self.generation = 1
        self.happened = []
        self.loop = None

    def position(self, start):
        start(0, LogEnds(0, 100))

    def reposition(self):
        self.happened.append("reposition")

    def batch(self, messages, seconds, stopping):
        if not self.batches:
            self.loop.stop()
            return []
        return self.batches.pop(0)

    def serve(self, seconds):
        self.happened.append("serve")

    def resume(self):
        self.happened.append("resume")

    def commit(self):
        self.happened.append("commit")

    def lag(self):
        return {0: 7}

    def close(self):
        self.happened.append("close")


class FakeSink:
    """Writes fail as told, in order; None: a write succeeds."""

    name = "fake"
    topic = "sales.accepted"

    def __init__(self, failures=(), start_failures=()):
        self.failures = list(failures)
        self.start_failures = list(start_failures)
        self.written = []
        self.forgotten = 0
        self.on_failure = lambda: None

    def start(self, partition, ends):
        if self.start_failures:
            raise self.start_failures.pop(0)
        return 0

    def write(self, records):
        failure = self.failures.pop(0) if self.failures else None
        if failure is not None:
            self.on_failure()
            raise failure
        self.written.append(records)

    def tick(self):
        pass

    def forget(self):
        self.forgotten += 1


def run(source, sink, registry=None):
    source.loop = ReadingLoop(source, sink, ConsumerMetrics(registry or CollectorRegistry()), 100, 0.01)
    source.loop.run()
    return source.happened


def batch(number):
    return [Record(0, number, 0.0, b"")]


AWAY = ServerError("MongoDB is away.")


def test_what_is_written_is_committed():
    sink = FakeSink()
    assert run(FakeSource([batch(1), batch(2)]), sink) == ["commit", "commit", "close"]
    assert sink.written == [batch(1), batch(2)]


def test_an_outage_is_waited_out_and_the_same_batch_written(caplog):
    registry = CollectorRegistry()
    sink = FakeSink([AWAY, AWAY, None])
    with caplog.at_level(logging.INFO):
        assert run(FakeSource([batch(1)]), sink, registry) == ["serve", "serve", "resume", "commit", "close"]
    assert sink.written == [batch(1)]
    assert sink.forgotten == 2
    assert caplog.text.count("Waiting; nothing is lost") == 1
    assert "MongoDB is back" in caplog.text
    assert registry.get_sample_value("shelfcast_consumer_errors_total", {"reader": "fake", "kind": "mongodb"}) == 2
    assert registry.get_sample_value("shelfcast_consumer_lag_messages", {"reader": "fake", "partition": "0"}) == 7


def test_a_batch_that_became_anothers_during_an_outage_is_dropped():
    source, sink = FakeSource([batch(1)]), FakeSink([AWAY])

    def revoked():
        source.generation += 1

    sink.on_failure = revoked
    assert run(source, sink) == ["serve", "close"]
    assert sink.written == []


def test_a_contended_write_reads_on_from_what_the_database_says():
    sink = FakeSink([ContendedError("another was first"), None])
    assert run(FakeSource([batch(1), batch(2)]), sink) == ["reposition", "commit", "close"]
    assert sink.written == [batch(2)]
    assert sink.forgotten == 1


def test_stopping_during_an_outage_leaves_the_batch_to_kafka():
    source, sink = FakeSource([batch(1)]), FakeSink([AWAY] * 99)
    sink.on_failure = lambda: source.loop.stop()
    assert run(source, sink) == ["close"]


def test_positions_wait_for_the_database_too():
    sink = FakeSink(start_failures=[AWAY])
    assert run(FakeSource([batch(1)]), sink) == ["serve", "commit", "close"]


def test_a_log_that_was_cut_ends_the_loop_and_leaves_the_group():
    source = FakeSource([batch(1)])
    with pytest.raises(LogTruncatedError):
        run(source, FakeSink(start_failures=[LogTruncatedError("cut")]))
    assert source.happened == ["close"]


def test_a_kind_of_line_is_logged_once_in_a_while_with_its_count(caplog):
    now = [0.0]
    log = RateLimited(logging.getLogger("test"), seconds=10, clock=lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        log.say(logging.WARNING, "a", "away")
    log.say(logging.WARNING, "b", "other")
    assert [record.getMessage() for record in caplog.records] == ["away", "away (9 more like this)", "away (9 more like this)", "other"]
