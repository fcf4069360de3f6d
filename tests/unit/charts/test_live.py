"""Live events: each once for a client that says after which one it goes on, and none missed without a word."""

import asyncio

import pytest

from charts.web.api.live import COUNTED, KINDS, Live, id_of, place_of, reading_from
from charts.web.api.problems import ParameterError
from charts.web.api.seats import Seats
from streams.contract.codec import encode
from streams.http.access import RefusedError
from streams.kafka.ends import LogEnds
from streams.kafka.tail import Tail
from tests.support.fakes import MemoryDocuments
from tests.support.shop import drift, forecast

ALL = frozenset(KINDS)
DRIFT, FORECAST = "drift-detected.v1", "predicted-sales.v1"


class Came:
    """A message as librdkafka gives it."""

    def __init__(self, partition, offset, raw):
        self._held = partition, offset, raw

    def error(self):
        return None

    def partition(self):
        return self._held[0]

    def offset(self):
        return self._held[1]

    def value(self):
        return self._held[2]


class Nowhere:
    def assign(self, places):
        self.places = places


def tail_of(*messages, low=0, most=1000):
    """A tail that has read messages, (partition, offset, message) each, of two partitions."""
    tail = Tail(None, "sales.forecasts", most=most)
    tail._begun(Nowhere(), {0: LogEnds(low, low), 1: LogEnds(low, low)})
    tail._ready.set()
    tail.start = lambda: None
    feed(tail, *messages)
    return tail


def feed(tail, *messages):
    for partition, offset, message in messages:
        tail._take(Came(partition, offset, message if isinstance(message, bytes) else encode(message)), set())


def ids(events):
    return [event.partition("\n")[0].removeprefix("id: ") for event in events if event.startswith("id: ")]


def test_a_client_goes_on_after_the_event_it_had_last():
    tail = tail_of((0, 0, drift(1)), (1, 0, drift(2)), (0, 1, drift(3)))
    first = reading_from(tail, {0: 0, 1: 0})
    events = first.take(tail, None, ALL)
    assert ids(events) == ["0-1.1-0", "0-1.1-1", "0-2.1-1"]
    for had in range(3):
        again = reading_from(tail, place_of(ids(events)[had]))
        assert again.take(tail, None, ALL) == events[had + 1 :]
    assert reading_from(tail, None).take(tail, None, ALL) == []


def test_another_process_may_have_read_the_partitions_in_another_order():
    before = tail_of((0, 0, drift(1)), (0, 1, drift(3)), (1, 0, drift(2)), (1, 1, drift(4)))
    after = tail_of((1, 0, drift(2)), (1, 1, drift(4)), (0, 0, drift(1)), (0, 1, drift(3)))
    told = [event.split("data: ")[1] for event in reading_from(before, {0: 0, 1: 0}).take(before, None, ALL)]
    for had, place in enumerate(ids(reading_from(before, {0: 0, 1: 0}).take(before, None, ALL))):
        rest = reading_from(after, place_of(place)).take(after, None, ALL)
        assert sorted(event.split("data: ")[1] for event in rest) == sorted(told[had + 1 :])


def test_what_is_not_asked_for_is_left_out_and_still_moves_the_place():
    tail = tail_of((0, 0, drift(1, store="Paris")), (0, 1, forecast(2)), (0, 2, drift(3)), (0, 3, b"not ours"))
    reading = reading_from(tail, {0: 0})
    [event] = reading.take(tail, "Berlin", frozenset({DRIFT}))
    assert event.startswith(f"id: 0-3.1-0\nevent: {DRIFT}\ndata: {{")
    assert event.endswith("}\n\n")
    assert reading.take(tail, "Berlin", frozenset({FORECAST})) == []


def test_a_line_break_between_tokens_breaks_no_event():
    raw = encode(drift(1)).replace(b',"store"', b',\r\n"store"')
    tail = tail_of((0, 0, raw))
    [event] = reading_from(tail, {0: 0}).take(tail, None, ALL)
    assert len(event.splitlines()) == 4


@pytest.mark.parametrize("place", [{0: 4, 1: 5}, {1: 5}, {0: 5, 7: 1}])
def test_events_that_are_gone_are_told(place):
    tail = tail_of((0, 5, drift(1)), low=5)
    events = reading_from(tail, place).take(tail, None, ALL)
    assert events[0].startswith("event: gap\n")
    assert len(ids(events)) == 1
    assert not any("gap" in event for event in reading_from(tail, {0: 5, 1: 5}).take(tail, None, ALL))


def test_a_client_that_reads_too_slowly_is_told_what_it_missed():
    tail = tail_of(most=10)
    reading = reading_from(tail, None)
    feed(tail, *((0, n, drift(n)) for n in range(25)))
    events = reading.take(tail, None, ALL)
    assert events[0].startswith("event: gap\n")
    assert 0 < len(ids(events)) <= 10
    assert ids(events)[-1] == "0-25.1-0"


def test_memory_is_bounded_by_bytes_too(monkeypatch):
    monkeypatch.setattr("streams.kafka.tail.MOST_BYTES", 2000)
    tail = tail_of(*((0, n, drift(n)) for n in range(100)))
    assert sum(len(told.raw) for told in tail._held) == tail._bytes <= 2000


@pytest.mark.parametrize("header", ["x", "0-", "0-1,1-2", "0-1.", "-1", "0--1", "0-1" * 400, "1" * 9 + "-1"])
def test_an_id_of_something_else_is_refused(header):
    with pytest.raises(ParameterError):
        place_of(header)


def test_an_id_is_read_as_it_was_written():
    assert place_of(id_of({1: 7, 0: 12})) == {0: 12, 1: 7}
    assert place_of("") is None


def test_streams_are_bounded_and_a_seat_is_given_back():
    now = [0.0]
    seats = Seats(3, 2, lambda: now[0])
    held = [seats.take("a"), seats.take("a")]
    with pytest.raises(RefusedError) as refused:
        seats.take("a")
    assert refused.value.status == 429
    seats.take("b")
    with pytest.raises(RefusedError) as refused:
        seats.take("c")
    assert refused.value.status == 503
    seats.leave(held[0])
    seats.take("a")
    now[0] = 80.0
    seats.seen(held[1])
    now[0] = 100.0
    seats.take("a")  # the other one has not been seen for too long


def test_a_stream_begins_with_its_place_and_ends_when_the_server_does():
    tail, seats = tail_of((0, 0, drift(1))), Seats(2, 2)
    documents = MemoryDocuments()
    documents.merge("progress", {"a": {"_id": "a", "reader": "statistics", "seq": 7}})
    stopping = []

    async def heard():
        live = Live(documents, tail, seats)
        stream = live._events(tail, reading_from(tail, None), None, ALL, seats.take("a"), lambda: bool(stopping))
        told = [await anext(stream), await anext(stream)]
        feed(tail, (1, 0, drift(2)))
        told.append(await anext(stream))
        stopping.append(True)
        return told, [rest async for rest in stream]

    (first, counted, event), rest = asyncio.run(heard())
    assert first == "retry: 2000\nid: 0-1.1-0\n\n"
    assert counted == f'event: {COUNTED}\ndata: {{"counted":7}}\n\n'
    assert event.startswith("id: 0-1.1-1\n")
    assert rest == []
    assert seats._taken == {}
