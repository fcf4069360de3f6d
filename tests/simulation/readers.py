"""Consumers as simulated processes: the real loop, sinks, folds and guards over a simulated topic and database."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.loop import ReadingLoop
from consumers.runtime.sequence import Admitted
from consumers.runtime.sink import Record
from consumers.statistics.statistics import StatisticsSink
from streams.contract.messages import SaleAccepted
from streams.contract.topics import ACCEPTED
from streams.kafka.ends import LogEnds
from tests.simulation.clock import Killed, Process
from tests.simulation.database import Connection
from tests.simulation.worker import Nothing

if TYPE_CHECKING:
    from tests.simulation.world import World

LARGEST_BATCH = 12


class Unordered(StatisticsSink):
    """Takes every sale that is newer, though one before it may be missing."""

    def _admit(self, partition: int, sales: list[SaleAccepted]) -> Admitted:
        seq = self._progress[partition].seq or 0
        taken = [sale for sale in sales if sale.seq > seq]
        return Admitted(taken, taken[-1].seq if taken else seq, 0, 0, False)


class Source:
    """Where a simulated consumer reads; see `consumers.runtime.loop.Source`."""

    def __init__(self, world: "World", process: Process, topic: str) -> None:
        self._world, self._process, self._topic = world, process, topic
        self._group = world.broker.readers[topic]
        self._positions: dict[int, int] | None = None
        self._read: dict[int, int] = {}
        self.generation = -1

    def position(self, start: Callable[[int, LogEnds], int]) -> None:
        self._poll()
        if self._positions is not None:
            return
        positions = {}
        for partition in self._group.assigned[self._process.name]:
            positions[partition] = start(partition, self._world.broker.logs[self._topic][partition].ends)
            if self._world.broken == "progress" and partition in self._group.commits:
                positions[partition] = max(positions[partition], self._group.commits[partition][0])
        self._positions = positions

    def reposition(self) -> None:
        self._positions = None

    def batch(self, messages: int, seconds: float, stopping: Callable[[], bool]) -> list[Record]:
        self._poll()
        most = self._world.chance.randint(1, messages)
        records: list[Record] = []
        for partition, position in (self._positions or {}).items():
            for message in self._world.broker.logs[self._topic][partition].read(position, most - len(records)):
                records.append(Record(partition, message.offset, 0.0, message.value or b""))
        for record in records:
            assert self._positions is not None
            self._positions[record.partition] = self._read[record.partition] = record.offset + 1
        if self._world.broken == "progress":
            self.commit()
        return records

    def serve(self, seconds: float) -> None:
        """Wait for the database; others go on meanwhile."""
        self._world.elsewhere(self._process)
        self._poll()

    def resume(self) -> None:
        """Nothing was paused."""

    def commit(self) -> None:
        for partition, offset in self._read.items():
            self._group.commits[partition] = offset, ""

    def lag(self) -> dict[int, int]:
        return {}

    def close(self) -> None:
        """The group finds out by itself."""

    def _poll(self) -> None:
        if self._process not in self._group.members:
            self._group.add(self._process)
        if self.generation != self._group.generation:
            self.generation = self._group.generation
            self._positions, self._read = None, {}


class Reader(Process):
    """One life of a consumer of one topic."""

    def __init__(self, world: "World", name: str, topic: str) -> None:
        super().__init__(name)
        self._world = world
        self.topic = topic
        self.busy = False
        documents, metrics = Connection(world, self), Nothing()
        if topic == ACCEPTED:
            sink: Any = (Unordered if world.broken == "sequence" else StatisticsSink)(documents, metrics, 60.0, world.loop.time)
        else:
            sink = ForecastsSink(documents, metrics)
        self._loop = ReadingLoop(Source(world, self, topic), sink, metrics, LARGEST_BATCH, 1.0)

    async def run(self) -> None:
        while True:
            await self._world.pause(0.3)
            self.round()

    def round(self) -> None:
        """Read and write once, unless it is stopped in the middle of that already."""
        if self.busy or not self.alive:
            return
        self.busy = True
        try:
            self._loop._round()
        except Killed:
            pass
        finally:
            self.busy = False
