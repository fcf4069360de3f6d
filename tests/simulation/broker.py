"""Kafka as a simulated part: logs that retention cuts, and groups that fence whoever has lost a partition."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS, REJECTED, SNAPSHOTS
from streams.kafka.ends import LogEnds
from tests.simulation.clock import Process

PARTITIONS = 2


class Message(NamedTuple):
    """A record of a log, in the form that the processor takes."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class Log:
    """A partition of a topic. All messages are kept for the judges; readers see those from `low` on."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.low = 0

    @property
    def ends(self) -> LogEnds:
        return LogEnds(self.low, len(self.messages))

    def append(self, key: bytes | None, value: bytes, milliseconds: int) -> int:
        self.messages.append(Message(len(self.messages), milliseconds, key, value))
        return len(self.messages) - 1

    def read(self, first: int, most: int) -> list[Message]:
        """What stands from an offset on; from the beginning of the log when retention has taken that offset."""
        first = max(first, self.low)
        return self.messages[first : first + most]


class Group:
    """A consumer group: who has which partition, and what was committed.

    politely: whether the members are asked to leave first, as Kafka's classic protocol does, or just lose their partitions.
    """

    def __init__(self, chance: Random, *, politely: bool) -> None:
        self._chance = chance
        self._politely = politely
        self.generation = 0
        self.members: list[Process] = []
        self.joining: list[Process] | None = None
        self.assigned: dict[str, list[int]] = {}
        self.commits: dict[int, tuple[int, str]] = {}

    def add(self, member: Process) -> None:
        self.members.append(member)
        self._begin()

    def expel(self, member: Process) -> None:
        """Its session ended."""
        if member in self.members:
            self.members.remove(member)
            self._begin()

    def rebalance(self) -> None:
        self._begin()

    def waits_for(self, member: Process) -> bool:
        """Whether the member has to join again."""
        return self.joining is not None and member in self.members and member not in self.joining

    def join(self, member: Process) -> None:
        if member not in self.members:
            self.members.append(member)
        if self.joining is None:
            self._begin()
        assert self.joining is not None
        if member not in self.joining:
            self.joining.append(member)
        self._complete()

    def _begin(self) -> None:
        if self._politely:
            self.joining = []
        self._complete()

    def _complete(self) -> None:
        if self.joining is not None and any(member not in self.joining for member in self.members):
            return
        self.joining = None
        self.generation += 1
        self.assigned = {member.name: [] for member in self.members}
        for partition in range(PARTITIONS):
            if self.members:
                self.assigned[self._chance.choice(self.members).name].append(partition)


class Broker:
    """The logs and groups; `stored` is told of each message of an output topic."""

    def __init__(self, chance: Random, stored: Callable[[str, int, Message], None]) -> None:
        self._stored = stored
        self.logs = {name: [Log() for _ in range(PARTITIONS)] for name in (EVENTS, ACCEPTED, FORECASTS, REJECTED, SNAPSHOTS)}
        self.workers = Group(chance, politely=True)
        self.readers = {ACCEPTED: Group(chance, politely=False), FORECASTS: Group(chance, politely=False)}

    def store(self, topic: str, partition: int, key: bytes | None, value: bytes, milliseconds: int) -> int:
        log = self.logs[topic][partition]
        offset = log.append(key, value, milliseconds)
        self._stored(topic, partition, log.messages[-1])
        return offset
