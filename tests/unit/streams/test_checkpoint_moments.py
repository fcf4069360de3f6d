"""When a checkpoint is made, and that events go on beside it: an even stream never leaves the outbox empty by itself."""

import asyncio
import time
from types import SimpleNamespace

import pytest

from streams.contract.settings import WorkerSettings
from streams.processor.rules import Rules
from streams.runtime import partitions as room
from streams.runtime.partitions import Held, Partitions
from streams.runtime.transport import Run

ACKNOWLEDGED_SECONDS = 0.02
"""How long a message is on its way: longer than the pause between two runs of the stream."""


class QuickProcessor:
    """A processor that does nothing with an event."""

    partition = 0

    def __init__(self, size=10):
        self.next_offset, self.counts, self.size = 0, {}, size

    def apply(self, records):
        self.next_offset = records[-1].offset + 1
        return []

    def dump(self):
        return b"s" * self.size


class FarOutbox:
    """Each message is acknowledged a while after it was sent; `wait` waits until none is on its way."""

    def __init__(self):
        self.last_due = 0.0

    def send(self, *_):
        self.last_due = time.monotonic() + ACKNOWLEDGED_SECONDS

    def wait(self):
        while time.monotonic() < self.last_due:
            time.sleep(0.001)

    async def room(self):
        await asyncio.sleep(0)


class Gauge:
    def labels(self, *_):
        return self

    def set(self, *_):
        pass

    def observe(self, *_):
        pass


class Kept(Partitions):
    """Notes its checkpoints instead of writing them; each takes `slow` seconds."""

    def __init__(self, processor, slow=0.0, **settings):
        metrics = SimpleNamespace(applied=lambda *_: None, snapshot_time=Gauge(), snapshot_bytes=Gauge(), snapshot_at=Gauge())
        super().__init__("events", 1, Rules(), WorkerSettings(**settings), FarOutbox(), None, metrics, None)
        self.held[0] = Held(processor)
        self.slow, self.committed = slow, []

    async def _snapshot(self, partition, data, next_offset):
        await asyncio.sleep(self.slow)
        return f'{{"id":"{next_offset}-a","first":0,"last":0,"chunks":1,"next_offset":{next_offset}}}'

    async def _commit(self, partition, next_offset, metadata):
        self.committed.append(next_offset)
        return True

    async def given(self, first, count=10):
        await self.take(0, Run(first, [SimpleNamespace(offset=first + i, timestamp=0) for i in range(count)]))


def test_a_checkpoint_ends_while_events_come_at_an_even_rate():
    async def stream():
        kept = Kept(QuickProcessor())
        await kept.given(0)
        checkpoint = asyncio.create_task(kept.checkpoint(0))
        for number in range(1, 100):
            await kept.given(number * 10)
            await asyncio.sleep(0.005)
            if checkpoint.done():
                return number
        checkpoint.cancel()
        return None

    assert asyncio.run(stream()) is not None, "it waited for a moment without messages for as long as the stream went on"


def test_the_events_after_which_a_checkpoint_is_due_do_not_wait_for_it():
    async def stream():
        kept = Kept(QuickProcessor(), slow=0.3, checkpoint_events=100)
        started = time.monotonic()
        await kept.given(0, 100)
        due = asyncio.create_task(kept.checkpoint_due())
        await asyncio.sleep(0.05)
        await kept.given(100, 50)
        took = time.monotonic() - started
        await due
        assert kept.committed == [100]
        return took

    assert asyncio.run(stream()) < 0.2


def test_no_more_than_twice_the_events_of_a_checkpoint_are_taken_before_it_is_made():
    async def stream():
        kept = Kept(QuickProcessor(), slow=0.05, checkpoint_events=100)
        most = 0
        for number in range(50):
            await kept.given(number * 50, 50)
            most = max(most, kept.held[0].events)
        return most, kept.committed

    most, committed = asyncio.run(stream())
    assert committed
    assert most <= 2 * 100


def test_a_partition_whose_events_wait_for_others_is_not_silent():
    async def wait():
        kept = Kept(QuickProcessor())
        await kept.given(0)
        kept.consumer = SimpleNamespace(thread=SimpleNamespace(end=lambda _: 20))
        await asyncio.sleep(room.IDLE_SECONDS + 0.05)
        await kept.checkpoint_due()
        return kept.committed

    assert asyncio.run(wait()) == []


def test_of_a_short_run_the_first_outputs_do_not_wait_for_the_last():
    async def run():
        kept = Kept(QuickProcessor())
        ends = []
        kept.outbox.send = lambda *_: ends.append(kept.held[0].processor.next_offset)
        await kept.given(0, 500)
        return ends

    assert asyncio.run(run()) == [200, 400, 500]


@pytest.mark.parametrize(("size", "kept_at_once"), [(2_000, True), (20_000_000, False)])
def test_a_partition_that_fell_silent_is_kept_soon_unless_its_state_is_large(size, kept_at_once):
    async def silence():
        kept = Kept(QuickProcessor(size))
        await kept.given(0)
        await kept.checkpoint(0)
        await kept.given(10)
        await kept.checkpoint_due()
        assert kept.committed == [10], "it was kept in the middle of its events"
        await asyncio.sleep(room.IDLE_SECONDS + 0.05)
        await kept.checkpoint_due()
        assert (kept.committed == [10, 20]) is kept_at_once
        await asyncio.sleep(room.IDLE_SECONDS + 0.05)
        await kept.checkpoint_due()
        return kept.committed

    assert asyncio.run(silence()) == ([10, 20] if kept_at_once else [10]), "it was kept again although nothing had come"
