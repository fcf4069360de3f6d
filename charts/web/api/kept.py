"""Keeps answers as bytes for as long as what they were made of is the same.

Whoever wrote to the database last has then written how far it has come. While that is unchanged, so is every answer, and it is given again
without being made. After a change an answer is made anew, once however many ask. Meanwhile it is given as it was, for two seconds at most.
"""

import asyncio
import gzip
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa
from xxhash import xxh3_128_hexdigest

OLDEST_SECONDS: Final = 2.0
"""How long an answer may be given after it was last known to be true."""
LOOK_SECONDS: Final = 0.25
"""How often the database is asked whether anything is new, however many requests come."""
MOST_BYTES: Final = 96 * 1024 * 1024
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
    """An answer, the same in each coding that was asked for, and as of when it is known to be true."""

    made: Made
    newness: Hashable
    true_at: float
    packed: dict[str, asyncio.Task[bytes]] = field(default_factory=dict)
    tag: str = ""

    def __post_init__(self) -> None:
        self.tag = xxh3_128_hexdigest(self.made.body)

    async def body(self, coding: str | None) -> bytes:
        """The answer in a coding; None: as it is."""
        if coding is None:
            return self.made.body
        task = self.packed.get(coding)
        if task is None:
            task = self.packed[coding] = asyncio.create_task(asyncio.to_thread(_packed, self.made.body, coding))
        return await asyncio.shield(task)

    @property
    def size(self) -> int:
        """Bytes in memory, codings estimated at a quarter."""
        return len(self.made.body) * (4 + len(self.packed)) // 4


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
        self._newness: Hashable = None
        self._asked_at = -1e9
        self._asking: asyncio.Task[Hashable] | None = None
        self._making: dict[Hashable, asyncio.Task[Kept]] = {}

    async def get(self, key: Hashable, make: Callable[[], Made]) -> Kept:
        """The answer of a key; `make` runs in a thread. What it raises is raised here and not kept."""
        kept, now = self._kept.get(key), self._clock()
        if kept is not None:
            self._kept.move_to_end(key)
            if now - self._asked_at < self._look and kept.newness == self._newness:
                kept.true_at = self._asked_at
                return kept
            if now - kept.true_at < self._oldest:
                self._start(key, make)
                return kept
        return await asyncio.shield(self._start(key, make))

    def _start(self, key: Hashable, make: Callable[[], Made]) -> asyncio.Task[Kept]:
        """Have an answer looked after, unless somebody does already."""
        task = self._making.get(key)
        if task is None:
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
        began = self._clock()
        kept = Kept(await asyncio.to_thread(make), newness, began)
        if old is not None:
            for coding in old.packed:
                await kept.body(coding)
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
        self._kept[key] = kept
        self._kept.move_to_end(key)
        while sum(one.size for one in self._kept.values()) > MOST_BYTES and len(self._kept) > 1:
            self._kept.popitem(last=False)
