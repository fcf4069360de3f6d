"""The partitions that a worker holds: recovery, checkpoints, handover.

A checkpoint delivers the outputs, then the snapshot, then commits with the snapshot's place. After a kill between two of these steps, part
of the log is replayed and gives the same bytes.
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import msgspec
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faust.types import TP

from streams.contract.errors import EventFault, LogTruncatedError, SnapshotError
from streams.processor.processor import Processor
from streams.runtime import bookmarks, narrowing, snapshots

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from concurrent.futures import Executor

    from streams.contract.settings import WorkerSettings
    from streams.processor.rules import Rules
    from streams.runtime.bookmarks import Bookmark
    from streams.runtime.metrics import WorkerMetrics
    from streams.runtime.outbox import Outbox
    from streams.runtime.snapshots import SnapshotReader
    from streams.runtime.transport import ChunkConsumer, Run

log = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 86_400.0
"""A snapshot is renewed once a day even if nothing came, so that retention never takes the newest one."""

SLICE, SMALLEST_SLICE, SLICE_SECONDS = 2000, 20, 0.5
"""Records applied at once: fewer while they take longer than that. Where every sale closes a day, as in a file of daily totals, a run
of records can take minutes; checkpoints must not wait for its end."""

SHORT_SLICE: Final = 200
"""Records applied at once of a run that is shorter than `SLICE`, as when nothing waits: the outputs of the first need not wait for the
last. A slice costs a hop to another thread, which its records must bear together."""

FAULT_SECONDS: Final = 60.0
"""An event at which the program fails within this time of another one ends the process: a fresh one begins, and says so."""

HAND_OVER_SECONDS: Final = 5.0
"""How long the end of the slices under way is waited for before their partitions are handed over."""

FETCHED: Final = 2 * 8000
"""Events that may be taken while a checkpoint is due, beside as many as lie between two checkpoints."""

IDLE_SECONDS: Final = 0.3
"""A partition that got nothing for so long is checkpointed: then its consumers and whoever looks at the lag know that it is done."""

IDLE_BYTES: Final = 250_000
"""Bytes of snapshots a second that such checkpoints may write: a partition with a large state and a sale now and then waits its time."""


class Held:
    """A partition's processor and what its next checkpoint needs to know.

    turn: held while events are applied or the state is dumped; writing: held while something is committed.
    sent: whether the outputs of all that was applied were handed to the outbox.
    leaving: whether the partition is about to go, so that no further slice may begin.
    applied_at: when events were applied last; size: bytes of the newest snapshot.
    unanswered: offset and metadata of a checkpoint's commit that Kafka did not answer, so that it may have taken it; None: there is none.
    begun: whether the commit says that this process applies events from it on.
    care: what to mark before it is applied; look_past: the next event put aside, after which a checkpoint is due.
    """

    __slots__ = (
        "applied_at",
        "begun",
        "bookmark",
        "busy",
        "care",
        "checkpointed_at",
        "committed",
        "events",
        "leaving",
        "look_past",
        "processor",
        "progress_at",
        "seen",
        "sent",
        "size",
        "slice",
        "turn",
        "unanswered",
        "writing",
    )

    def __init__(self, processor: Processor, committed: int = 0, bookmark: Bookmark = bookmarks.NO_SNAPSHOT) -> None:
        self.processor = processor
        self.committed, self.bookmark = committed, bookmark
        self.unanswered: tuple[int, str] | None = None
        self.begun = False
        self.care: narrowing.Care | None = None
        self.look_past: int | None = None
        self.seen = (0, 0)
        self.turn, self.writing = asyncio.Lock(), asyncio.Lock()
        self.events = 0  # since the last checkpoint
        self.checkpointed_at = self.progress_at = self.applied_at = time.monotonic()
        self.size = 0
        self.busy = False
        self.sent = True
        self.leaving = False
        self.slice = SLICE

    def watch(self) -> None:
        """Count what happened inside a slice, or inside one event, as progress."""
        seen = self.processor.progress
        if seen != self.seen:
            self.seen, self.progress_at = seen, time.monotonic()

    def due(self, settings: WorkerSettings, end: int | None) -> bool:
        """Whether a checkpoint is to be made now. end: of the partition's log, as far as it is known."""
        now = time.monotonic()
        age = now - self.checkpointed_at
        if not self.events:
            return bool(self.processor.next_offset) and age >= REFRESH_SECONDS
        silent = now - self.applied_at >= IDLE_SECONDS and (end is None or self.processor.next_offset >= end)
        return (silent and age >= self.size / IDLE_BYTES) or age >= settings.checkpoint_seconds or self.events >= settings.checkpoint_events

    def decide(self, decisions: Iterable[tuple[int, str]]) -> None:
        """Put events aside."""
        self.processor.quarantine.decide(decisions, self.processor.next_offset)
        self.look_past = min(self.processor.quarantine.ahead, default=None)


class Partitions:
    """Processors by partition number, with the servers they need."""

    def __init__(
        self,
        topic: str,
        partitions: int,
        rules: Rules,
        settings: WorkerSettings,
        outbox: Outbox,
        reader: SnapshotReader,
        metrics: WorkerMetrics,
        executor: Executor,
    ) -> None:
        self.topic = topic
        self.partitions = partitions
        self.rules = rules
        self.settings = settings
        self.outbox = outbox
        self.metrics = metrics
        self.consumer: ChunkConsumer | None = None  # known once Faust made it
        self.held: dict[int, Held] = {}
        self.recovered_at = time.monotonic()
        self.worked = 0.0  # seconds that were spent on applying events
        self._told: set[str] = set()  # stores whose country was warned of
        self._reader = reader
        self._executor = executor
        # Events are applied on a thread of their own, so that the event loop has its turns inside one event too.
        self._processors = ThreadPoolExecutor(1, "shelfcast-processor")
        self._faulted_at: float | None = None
        self._sending = asyncio.Lock()

    # ------------------------------------------------------------------ recovery

    async def recover(self, assigned: Iterable[TP]) -> dict[TP, int]:
        """Load the state of each assigned partition; the offsets to go on from. Memory of before is thrown away."""
        tps = [tp for tp in assigned if tp.topic == self.topic]
        self.held.clear()
        if not tps or self.consumer is None:
            return {}
        committed = await self.consumer.thread.committed(tps)
        begins = await self.consumer.earliest_offsets(*tps)
        positions = {}
        for tp in tps:
            begin = next((offset for p, offset in begins.items() if p.partition == tp.partition), 0)
            held = self.held[tp.partition] = await self._recovered(tp.partition, committed.get(tp), begin)
            self.recovered_at = time.monotonic()
            positions[tp] = held.processor.next_offset
        log.info("holding partitions %s", {tp.partition: offset for tp, offset in positions.items()})
        self._warn_of_kept_countries()
        return positions

    async def _recovered(self, partition: int, committed: tuple[int, str] | None, begin: int) -> Held:
        """A partition as its commit left it, with what that says of events that are put aside."""
        processor = await asyncio.get_running_loop().run_in_executor(self._executor, self._load, partition, committed)
        if processor.next_offset < begin:
            processor = self._truncated(partition, processor, begin)
        bookmark = bookmarks.read(committed[1]) if committed is not None else bookmarks.NO_SNAPSHOT
        held = Held(processor, processor.next_offset if committed is None else committed[0], bookmark)
        held.events = max(0, processor.next_offset - (held.committed if bookmark.id else 0))  # a snapshot that no commit names yet
        held.decide(bookmark.put_aside)
        return held

    def _warn_of_kept_countries(self) -> None:
        """Say, once a store, that one goes on with the country it was first seen with."""
        kept = {
            name: pair for held in self.held.values() for name, pair in held.processor.kept_countries().items() if name not in self._told
        }
        if not kept:
            return
        self._told |= kept.keys()
        name, (country, other) = next(iter(kept.items()))
        log.warning(
            "%d stores keep the country they were first seen with, as %r %s although SHELFCAST_STORE_COUNTRIES and SHELFCAST_COUNTRY "
            "now give %s: what they learned is by its holidays. Undo the change, or rebuild from the log (docs/operations.md, Countries).",
            len(kept),
            name[:100],
            country or "none",
            other or "none",
        )

    def _load(self, partition: int, committed: tuple[int, str] | None) -> Processor:
        """A partition's processor: from the commit's snapshot, else the newest there is, else empty, to be rebuilt."""
        if committed is not None and committed[1] and bookmarks.names_snapshot(committed[1]):
            try:
                processor = self._processor(partition, self._reader.at(partition, committed[1]))
            except SnapshotError as error:
                log.warning("partition %d: %s Looking for another snapshot.", partition, error)
            else:
                self.metrics.recoveries.labels("commit").inc()
                return processor
        data = self._reader.newest(partition)
        if data is not None:
            try:
                processor = self._processor(partition, data)
            except SnapshotError as error:
                log.warning("partition %d: %s Rebuilding from the log.", partition, error)
            else:
                self.metrics.recoveries.labels("scan").inc()
                return processor
        self.metrics.recoveries.labels("log").inc()
        return Processor(self.rules, partition, self.partitions)

    def _processor(self, partition: int, data: bytes) -> Processor:
        return Processor.load(data, self.rules, partition, self.partitions)

    def _truncated(self, partition: int, processor: Processor, begin: int) -> Processor:
        if not self.settings.accept_truncated_log:
            raise LogTruncatedError(
                f"Partition {partition} of {self.topic} begins at offset {begin}, but the state needs it from "
                f"{processor.next_offset} on: retention was shorter than the outage. Restore the log, or set "
                "SHELFCAST_ACCEPT_TRUNCATED_LOG=true to go on without the lost events."
            )
        log.error("partition %d: events %d to %d are lost to retention", partition, processor.next_offset, begin - 1)
        processor.next_offset = begin
        return processor

    # ------------------------------------------------------------------ events

    async def take(self, partition: int, run: Run) -> None:
        """Apply a fetched run and queue what follows from it."""
        held = self.held.get(partition)
        if held is None or held.leaving:
            return
        processor = held.processor
        if run.start > processor.next_offset:
            # Left over from before a rebalance: fetch again from where the state ends.
            log.warning("partition %d: got a run from %d, need %d; going back", partition, run.start, processor.next_offset)
            if self.consumer is not None:
                await self.consumer.go_to({TP(self.topic, partition): processor.next_offset})
            return
        await self._check_gap(partition, run)
        if not held.begun and not await self._begin(partition, held):
            return
        done, most = 0, SHORT_SLICE if len(run.records) < SLICE else SLICE
        while done < len(run.records) and self.held.get(partition) is held and not held.leaving:
            records = run.records[done : done + min(held.slice, most)]
            if held.care is not None:
                records = await self._marked(partition, held, records)
            try:
                await self._apply(held, records)
            except EventFault as fault:
                await self._put_aside(held, fault)
                return
            done += len(records)
            await self.outbox.room()
            await self._passed(partition, held)
            await self._bound(partition, held)

    async def _bound(self, partition: int, held: Held) -> None:
        """Checkpoints are made beside the events; wait for one when so many came since the last that a restart would take long."""
        while held.events >= 2 * self.settings.checkpoint_events and self.held.get(partition) is held:
            if held.busy:
                await asyncio.sleep(0.005)
            elif not await self.checkpoint(partition):
                return

    async def _apply(self, held: Held, records: list[Any]) -> None:
        if not records:
            return
        processor = held.processor
        before = dict(processor.counts)
        first = processor.next_offset
        async with held.turn:
            if held.leaving:
                return
            held.sent = False
            started = time.perf_counter()
            try:
                outputs = await asyncio.get_running_loop().run_in_executor(self._processors, processor.apply, records)
                seconds = time.perf_counter() - started
                self.worked += seconds
                async with self._sending:
                    if self.held.get(processor.partition) is not held:
                        return  # its successor gives the same
                    self.outbox.send(processor.partition, outputs)
            except asyncio.CancelledError:
                self.held.pop(processor.partition, None)  # the thread goes on, and nobody sends what it gives
                raise
            held.sent = True
        events = processor.next_offset - first
        held.events += events
        self.metrics.applied(before, processor, outputs, events, seconds, records[-1].timestamp)
        held.progress_at = held.applied_at = time.monotonic()
        held.slice = min(max(int(len(records) * SLICE_SECONDS / max(seconds, 1e-9)), SMALLEST_SLICE), SLICE)

    async def _check_gap(self, partition: int, run: Run) -> None:
        """A hole between runs is harmless if the log still begins before it; else retention has overtaken us."""
        first = run.records[0].offset
        if first > run.start and self.consumer is not None:
            begins = await self.consumer.earliest_offsets(TP(self.topic, partition))
            if min(begins.values()) > run.start:
                self.held[partition].processor = self._truncated(partition, self.held[partition].processor, first)

    # ------------------------------------------------------------------ events that cannot be applied

    async def _begin(self, partition: int, held: Held) -> bool:
        """Say in the commit that a process begins to apply from it on, and look what became of those before; whether it could.

        Raises nothing of its own: what the last process died of may be the next event.
        """
        held.begun = True
        if self.consumer is None:
            return True
        bookmark = held.bookmark
        offset = narrowing.condemned(bookmark)
        if offset is not None:
            decision = (offset, f"the process died at it {narrowing.DEATHS} times")
            log.critical("partition %d: the event at offset %d is put aside: %s. Please report it.", partition, *decision)
            held.decide([decision])
            return await self._note(partition, held, lives=1, mark=None, put_aside=(*bookmark.put_aside, decision))
        if bookmark.lives or bookmark.mark is not None:
            here = TP(self.topic, partition)
            ends = await self.consumer.highwaters(here)
            reach = 2 * self.settings.checkpoint_events + FETCHED
            held.care = narrowing.care_for(bookmark, held.processor.next_offset, max(ends.values(), default=0), reach)
        if held.care is not None:
            log.warning(
                "partition %d: %d processes have died since the commit at %d: looking for the event, from %d to %d, %d at once",
                *(partition, bookmark.lives, held.committed, held.care.first, held.care.end - 1, held.care.at_once),
            )
        return await self._note(partition, held, lives=bookmark.lives + 1)

    async def _marked(self, partition: int, held: Held, records: list[Any]) -> list[Any]:
        """The first of the records, marked where care is to be taken; none when the partition is no longer ours."""
        care = held.care
        if care is None:
            return records
        if records[0].offset >= care.end:
            await self._end_care(partition, held)
            return records
        together, mark = care.cut(records)
        if mark is not None and not await self._note(partition, held, mark=mark):
            return []
        return list(together)

    async def _passed(self, partition: int, held: Held) -> None:
        """Keep at once that the process has lived through what others died of, or that an event was put aside."""
        if self.held.get(partition) is not held:
            return
        if held.care is not None and held.processor.next_offset >= held.care.end:
            await self._end_care(partition, held)
        if held.look_past is not None and held.processor.next_offset > held.look_past:
            held.look_past = min(held.processor.quarantine.ahead, default=None)
            await self.checkpoint(partition)

    async def _end_care(self, partition: int, held: Held) -> None:
        held.care = None
        log.warning("partition %d: no event up to %d ended the process", partition, held.processor.next_offset - 1)
        if await self._note(partition, held, lives=1, mark=None):
            await self.checkpoint(partition)

    async def _put_aside(self, held: Held, fault: EventFault) -> None:
        """Keep the decision about an event at which the program fails, then go back to the last snapshot and take it by that.

        Raises the fault when another one was met a short while ago: a fresh process goes on then.
        """
        partition = fault.partition
        cause = fault.__cause__
        stack = "".join(traceback.format_tb(cause.__traceback__)) if cause is not None else ""  # no message: it may tell of customers
        log.critical("%s\n%s", fault, stack)
        if self.consumer is None:
            raise fault
        decision = (fault.offset, fault.place)
        if not await self._note(partition, held, put_aside=(*held.bookmark.put_aside, decision)):
            return
        now = time.monotonic()
        if self._faulted_at is not None and now - self._faulted_at < FAULT_SECONDS:
            raise fault
        self._faulted_at = held.progress_at = now
        here = TP(self.topic, partition)
        begins = await self.consumer.earliest_offsets(here)
        fresh = await self._recovered(partition, (held.committed, held.bookmark.write()), min(begins.values(), default=0))
        if self.held.get(partition) is not held:
            return
        fresh.begun, fresh.care, fresh.leaving = True, held.care, held.leaving
        self.held[partition] = fresh
        log.warning("partition %d: going on from offset %d without it", partition, fresh.processor.next_offset)
        await self.consumer.go_to({here: fresh.processor.next_offset})

    async def _note(self, partition: int, held: Held, **changes: Any) -> bool:
        """Commit the same offset and snapshot with something else to say; whether it was committed: not if it is no longer ours.

        Waits while Kafka is away.
        """
        async with held.writing:
            await self._ask_after(partition, held)
            bookmark = msgspec.structs.replace(held.bookmark, **changes)
            while self.held.get(partition) is held:
                done = await self._committed(partition, held.committed, bookmark.write())
                if done is not None:
                    if done:
                        held.bookmark = bookmark
                    return done
                held.progress_at = time.monotonic()
                await asyncio.sleep(0.5)
        return False

    async def _ask_after(self, partition: int, held: Held) -> None:
        """Learn whether Kafka took a commit that it did not answer: a note must not take it back. Waits while Kafka is away."""
        here = TP(self.topic, partition)
        while held.unanswered is not None and self.held.get(partition) is held and self.consumer is not None:
            try:
                place = (await self.consumer.thread.committed([here])).get(here)
            except KafkaError as error:
                log.warning("partition %d: whether it was committed is not known yet: %s", partition, error)
                held.progress_at = time.monotonic()
                await asyncio.sleep(0.5)
                continue
            if place == held.unanswered:
                held.committed, held.bookmark = place[0], bookmarks.read(place[1])
            held.unanswered = None

    # ------------------------------------------------------------------ checkpoints

    async def checkpoint_due(self) -> None:
        """Checkpoint the partitions whose time has come."""
        for partition, held in list(self.held.items()):
            end = None if self.consumer is None else self.consumer.thread.end(TP(self.topic, partition))
            if held.due(self.settings, end):
                await self.checkpoint(partition)

    async def checkpoint(self, partition: int) -> bool:
        """Outputs, snapshot, commit; whether it was committed."""
        held = self.held.get(partition)
        if held is None or held.busy:
            return False
        held.busy = True
        started = time.monotonic()
        try:
            async with held.turn:
                if not held.sent:
                    return False  # an event has left the state half changed: it is about to be thrown away
                events, next_offset = held.events, held.processor.next_offset
                data = await asyncio.get_running_loop().run_in_executor(self._processors, held.processor.dump)
            await self._deliver()
            metadata = await self._snapshot(partition, data, next_offset)
            async with held.writing:
                if self.held.get(partition) is not held:
                    return False
                bookmark = held.bookmark.moved(metadata, next_offset, careful=held.care is not None)
                if not await self._commit(partition, next_offset, bookmark.write()):
                    return False
                held.committed, held.bookmark = next_offset, bookmark
        finally:
            held.busy = False
        held.events -= events
        held.size = len(data)
        held.checkpointed_at = time.monotonic()
        self.metrics.snapshot_time.observe(time.monotonic() - started)
        self.metrics.snapshot_bytes.labels(partition).set(len(data))
        self.metrics.snapshot_at.labels(partition).set(time.time())
        return True

    @property
    def delivering(self) -> bool:
        """Whether Kafka is waited for, which has its own limit of time."""
        return self._sending.locked()

    async def _deliver(self) -> None:
        """Wait for what was sent. Nothing more is sent meanwhile: at an even rate of events the queue would never be empty."""
        async with self._sending:
            await asyncio.get_running_loop().run_in_executor(self._executor, self.outbox.wait)

    async def _snapshot(self, partition: int, data: bytes | bytearray, next_offset: int) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._executor, snapshots.write, self.outbox, partition, data, next_offset)

    async def _commit(self, partition: int, next_offset: int, metadata: str) -> bool:
        """Whether a checkpoint was committed. A commit without an answer is kept in mind."""
        done = await self._committed(partition, next_offset, metadata)
        if partition in self.held:
            self.held[partition].unanswered = (next_offset, metadata) if done is None else None
        return done is True

    async def _committed(self, partition: int, next_offset: int, metadata: str) -> bool | None:
        """Whether it was committed: False if the partition is no longer ours, None if Kafka did not answer."""
        if self.consumer is None:
            return False
        offsets: Mapping[TP, tuple[int, str]] = {TP(self.topic, partition): (next_offset, metadata)}
        try:
            await self.consumer.thread.commit_with_metadata(offsets)
        except (CommitFailedError, IllegalStateError) as error:
            log.warning("partition %d: not committed, it is no longer ours: %s", partition, type(error).__name__)
            return False
        except KafkaError as error:
            log.warning("partition %d: not committed, will be tried again: %s", partition, error)
            return None
        return True

    async def drain(self) -> None:
        """Commit everything that was written, and forget all partitions."""
        await self._leave(list(self.held))

    async def hand_over(self, revoked: Iterable[TP]) -> None:
        """Commit what was written of partitions that are about to go, and forget them."""
        await self._leave([tp.partition for tp in revoked if tp.topic == self.topic and tp.partition in self.held])

    async def _leave(self, partitions: list[int]) -> None:
        """End the slices under way, begin no other, commit, forget."""
        leaving = {partition: self.held[partition] for partition in partitions}
        for held in leaving.values():
            held.leaving = True
        endless = await self._still_at_work(leaving.values())
        for partition in leaving:
            if not endless:  # one thread applies and dumps for all
                await self._checkpoint_newest(partition)
            self.held.pop(partition, None)

    async def _still_at_work(self, leaving: Collection[Held]) -> bool:
        """Wait for the slices under way; whether one goes on for too long."""
        try:
            async with asyncio.timeout(HAND_OVER_SECONDS):
                for held in leaving:
                    async with held.turn:
                        pass
        except TimeoutError:
            endless = [held.processor.partition for held in leaving if not held.sent]
            if endless:
                log.warning("partitions %s: in the middle of a long event; whoever has them next repeats from the last snapshot", endless)
            return bool(endless)
        return False

    async def _checkpoint_newest(self, partition: int) -> None:
        """Checkpoint what a checkpoint under way does not have."""
        held = self.held.get(partition)
        while held is not None and held.busy:  # noqa: ASYNC110  a checkpoint is short and has no event of its own
            await asyncio.sleep(0.02)
        if held is not None and held.events and self.held.get(partition) is held:
            await self.checkpoint(partition)
