"""The sales of a shop's own database: a query that joins its tables, read on from where an earlier replay stopped."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec
import xxhash

from producers.sources.database import engine_of, shown, streamed
from producers.sources.mapping import ShopQuery
from producers.sources.rows import Rows
from streams.contract.errors import UsageError
from streams.contract.settings import Secret

ROWS_AT_ONCE: Final = 5_000
"""Rows of a run: a stopped replay sends at most so many again, under the same ids."""

Value = int | str | date | datetime


class Mark(msgspec.Struct, frozen=True):
    """How far the rows have been sent: the newest value of the watermark column, and hashes of the keys from `overlap` before it on."""

    kind: str
    newest: str
    seen: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ShopDatabase:
    """The rows that a shop's database has beyond a mark ("" : all), by watermark and key. Each run of rows carries the next mark."""

    url: Secret
    query: ShopQuery
    since: str = ""

    once = True

    @property
    def name(self) -> str:
        """The database, without user and password."""
        return shown(self.url)

    @property
    def fingerprint(self) -> str:
        """Of the database and the query; the mark is no part of it."""
        return xxhash.xxh3_64_hexdigest(f"{self.url.reveal()}\n{self.query.sql}".encode())

    def count(self) -> int | None:
        """Not known: counting would run the query twice."""
        return None

    def read(self) -> Iterator[Rows]:
        """Rows by 5,000, without those that the mark has. Raises UsageError, ServerError."""
        mark = msgspec.json.decode(self.since, type=Mark) if self.since else None
        statement, values = self._statement(mark)
        held = _Seen(self.query, mark)
        number = 1
        for names, batch in streamed(self.url, statement, values, ROWS_AT_ONCE):
            rows = held.unsent(names, batch)
            columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
            yield Rows(range(number, number + len(rows)), columns, mark=held.mark())
            number += len(rows)

    def _statement(self, mark: Mark | None) -> tuple[str, dict[str, Any]]:
        engine = engine_of(self.url)
        quoted = [engine.dialect.identifier_preparer.quote(name) for name in (self.query.watermark, *self.query.key)]
        engine.dispose()
        inner = self.query.sql.strip().rstrip(";")
        since = "" if mark is None else f" WHERE {quoted[0]} >= :since_mark"
        statement = f"SELECT * FROM ({inner}) shop_rows{since} ORDER BY {', '.join(quoted)}"  # noqa: S608 - the shop's own query
        return statement, {} if mark is None else {"since_mark": earlier(value_of(mark), self.query.overlap)}


class _Seen:
    """The keys of rows that were sent and may be read again."""

    def __init__(self, query: ShopQuery, mark: Mark | None) -> None:
        self._query = query
        self._newest: Value | None = None if mark is None else value_of(mark)
        self._before = frozenset(() if mark is None else mark.seen)
        self._sent: list[tuple[Value, int]] = [] if mark is None else [(value_of(mark), one) for one in mark.seen]

    def unsent(self, names: Sequence[str], batch: Sequence[Sequence[Any]]) -> list[Sequence[Any]]:
        """The rows that were not sent before. Raises UsageError if one has no watermark."""
        at, keys = names.index(self._query.watermark), [names.index(name) for name in self._query.key]
        rows = []
        for row in batch:
            value = row[at]
            if isinstance(value, Decimal) and value == int(value):
                value = int(value)
            if not isinstance(value, (int, str, date)):
                raise UsageError(
                    f"The watermark {self._query.watermark!r} holds {str(value)[:40]!r}: choose a column of dates, times or whole numbers "
                    "that is never empty."
                )
            digest = xxhash.xxh3_64_intdigest("\x1f".join(str(row[key]) for key in keys).encode("utf-8", "surrogatepass"))
            if digest in self._before:
                continue
            rows.append(row)
            self._newest = value
            self._sent.append((value, digest))
        return rows

    def mark(self) -> str:
        """Where to continue after the rows so far."""
        if self._newest is None:
            return ""
        least: Any = earlier(self._newest, self._query.overlap)
        self._sent = [one for one in self._sent if one[0] >= least]
        kind, text = _written(self._newest)
        return msgspec.json.encode(Mark(kind, text, tuple(digest for _, digest in self._sent))).decode()


def value_of(mark: Mark) -> Value:
    """The watermark as the database gave it."""
    if mark.kind == "datetime":
        return datetime.fromisoformat(mark.newest)
    if mark.kind == "date":
        return date.fromisoformat(mark.newest)
    return int(mark.newest) if mark.kind == "int" else mark.newest


def earlier(value: Value, overlap: float) -> Value:
    """A watermark so many days, or so many numbers, before another. Raises UsageError for a text that is no date."""
    if not overlap:
        return value
    if isinstance(value, int):
        return value - int(overlap)
    if isinstance(value, str):
        try:
            moved = datetime.fromisoformat(value) - timedelta(days=overlap)
        except ValueError:
            raise UsageError(f"overlap needs a watermark of dates or numbers, and {value[:40]!r} is none: leave overlap out.") from None
        return moved.isoformat(sep=value[10:11] or " ")[: len(value)]
    return value - timedelta(days=overlap)


def _written(value: Value) -> tuple[str, str]:
    if isinstance(value, datetime):
        return "datetime", value.isoformat()
    if isinstance(value, date):
        return "date", value.isoformat()
    return ("int", str(value)) if isinstance(value, int) else ("str", value)
