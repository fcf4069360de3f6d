"""Which event ids a partition accepted, at which offsets and with which content: 32 bytes per sale.

An id is kept as 128 bits of BLAKE2b under a key that is drawn anew for each recount, so nobody can construct ids that agree. Two of n ids
agree by chance with a probability below n^2 / 2^129: 1.5e-21 for a thousand million sales of a partition. Content is kept as 64 bits and
compared only under the same id: different content passes as the same once in 1.8e19.
"""

from array import array
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Fate = Literal["repeat", "other_content", "before", "unknown"]

_HALF: Final = 1 << 64


def content_of(store: str, item: str, quantity: float) -> bytes:
    """What a repeat must have in common with the sale that it repeats, as unambiguous bytes."""
    parts = store.encode(), item.encode(), float(quantity).hex().encode()
    return b"".join(len(part).to_bytes(4) + part for part in parts)


class AcceptedIds:
    """The accepted sales of one partition. Add them all, then `close`, then ask."""

    __slots__ = ("_contents", "_high", "_key", "_low", "_offsets", "_sorted")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._high, self._low = array("Q"), array("Q")
        self._contents, self._offsets = array("Q"), array("Q")
        self._sorted: tuple[NDArray[np.uint64], ...] = ()

    def add(self, event_id: str, content: bytes, offset: int) -> None:
        """Add a sale that was accepted."""
        high, low = self._digest(event_id)
        self._high.append(high)
        self._low.append(low)
        self._contents.append(self._content(content))
        self._offsets.append(offset)

    def close(self) -> None:
        """Sort the ids once all are added; needs twice the memory for a moment."""
        columns = [np.frombuffer(column, np.uint64) if column else np.empty(0, np.uint64) for column in self._columns()]
        highs, lows, _, offsets = columns
        order = np.lexsort((offsets, lows, highs))
        self._sorted = tuple(column[order] for column in columns)
        self._high, self._low, self._contents, self._offsets = array("Q"), array("Q"), array("Q"), array("Q")

    def fate(self, event_id: str, content: bytes, offset: int) -> tuple[Fate, int]:
        """What became of a sale without a trace, and the offset of the accepted sale that shows it.

        repeat: it repeats a sale accepted before it. other_content: its id was accepted before it, for another sale. before: its id was
        accepted only later, so it was not a repeat. unknown: its id was never accepted.
        """
        high, low = self._digest(event_id)
        highs, lows, contents, offsets = self._sorted
        at = int(np.searchsorted(highs, np.uint64(high)))
        mine, found = self._content(content), -1
        fate: Fate = "unknown"
        while at < len(highs) and int(highs[at]) == high:
            accepted = int(offsets[at])
            if int(lows[at]) != low:
                pass
            elif accepted > offset:
                return ("before", accepted) if fate == "unknown" else (fate, found)
            elif int(contents[at]) == mine:
                return "repeat", accepted
            elif fate == "unknown":
                fate, found = "other_content", accepted
            at += 1
        return fate, found

    def again(self) -> Iterator[int]:
        """Offsets of accepted sales whose id was accepted at a smaller offset too."""
        highs, lows, _, offsets = self._sorted
        same = (highs[1:] == highs[:-1]) & (lows[1:] == lows[:-1])
        yield from sorted(offsets[1:][same].tolist())

    def _columns(self) -> tuple["array[int]", ...]:
        return self._high, self._low, self._contents, self._offsets

    def _digest(self, event_id: str) -> tuple[int, int]:
        return divmod(int.from_bytes(blake2b(event_id.encode(), digest_size=16, key=self._key).digest()), _HALF)

    def _content(self, content: bytes) -> int:
        return int.from_bytes(blake2b(content, digest_size=8, key=self._key).digest())
