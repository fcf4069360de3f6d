"""Which event ids came recently: a repeat is dropped, the same id with other content is a conflict."""

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from xxhash import xxh3_64_intdigest


class DedupeWindow:
    """The newest `size` to 2 x `size` event ids of a partition, as two generations of hashes.

    An id is kept as 64 bits, with 32 bits of its content: 12 bytes in a snapshot, about 150 in memory. In a window of 200,000 ids, two
    agree by chance once in 10^9 windows. When the newer generation is full, the older one is dropped as a whole. That depends only on the
    log, so every replay drops it at the same event.
    """

    __slots__ = ("_new", "_old", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._new: dict[int, int] = {}
        self._old: dict[int, int] = {}

    def seen(self, event_id: str, fingerprint: int) -> int | None:
        """The fingerprint with which this id came before; None if the id is new, which is then remembered."""
        key = xxh3_64_intdigest(event_id.encode())
        known = self._new.get(key)
        if known is None:
            known = self._old.get(key)
            if known is None:
                self._new[key] = fingerprint
                if len(self._new) >= self.size:
                    self._old, self._new = self._new, {}
        return known

    def __len__(self) -> int:
        return len(self._new) + len(self._old)

    def dump(self) -> dict[str, Any]:
        """The window as arrays, oldest first."""
        state: dict[str, Any] = {"size": self.size}
        for name, ids in (("old", self._old), ("new", self._new)):
            state[name + "_ids"] = np.fromiter(ids, np.uint64, len(ids))
            state[name + "_contents"] = np.fromiter(ids.values(), np.uint32, len(ids))
        return state

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Self:
        """Restore what `dump` returned."""
        window = cls(state["size"])
        window._old = dict(zip(state["old_ids"].tolist(), state["old_contents"].tolist(), strict=True))
        window._new = dict(zip(state["new_ids"].tolist(), state["new_contents"].tolist(), strict=True))
        return window
