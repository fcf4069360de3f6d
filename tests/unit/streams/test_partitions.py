"""How a fetched run is worked off: in slices that leave the event loop its turns, and not beyond a rebalance."""

import asyncio
import threading
import time
from types import SimpleNamespace

import pytest
from faust.types import TP

from streams.contract.settings import WorkerSettings
from streams.processor.rules import Rules
from streams.runtime import partitions as room
from streams.runtime.partitions import Held, Partitions
from streams.runtime.transport import Run

RECORD_SECONDS = 0.0002


class SlowHeart:
    """A processor whose every record costs what the close of a day does."""

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
    return held.processor


def test_slices_shrink_while_records_are_slow_and_each_is_progress(held):
    progress = []
    processor = work_off(held, lambda _: progress.append(held.progress_at))
    assert sum(processor.slices) == 4_000
    assert processor.slices[0] == room.SLICE
    assert max(processor.slices[1:]) <= 0.02 / RECORD_SECONDS
    assert progress == sorted(set(progress))
    assert len(progress) == len(processor.slices)


def test_a_partition_that_was_taken_away_is_left_where_it_stands(held):
    processor = work_off(held, lambda partitions: partitions.held.clear())
    assert processor.slices == [room.SLICE]


class LongEvent(SlowHeart):
    """A processor that takes a while over one event, in which it closes days."""

    progress = (0, 0)

    def apply(self, records):
        for day in range(10):
            time.sleep(0.03)
            self.progress = (0, day + 1)
        self.next_offset = records[-1].offset + 1
        return []

    def dump(self):
        return str(self.next_offset).encode()


def test_the_loop_has_its_turns_inside_an_event_and_no_checkpoint_is_made_there():
    seen, dumped, turns = [], [], 0

    async def room():
        pass

    async def commit(partition, next_offset, metadata):
        return True

    async def snapshot(partition, data, next_offset):
        dumped.append(data)
        return '{"id":"1-a","first":0,"last":0,"chunks":1,"next_offset":1}'

    async def both():
        nonlocal turns
        outbox = SimpleNamespace(send=lambda *_: None, room=room)
        metrics = SimpleNamespace(
            applied=lambda *_: None, **{name: _Gauge() for name in ("snapshot_time", "snapshot_bytes", "snapshot_at")}
        )
        partitions = Partitions("events", 1, Rules(), WorkerSettings(), outbox, None, metrics, None)
        partitions._commit, partitions._snapshot, partitions._deliver = commit, snapshot, room
        held = partitions.held[0] = Held(LongEvent())
        work = asyncio.create_task(partitions.take(0, Run(0, [SimpleNamespace(offset=0, timestamp=0)])))
        await asyncio.sleep(0.05)
        check = asyncio.create_task(partitions.checkpoint(0))
        while not work.done():
            await asyncio.sleep(0.01)
            turns += 1
            held.watch()
            seen.append(held.progress_at)
        assert await check
        assert held.committed == 1

    asyncio.run(both())
    assert turns > 5
    assert len(set(seen)) > 3, "the days that closed were no progress"
    assert dumped == [b"1"], "it was dumped in the middle of the event"


class _Gauge:
    def labels(self, *_):
        return self

    def set(self, *_):
        pass

    def observe(self, *_):
        pass


SLICE_SECONDS = 0.05
RECORDS = 5 * room.SLICE


@pytest.mark.parametrize("how", ["drained", "handed over"])
@pytest.mark.parametrize("moment", [0.5, 2.5])
def test_what_was_written_of_a_partition_is_committed_before_it_goes(how, moment, monkeypatch):
    """In the middle of a run: the slice under way ends, no other begins, and the commit stands behind all that was written."""
    monkeypatch.setattr(room, "SLICE_SECONDS", 10.0)
    written, committed = [], []

    class Slow(SlowHeart):
        def apply(self, records):
            time.sleep(SLICE_SECONDS)
            self.next_offset = records[-1].offset + 1
            return self.next_offset

        def dump(self):
            return b"state"

    async def nothing(*_):
        pass

    async def snapshot(partition, data, next_offset):
        return '{"id":"1-a","first":0,"last":0,"chunks":1,"next_offset":1}'

    async def commit(partition, next_offset, metadata):
        await asyncio.sleep(1.5 * SLICE_SECONDS)
        committed.append(next_offset)
        return True

    async def both():
        outbox = SimpleNamespace(send=lambda partition, outputs: written.append(outputs), room=nothing)
        metrics = SimpleNamespace(
            applied=lambda *_: None, **{name: _Gauge() for name in ("snapshot_time", "snapshot_bytes", "snapshot_at")}
        )
        partitions = Partitions("events", 1, Rules(), WorkerSettings(checkpoint_events=10**9), outbox, None, metrics, None)
        partitions._commit, partitions._snapshot, partitions._deliver = commit, snapshot, nothing
        partitions.held[0] = Held(Slow())
        records = [SimpleNamespace(offset=i, timestamp=0) for i in range(RECORDS)]
        work = asyncio.create_task(partitions.take(0, Run(0, records)))
        await asyncio.sleep(moment * SLICE_SECONDS)
        await (partitions.drain() if how == "drained" else partitions.hand_over([TP("events", 0)]))
        await partitions.take(0, Run(0, records))
        await asyncio.wait_for(work, 5)

    asyncio.run(both())
    assert written
    assert written[-1] < RECORDS, "it was not in the middle"
    assert committed[-1:] == written[-1:], "the commit does not stand behind what was written"


def test_an_event_without_an_end_does_not_hold_up_a_hand_over(monkeypatch):
    monkeypatch.setattr(room, "HAND_OVER_SECONDS", 0.1)
    written, let_go = [], threading.Event()

    class Endless(SlowHeart):
        def apply(self, records):
            let_go.wait()
            return "outputs"

    async def nothing():
        pass

    async def both():
        outbox = SimpleNamespace(send=lambda *_: written.append(1), room=nothing)
        partitions = Partitions("events", 2, Rules(), WorkerSettings(), outbox, None, None, None)
        partitions.held = {0: Held(Endless()), 1: Held(SlowHeart())}
        partitions.held[1].events = 1
        work = asyncio.create_task(partitions.take(0, Run(0, [SimpleNamespace(offset=0, timestamp=0)])))
        checkpoint = asyncio.create_task(partitions.checkpoint(0))
        await asyncio.sleep(0.05)
        await asyncio.wait_for(partitions.hand_over([TP("events", 0), TP("events", 1)]), 5)
        assert not partitions.held
        let_go.set()
        assert not await checkpoint
        await work

    asyncio.run(both())
    assert not written, "what another worker writes by now was written as well"
