"""A shop's whole system in one thread: who runs, what breaks, and when, all by one seed."""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from contextlib import contextmanager
from random import Random
from typing import NoReturn

from streams.contract import documents as names
from streams.contract.documents import document_id
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS, SNAPSHOTS
from streams.runtime import snapshots
from tests.simulation.broker import PARTITIONS, Broker, Log
from tests.simulation.clock import CURRENT, Killed, Process, SeededLoop
from tests.simulation.database import Database
from tests.simulation.judge import Judge
from tests.simulation.readers import Reader
from tests.simulation.tills import Stranger, Till, day_of_sales
from tests.simulation.worker import Worker
from tests.unit.streams.logs import DAY, MONDAY

BREAKS = {
    "ids": "a till gives a sale another id when it sends it again",
    "acknowledgement": "the gateway answers before Kafka has the sales",
    "delivery": "a checkpoint does not wait for the outputs",
    "snapshot": "a commit does not wait for the snapshot that it names",
    "fencing": "Kafka takes the commits of a worker that has lost its partition",
    "guard": "the database replaces documents that another writer has changed",
    "sequence": "a consumer takes sales that come ahead of their turn",
    "progress": "a consumer commits what it has read before it has written it, and goes on from there",
}
"""Mechanisms that can be left out, to see that the judge finds it."""

RATES = {
    "lose a request": 0.1,
    "lose an answer": 0.1,
    "kill the gateway": 0.03,
    "lose an output": 0.01,
    "lose a commit": 0.1,
    "lose an answer to a commit": 0.1,
    "kill a worker": 0.08,
    "kill a consumer": 0.02,
    "stop a consumer": 0.05,
    "take the database away": 0.02,
    "lose an answer of the database": 0.02,
}
"""What may happen wherever it can happen, and how likely it is there."""

DISTURBANCES = (
    "kill worker", "stop worker", "rebalance", "rebalance readers", "cut the log", "lose the snapshots", "expire the commits",
    "lose the database",
)  # fmt: skip
"""What happens at any time."""

MOST_WORKERS_KILLED = 5
"""A process that dies six times at one event is taken for that event's victim, which is put aside; see `streams.runtime.narrowing`."""

SESSION_SECONDS = 1.0
SETTLED_SECONDS = 120.0
MOST_STEPS = 60_000
CHUNK_BYTES = 70_000
"""A state has several chunks then, so that a snapshot can be torn."""


class ViolationError(Exception):
    """Something that must always hold does not."""


class World:
    """One run. broken: the mechanism of `BREAKS` that is left out."""

    def __init__(self, seed: int, broken: str | None = None) -> None:
        self.broken = broken
        self.chance = Random(seed)
        self.history: list[str] = []
        self.faults = 0
        self.loop = SeededLoop(self.chance, self._after_step)
        self.loop.set_exception_handler(self._unforeseen)
        self.database = Database()
        self.judge = Judge(self)
        self.broker = Broker(self.chance, self.judge.stored)
        self.workers: list[Worker] = []
        self.readers: list[Reader] = []
        self._violation: str | None = None
        self._calm = False
        self._lives = 0
        self._killed = 0
        self._depth = 0
        # Each run meets only some kinds of faults: all at once would hide what a few do.
        self._rates = {kind: rate * self.chance.choice((0, 0, 1, 3)) for kind, rate in RATES.items()}
        self._disturbances = [kind for kind in DISTURBANCES if self.chance.random() < 0.5]
        self._sales = self.chance.choice((6, 12, 24))
        self._processes: list[Process] = []

    # ------------------------------------------------------------------ time and order

    @property
    def now(self) -> float:
        """Seconds since 1970; no sale is dated later."""
        return MONDAY + 2 * DAY + self.loop.time()

    @property
    def milliseconds(self) -> int:
        return int(self.now * 1000)

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(self.chance.random() * seconds)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something within so many seconds, whoever lives then."""
        self.loop.call_later(self.chance.random() * seconds, do, context=contextvars.Context())

    def say(self, process: Process | None, what: str) -> None:
        self.history.append(f"{self.loop.time():8.3f}  {'' if process is None else process.name + ': '}{what}")

    def violated(self, sentence: str) -> NoReturn:
        if self._violation is None:
            self._violation = sentence
            self.say(None, f"VIOLATED: {sentence}")
        raise ViolationError(sentence)

    def _after_step(self) -> None:
        if self._violation is None:
            self.judge.each_step()
        if self._violation is not None:
            raise ViolationError(self._violation)
        if self.loop.steps > MOST_STEPS:
            self.violated(f"nothing is settled after {MOST_STEPS} steps")

    def _unforeseen(self, _loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        if "never retrieved" in str(context.get("message")):
            return  # what became of a process that was dead by then
        if isinstance(error, Exception) and not isinstance(error, ViolationError):
            self._violation = self._violation or f"an error nobody foresaw: {error!r}"

    # ------------------------------------------------------------------ processes

    def _start(self, kind: Callable[["World", str], Process], name: str) -> None:
        self._lives += 1
        process = kind(self, f"{name}-{self._lives}")
        context = contextvars.Context()
        context.run(CURRENT.set, process)
        self._processes.append(process)
        self.loop.create_task(self._life(process), context=context)
        if isinstance(process, Worker):
            self.workers.append(process)
        elif isinstance(process, Reader):
            self.readers.append(process)

    async def _life(self, process: Process) -> None:
        try:
            await process.run()
        except (Killed, ViolationError):
            pass
        except Exception as error:
            self._violation = self._violation or f"{process.name} ended with {error!r}"

    def end(self, process: Process, what: str) -> None:
        """A process ends; another one takes its place after a while, and its group finds out when its session has ended."""
        if not process.alive:
            return
        process.alive = False
        self.say(process, what)
        name = process.name.partition("-")[0]
        if isinstance(process, Worker):
            self.workers.remove(process)
            self.later(SESSION_SECONDS, lambda: self.broker.workers.expel(process))
            self.later(1.0, lambda: self._start(Worker, name))
        elif isinstance(process, Reader):
            self.readers.remove(process)
            topic = process.topic
            self.later(SESSION_SECONDS, lambda: self.broker.readers[topic].expel(process))
            self.later(1.0, lambda: self._start(lambda world, of: Reader(world, of, topic), name))

    # ------------------------------------------------------------------ faults

    def strikes(self, kind: str, process: Process | None = None, where: str = "") -> bool:
        """Whether a fault happens here; a killed process is ended at once."""
        if self._calm or self.chance.random() >= self._rates[kind]:
            return False
        if kind == "kill a worker" and not self._may_kill():
            return False
        self.faults += 1
        if process is None:
            self.say(CURRENT.get(), kind)
        else:
            self.end(process, f"killed {where}".strip())
        return True

    def _may_kill(self) -> bool:
        self._killed += 1
        return self._killed <= MOST_WORKERS_KILLED

    def interrupt(self, process: Process) -> None:
        """Kill or stop a consumer between two operations of the database. Raises Killed."""
        if self.strikes("kill a consumer", process):
            raise Killed
        if self._depth == 0 and self.strikes("stop a consumer"):
            assert isinstance(process, Reader)
            self.broker.readers[process.topic].expel(process)
            self.elsewhere(process)
            self.say(process, "goes on")

    def elsewhere(self, process: Process) -> None:
        """Other consumers go on while one waits in the middle of a step."""
        self._depth += 1
        try:
            for _ in range(self.chance.randint(1, 4)):
                others = [reader for reader in self.readers if reader is not process]
                if others:
                    self.chance.choice(others).round()
        finally:
            self._depth -= 1

    def commit(self, worker: Worker, partition: int, place: tuple[int, str]) -> None:
        self.broker.workers.commits[partition] = place
        self.judge.committed(worker.name, partition, *place)

    async def _disturb(self, till: list[Till]) -> None:
        while not all(each.done for each in till) or self.chance.random() < 0.7:
            await self.pause(1.0)
            if self._disturbances and self.chance.random() < 0.6:
                self.faults += 1
                self._do(self.chance.choice(self._disturbances))

    def _do(self, kind: str) -> None:
        match kind:
            case "kill worker":
                if self.workers and self._may_kill():
                    self.end(self.chance.choice(self.workers), "killed")
            case "stop worker":
                self._stop_worker()
            case "rebalance":
                self.broker.workers.rebalance()
            case "rebalance readers":
                self.broker.readers[self.chance.choice((ACCEPTED, FORECASTS))].rebalance()
            case "cut the log":
                self._cut()
            case "lose the snapshots":
                self._lose_snapshots()
            case "expire the commits":
                self._expire()
            case "lose the database":
                self._lose_database()

    def _stop_worker(self) -> None:
        awake = [worker for worker in self.workers if not worker.asleep]
        if not awake:
            return
        worker = self.chance.choice(awake)
        worker.asleep = True
        self.say(worker, "stopped")
        self.later(SESSION_SECONDS, lambda: worker.asleep and self.broker.workers.expel(worker))
        self.later(4.0, lambda: self._wake(worker))

    def _wake(self, worker: Worker) -> None:
        if worker.asleep and worker.alive:
            worker.asleep = False
            self.say(worker, "goes on")

    def _cut(self) -> None:
        """Retention takes what the committed state and the database hold."""
        partition = self.chance.randrange(PARTITIONS)
        offset, metadata = self.broker.workers.commits.get(partition, (0, ""))
        if self.judge.holds(partition, metadata):  # else the state is being made anew from the log
            self._cut_to(self.broker.logs[EVENTS][partition], offset)
        for topic, reader in ((ACCEPTED, "statistics"), (FORECASTS, "forecasts")):
            progress = self.database.held(names.PROGRESS).get(document_id(reader, partition))
            self._cut_to(self.broker.logs[topic][partition], progress["next_offset"] if progress else 0)
        self.say(None, f"retention cuts partition {partition}")

    def _cut_to(self, log: Log, most: int) -> None:
        log.low = max(log.low, self.chance.randint(0, most))

    def _lose_snapshots(self) -> None:
        """A disk with snapshots is lost; the log that can give them again is not."""
        if any(log.low for log in self.broker.logs[EVENTS]):
            return
        for log in self.broker.logs[SNAPSHOTS]:
            log.low = log.ends.high
        self.say(None, "the snapshots are lost")

    def _expire(self) -> None:
        """No worker is there for so long that Kafka lets the group's commits expire."""
        for worker in list(self.workers):
            self.end(worker, "killed, and none follows until the commits have expired")
        for partition in range(PARTITIONS):
            self.broker.workers.commits.pop(partition, None)
            self.judge.forget_commit(partition)

    def _lose_database(self) -> None:
        """Its disk is lost, and the consumers are started anew on an empty one."""
        if any(log.low for topic in (ACCEPTED, FORECASTS) for log in self.broker.logs[topic]) or any(r.busy for r in self.readers):
            return
        for reader in list(self.readers):
            self.end(reader, "stopped, because the database is lost")
        self.database.collections.clear()

    # ------------------------------------------------------------------ the run

    async def run(self) -> None:
        """Disturb, then let everything settle, then judge. Raises ViolationError."""
        sales = day_of_sales(self.chance, self._sales)
        half = self.chance.randint(1, len(sales))
        tills = []
        for mine in (sales[:half], sales[half:]):
            self._start(lambda world, name, mine=mine: tills.append(Till(world, name, mine)) or tills[-1], "till")
        self._start(Stranger, "stranger")
        for number in range(self.chance.randint(1, 3)):
            self._start(Worker, f"worker{number}")
        for topic in (ACCEPTED, FORECASTS):
            for number in range(2 if topic == ACCEPTED else 1):
                self._start(lambda world, name, topic=topic: Reader(world, name, topic), f"{topic.rpartition('.')[2]}{number}")
        await self._disturb(tills)
        self._calm = True
        self.database.away = 0
        self.say(None, "no more faults")
        for worker in self.workers:
            self._wake(worker)
        until = self.loop.time() + SETTLED_SECONDS
        while not self._settled():
            await self.pause(1.0)
            if self.loop.time() > until:
                self.violated(f"not caught up {SETTLED_SECONDS:.0f} s after the last fault: {self._places()}")
        self.judge.finish()

    def close(self) -> None:
        """Nothing of this world runs any more."""
        for process in self._processes:
            process.alive = False
        self.loop.forget()

    def _settled(self) -> bool:
        return all(at == end for at, end in self._places())

    def _places(self) -> list[tuple[int, int]]:
        """How far each reader of each partition has come, and its end."""
        places = []
        for partition in range(PARTITIONS):
            end = self.broker.logs[EVENTS][partition].ends.high
            places.append((self.broker.workers.commits.get(partition, (0, ""))[0], end))
            for topic, reader in ((ACCEPTED, "statistics"), (FORECASTS, "forecasts")):
                progress = self.database.held(names.PROGRESS).get(document_id(reader, partition))
                places.append((progress["next_offset"] if progress else 0, self.broker.logs[topic][partition].ends.high))
        return places


@contextmanager
def small_chunks():
    """Snapshots in small chunks, and no logs of what is done on purpose."""
    size, snapshots.CHUNK_BYTES = snapshots.CHUNK_BYTES, CHUNK_BYTES
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        snapshots.CHUNK_BYTES = size
        logging.disable(disabled)


def simulate(seed: int, broken: str | None = None) -> tuple[str | None, World]:
    """Run one seed; what was violated, if anything, and the world with its history."""
    with small_chunks():
        world = World(seed, broken)
        try:
            world.loop.run_until_complete(world.run())
        except ViolationError as violation:
            return str(violation), world
        finally:
            world.close()
    return None, world
