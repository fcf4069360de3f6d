"""Rows that are not in the order of their times: finding it out, and sorting their events, in files where memory ends.

The worker closes a day when events of the next have come, so a file that is newest first, or holds one store after the
other, would come late nearly as a whole. The ids of events and the bad rows are those of the source's own order.
"""

import math
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from producers.sources.building import Built, times_of
from producers.sources.columns import Floats
from producers.sources.mapping import Mapping
from producers.sources.rows import Rows
from streams.contract.codec import EARLIEST
from streams.contract.errors import UsageError

AT_ONCE: Final = 20_000
"""Events a run has that comes out of sorting. Progress files count these runs: another number needs another name for them."""

HOLD_BYTES: Final = 256 * 1024 * 1024
"""Bytes of events that are sorted in memory, about 1.5 million sales; as lists of Python's they take a third more."""

_BLOCK: Final = 4_000
_SCHEMA: Final = pa.schema([("key", pa.binary()), ("raw", pa.binary()), ("time", pa.float64())])


@dataclass(frozen=True, slots=True)
class Older:
    """A row and by how many seconds it is older than one before it."""

    row: int
    seconds: float


class Order:
    """Looks at the times of rows, run after run.

    lateness_seconds: how much older than one before it a row may be. latest: epoch seconds of a wrong date, not looked at.
    """

    def __init__(self, mapping: Mapping, lateness_seconds: float, latest: float) -> None:
        self._mapping, self._lateness, self._latest = mapping, lateness_seconds, latest
        self._newest = -math.inf

    def broken_by(self, rows: Rows) -> Older | None:
        """The first of these rows that is too old for its place. Raises UsageError when the time's columns are not there."""
        if not len(rows):
            return None
        self._mapping.check_columns(list(rows.columns))
        times = times_of(rows.columns, self._mapping.time)
        known = np.flatnonzero((times >= EARLIEST) & (times < self._latest))
        behind = behind_seconds(times[known], self._newest)
        late = np.flatnonzero(behind > self._lateness)
        if len(late):
            return Older(rows.numbers[int(known[late[0]])], float(behind[late[0]]))
        self._newest = max(self._newest, float(times[known].max(initial=-math.inf)))
        return None


def behind_seconds(times: Floats, newest: float) -> Floats:
    """By how much each time is older than the newest before it; 0 or less where it is not. newest: of all before these."""
    before: Floats = np.maximum.accumulate(np.concatenate(([newest], times)))[:-1]
    return before - times


class Sorter:
    """Puts events into the order of their times; those of one time stay in the order they came in.

    Holds `hold_bytes` of them, and beyond that sorted runs in temporary files of `folder` (where the system has its own when
    None), which have no name: they are gone with the process, however it ends. Use it in `with`.
    """

    def __init__(self, hold_bytes: int = HOLD_BYTES, folder: Path | None = None) -> None:
        self._hold_bytes, self._folder = hold_bytes, folder
        self._held: list[Built] = []
        self._bytes = 0
        self._files: list[IO[bytes]] = []
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def add(self, built: Built) -> None:
        """Take a run's events. Raises UsageError when there is no room for them."""
        self._held.append(Built(built.keys, built.raws, built.times))
        self._bytes += sum(map(len, built.raws))
        if self._bytes > self._hold_bytes:
            self._write()

    def sorted(self) -> Iterator[Built]:
        """All events in runs of `AT_ONCE`, the last one shorter: the same runs however much was held in memory."""
        if not self._files:
            yield from _parts(self._held, AT_ONCE)
            return
        self._write()
        yield from _cut(_merged([_read(file) for file in self._files]), AT_ONCE)

    def _write(self) -> None:
        held, self._held, self._bytes = [built for built in self._held if built.raws], [], 0
        if not held:
            return
        try:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True)
            file = self._open.enter_context(_nameless(self._folder))
            with pa.ipc.new_stream(file, _SCHEMA, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
                for part in _parts(held, _BLOCK):
                    stream.write_batch(pa.record_batch([part.keys, part.raws, part.times], schema=_SCHEMA))
            file.flush()
        except OSError as error:
            where = self._folder or tempfile.gettempdir()
            raise UsageError(
                f"The rows cannot be sorted by time in {where}: {error}. Make room there, or sort the source yourself."
            ) from None
        self._files.append(file)


def sorted_by_time(runs: Iterable[Built], hold_bytes: int = HOLD_BYTES, folder: Path | None = None) -> Iterator[Built]:
    """For each run its bad and skipped rows and no events; after the last all events in runs of `AT_ONCE`, as `Sorter` puts them."""
    with Sorter(hold_bytes, folder) as sorter:
        for built in runs:
            sorter.add(built)
            yield Built(bad=built.bad, skipped=built.skipped, rows=len(built.bad) + built.skipped.total())
        for built in sorter.sorted():
            built.rows = len(built.raws)
            yield built


def _nameless(folder: Path | None) -> IO[bytes]:
    return cast("IO[bytes]", tempfile.TemporaryFile(prefix="shelfcast-", dir=folder))


def _parts(held: list[Built], size: int) -> Iterator[Built]:
    """The events in order, so many at a time."""
    every = _joined(held)
    order = np.argsort(every.times, kind="stable")
    for first in range(0, len(order), size):
        yield _taken(every, order[first : first + size])


def _read(file: IO[bytes]) -> Iterator[Built]:
    file.seek(0)
    for batch in pa.ipc.open_stream(file):
        keys, raws, times = (batch.column(place) for place in range(3))
        yield Built(keys.to_pylist(), raws.to_pylist(), times.to_numpy())


def _merged(files: list[Iterator[Built]]) -> Iterator[Built]:
    """One order out of several; `files` stand in the order in which their events came."""
    heads = {number: next(file) for number, file in enumerate(files)}
    while heads:
        # All that is not newer than this may go: what is still unread of any file comes after it.
        until, of = min((float(head.times[-1]), number) for number, head in heads.items())
        ready: list[Built] = []
        for number, head in list(heads.items()):
            end = int(np.searchsorted(head.times, until, side="right" if number <= of else "left"))
            ready.append(_sliced(head, 0, end))
            rest = _sliced(head, end, len(head.raws)) if end < len(head.raws) else next(files[number], None)
            if rest is None:
                del heads[number]
            else:
                heads[number] = rest
        yield from _parts(ready, AT_ONCE)


def _cut(parts: Iterable[Built], size: int) -> Iterator[Built]:
    """The same events in runs of one size."""
    held = Built()
    for part in parts:
        held = _joined([held, part])
        while len(held.raws) >= size:
            yield _sliced(held, 0, size)
            held = _sliced(held, size, len(held.raws))
    if held.raws:
        yield held


def _joined(parts: list[Built]) -> Built:
    keys = [key for part in parts for key in part.keys]
    raws = [raw for part in parts for raw in part.raws]
    return Built(keys, raws, np.concatenate([np.empty(0), *(part.times for part in parts)]))


def _taken(built: Built, places: NDArray[np.intp]) -> Built:
    listed = places.tolist()
    return Built([built.keys[place] for place in listed], [built.raws[place] for place in listed], built.times[places])


def _sliced(built: Built, first: int, last: int) -> Built:
    return Built(built.keys[first:last], built.raws[first:last], built.times[first:last])
