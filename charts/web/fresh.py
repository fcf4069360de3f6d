"""Keeps answers for a few seconds: the same question gets the same answer meanwhile, and it is made only once."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

T = TypeVar("T")
_MOST: Final = 200


@dataclass
class _Kept:
    lock: threading.Lock = field(default_factory=threading.Lock)
    until: float = 0.0
    value: Any = None


class FreshFor:
    """Values by key, each made again when it is older than `seconds`. May be used from many threads."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic, most: int = _MOST) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of a key; what `make` raises is not kept."""
        with self._lock:
            kept = self._kept.setdefault(key, _Kept())
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        with kept.lock:
            if kept.until <= self._clock():
                kept.value = make()
                kept.until = self._clock() + self._seconds
            value: T = kept.value
            return value
