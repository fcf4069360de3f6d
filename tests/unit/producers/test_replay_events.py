"""A replay of a file of events: every type as it stands, in order of time, bad lines put aside."""

import json

import pytest

from producers.replay.replay import Replay, ReplayOptions
from producers.sources.wire import AS_IT_IS, open_events_or_table
from streams.contract.codec import decode_event
from streams.contract.messages import ClockTicked
from tests.support import stocked
from tests.support.publisher import MemoryPublisher


@pytest.fixture
def lines():
    return [json.dumps(event) for event in stocked.events(days=3)]


def replayed(folder, lines):
    path = folder / "events.ndjson"
    path.write_text("\n".join(lines) + "\n")
    publisher = MemoryPublisher()
    source = open_events_or_table(path, mapped=False)
    result = Replay(source, AS_IT_IS, publisher, options=ReplayOptions(close_days=False)).run()
    return publisher, result


def test_every_event_is_sent_as_it_stands_under_its_store(tmp_path, lines):
    publisher, result = replayed(tmp_path, lines)
    assert [raw.decode() for _, raw, _ in publisher.messages] == lines
    assert {key.decode() for key, _, _ in publisher.messages} == {stocked.STORE}
    assert (result.published, result.bad, result.by_time) == (len(lines), 0, False)


def test_a_file_in_another_order_is_sorted_and_bad_lines_are_counted(tmp_path, lines):
    publisher, result = replayed(tmp_path, [lines[0], "{no", *reversed(lines[1:])])
    assert (result.published, result.bad, result.by_time) == (len(lines), 1, True)
    assert sorted(raw.decode() for _, raw, _ in publisher.messages) == sorted(lines)
    assert isinstance(decode_event(publisher.messages[-1][1]), ClockTicked)
