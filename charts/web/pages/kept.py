"""Keeps what takes long to read, and reads it anew in the background: a page waits for it a moment, and not longer."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotReadyError
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

T = TypeVar("T")
WAIT_SECONDS: Final = 0.7
"""How long a page waits for what is not there yet."""
_MOST: Final = 1000
_FAILED_SECONDS: Final = 3.0
"""How long after a failure it is not tried again."""
_READING_SHARE: Final = 20
"""A value is kept at least so many times as long as it took to read, so that reading never takes more than 5 % of a core."""


@dataclass
class _Value:
    value: Any = None
    made_at: float = float("-inf")
    seconds: float = 0.0
    future: "Future[Any] | None" = None
    error: Exception | None = None
    failed_at: float = float("-inf")
    lock: threading.Lock = field(default_factory=threading.Lock)


class Kept:
    """Values by key. Used by many threads; at most two values are read at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, wait_seconds: float = WAIT_SECONDS) -> None:
        self._clock = clock
        self._wait = wait_seconds
        self._values: OrderedDict[Hashable, _Value] = OrderedDict()
        self._lock = threading.Lock()
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="desk")
        self._visit = threading.local()

    @contextmanager
    def visit(self) -> Iterator[None]:
        """Within it, all values together are waited for as long as otherwise one: a page of fifty stores is as quick as one of one."""
        self._visit.until = time.monotonic() + self._wait
        try:
            yield
        finally:
            del self._visit.until

    def peek(self, key: Hashable) -> Any:
        """The value of a key as it was last read; None: it was not. Nothing is read."""
        with self._lock:
            entry = self._values.get(key)
        return None if entry is None else entry.value

    def forget(self, key: Hashable) -> None:
        """Have the value of a key read anew: somebody has changed what it tells of."""
        with self._lock:
            self._values.pop(key, None)

    def get(self, key: Hashable, make: Callable[[], T], seconds: float, wait_seconds: float | None = None) -> T | None:
        """The value of a key, at most `seconds` old if reading is quick; an older one where it is not; None: not read yet.

        Raises what `make` raises if there is no older value.
        """
        entry = self._entry(key)
        with entry.lock:
            age = self._clock() - entry.made_at
            if age < max(seconds, _READING_SHARE * entry.seconds):
                value: T = entry.value
                return value
            if entry.error is not None and self._clock() - entry.failed_at < _FAILED_SECONDS:
                if entry.made_at == float("-inf"):
                    raise entry.error
                old: T = entry.value
                return old
            if entry.future is None:
                entry.future = self._readers.submit(self._read, entry, make)
            future = entry.future
        try:
            future.result(self._patience(wait_seconds))
        except NotReadyError:
            pass
        except Exception:
            if entry.made_at == float("-inf"):
                raise
        newest: T | None = entry.value
        return newest

    def _patience(self, wait_seconds: float | None) -> float:
        wait = self._wait if wait_seconds is None else wait_seconds
        until = getattr(self._visit, "until", None)
        return wait if until is None else max(min(wait, until - time.monotonic()), 0.0)

    def close(self) -> None:
        """Read nothing more."""
        self._readers.shutdown(wait=False, cancel_futures=True)

    def _read(self, entry: _Value, make: Callable[[], Any]) -> None:
        began = time.monotonic()
        try:
            entry.value = make()
            entry.made_at, entry.seconds, entry.error = self._clock(), time.monotonic() - began, None
        except Exception as error:
            entry.error, entry.failed_at = error, self._clock()
            raise
        finally:
            with entry.lock:
                entry.future = None

    def _entry(self, key: Hashable) -> _Value:
        with self._lock:
            entry = self._values.setdefault(key, _Value())
            self._values.move_to_end(key)
            while len(self._values) > _MOST:
                self._values.popitem(last=False)
            return entry
