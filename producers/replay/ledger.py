"""Keeps on disk how far a replay has come; written only after Kafka's acknowledgement, so that a kill loses nothing."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import msgspec
import xxhash
from msgspec import Struct, field

from producers.announcements.known_ahead import NOTHING_AHEAD, KnownAhead
from producers.sources.building import BadRow
from producers.sources.mapping import Mapping, written
from producers.sources.rows import Source
from streams.contract.errors import FileError, UsageError
from streams.files.whole_files import make_folder, write_whole


class Standing(Struct, kw_only=True):
    """What is settled, that is sent and acknowledged: `runs` whole runs of rows, and the first `events` events of the next run.

    bad, skipped, late, plans: counts that include a run as soon as it is begun. bad_bytes: length of the file of bad rows.
    by_time: whether the runs are those of the rows sorted by time, rather than those of the source's order.
    mark: where a source that is read on later continues after the settled runs.
    """

    runs: int = 0
    events: int = 0
    begun: int = 0
    rows: int = 0
    published: int = 0
    bad: int = 0
    bad_bytes: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    stores: list[str] = field(default_factory=list)
    newest: float = 0.0
    late: int = 0
    plans: int = 0
    by_time: bool = False
    closed: bool = False
    mark: str = ""


class Ledger:
    """The progress file of one source under one mapping and with the same announcements, and beside it the file of its bad rows.

    known, timezone: what is announced ahead, of days in which zone; announcements are counted among the events.
    """

    def __init__(self, folder: Path, source: Source, mapping: Mapping, known: KnownAhead = NOTHING_AHEAD, timezone: str = "UTC") -> None:
        ahead = f"\n{known} {timezone}" if known else ""  # as in releases that knew none
        identity = xxhash.xxh3_64_hexdigest(f"{source.fingerprint}\n{written(mapping)}{ahead}".encode())
        stem = "".join(c if c.isalnum() or c in "-_." else "_" for c in source.name)[-60:]
        self.path = folder / f"{stem}-{identity}.json"
        self.bad_path = folder / f"{stem}-{identity}.bad.ndjson"

    def exists(self) -> bool:
        """Whether an earlier replay of the same rows has left its progress."""
        return self.path.exists()

    def read(self) -> Standing:
        """How far it came; the beginning if there is no file. Raises UsageError if the file cannot be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Standing)
        except FileNotFoundError:
            return Standing()
        except (OSError, msgspec.DecodeError) as error:
            raise UsageError(f"The progress file {self.path} cannot be read: {error}. Delete it and replay from the start.") from None

    def write(self, standing: Standing) -> None:
        """Replace the old progress by the new one in one step."""
        make_folder(self.path.parent)
        write_whole(self.path, msgspec.json.encode(standing))

    def forget(self) -> None:
        """Start over."""
        self.path.unlink(missing_ok=True)
        self.bad_path.unlink(missing_ok=True)

    def read_on(self, *, from_start: bool = False) -> str:
        """Begin a replay that reads on from where the last one came to; returns its mark, empty for the beginning."""
        before = self.read()
        if from_start or not before.mark:
            self.forget()
            return ""
        # The settled runs are behind the mark; the file of bad rows goes on.
        self.write(Standing(mark=before.mark, bad_bytes=before.bad_bytes))
        return before.mark

    def bad_rows(self, keep_bytes: int) -> "BadRows":
        """The file of bad rows, cut back to what is settled."""
        return BadRows.opened(self.bad_path, keep_bytes)


class BadRows:
    """Rows that are not sales, one JSON object per line: row, reason, sentence, values."""

    def __init__(self, path: Path, settled: int) -> None:
        self.path = path
        self.size = settled

    @classmethod
    def opened(cls, path: Path, keep_bytes: int) -> Self:
        """Open the file at `path`, cut back to `keep_bytes`: what a killed replay wrote beyond that is written again."""
        if path.exists():
            os.truncate(path, min(keep_bytes, path.stat().st_size))
        return cls(path, keep_bytes)

    def add(self, rows: Sequence[BadRow]) -> None:
        """Append rows and flush them to disk. Raises FileError."""
        if not rows:
            return
        make_folder(self.path.parent)
        try:
            with self.path.open("ab") as stream:
                for row in rows:
                    stream.write(_line(row))
                stream.flush()
                os.fsync(stream.fileno())
                self.size = stream.tell()
        except OSError as error:
            raise FileError(f"{self.path} cannot be written: {error.strerror or error}.") from None


def _line(row: BadRow) -> bytes:
    try:
        return msgspec.json.encode(row) + b"\n"
    except UnicodeEncodeError:
        values = {_clean(name): None if value is None else _clean(value) for name, value in row.values.items()}
        return msgspec.json.encode(BadRow(row.row, row.reason, _clean(row.sentence), values)) + b"\n"


def _clean(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
