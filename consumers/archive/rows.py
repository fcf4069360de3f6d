"""What the tables of the archive hold, and the rows that messages become. Pure.

`events` (bronze) and `dead_letters` (quarantine) keep bytes as they came, `forecasts` too, with the fields by which they are looked for.
`sales` (silver) holds each accepted sale once, by its fields. Every table is partitioned by `date` and names the place of each row in its
topic: `partition` and `log_offset`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

import msgspec
import pyarrow as pa

from consumers.runtime.sequence import admit
from consumers.runtime.sink import Record
from consumers.statistics.statistics import readable_sale
from streams.contract.messages import SaleAccepted
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS, REJECTED

Row = dict[str, Any]

_PLACE: Final = [
    pa.field("date", pa.string(), nullable=False),
    pa.field("partition", pa.int32(), nullable=False),
    pa.field("log_offset", pa.int64(), nullable=False),
    pa.field("written_ms", pa.int64(), nullable=False),
]
"""`written_ms`: when the message came to Kafka, milliseconds since 1970; 0: unknown."""

_SALE: Final = [
    ("seq", pa.int64()), ("event_id", pa.string()), ("store", pa.string()), ("item", pa.string()), ("quantity", pa.float64()),
    ("sold_at", pa.float64()), ("hour", pa.int32()), ("revenue_micros", pa.int64()), ("profit_micros", pa.int64()), ("offset", pa.int64()),
    ("late_seconds", pa.float64()), ("order_id", pa.string()), ("category", pa.string()), ("channel", pa.string()),
    ("on_promotion", pa.bool_()), ("currency", pa.string()),
]  # fmt: skip
"""The fields of an accepted sale; `offset` is that of its event in `sales.events`, `date` its business date."""


class _Named(msgspec.Struct):
    type: str = ""
    id: str = ""
    store: str = ""
    item: str = ""


_named: Final = msgspec.json.Decoder(_Named)


@lru_cache(maxsize=1024)
def _date_of(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()


def milliseconds(record: Record) -> int:
    """When a message came to Kafka, as the processor is told it."""
    return round(record.timestamp * 1000)


def _place(record: Record, date: str | None = None) -> Row:
    written = milliseconds(record)
    return {
        "date": date or _date_of(written // 86_400_000),
        "partition": record.partition,
        "log_offset": record.offset,
        "written_ms": written,
    }


def _event_rows(records: Sequence[Record], _seq: int) -> tuple[list[Row], int]:
    return [_place(record) | {"key": record.key, "value": record.value} for record in records], 0


def _sale_rows(records: Sequence[Record], seq: int) -> tuple[list[Row], int]:
    """Each sale once and in order; repeats, and what came ahead of its turn, stay out."""
    found: list[SaleAccepted] = []
    places: dict[int, Record] = {}
    for record in records:
        try:
            sale = readable_sale(record.value)
        except ValueError:
            continue
        found.append(sale)
        places[id(sale)] = record
    admitted = admit(found, seq)
    rows = []
    for sale in admitted.sales:
        row = _place(places[id(sale)], sale.business_date)
        rows.append(row | {name: getattr(sale, name) for name, _ in _SALE})
    return rows, admitted.seq


def seq_before(records: Sequence[Record]) -> int:
    """The `seq` before the first sale of messages whose predecessors are gone; 0 if there is none."""
    for record in records:
        try:
            return readable_sale(record.value).seq - 1
        except ValueError:
            continue
    return 0


def _forecast_rows(records: Sequence[Record], _seq: int) -> tuple[list[Row], int]:
    rows = []
    for record in records:
        try:
            named = _named.decode(record.value)
        except (msgspec.DecodeError, ValueError):
            named = _Named()
        told = {"type": named.type, "id": named.id, "store": named.store, "item": named.item, "value": record.value}
        rows.append(_place(record) | told)
    return rows, 0


def _letter_rows(records: Sequence[Record], _seq: int) -> tuple[list[Row], int]:
    rows = []
    for record in records:
        headers = dict(record.headers)
        told = {name.replace("-", "_"): _text(headers.get(name)) for name in ("reason", "error", "source-topic")}
        numbers = {name.replace("-", "_"): _number(headers.get(name)) for name in ("source-partition", "source-offset")}
        rows.append(_place(record) | told | numbers | {"key": record.key, "value": record.value})
    return rows, 0


def _text(value: bytes | None) -> str:
    return (value or b"").decode(errors="replace")


def _number(value: bytes | None) -> int:
    return int(value) if value is not None and value.isdigit() and len(value) < 19 else -1


def sale_of(row: Row) -> SaleAccepted:
    """The accepted sale of a row of `sales`."""
    fields = {name: row[name] for name, _ in _SALE if row[name] is not None}
    return SaleAccepted(business_date=row["date"], partition=row["partition"], **fields)


@dataclass(frozen=True, slots=True)
class Kept:
    """A table: its topic and columns, and how the messages of one partition become rows.

    rows: from messages in order and the `seq` before them; returns the rows and the `seq` after them, 0 where sales are not numbered.
    """

    name: str
    topic: str
    schema: pa.Schema
    rows: Callable[[Sequence[Record], int], tuple[list[Row], int]]
    numbered: bool = False


def _schema(fields: Sequence[tuple[str, pa.DataType]]) -> pa.Schema:
    return pa.schema([*_PLACE, *(pa.field(name, kind) for name, kind in fields)])


TABLES: Final = (
    Kept("events", EVENTS, _schema([("key", pa.binary()), ("value", pa.binary())]), _event_rows),
    Kept("sales", ACCEPTED, _schema(_SALE), _sale_rows, numbered=True),
    Kept(
        "forecasts",
        FORECASTS,
        _schema([(name, pa.string()) for name in ("type", "id", "store", "item")] + [("value", pa.binary())]),
        _forecast_rows,
    ),
    Kept(
        "dead_letters",
        REJECTED,
        _schema(
            [
                *((name, pa.string()) for name in ("reason", "error", "source_topic")),
                *(("source_partition", pa.int32()), ("source_offset", pa.int64()), ("key", pa.binary()), ("value", pa.binary())),
            ]
        ),
        _letter_rows,
    ),
)
