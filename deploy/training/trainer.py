"""The jobs behind `/train` and `/retrain`: at most one of each kind runs; further requests meanwhile get the same job."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Annotated, Any, Final

from msgspec import UNSET, Meta, Struct, UnsetType

from charts.queries import sales
from charts.queries.sales import Finds
from deploy.groups import everybody
from producers.publisher import Publisher
from streams.contract.codec import encode
from streams.contract.errors import ServerError, ShelfcastError
from streams.contract.messages import ClockTicked
from streams.contract.settings import KafkaSettings, WorkerSettings
from streams.kafka.lag import LagMeter
from streams.processor.local_time import EPOCH_ORDINAL, LocalTime

CATCH_UP_SECONDS: Final = 300.0
LOOK_SECONDS: Final = 0.05
"""Between two looks at the lag; a look asks the broker for each partition of three groups."""

KEPT_JOBS: Final = 100


class JobShown(Struct, frozen=True, kw_only=True):
    """A job as it is told. What is not known yet, or not of its kind, is absent."""

    id: int
    kind: Annotated[str, Meta(description="train or retrain.")]
    state: Annotated[str, Meta(description="running, done or failed.")]
    message: Annotated[str, Meta(description="What it was answered with, or why it failed; empty while it runs.")]
    closed_stores: Annotated[int | UnsetType, Meta(description="Stores whose newest day it closed.")] = UNSET
    events: Annotated[int | UnsetType, Meta(description="Events that were learned again.")] = UNSET
    partitions: Annotated[int | UnsetType, Meta(description="Partitions that have events.")] = UNSET
    compared: Annotated[int | UnsetType, Meta(description="Partitions held against the worker's.")] = UNSET
    different: Annotated[list[int] | UnsetType, Meta(description="Partitions that are not the worker's.")] = UNSET
    seconds: Annotated[float | UnsetType, Meta(description="How long it took.")] = UNSET


@dataclass
class Job:
    """Work that a request started. state: running, done or failed. message: the answer to the request."""

    id: int
    kind: str
    state: str = "running"
    message: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    def shown(self) -> JobShown:
        """The job as it is told."""
        return JobShown(id=self.id, kind=self.kind, state=self.state, message=self.message, **self.details)


class Trainer:
    """Runs the jobs of one web process."""

    def __init__(self, kafka: KafkaSettings, settings: WorkerSettings, database: Finds, publisher: Publisher) -> None:
        self._kafka, self._settings, self._database, self._publisher = kafka, settings, database, publisher
        self._jobs: dict[int, Job] = {}
        self._numbers = count(1)

    def train(self) -> Job:
        """Rebuild the model from the log, in a process of its own, and compare it with the worker's."""
        return self._start("train", self._train)

    def retrain(self) -> Job:
        """Catch up with everything posted, and close the days that are over."""
        return self._start("retrain", self._retrain)

    def job(self, number: int) -> Job | None:
        """The job with this number."""
        return self._jobs.get(number)

    def _start(self, kind: str, work: Callable[[Job], Awaitable[str]]) -> Job:
        for job in self._jobs.values():
            if job.kind == kind and job.state == "running":
                return job
        while len(self._jobs) >= KEPT_JOBS:
            self._jobs.pop(next(iter(self._jobs)))
        job = Job(next(self._numbers), kind)
        self._jobs[job.id] = job
        job.task = asyncio.create_task(self._run(job, work))
        return job

    async def _run(self, job: Job, work: Callable[[Job], Awaitable[str]]) -> None:
        started = time.monotonic()
        try:
            job.message = await work(job)
            job.state = "done"
        except ShelfcastError as error:
            job.state, job.message = "failed", str(error)
        finally:
            if job.state == "running":
                job.state, job.message = "failed", "The job ended unexpectedly: see the log of `shelfcast web`."
            job.details["seconds"] = round(time.monotonic() - started, 1)

    async def _retrain(self, job: Job) -> str:
        await asyncio.to_thread(self._catch_up)
        job.details["closed_stores"] = await asyncio.to_thread(self._close_days)
        await asyncio.to_thread(self._catch_up)
        return "Model retrained successfully!"

    async def _train(self, job: Job) -> str:
        await self._retrain(job)
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "deploy.training.rebuild",
            stdout=asyncio.subprocess.PIPE,
            stdin=asyncio.subprocess.DEVNULL,
            env=os.environ | {"KAFKA_BOOTSTRAP_SERVERS": self._kafka.bootstrap_servers, "OPENBLAS_NUM_THREADS": "1"},
        )
        out, _ = await process.communicate()
        found = json.loads((out.decode().strip().splitlines() or ['{"error": "The rebuild printed nothing."}'])[-1])
        if "error" in found:
            raise ShelfcastError(found["error"])
        job.details |= found
        if found["different"]:
            raise ShelfcastError(
                f"The rebuilt model of partitions {found['different']} is not the worker's: stop the workers, delete the topic "
                "shelfcast.snapshots, start them again, and report it."
            )
        return "Model trained successfully!"

    def _catch_up(self) -> None:
        """Wait until worker and consumers have committed everything that the log holds now."""
        meter, until = LagMeter(self._kafka, everybody()), time.monotonic() + CATCH_UP_SECONDS
        try:
            while meter() > 0:
                if time.monotonic() > until:
                    raise ServerError(f"Worker or consumers did not catch up within {CATCH_UP_SECONDS:.0f} s: run `shelfcast doctor`.")
                time.sleep(LOOK_SECONDS)
        finally:
            meter.close()

    def _close_days(self) -> int:
        """Publish a tick for each store whose newest day with sales is over, so that the day closes and leads to forecasts."""
        zone, ticked = LocalTime(self._settings.timezone), 0
        newest: dict[str, str] = {}
        for store, day in sales.by_store_day(self._database):
            newest[store] = max(day, newest.get(store, day))
        for store, day in newest.items():
            over = zone.end_of_day(date.fromisoformat(day).toordinal() - EPOCH_ORDINAL) + self._settings.lateness_minutes * 60 + 1
            if over <= time.time():
                self._publisher.publish(store, encode(ClockTicked(store=store, at=over)))
                ticked += 1
        if self._publisher.flush(30.0):
            raise ServerError("Kafka did not take the clock ticks: run `shelfcast doctor`.")
        return ticked
