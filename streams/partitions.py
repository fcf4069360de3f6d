"""The partitions a worker holds: recovery, checkpoints, handing over.

A checkpoint is: outputs delivered, then the snapshot delivered, then the commit that names it. A kill between two steps
replays a part of the log into the same bytes.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from typing import TYPE_CHECKING, Final

from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError
from faust.types import TP

from streams import snapshots
from streams.contract.errors import LogTruncatedError, SnapshotError
from streams.heart import Heart

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from concurrent.futures import Executor

    from streams.contract.settings import WorkerSettings
    from streams.metrics import WorkerMetrics
    from streams.outbox import Outbox
    from streams.rules import Rules
    from streams.snapshots import SnapshotReader
    from streams.transport import ChunkConsumer, Run

log = logging.getLogger(__name__)

REFRESH_SECONDS: Final = 86_400.0
"""A snapshot is renewed once a day even if nothing came, so that retention never takes the newest one."""

SLICE, SMALLEST_SLICE, SLICE_SECONDS = 2000, 20, 0.5
"""Records applied before the event loop gets its turn: fewer while they take longer than that. Where every sale closes a day, as in a
file of daily totals, a run of records can take longer than the watchdog's patience; checkpoints must not wait for its end."""


class Held:
    """A partition's heart and what its next checkpoint needs to know."""

    __slots__ = ("busy", "checkpointed_at", "events", "heart", "progress_at", "slice")

    def __init__(self, heart: Heart) -> None:
        self.heart = heart
        self.events = 0  # since the last checkpoint
        self.checkpointed_at = self.progress_at = time.monotonic()
        self.busy = False
        self.slice = SLICE


class Partitions:
    """Hearts by partition number, with the servers they need."""

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
        self._told: set[str] = set()  # stores whose country was warned of
        self._reader = reader
        self._executor = executor

    # ------------------------------------------------------------------ recovery

    async def recover(self, assigned: Iterable[TP]) -> dict[TP, int]:
        """Load the state of each assigned partition; the offsets to go on from. Memory of before is thrown away."""
        tps = [tp for tp in assigned if tp.topic == self.topic]
        self.held.clear()
        gc.collect()  # a heart and its reporter know each other, so only the collector frees them, and it comes seldom
        if not tps or self.consumer is None:
            return {}
        committed = await self.consumer.thread.committed(tps)
        begins = await self.consumer.earliest_offsets(*tps)
        loop = asyncio.get_running_loop()
        positions = {}
        for tp in tps:
            heart = await loop.run_in_executor(self._executor, self._load, tp.partition, committed.get(tp))
            begin = next((offset for p, offset in begins.items() if p.partition == tp.partition), 0)
            if heart.next_offset < begin:
                heart = self._truncated(tp.partition, heart, begin)
            held = self.held[tp.partition] = Held(heart)
            held.events = max(0, heart.next_offset - committed.get(tp, (0, ""))[0])  # a snapshot that no commit names yet
            self.recovered_at = time.monotonic()
            positions[tp] = heart.next_offset
        log.info("holding partitions %s", {tp.partition: offset for tp, offset in positions.items()})
        self._warn_of_kept_countries()
        return positions

    def _warn_of_kept_countries(self) -> None:
        """Say, once a store, that one goes on with the country it was first seen with."""
        kept = {name: pair for held in self.held.values() for name, pair in held.heart.kept_countries().items() if name not in self._told}
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

    def _load(self, partition: int, committed: tuple[int, str] | None) -> Heart:
        """A partition's heart: from the commit's snapshot, else the newest there is, else empty, to be rebuilt."""
        if committed is not None and committed[1]:
            try:
                heart = self._heart(partition, self._reader.at(partition, committed[1]))
            except SnapshotError as error:
                log.warning("partition %d: %s Looking for another snapshot.", partition, error)
            else:
                self.metrics.recoveries.labels("commit").inc()
                return heart
        data = self._reader.newest(partition)
        if data is not None:
            try:
                heart = self._heart(partition, data)
            except SnapshotError as error:
                log.warning("partition %d: %s Rebuilding from the log.", partition, error)
            else:
                self.metrics.recoveries.labels("scan").inc()
                return heart
        self.metrics.recoveries.labels("log").inc()
        return Heart(self.rules, partition, self.partitions)

    def _heart(self, partition: int, data: bytes) -> Heart:
        return Heart.load(data, self.rules, partition, self.partitions)

    def _truncated(self, partition: int, heart: Heart, begin: int) -> Heart:
        if not self.settings.accept_truncated_log:
            raise LogTruncatedError(
                f"Partition {partition} of {self.topic} begins at offset {begin}, but the state needs it from "
                f"{heart.next_offset} on: retention was shorter than the outage. Restore the log, or set "
                "SHELFCAST_ACCEPT_TRUNCATED_LOG=true to go on without the lost events."
            )
        log.error("partition %d: events %d to %d are lost to retention", partition, heart.next_offset, begin - 1)
        heart.next_offset = begin
        return heart

    # ------------------------------------------------------------------ events

    async def take(self, partition: int, run: Run) -> None:
        """Apply a fetched run and queue what follows from it."""
        held = self.held.get(partition)
        if held is None:
            return
        heart = held.heart
        if run.start > heart.next_offset:
            # Left over from before a rebalance: fetch again from where the state ends.
            log.warning("partition %d: got a run from %d, need %d; going back", partition, run.start, heart.next_offset)
            if self.consumer is not None:
                await self.consumer.go_to({TP(self.topic, partition): heart.next_offset})
            return
        await self._check_gap(partition, run)
        done = 0
        while done < len(run.records) and self.held.get(partition) is held:
            records = run.records[done : done + held.slice]
            self._apply(held, records)
            done += len(records)
            await self.outbox.room()
        if self.held.get(partition) is held and held.events >= self.settings.checkpoint_events:
            await self.checkpoint(partition)

    def _apply(self, held: Held, records: list[object]) -> None:
        heart, started = held.heart, time.perf_counter()
        before = dict(heart.counts)
        first = heart.next_offset
        outputs = heart.apply(records)  # type: ignore[arg-type]
        self.outbox.send(heart.partition, outputs)
        events = heart.next_offset - first
        held.events += events
        written_ms = records[-1].timestamp  # type: ignore[attr-defined]
        seconds = time.perf_counter() - started
        self.metrics.applied(before, heart, outputs, events, seconds, written_ms)
        held.progress_at = time.monotonic()
        held.slice = min(max(int(len(records) * SLICE_SECONDS / max(seconds, 1e-9)), SMALLEST_SLICE), SLICE)

    async def _check_gap(self, partition: int, run: Run) -> None:
        """A hole between runs is harmless if the log still begins before it; else retention has overtaken us."""
        first = run.records[0].offset
        if first > run.start and self.consumer is not None:
            begins = await self.consumer.earliest_offsets(TP(self.topic, partition))
            if min(begins.values()) > run.start:
                self.held[partition].heart = self._truncated(partition, self.held[partition].heart, first)

    # ------------------------------------------------------------------ checkpoints

    async def checkpoint_due(self) -> None:
        """Checkpoint the partitions whose time has come."""
        now = time.monotonic()
        for partition, held in list(self.held.items()):
            age = now - held.checkpointed_at
            if (held.events and age >= self.settings.checkpoint_seconds) or (held.heart.next_offset and age >= REFRESH_SECONDS):
                await self.checkpoint(partition)

    async def checkpoint(self, partition: int) -> bool:
        """Outputs, snapshot, commit; whether it was committed."""
        held = self.held.get(partition)
        if held is None or held.busy:
            return False
        held.busy = True
        started, events = time.monotonic(), held.events
        try:
            data, next_offset = held.heart.dump(), held.heart.next_offset
            await self._deliver()
            metadata = await self._snapshot(partition, data, next_offset)
            if self.held.get(partition) is not held or not await self._commit(partition, next_offset, metadata):
                return False
        finally:
            held.busy = False
        held.events -= events
        held.checkpointed_at = time.monotonic()
        self.metrics.snapshot_time.observe(time.monotonic() - started)
        self.metrics.snapshot_bytes.labels(partition).set(len(data))
        self.metrics.snapshot_at.labels(partition).set(time.time())
        return True

    async def _deliver(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, self.outbox.wait)

    async def _snapshot(self, partition: int, data: bytes, next_offset: int) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._executor, snapshots.write, self.outbox, partition, data, next_offset)

    async def _commit(self, partition: int, next_offset: int, metadata: str) -> bool:
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
            return False
        return True

    async def drain(self) -> None:
        """Checkpoint everything that is held."""
        for partition in list(self.held):
            await self._checkpoint_newest(partition)

    async def hand_over(self, revoked: Iterable[TP]) -> None:
        """Checkpoint partitions that are about to go, then forget them."""
        for tp in revoked:
            if tp.topic == self.topic and tp.partition in self.held:
                await self._checkpoint_newest(tp.partition)
                self.held.pop(tp.partition, None)

    async def _checkpoint_newest(self, partition: int) -> None:
        """Checkpoint what a checkpoint under way does not have."""
        held = self.held[partition]
        while held.busy:  # noqa: ASYNC110  a checkpoint is short and has no event of its own
            await asyncio.sleep(0.02)
        if held.events and self.held.get(partition) is held:
            await self.checkpoint(partition)
