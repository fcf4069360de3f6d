"""MongoDB as a simulated part: guarded single writes, any of which may fail, be the last of its process, or wait while others write."""

from typing import TYPE_CHECKING, Any

import msgspec

from consumers.store.port import Change, ContendedError
from streams.contract.errors import ServerError
from tests.simulation.clock import Process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.simulation.world import World

Document = dict[str, Any]


class Database:
    """What is stored, and how many of the next operations fail because the server is away."""

    def __init__(self) -> None:
        self.collections: dict[str, dict[str, Document]] = {}
        self.away = 0

    def held(self, collection: str) -> dict[str, Document]:
        return self.collections.setdefault(collection, {})


class Connection:
    """One process's way to the database; see `consumers.store.port.Documents`."""

    def __init__(self, world: "World", process: Process) -> None:
        self._world, self._process = world, process

    def read(self, collection: str, ids: "Sequence[str]") -> dict[str, Document]:
        self._moment()
        held = self._world.database.held(collection)
        return {key: _copy(held[key]) for key in ids if key in held}

    def write(self, collection: str, changes: "Sequence[Change]") -> None:
        contended = False
        for change in changes:
            self._moment()
            held = self._world.database.held(collection)
            key = change.document["_id"]
            there = held[key]["v"] if key in held else None
            if there != change.v_read and self._world.broken != "guard":
                contended = True
                continue
            self._put(collection, key, change.document)
        if contended:
            raise ContendedError("another was first")

    def merge(self, collection: str, documents: "Mapping[str, Document]") -> None:
        for key, document in documents.items():
            self._moment()
            self._put(collection, key, document)

    def _put(self, collection: str, key: str, document: Document) -> None:
        held = self._world.database.held(collection)
        before, held[key] = held.get(key), _copy(document)
        self._world.judge.wrote(collection, before, held[key])
        if self._world.strikes("lose an answer of the database"):
            raise ServerError("the database did not answer in time")

    def _moment(self) -> None:
        """Between two operations the process may be killed or stopped, and the database may go away."""
        self._world.interrupt(self._process)
        if self._world.strikes("take the database away"):
            self._world.database.away = self._world.chance.randint(1, 6)
        if self._world.database.away:
            self._world.database.away -= 1
            raise ServerError("the database is away")


def _copy(document: Document) -> Document:
    copied: Document = msgspec.msgpack.decode(msgspec.msgpack.encode(document))
    return copied
