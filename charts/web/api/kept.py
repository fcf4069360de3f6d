"""Keeps answers as bytes for as long as what they were made of is the same.

Whoever wrote to the database last has then written how far it has come. While that is unchanged, so is every answer, and it is given again
without being made. After a change an answer is made anew, once however many ask. Meanwhile it is given as it was, for two seconds at most.
"""

import asyncio
import gzip
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
from xxhash import xxh3_128_hexdigest

from streams.http.access import RefusedError

OLDEST_SECONDS: Final = 2.0
"""How long an answer may be given after it was last known to be true."""
LOOK_SECONDS: Final = 0.25
"""How often the database is asked whether anything is new, however many requests come."""
MOST_BYTES, MOST_ANSWERS = 96 * 1024 * 1024, 4000
MOST_MAKING: Final = 64
"""Answers that are made at once; beyond it a request is refused instead of waiting behind so many."""
SMALLEST_PACKED: Final = 1024
CODINGS: Final = ("zstd", "gzip")
"""The content codings that answers come in, the better one first."""
_GZIP_LEVEL: Final = 4


@dataclass(frozen=True, slots=True)
class Made:
    """An answer before it is kept, and the cursor of the page after it."""

    body: bytes
    cursor: str | None = None


@dataclass(slots=True)
class Kept:
    """An answer, and as of when it is known to be true. What is worth packing is kept packed, which takes a quarter of the memory.

    bodies: by coding; None: as it is.
    """

    tag: str
    cursor: str | None
    packable: bool
    bodies: dict[str | None, bytes]
    newness: Hashable
    true_at: float
    size: int = 0
    """Bytes in memory, with room for a further coding."""

    def __post_init__(self) -> None:
        self.size = 2 * sum(map(len, self.bodies.values())) + 1000

    async def body(self, coding: str | None) -> bytes:
        """The answer in a coding."""
        found = self.bodies.get(coding)
        if found is not None:
            return found
        packed = self.bodies["gzip"]
        if coding is None:
            return await asyncio.to_thread(gzip.decompress, packed)
        found = self.bodies[coding] = await asyncio.to_thread(lambda: _packed(gzip.decompress(packed), coding))
        return found


def _kept(made: Made, codings: Iterable[str | None], newness: Hashable, true_at: float) -> Kept:
    """An answer to be kept, in the codings in which it was given before."""
    tag, packable = xxh3_128_hexdigest(made.body), len(made.body) >= SMALLEST_PACKED
    wanted = {"gzip", *(coding for coding in codings if coding is not None)} if packable else ()
    bodies: dict[str | None, bytes] = {coding: _packed(made.body, coding) for coding in wanted}
    return Kept(tag, made.cursor, packable, bodies or {None: made.body}, newness, true_at)


def _packed(body: bytes, coding: str) -> bytes:
    if coding == "gzip":
        return gzip.compress(body, _GZIP_LEVEL, mtime=0)
    packed: bytes = pa.compress(body, codec="zstd", asbytes=True)
    return packed


class Keeper:
    """The kept answers of one server, for its event loop alone.

    newness: what is unchanged while all answers are; asked in a thread. oldest_seconds: 0 in tests that write and read at once.
    """

    def __init__(
        self, newness: Callable[[], Hashable], *, oldest_seconds: float = OLDEST_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._clock = newness, clock
        self._oldest, self._look = oldest_seconds, min(LOOK_SECONDS, oldest_seconds)
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._bytes = 0
        self._newness: Hashable = None
        self._asked_at = -1e9
        self._asking: asyncio.Task[Hashable] | None = None
        self._making: dict[Hashable, asyncio.Task[Kept]] = {}

    @property
    def newness(self) -> Hashable:
        """How far the database had come when it was last asked. What is made afterwards holds all of that."""
        return self._newness

    async def get(self, key: Hashable, make: Callable[[], Made]) -> Kept:
        """The answer of a key; `make` runs in a thread. What it raises is raised here and not kept. Raises RefusedError 503."""
        kept, now = self._kept.get(key), self._clock()
        if kept is not None:
            self._kept.move_to_end(key)
            if now - self._asked_at < self._look and kept.newness == self._newness:
                kept.true_at = self._asked_at
                return kept
            if now - kept.true_at < self._oldest:
                if len(self._making) < MOST_MAKING:
                    self._start(key, make)
                return kept
        return await asyncio.shield(self._start(key, make))

    def _start(self, key: Hashable, make: Callable[[], Made]) -> asyncio.Task[Kept]:
        """Have an answer looked after, unless somebody does already."""
        task = self._making.get(key)
        if task is None:
            if len(self._making) >= MOST_MAKING:
                raise RefusedError(503, "Too much is asked at once: try again.", 1)
            task = self._making[key] = asyncio.create_task(self._renewed(key, make))
            task.add_done_callback(lambda done: self._forget(key, done))
        return task

    def _forget(self, key: Hashable, done: "asyncio.Task[Kept]") -> None:
        del self._making[key]
        if not done.cancelled():
            done.exception()  # whoever waits is told; where nobody does, the next request tries again

    async def _renewed(self, key: Hashable, make: Callable[[], Made]) -> Kept:
        newness = await self._now()
        old = self._kept.get(key)
        if old is not None and old.newness == newness:
            old.true_at = self._clock()
            return old
        began, codings = self._clock(), () if old is None else tuple(old.bodies)
        kept = await asyncio.to_thread(lambda: _kept(make(), codings, newness, began))
        self._keep(key, kept)
        return kept

    async def _now(self) -> Hashable:
        """How far the database has come, asked anew at most every quarter of a second."""
        if self._clock() - self._asked_at < self._look:
            return self._newness
        if self._asking is None:
            self._asking = asyncio.create_task(self._look_up())
        return await asyncio.shield(self._asking)

    async def _look_up(self) -> Hashable:
        try:
            began = self._clock()
            self._newness = await asyncio.to_thread(self._ask)
            self._asked_at = began
        finally:
            self._asking = None
        return self._newness

    def _keep(self, key: Hashable, kept: Kept) -> None:
        self._bytes += kept.size
        if (old := self._kept.pop(key, None)) is not None:
            self._bytes -= old.size
        self._kept[key] = kept
        while (self._bytes > MOST_BYTES or len(self._kept) > MOST_ANSWERS) and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1].size
