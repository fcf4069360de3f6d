"""A worker as a simulated process: the real `Partitions` and `Processor` between a simulated Kafka and a simulated outbox."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from aiokafka.errors import CommitFailedError, RequestTimedOutError
from faust.types import TP

from streams.contract.errors import DeliveryError, LogTruncatedError
from streams.contract.settings import WorkerSettings
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS, REJECTED, SNAPSHOTS
from streams.kafka.ends import LogEnds
from streams.processor.letters import letter_of
from streams.processor.outputs import Outputs
from streams.processor.rules import Rules
from streams.runtime.partitions import Partitions
from streams.runtime.snapshots import SnapshotReader
from streams.runtime.transport import Run
from tests.simulation.broker import PARTITIONS
from tests.simulation.clock import Killed, Process

if TYPE_CHECKING:
    from tests.simulation.world import World

RULES = Rules(dedupe_window=40, nowcast_seconds=14_400.0)
SETTINGS = WorkerSettings(checkpoint_events=60)
LONGEST_RUN = 8


class Nothing:
    """Stands where metrics stand."""

    def __getattr__(self, name: str) -> "Nothing":
        return self

    def __call__(self, *args: Any, **kwargs: Any) -> "Nothing":
        return self


class SimulatedOutbox:
    """The producer: what is sent arrives some time later, in order, unless the process dies or one message is given up before."""

    def __init__(self, world: "World", process: Process) -> None:
        self._world, self._process = world, process
        self._queue: list[tuple[str, int, bytes | None, bytes]] = []
        self._failed = False

    def send(self, partition: int, outputs: Outputs) -> None:
        self.check()
        messages = [(ACCEPTED, partition, key, value) for key, value in outputs.accepted]
        messages += [(FORECASTS, partition, key, value) for key, value in outputs.forecasts]
        for dead in outputs.rejected:
            letter = letter_of(dead, partition)
            messages.append((REJECTED, partition, letter.key, letter.value))
        if messages and not self._queue:
            self._world.later(0.3, self._pump)
        self._queue += messages

    def _pump(self) -> None:
        """Some of the queue arrives; of a dead process's no more than was on its way."""
        self._arrive(int(self._world.chance.random() * (len(self._queue) + 1)))
        if not self._process.alive:
            self._queue.clear()
        if self._queue:
            self._world.later(0.3, self._pump)

    def _arrive(self, count: int) -> None:
        for message in self._queue[:count]:
            if self._world.strikes("lose an output"):
                self._failed = True
                continue
            topic, partition, key, value = message
            self._world.broker.store(topic, partition, key, value, self._world.milliseconds)
        del self._queue[:count]

    def wait(self) -> None:
        if self._world.broken == "delivery":
            return
        self._arrive(len(self._queue))
        self.check()

    async def room(self) -> None:
        await asyncio.sleep(0)

    def check(self) -> None:
        if self._failed:
            raise DeliveryError("a message was given up")

    def send_snapshot(self, partition: int, chunks: Iterable[bytes], total: int, snapshot_id: str) -> list[int]:
        log = self._world.broker.logs[SNAPSHOTS][partition]
        offsets = []
        for number, chunk in enumerate(chunks):
            if self._world.strikes("kill a worker", self._process, "in the middle of a snapshot"):
                raise Killed
            key = f"{partition}/{snapshot_id}/{number}/{total}".encode()
            if self._world.broken == "snapshot":
                offsets.append(log.ends.high + number)
                self._world.later(1.0, partial(self._late_chunk, partition, key, chunk))
            else:
                offsets.append(self._world.broker.store(SNAPSHOTS, partition, key, chunk, 0))
        return offsets

    def _late_chunk(self, partition: int, key: bytes, chunk: bytes) -> None:
        if self._process.alive:
            self._world.broker.store(SNAPSHOTS, partition, key, chunk, 0)


class _Stored:
    """A message as confluent_kafka gives it."""

    def __init__(self, offset: int, key: bytes | None, value: bytes | None) -> None:
        self._place = offset, key, value

    def offset(self) -> int:
        return self._place[0]

    def key(self) -> bytes | None:
        return self._place[1]

    def value(self) -> bytes | None:
        return self._place[2]


class SimulatedSnapshots(SnapshotReader):
    """The real reader over the simulated topic."""

    def __init__(self, world: "World") -> None:
        self._world = world

    @contextmanager
    def _reader(self) -> Iterator[Any]:
        yield self

    def ends_of(self, topic: str, partition: int) -> LogEnds:
        return self._world.broker.logs[topic][partition].ends

    def messages(self, topic: str, stretches: Mapping[int, LogEnds]) -> Iterator[_Stored]:
        for partition, (low, high) in stretches.items():
            for message in self._world.broker.logs[topic][partition].read(low, max(0, high - low)):
                if message.offset < high:
                    yield _Stored(message.offset, message.key, message.value)


class Worker(Process):
    """One life of a worker. It is also the client of Kafka that `Partitions` is given."""

    def __init__(self, world: "World", name: str) -> None:
        super().__init__(name)
        self._world = world
        self.thread = self
        self._generation = -1
        self._positions: dict[int, int] = {}
        outbox: Any = SimulatedOutbox(world, self)
        nothing: Any = Nothing()
        self.partitions = Partitions(EVENTS, PARTITIONS, RULES, SETTINGS, outbox, SimulatedSnapshots(world), nothing, nothing)
        self.partitions.consumer = self

    async def run(self) -> None:
        """Work until something ends it."""
        tasks = [asyncio.ensure_future(work()) for work in (self._member, self._learn, self._checkpoints)]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        error = next(iter(done)).exception()
        self.partitions.held.clear()
        if isinstance(error, LogTruncatedError):
            self._world.violated(str(error))
        elif isinstance(error, DeliveryError):
            self._world.end(self, "ends: a message was given up")
        else:
            raise error or RuntimeError("a task of the worker ended")

    async def _member(self) -> None:
        group = self._world.broker.workers
        group.add(self)
        while True:
            await self._world.pause(0.2)
            if self not in group.members or group.waits_for(self):
                revoked = {TP(EVENTS, partition) for partition in self._positions}
                await self.partitions.hand_over(revoked)
                self._positions = {}
                group.join(self)
            elif group.joining is None and self._generation != group.generation:
                self._generation = group.generation
                mine = list(group.assigned[self.name])
                self._world.say(self, f"has partitions {mine}")
                positions = await self.partitions.recover([TP(EVENTS, partition) for partition in mine])
                self._positions = {tp.partition: offset for tp, offset in positions.items()}

    async def _learn(self) -> None:
        while True:
            await self._world.pause(0.2)
            waiting = [p for p, at in self._positions.items() if at < self._world.broker.logs[EVENTS][p].ends.high]
            if not waiting:
                continue
            partition = self._world.chance.choice(waiting)
            start, generation = self._positions[partition], self._generation
            records = self._world.broker.logs[EVENTS][partition].read(start, self._world.chance.randint(1, LONGEST_RUN))
            self._positions[partition] = records[-1].offset + 1
            await self._world.pause(0.05)
            if generation == self._generation:
                await self.partitions.take(partition, Run(start, records))

    async def _checkpoints(self) -> None:
        while True:
            await self._world.pause(0.6)
            for partition in list(self.partitions.held):
                held = self.partitions.held.get(partition)
                if held is not None and held.events:
                    await self.partitions.checkpoint(partition)

    # ------------------------------------------------------------------ what `Partitions` asks of Kafka

    async def committed(self, tps: Iterable[TP]) -> dict[TP, tuple[int, str]]:
        await self._world.pause(0.02)
        commits = self._world.broker.workers.commits
        return {tp: commits[tp.partition] for tp in tps if tp.partition in commits}

    async def earliest_offsets(self, *tps: TP) -> dict[TP, int]:
        await self._world.pause(0.02)
        return {tp: self._world.broker.logs[EVENTS][tp.partition].low for tp in tps}

    async def highwaters(self, *tps: TP) -> dict[TP, int]:
        await self._world.pause(0.02)
        return {tp: self._world.broker.logs[EVENTS][tp.partition].ends.high for tp in tps}

    async def go_to(self, positions: Mapping[TP, int]) -> None:
        for tp, offset in positions.items():
            if tp.partition in self._positions:
                self._positions[tp.partition] = offset

    async def commit_with_metadata(self, offsets: Mapping[TP, tuple[int, str]]) -> None:
        """The request arrives some time later, even if the process is dead by then; so does the answer, or none."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        generation = self._generation

        def arrive() -> None:
            error: Exception | None = None
            if self._world.strikes("lose a commit"):
                error = RequestTimedOutError()
            elif generation != self._world.broker.workers.generation and self._world.broken != "fencing":
                error = CommitFailedError()
            else:
                for tp, place in offsets.items():
                    self._world.commit(self, tp.partition, place)
                if self._world.strikes("lose an answer to a commit"):
                    error = RequestTimedOutError()
            self._world.later(0.05, partial(_answered, answer, error))

        self._world.later(0.05, arrive)
        await answer


def _answered(answer: "asyncio.Future[None]", error: Exception | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(None)
    else:
        answer.set_exception(error)
