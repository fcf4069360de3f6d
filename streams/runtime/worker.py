"""Puts the worker together: Faust around the processors of its assigned partitions."""

from __future__ import annotations

import asyncio
import gc
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import faust
from prometheus_client import CollectorRegistry

from streams.contract import topics
from streams.contract.errors import ShelfcastError, StalledError
from streams.kafka.brokers import check_sizes, check_topics
from streams.kafka.clients import faust_broker
from streams.kafka.lag import EndWatch, behind
from streams.runtime.metrics import WorkerMetrics
from streams.runtime.outbox import Outbox
from streams.runtime.partitions import Partitions
from streams.runtime.rules_of import rules_of
from streams.runtime.snapshots import SnapshotReader
from streams.runtime.transport import ChunkApp, ChunkTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from streams.contract.settings import KafkaSettings, WorkerSettings

log = logging.getLogger(__name__)

SESSION_SECONDS: Final = 10.0
"""How long a killed worker keeps its partitions."""

STOP_SECONDS: Final = 8.0
"""How long stopping may take: a consumer that waits in JoinGroup can hang."""

YOUNG_OBJECTS: Final = 10_000
"""New objects after which garbage is looked for among them: about a fetch of records, which die young."""


class Worker:
    """One process of the stream: `await run()` lasts until `stop()` or an error ends it."""

    def __init__(
        self,
        kafka: KafkaSettings,
        settings: WorkerSettings,
        registry: CollectorRegistry | None = None,
        partitions_type: type[Partitions] = Partitions,
    ) -> None:
        self.kafka = kafka
        self.settings = settings
        self.metrics = WorkerMetrics(registry or CollectorRegistry())
        self._executor = ThreadPoolExecutor(4, "shelfcast")
        self._partitions_type = partitions_type
        self._stop = asyncio.Event()
        self._error: BaseException | None = None

    async def run(self, ready: Callable[[], None] | None = None) -> None:
        """Work until stopped. Raises what ended it otherwise; the supervisor restarts from the last snapshot."""
        rules = rules_of(self.settings)
        loop = asyncio.get_running_loop()
        count = await loop.run_in_executor(self._executor, check_topics, self.kafka)
        await loop.run_in_executor(self._executor, check_sizes, self.kafka)
        outbox = Outbox(self.kafka)
        self.partitions = self._partitions_type(
            topics.EVENTS,
            count,
            rules,
            self.settings,
            outbox,
            SnapshotReader(self.kafka),
            self.metrics,
            self._executor,
        )
        app = self._app()
        # Faust's start ends when the group has given us partitions and their state is loaded: it is watched as well.
        works = (partial(self._begin, app, ready), self._checkpoints, self._watchdog, partial(self._watch, app))
        tasks = [asyncio.create_task(self._guard(work)) for work in works]
        _spare_the_collector()
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        await self._shut_down(app)
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Drain, commit, end."""
        self._stop.set()

    def fail(self, error: BaseException) -> None:
        """End because of an error: the state in memory is not to be trusted, nothing more is committed."""
        if self._error is None:
            self._error = error
            self.partitions.held.clear()
        self._stop.set()

    # ------------------------------------------------------------------ Faust

    def _app(self) -> Any:
        app: Any = ChunkApp(
            self.settings.group,
            **faust_broker(self.kafka),
            broker_session_timeout=SESSION_SECONDS,
            broker_heartbeat_interval=SESSION_SECONDS / 3,
            broker_max_poll_records=8000,
            consumer_auto_offset_reset="earliest",
            topic_allow_declare=False,
            topic_disable_leader=True,
            web_enabled=False,
            stream_wait_empty=False,
            stream_buffer_maxsize=16,
            store="memory://",
        )
        app.transport = ChunkTransport(app.conf.broker_consumer, app)
        app.partitions = self.partitions
        topic = app.topic(topics.EVENTS, key_serializer="raw", value_serializer="raw", value_type=None)

        async def learn(stream: Any) -> None:
            async for event in stream.events():
                message = event.message
                if not self._stop.is_set() and message.generation_id == app.consumer_generation_id:
                    try:
                        await self.partitions.take(message.partition, message.value)
                    except Exception as error:  # noqa: BLE001  whatever it is, it ends the process
                        self.fail(error)

        app.agent(topic, name="learn")(learn)
        self.partitions.consumer = app.consumer
        return app

    async def _shut_down(self, app: faust.App) -> None:
        started = time.monotonic()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                if self._error is None:
                    await self.partitions.drain()
                await app.stop()
        except TimeoutError:
            log.warning("did not stop in %.0f s; ending anyway, the log has the rest", STOP_SECONDS)
        log.info("stopped after %.1f s", time.monotonic() - started)

    # ------------------------------------------------------------------ beside the stream

    async def _begin(self, app: faust.App, ready: Callable[[], None] | None) -> None:
        await app.start()
        if ready is not None:
            ready()

    async def _guard(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001  whatever it is, it ends the process
            self.fail(error)

    async def _watch(self, app: faust.App) -> None:
        """A crash inside Faust ends us: it would leave a worker that looks healthy and does nothing."""
        while True:
            await asyncio.sleep(0.5)
            if isinstance(app.crash_reason, ShelfcastError):  # our own, from the recovery that Faust called
                raise app.crash_reason
            if app.crashed or app.should_stop:
                raise ShelfcastError(f"Faust stopped: {app.crash_reason!r}.")

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(min(0.1, self.settings.checkpoint_seconds / 4))
            await self.partitions.checkpoint_due()
            self.metrics.read(held.processor for held in self.partitions.held.values())

    async def _watchdog(self) -> None:
        """Lag, as the broker itself tells it, without progress ends the process."""
        loop, watch = asyncio.get_running_loop(), EndWatch(self.kafka, topics.EVENTS, log)
        interval = max(1.0, self.settings.stall_seconds / 6)
        settled_at = time.monotonic()
        while True:
            await asyncio.sleep(interval)
            assigned = self.partitions.consumer.thread.assigned() if self.partitions.consumer else None
            if assigned == set(self.partitions.held) or await loop.run_in_executor(self._executor, watch.end, 0) is None:
                settled_at = time.monotonic()
            elif time.monotonic() - max(settled_at, self.partitions.recovered_at) > self.settings.stall_seconds:
                self.metrics.stalls.inc()
                raise StalledError(
                    f"Kafka answers, but the group has not given this worker its partitions for {self.settings.stall_seconds:.0f} s: "
                    "ending, so that a restart joins anew."
                )
            for partition, held in list(self.partitions.held.items()):
                end = await loop.run_in_executor(self._executor, watch.end, partition)
                if end is None or self.partitions.held.get(partition) is not held:
                    held.progress_at = time.monotonic()  # Kafka is away: no progress is expected
                    continue
                held.watch()
                lag = behind(held.processor.next_offset, end)
                self.metrics.lag.labels(partition).set(lag)
                if not lag:
                    held.progress_at = time.monotonic()
                elif time.monotonic() - held.progress_at > self.settings.stall_seconds and not self.partitions.delivering:
                    self.metrics.stalls.inc()
                    raise StalledError(
                        f"Partition {partition} has {lag} events waiting and none was taken for "
                        f"{self.settings.stall_seconds:.0f} s: ending, so that a restart recovers from the snapshot."
                    )


def _spare_the_collector() -> None:
    """Take what lives as long as the process out of the garbage collector's sight; look less often at what is young.

    Records die young and in no cycles, but their number makes the collector walk over all modules and models again and again:
    it took a third of the worker's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
