"""Files of sales: CSV of any sane delimiter and encoding, NDJSON and Parquet, plain or gzipped."""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final, cast

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import xxhash
from numpy.typing import NDArray

from producers.sources.rows import Column, Rows, Source, Unreadable, by_record
from streams.contract.codec import MAX_EVENT_BYTES, printable
from streams.contract.errors import UsageError

ROWS_AT_ONCE: Final = 20_000
MAX_COLUMNS: Final = 1_000
_MOST_CHARACTERS: Final = 1024 * 1024
"""Of a line of text: what is longer comes in pieces, so that a file without line ends does not fill the memory."""

_HEAD: Final = 256 * 1024
_EVIDENCE_LINES, _EVIDENCE_BYTES = 1_000, 64 * 1024 * 1024
_MARKS: Final = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
_END: Final = "\ufdd0"
"""Put behind the last line: where it stands within a row, a quote was never closed."""

_DELIMITERS: Final = (",", ";", "\t", "|")
_SEPARATOR: Final = re.compile(r'"?sep=([,;|\t])"?', re.IGNORECASE)


def open_file(path: Path) -> Source:
    """The source for a file, by its name. Raises UsageError."""
    with undamaged(path):
        exists, regular, size = path.exists(), path.is_file(), path.stat().st_size if path.is_file() else 0
    if not regular:
        raise UsageError(f"{path} is no file: give one with sales." if exists else f"There is no file {path}.")
    if size == 0:
        raise UsageError(f"The file {path} is empty: give one with a header line and rows.")
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".parquet", ".pq")):
        return Parquet(path)
    if name.endswith((".ndjson", ".jsonl", ".json")):
        return NdJson(path)
    return Delimited.sniffed(path)


@dataclass(frozen=True, slots=True)
class Delimited:
    """A CSV file with a header line; before it may stand Excel's line `sep=;`, which names the delimiter."""

    path: Path
    delimiter: str
    encoding: str
    names_delimiter: bool = False

    @classmethod
    def sniffed(cls, path: Path) -> "Delimited":
        """Finds the delimiter and the encoding out of the file's beginning. Raises UsageError."""
        with undamaged(path), opened(path) as stream:
            head = stream.read(_HEAD)
            if b"\n" not in head and b"\r" not in head and len(head) == _HEAD:
                raise UsageError(f"The first line of {path} has over {_HEAD:,} bytes: give a file with one line for the columns' names.")
            encoding = _encoding(head, stream)
        line = head.decode(encoding, "replace").lstrip().split("\n", 1)[0]
        if named := _SEPARATOR.fullmatch(line.rstrip("\r\n")):
            return cls(path, named[1], encoding, names_delimiter=True)
        if not line.strip():
            raise UsageError(f"The file {path} has no header line: give one with the names of the columns.")
        return cls(path, max(_DELIMITERS, key=line.count), encoding)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def about(self) -> str:
        """How the file is read, for a person."""
        shown = {"utf-8-sig": "UTF-8", "cp1252": "Windows-1252"}.get(self.encoding, self.encoding.upper())
        return f"{self.path.name} is read as {shown}, with {self.delimiter!r} between its columns."

    @property
    def fingerprint(self) -> str:
        """Of the file's size and beginning."""
        return _fingerprint(self.path)

    @property
    def once(self) -> bool:
        """A file can be read again."""
        return False

    def count(self) -> int | None:
        """Estimated from the beginning."""
        return _estimate(self.path)

    def read(self) -> Iterator[Rows]:
        """Rows by 20,000; a row of the wrong width, or broken quoting, is unreadable. Raises UsageError."""
        with undamaged(self.path), closing(_text(self.path, self.encoding)) as stream:
            if self.names_delimiter:
                stream.readline()
            lines = chain(iter(partial(stream.readline, _MOST_CHARACTERS), ""), [_END])
            reader = csv.reader(lines, delimiter=self.delimiter)
            try:
                header = [name.strip() for name in next(reader, [])]
            except csv.Error as error:
                raise UsageError(f"The header line of {self.path} cannot be split into columns: {error}.") from None
            if any(_END in name for name in header):
                raise UsageError(f"A quote in the header line of {self.path} is never closed.")
            while header and not header[-1]:
                # A spreadsheet exports columns that were once used: no name, no values.
                header.pop()
            check_columns(header, self.path)
            yield from _split(reader, header)


def _split(reader: Any, header: list[str]) -> Iterator[Rows]:  # noqa: C901 - a way that a row can be wrong a branch
    width, number = len(header), 0
    kept: list[list[str]] = []
    numbers: list[int] = []
    unreadable: list[Unreadable] = []
    ended = False
    while not ended:
        try:
            row = next(reader)
        except StopIteration:
            ended = True
        except csv.Error as error:
            number += 1
            unreadable.append(Unreadable(number, f"The row cannot be split into columns: {error}. Look at its quotes.", ""))
        else:
            if row[-1:] == [_END]:
                continue
            number += 1
            if row and row[-1].endswith(_END):
                sentence = "A quote of the row is never closed: the rest of the file stands in one value of it."
                unreadable.append(Unreadable(number, sentence, ",".join(row)[:500]))
                continue
            while len(row) > width and not row[-1].strip():
                row.pop()
            if not any(row):
                number -= 1
            elif len(row) == width:
                kept.append(row)
                numbers.append(number)
            else:
                sentence = f"The row has {len(row)} columns and the header {width}: look for a delimiter in a value without quotes."
                unreadable.append(Unreadable(number, sentence, ",".join(row)[:500]))
        if len(kept) >= ROWS_AT_ONCE or (ended and (kept or unreadable)):
            columns: dict[str, Column] = dict(zip(header, map(list, zip(*kept, strict=True)), strict=True)) if kept else {}
            yield Rows(numbers, columns, unreadable)
            kept, numbers, unreadable = [], [], []


@dataclass(frozen=True, slots=True)
class NdJson:
    """One JSON object a line."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def fingerprint(self) -> str:
        """Of the file's size and beginning."""
        return _fingerprint(self.path)

    @property
    def once(self) -> bool:
        """A file can be read again."""
        return False

    def count(self) -> int | None:
        """Estimated from the beginning."""
        return _estimate(self.path)

    def read(self) -> Iterator[Rows]:
        """Rows by 20,000; a line that is no JSON object is unreadable."""
        records: list[tuple[int, dict[str, Any]]] = []
        unreadable: list[Unreadable] = []
        with undamaged(self.path), closing(opened(self.path)) as stream:
            for number, line in enumerate(lines_of(stream), 1):
                try:
                    records.append((number, _object(line)))
                except ValueError as error:
                    unreadable.append(Unreadable(number, str(error), line[:500].decode("utf-8", "replace")))
                if len(records) >= ROWS_AT_ONCE:
                    yield by_record(records, unreadable)
                    records, unreadable = [], []
        if records or unreadable:
            yield by_record(records, unreadable)


@dataclass(frozen=True, slots=True)
class Parquet:
    """A Parquet file, read in its own row order."""

    path: Path

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    @property
    def fingerprint(self) -> str:
        """Of the file's size and beginning."""
        return _fingerprint(self.path)

    @property
    def once(self) -> bool:
        """A file can be read again."""
        return False

    def count(self) -> int | None:
        """As the file says."""
        return int(self._open().metadata.num_rows)

    def read(self) -> Iterator[Rows]:
        """Rows by 20,000. Raises UsageError."""
        number = 1
        file = self._open()
        check_columns(file.schema_arrow.names, self.path)
        with undamaged(self.path):
            for batch in file.iter_batches(ROWS_AT_ONCE):
                columns = {name: arrow_column(batch.column(place)) for place, name in enumerate(batch.schema.names)}
                yield Rows(range(number, number + len(batch)), columns)
                number += len(batch)

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self.path)
        except (OSError, pa.ArrowInvalid) as error:
            raise UsageError(f"The file {self.path} is no Parquet file that can be read: {error}.") from None


def check_columns(names: Sequence[str], path: Path) -> None:
    """Raises UsageError where there are too many columns, or two of one name."""
    if len(names) > MAX_COLUMNS:
        raise UsageError(f"The file {path} has {len(names):,} columns; at most {MAX_COLUMNS:,} are taken: give it those of the sales.")
    twice = [name for name, times in Counter(names).items() if times > 1]
    if twice:
        raise UsageError(f"The file {path} has two columns of one name, {printable(twice[0], 80)!r}: rename one.")


def arrow_column(array: pa.Array) -> Column:
    """A column of Arrow's as numbers, times or Python values."""
    kind = array.type
    if pa.types.is_timestamp(kind):
        return pd.DatetimeIndex(array.to_pandas())
    if pa.types.is_date(kind):
        return pd.DatetimeIndex(array.cast(pa.timestamp("us")).to_pandas())
    if (pa.types.is_integer(kind) or pa.types.is_floating(kind)) and not array.null_count:
        values: NDArray[Any] = array.to_numpy(zero_copy_only=False)
        return values
    listed: list[Any] = array.to_pylist()
    return listed


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_EVENT_BYTES:
        raise ValueError(f"The line has more than {MAX_EVENT_BYTES} bytes.")
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"The line is not JSON: {error}.") from None
    if isinstance(found, dict) and len(found) > MAX_COLUMNS:
        raise ValueError(f"The line has {len(found):,} fields; at most {MAX_COLUMNS:,} are taken.")
    if not isinstance(found, dict):
        raise ValueError("The line is JSON, but no object: write {...} on each line.")  # noqa: TRY004 - one kind of error for the caller
    return found


def lines_of(stream: IO[bytes]) -> Iterator[bytes]:
    """Lines that are not blank, none held in memory beyond what an event may have."""
    while line := stream.readline(MAX_EVENT_BYTES + 1):
        rest = line
        while len(rest) > MAX_EVENT_BYTES and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_EVENT_BYTES + 1)
        if line.strip():
            yield line


@contextmanager
def undamaged(path: Path) -> Iterator[None]:
    """Raises UsageError when the file cannot be read to its end."""
    try:
        yield
    except (OSError, EOFError, zlib.error, UnicodeError, pa.ArrowException) as error:
        raise UsageError(f"The file {path} cannot be read: {error}. Make it again, or replay the part that can be read.") from None


def opened(path: Path) -> IO[bytes]:
    """The bytes of a file, gzipped or not."""
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    return cast("IO[bytes]", gzip.open(path, "rb")) if zipped else path.open("rb")


def _text(path: Path, encoding: str) -> io.TextIOWrapper:
    # Bytes that are not of the encoding become lone surrogates, which the row is then refused for, by name.
    return io.TextIOWrapper(opened(path), encoding=encoding, errors="surrogateescape", newline="")


def _encoding(head: bytes, rest: IO[bytes]) -> str:
    """The encoding of a text that begins with `head`, by its byte order mark or by most of its lines beyond ASCII.

    A line that is not of it is a bad row, so that one odd byte does not change the names in all others.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    sample = head[:1024]
    if sample.count(0) * 3 > len(sample):
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    valid = invalid = seen = 0
    while head and valid + invalid < _EVIDENCE_LINES and seen < _EVIDENCE_BYTES:
        seen += len(head)
        if not head.isascii():
            more = rest.readline(_HEAD)  # a line that was cut would be no evidence
            for line in (head + more).split(b"\n"):
                if not line.isascii():
                    good = _is_utf8(line)
                    valid, invalid = valid + good, invalid + (not good)
        head = rest.read(_HEAD)
    return "cp1252" if invalid > valid else "utf-8-sig"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _fingerprint(path: Path) -> str:
    with path.open("rb") as stream:
        return f"{path.stat().st_size:x}-{xxhash.xxh3_64_hexdigest(stream.read(_HEAD))}"


def _estimate(path: Path) -> int | None:
    """Lines below the header, by the size of the file and the length of its first lines."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        if stream.read(2) == b"\x1f\x8b":
            # gzip ends with the size of what it holds, modulo 4 GiB: good enough for a progress bar.
            stream.seek(max(0, size - 4))
            size = int.from_bytes(stream.read(4), "little")
    with undamaged(path), closing(opened(path)) as stream:
        head = stream.read(_HEAD)
    return max(1, round(size * head.count(b"\n") / len(head)) - 1) if head.count(b"\n") else None
