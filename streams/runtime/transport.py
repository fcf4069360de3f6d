"""Faust's transport with three changes of ours: whole runs of records, our own commits, our own recovery.

Faust provides group membership, assignment, rebalancing, agents and the worker's life cycle. But delivering messages one by one would cost
more than the model, and with commits by acknowledgement an event is lost when its handler fails. So `getmany` hands over each fetched run
of a partition as one message, Faust's commits do nothing, and every recovery path (`perform_seek`) ends at the offset of our state.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, NamedTuple, cast

import aiokafka
import faust
from aiokafka.structs import OffsetAndMetadata, TopicPartition
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread
from faust.transport.drivers.aiokafka import Consumer as FaustConsumer
from faust.transport.drivers.aiokafka import Transport as FaustTransport
from faust.types import TP, ConsumerMessage

from streams.runtime.pacing import Pacing

FETCH_MAX_WAIT_MS = 20
"""How long a fetch that finds nothing waits, and a partition that was not asked for in it: Faust's 1500 lets a busy partition wait for
its idle neighbours."""


class Run(NamedTuple):
    """A fetched run of a partition: the position before the fetch, and the records."""

    start: int
    records: list[Any]


class ChunkThread(AIOKafkaConsumerThread):
    """The thread that owns the aiokafka consumer."""

    def _create_worker_consumer(self, transport: Any) -> aiokafka.AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_MAX_WAIT_MS  # noqa: SLF001  Faust passes no such setting on
        return consumer

    def assigned(self) -> set[int] | None:
        """The partitions the group gave us; None while we have to join it."""
        consumer = self._consumer
        subscription = None if consumer is None else consumer._subscription.subscription  # noqa: SLF001  aiokafka has no other way to ask
        if consumer is None or subscription is None or consumer._coordinator.need_rejoin(subscription):  # noqa: SLF001
            return None
        return {tp.partition for tp in subscription.assignment.tps}

    def end(self, tp: TP) -> int | None:
        """The end of a partition's log as the last fetch told it; None when it is not known."""
        try:
            end: int | None = self._ensure_consumer().highwater(TopicPartition(tp.topic, tp.partition))
        except (AssertionError, AttributeError, ConsumerNotStarted):  # it has just been taken away, or the group is not joined yet
            return None
        return end

    async def commit_with_metadata(self, offsets: Mapping[TP, tuple[int, str]]) -> None:
        """Commit {partition: (offset, metadata)}. Raises CommitFailedError when the partition is no longer ours."""
        await self.call_thread(self._commit_with_metadata, offsets)

    async def _commit_with_metadata(self, offsets: Mapping[TP, tuple[int, str]]) -> None:
        await self._ensure_consumer().commit(
            {TopicPartition(tp.topic, tp.partition): OffsetAndMetadata(*place) for tp, place in offsets.items()}
        )

    async def committed(self, tps: Iterable[TP]) -> dict[TP, tuple[int, str]]:
        """What was committed: {partition: (offset, metadata)}, without those that have no commit."""
        found: dict[TP, tuple[int, str]] = await self.call_thread(self._committed, list(tps))
        return found

    async def _committed(self, tps: list[TP]) -> dict[TP, tuple[int, str]]:
        coordinator = self._ensure_consumer()._coordinator  # noqa: SLF001  the way to read metadata
        found = await coordinator.fetch_committed_offsets([TopicPartition(tp.topic, tp.partition) for tp in tps])
        return {TP(tp.topic, tp.partition): (o.offset, o.metadata) for tp, o in found.items() if o.offset >= 0}


class ChunkConsumer(FaustConsumer):
    """Makes one message of each fetched run; its value is a `Run`."""

    _thread: ChunkThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._positions: dict[TP, int] = {}
        self._pacing = Pacing()
        self._fetched = 0  # records of the last fetch
        self._room = asyncio.Event()  # set when Faust's buffer has room for each partition again

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    @property
    def thread(self) -> ChunkThread:
        """The thread that talks to the broker."""
        return self._thread

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:  # noqa: ASYNC109  Faust calls it so
        """Yield each partition's fetched run as one message."""
        if pause := self._pacing.pause(time.monotonic(), cast("Any", self.app).partitions.worked, self._fetched):
            await asyncio.sleep(pause)
        if self._buffered_partitions:  # Faust would sleep a second, however soon the runs that wait are taken
            self._room.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._room.wait(), timeout)
        generation = self.app.consumer_generation_id
        runs, active = await self._wait_next_records(timeout)
        if runs is None or self.should_stop:
            return
        self._fetched = sum(map(len, runs.values()))
        for tp, records in runs.items():
            stale = not self.flow_active or self.app.consumer_generation_id != generation
            if stale or not (active is None or tp in active or tp in self._buffered_partitions):
                # A rebalance is under way: recovery seeks anew; until then nothing may be passed over.
                if tp in self.assignment():
                    await self.go_to({tp: records[0].offset})
                continue
            yield tp, self._run_message(tp, records)

    def _run_message(self, tp: TP, records: list[Any]) -> ConsumerMessage:
        last = records[-1]
        start = self._positions.get(tp, records[0].offset)
        self._positions[tp] = last.offset + 1
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            None,
            b"",
            cast("Any", Run(start, records)),
            None,
            0,
            0,
            tp,
            generation_id=self.app.consumer_generation_id,
        )

    def on_buffer_drop(self, tp: TP) -> None:
        """Fetch for this partition again."""
        super().on_buffer_drop(tp)
        if not self._buffered_partitions:
            self._room.set()

    async def commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:  # noqa: FBT001, FBT002
        """Nothing: an offset is committed with its snapshot, by the checkpoint."""
        del topics, start_new_transaction
        self._acked.clear()
        self._acked_index.clear()
        return False

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Nothing: to Faust each run leaves a gap; it would keep all of them, and merge them at each run."""

    async def perform_seek(self) -> None:
        """Go to where the state of each assigned partition ends; the state was loaded for it."""
        positions: Mapping[TP, int] = await cast("Any", self.app).partitions.recover(self.assignment())
        await self.go_to(positions)

    async def go_to(self, positions: Mapping[TP, int]) -> None:
        """Fetch from these offsets on."""
        if positions:
            await self.seek_wait(positions)
        for tp, offset in positions.items():
            self._read_offset[tp] = None
            self._positions[tp] = offset

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Hand the partitions over at the newest offset."""
        await cast("Any", self.app).partitions.hand_over(revoked)
        await super().on_partitions_revoked(revoked)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Nothing: our watchdog asks the broker itself."""


class ChunkApp(faust.App):
    """A Faust application that keeps nothing on disk: the state lives in the processors and in Kafka."""

    def _create_directories(self) -> None:
        """Nothing: Faust would leave an empty folder for tables where it was started, and cannot start in a read-only one."""


class ChunkTransport(FaustTransport):
    """aiokafka that hands over runs of records."""

    Consumer: ClassVar[Any] = ChunkConsumer
