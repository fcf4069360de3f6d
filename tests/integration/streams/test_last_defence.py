"""An event at which the program fails or dies: it becomes a dead letter, everything else counts, and the stream goes on."""

import json
import time

import msgspec
import pytest
from aiokafka.errors import GroupCoordinatorNotAvailableError
from typer.testing import CliRunner

from deploy.commands import deadletters
from streams.contract.topics import EVENTS, partition_of
from streams.processor.processor import Processor
from streams.processor.state import from_bytes
from streams.runtime import bookmarks
from streams.runtime.narrowing import DEATHS
from streams.runtime.rules_of import rules_of
from tests.servers.reading import caught_up, check_outputs, committed, committed_state, ends, read
from tests.servers.traffic import publish, traffic

LOG = traffic(3000, seed=71)


def sales_of(partition, places):
    """Ids of accepted sales at these places among those of a partition."""
    ids = []
    for _, key, raw in LOG.messages:
        try:
            event = msgspec.json.decode(raw)
        except msgspec.DecodeError:
            continue
        ours = isinstance(event, dict) and event.get("store") == key.decode() and partition_of(key.decode(), 4) == partition
        if ours and event.get("quantity", 0) > 0:
            ids.append(event["event_id"])
    once = [i for i in ids if ids.count(i) == 1]
    return [once[place] for place in places]


def offset_of(kafka, partition, event_id):
    [offset] = [m.offset for m in read(kafka.settings, EVENTS, partition) if f'"{event_id}"'.encode() in m.value]
    return offset


def at_the_end(kafka, workers):
    try:
        found = [place.offset for place in committed(kafka.settings, workers.group)]
    except GroupCoordinatorNotAvailableError:  # nobody has joined yet
        return False
    return found == ends(kafka.settings, EVENTS)


def goes_on(kafka, workers, **environment):
    """Start workers, as a supervisor does, until one has taken the whole log and is stopped; how the others ended."""
    deaths, until = [], time.monotonic() + 250
    while True:
        child = workers.start(**environment)
        while child.poll() is None:
            assert time.monotonic() < until, workers.said()[-3000:]
            if at_the_end(kafka, workers):
                workers.stop(child)
                return deaths
            time.sleep(0.3)
        deaths.append(child.returncode)
        assert len(deaths) < 15, workers.said()[-3000:]


def check_all_but(kafka, workers, aside):
    """Outputs and states are those of a run that was told what to put aside: {partition: offsets}."""
    for partition in range(4):
        state = committed_state(kafka.settings, workers.group, partition)
        decisions = from_bytes(state).get("put_aside", [])
        assert [offset for offset, _ in decisions] == aside.get(partition, [])
        processor = Processor(rules_of(workers.settings), partition, 4)
        processor.quarantine.decide(decisions, 0)
        check_outputs(kafka.settings, partition, processor.apply(read(kafka.settings, EVENTS, partition)))
        assert state == processor.dump()


def letters(kafka, monkeypatch):
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka.address)
    monkeypatch.setenv("MONGODB_URI", "mongodb://127.0.0.1:1")
    said = CliRunner().invoke(deadletters.app, ["list", "--reason", "internal_error", "--json"])
    assert said.exit_code == 0, said.output
    return json.loads(said.stdout)


def test_an_event_at_which_the_program_fails_is_put_aside_and_the_stream_goes_on(kafka, workers, monkeypatch):
    [event] = sales_of(1, [400])
    publish(kafka.settings, LOG.messages)
    child = workers.start(TEST_FAULT="raise", TEST_FAULT_AT=event)
    caught_up(kafka.settings, workers.group, 120, child)
    workers.stop(child)
    offset = offset_of(kafka, 1, event)
    check_all_but(kafka, workers, {1: [offset]})
    said = workers.said()
    assert f"The program failed at the event at offset {offset} of partition 1 (streams.processor.processor:" in said
    assert f"planted at {event}" not in said, "the log tells what stood in the event"
    (letter,) = letters(kafka, monkeypatch)
    assert letter["reason"] == "internal_error"
    assert "ZeroDivisionError" in letter["error"]


def test_a_second_one_within_a_minute_ends_the_process_and_the_next_goes_on(kafka, workers):
    events = sales_of(1, [200, 210, 220])
    publish(kafka.settings, LOG.messages)
    deaths = goes_on(kafka, workers, TEST_FAULT="raise", TEST_FAULT_AT=" ".join(events))
    assert deaths == [6]
    check_all_but(kafka, workers, {1: sorted(offset_of(kafka, 1, event) for event in events)})


@pytest.mark.parametrize("kind", ["kill", pytest.param("exit", marks=pytest.mark.kill)])
def test_an_event_that_kills_the_process_is_put_aside_after_some_deaths(kafka, workers, monkeypatch, kind):
    [event] = sales_of(2, [100])
    publish(kafka.settings, LOG.messages)
    started = time.monotonic()
    deaths = goes_on(kafka, workers, TEST_FAULT=kind, TEST_FAULT_AT=event, SHELFCAST_CHECKPOINT_SECONDS="3")
    print(f"\n{kind}: {len(deaths)} deaths, {time.monotonic() - started:.0f} s")
    assert set(deaths) == {-9 if kind == "kill" else 1}
    assert DEATHS + 2 <= len(deaths) <= DEATHS + 4
    offset = offset_of(kafka, 2, event)
    check_all_but(kafka, workers, {2: [offset]})
    assert f"partition 2: the event at offset {offset} is put aside: the process died at it 3 times." in workers.said()
    [place] = [p for p in committed(kafka.settings, workers.group) if p.partition == 2]
    assert bookmarks.read(place.metadata).mark is None
    (letter,) = letters(kafka, monkeypatch)
    assert "the process died at it 3 times" in letter["error"]


def test_an_event_that_never_ends_ends_the_process_and_is_put_aside(kafka, workers):
    [event] = sales_of(3, [300])
    publish(kafka.settings, LOG.messages)
    deaths = goes_on(kafka, workers, TEST_FAULT="hang", TEST_FAULT_AT=event, SHELFCAST_STALL_SECONDS="5")
    assert set(deaths) == {5}
    assert "events waiting and none was taken for 5 s" in workers.said()
    check_all_but(kafka, workers, {3: [offset_of(kafka, 3, event)]})


def test_a_worker_that_nothing_happens_to_marks_nothing(kafka, workers):
    publish(kafka.settings, LOG.messages)
    child = workers.start()
    caught_up(kafka.settings, workers.group, 120, child)
    workers.stop(child)
    for place in committed(kafka.settings, workers.group):
        assert sorted(msgspec.json.decode(place.metadata)) == ["chunks", "first", "id", "last", "next_offset"]
    assert "have died since the commit" not in workers.said()
