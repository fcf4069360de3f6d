"""Reading stretches of a topic's log: what comes, where it ends, and what is raised instead."""

from itertools import pairwise

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from streams.contract.errors import ServerError
from streams.contract.settings import KafkaSettings
from streams.kafka import reading
from streams.kafka.ends import LogEnds, ends_of
from streams.kafka.reading import DamagedLogError, TopicReader, read_log


class Said:
    """A message, or with a code what Kafka says in place of one."""

    def __init__(self, partition, offset, code=None):
        self._partition, self._offset, self._code = partition, offset, code

    def partition(self):
        return self._partition

    def offset(self):
        return self._offset

    def error(self):
        return None if self._code is None else KafkaError(self._code)


class Spoken:
    """A consumer written by hand: gives batch after batch, and then nothing."""

    def __init__(self, *batches):
        self._batches = list(batches)
        self.assigned = None

    def assign(self, places):
        self.assigned = {place.partition: place.offset for place in places}

    def unassign(self):
        self.assigned = None

    def consume(self, _at_once, _seconds):
        return self._batches.pop(0) if self._batches else []

    def close(self):
        pass


@pytest.fixture
def reader_of(monkeypatch):
    def reader_of(*batches):
        monkeypatch.setattr(reading, "consumer", lambda *_, **__: Spoken(*batches))
        monkeypatch.setattr(reading, "kafka_error", lambda kafka, error: ServerError(error.name()))
        return TopicReader(KafkaSettings("a:1"), "group", silence_seconds=0.05)

    return reader_of


def offsets(reader, stretches):
    return [(message.partition(), message.offset()) for message in reader.messages("t", stretches)]


EOF, AWAY, REFUSED, DAMAGED = (
    KafkaError._PARTITION_EOF,
    KafkaError._TRANSPORT,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError._BAD_MSG,
)


def test_each_partition_is_read_to_its_end_and_no_further(reader_of):
    reader = reader_of([Said(0, 5), Said(1, 0), Said(0, 6)], [Said(1, 1), Said(0, 7), Said(1, 2)])
    assert offsets(reader, {0: LogEnds(5, 7), 1: LogEnds(0, 2), 2: LogEnds(3, 3)}) == [(0, 5), (1, 0), (0, 6), (1, 1)]


def test_a_stretch_whose_last_records_were_compacted_away_ends_at_the_log_s_end(reader_of):
    assert offsets(reader_of([Said(0, 1), Said(0, 4, EOF)]), {0: LogEnds(0, 4)}) == [(0, 1)]
    assert offsets(reader_of([Said(0, 1), Said(0, 9)]), {0: LogEnds(0, 4)}) == [(0, 1)]


def test_an_end_that_a_new_leader_does_not_know_yet_is_waited_for(reader_of):
    assert offsets(reader_of([Said(0, 0), Said(0, 1, EOF)], [Said(0, 1), Said(0, 2)]), {0: LogEnds(0, 3)}) == [(0, 0), (0, 1), (0, 2)]


def test_what_time_mends_is_waited_for_and_said_when_it_does_not(reader_of):
    assert offsets(reader_of([Said(0, 0), Said(None, None, AWAY)], [Said(0, 1)]), {0: LogEnds(0, 2)}) == [(0, 0), (0, 1)]
    with pytest.raises(ServerError, match="_TRANSPORT"):
        offsets(reader_of([Said(None, None, AWAY)]), {0: LogEnds(0, 2)})


def test_a_refusal_and_a_damaged_record_are_raised_at_once(reader_of):
    with pytest.raises(ServerError, match="TOPIC_AUTHORIZATION_FAILED"):
        offsets(reader_of([Said(0, None, REFUSED)]), {0: LogEnds(0, 2)})
    with pytest.raises(DamagedLogError):
        offsets(reader_of([Said(0, 1, DAMAGED)]), {0: LogEnds(0, 2)})


def test_silence_before_the_end_is_said(reader_of):
    with pytest.raises(ServerError, match="gave nothing more of t for 0 s, though it is not at its end: run `shelfcast doctor`"):
        offsets(reader_of([Said(0, 0)]), {0: LogEnds(0, 2)})


class Moving:
    """A consumer whose partition has a leader after so many questions."""

    def __init__(self, questions, code=KafkaError.NOT_LEADER_FOR_PARTITION):
        self._questions, self._code = questions, code

    def get_watermark_offsets(self, _place, timeout):
        assert timeout > 0
        self._questions -= 1
        if self._questions >= 0:
            raise KafkaException(KafkaError(self._code))
        return 3, 7


def test_the_ends_of_a_partition_are_asked_again_while_its_leader_moves():
    assert ends_of(Moving(1), "t", 0) == LogEnds(3, 7)
    with pytest.raises(KafkaException):
        ends_of(Moving(1000), "t", 0, seconds=0.3)
    with pytest.raises(KafkaException):
        ends_of(Moving(1, KafkaError.TOPIC_AUTHORIZATION_FAILED), "t", 0)


def test_a_topic_is_read_over_a_real_socket():
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0, "linger.ms": 2})  # the broker lives as long as it does
    kafka = KafkaSettings(str(next(iter(producer.list_topics(timeout=10).brokers.values()))).partition("/")[0])
    for number in range(3000):
        producer.produce("sales.events", b"%d" % number, partition=number % 3)
    assert producer.flush(20) == 0
    with TopicReader(kafka, "shelfcast-test") as reader:
        ends = reader.ends("sales.events")
        assert {partition: ends[partition] for partition in range(3)} == dict.fromkeys(range(3), LogEnds(0, 1000))
        found = [(m.partition(), m.offset(), int(m.value())) for m in reader.messages("sales.events", ends)]
        assert len(found) == 3000
        for partition in range(3):
            ours = [(offset, value) for p, offset, value in found if p == partition]
            assert all(after[0] == before[0] + 1 for before, after in pairwise(ours))
            assert ours[0] == (0, partition)
        part = {1: LogEnds(990, 995)}
        assert [m.offset() for m in reader.messages("sales.events", part)] == [990, 991, 992, 993, 994], "and again, in another stretch"
    assert [record.offset for record in read_log(kafka, "sales.events", 2, 998, 1000)] == [998, 999]
