"""How a fetched run is worked off: in slices that leave the event loop its turns, and not beyond a rebalance."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from streams import partitions as room
from streams.contract.settings import WorkerSettings
from streams.partitions import Held, Partitions
from streams.rules import Rules
from streams.transport import Run

RECORD_SECONDS = 0.0002


class SlowHeart:
    """A heart whose every record costs what the close of a day does."""

    partition = 0

    def __init__(self):
        self.next_offset, self.counts, self.slices = 0, {}, []

    def apply(self, records):
        time.sleep(RECORD_SECONDS * len(records))
        self.slices.append(len(records))
        self.next_offset = records[-1].offset + 1
        return []


@pytest.fixture
def held(monkeypatch):
    monkeypatch.setattr(room, "SLICE_SECONDS", 0.02)
    return Held(SlowHeart())


def work_off(held, between):
    """Take a run of 4,000 records; `between` is called after each slice."""

    async def turn():
        between(partitions)

    outbox = SimpleNamespace(send=lambda *_: None, room=turn)
    metrics = SimpleNamespace(applied=lambda *_: None)
    partitions = Partitions("events", 1, Rules(), WorkerSettings(), outbox, None, metrics, None)
    partitions.held[0] = held
    records = [SimpleNamespace(offset=i, timestamp=0) for i in range(4_000)]
    asyncio.run(partitions.take(0, Run(0, records)))
    return held.heart


def test_slices_shrink_while_records_are_slow_and_each_is_progress(held):
    progress = []
    heart = work_off(held, lambda _: progress.append(held.progress_at))
    assert sum(heart.slices) == 4_000
    assert heart.slices[0] == room.SLICE
    assert max(heart.slices[1:]) <= 0.02 / RECORD_SECONDS
    assert progress == sorted(set(progress))
    assert len(progress) == len(heart.slices)


def test_a_partition_that_was_taken_away_is_left_where_it_stands(held):
    heart = work_off(held, lambda partitions: partitions.held.clear())
    assert heart.slices == [room.SLICE]
