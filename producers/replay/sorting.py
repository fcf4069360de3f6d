"""Detects rows that are not in order of time, and sorts their events, in files if memory does not suffice.

The worker closes a day once events of the next one have come. So nearly all rows would come late from a file that starts with the newest,
or that lists one store after another. Event ids and bad rows stay those of the source's own order.
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
"""Events in each run that sorting returns. Progress files count these runs, so another number needs another name for the files."""

HOLD_BYTES: Final = 256 * 1024 * 1024
"""Bytes of events that are sorted in memory, about 1.5 million sales; as Python lists they take a third more."""

_BLOCK: Final = 4_000
_SCHEMA: Final = pa.schema([("key", pa.binary()), ("raw", pa.binary()), ("time", pa.float64())])


@dataclass(frozen=True, slots=True)
class Older:
    """A row, and by how many seconds it is older than one before it."""

    row: int
    seconds: float


class Order:
    """Checks the order of the rows' times, run after run.

    lateness_seconds: by how much a row may be older than one before it. latest: times beyond it (epoch seconds) are wrong and ignored.
    """

    def __init__(self, mapping: Mapping, lateness_seconds: float, latest: float) -> None:
        self._mapping, self._lateness, self._latest = mapping, lateness_seconds, latest
        self._newest = -math.inf

    def broken_by(self, rows: Rows) -> Older | None:
        """The first of these rows that is too old for its place. Raises UsageError if the columns of the time are missing."""
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
    """By how much each time is older than the newest one before it, 0 or less if it is not. newest: the newest before all of these."""
    before: Floats = np.maximum.accumulate(np.concatenate(([newest], times)))[:-1]
    return before - times


class Sorter:
    """Sorts events by time; events of the same time keep their order. Use it in a `with` statement.

    It holds `hold_bytes` of them in memory, and writes more as sorted runs to temporary files in `folder` (None: the system's folder). The
    files have no name, so they vanish with the process, however it ends.
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
        """Add a run's events. Raises UsageError if the disk has no room for them."""
        self._held.append(Built(built.keys, built.raws, built.times))
        self._bytes += sum(map(len, built.raws))
        if self._bytes > self._hold_bytes:
            self._write()

    def sorted(self) -> Iterator[Built]:
        """All events in runs of `AT_ONCE`, the last one shorter; the runs do not depend on how much was held in memory."""
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
    """For each run, its bad and skipped rows without events; after the last run, all events in the sorted runs of `Sorter`."""
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
    """The events in order, a number of them at a time."""
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
    """Merge sorted files; `files` must be in the order in which their events came."""
    heads = {number: next(file) for number, file in enumerate(files)}
    while heads:
        # Everything up to this time may go: all that is still unread in any file is newer.
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
    """The same events in runs of equal size."""
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
