"""Rows as bytes: JSON for programs, CSV for people, Parquet for notebooks and warehouses."""

import io
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct, UnsetType

from charts.web.api.problems import ParameterError
from streams.contract.codec import printable
from streams.files.spreadsheet import csv_text

JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"
OF_FORMAT: Final = {"json": JSON, "csv": CSV, "parquet": PARQUET}
"""Media types by the names that the parameter `format` takes."""

_ARROW: Final = {
    msgspec.inspect.StrType: pa.string(),
    msgspec.inspect.LiteralType: pa.string(),
    msgspec.inspect.IntType: pa.int64(),
    msgspec.inspect.FloatType: pa.float64(),
    msgspec.inspect.BoolType: pa.bool_(),
}
_FORMATS: Final[dict[str, tuple[pa.DataType, Callable[[str], Any]]]] = {
    "date": (pa.date32(), date.fromisoformat),
    "decimal": (pa.decimal128(38, 3), Decimal),
}
"""Formats of text that Parquet has types for. A decimal has two places, or the three of weighed units."""


def fields_of(kind: type[Struct], named: str | None) -> tuple[str, ...]:
    """The fields to give of rows of a kind; all where none are named. Raises ParameterError."""
    known = kind.__struct_encode_fields__
    if named is None:
        return known
    wanted = tuple(dict.fromkeys(name.strip() for name in named.split(",")))
    for name in wanted:
        if name not in known:
            raise ParameterError("fields", f"There is no field {printable(name, 40)!r}: use {', '.join(known)}.")
    return wanted


def json_of(rows: Sequence[Struct], kind: type[Struct], named: str | None) -> bytes:
    """A JSON array of objects. Raises ParameterError."""
    if named is None:
        return msgspec.json.encode(rows)
    fields = fields_of(kind, named)
    return msgspec.json.encode([
        {field: value for field in fields if not isinstance(value := getattr(row, field), UnsetType)} for row in rows
    ])  # fmt: skip


def csv_of(rows: Iterable[Struct], kind: type[Struct], named: str | None) -> bytes:
    """CSV with a header. Raises ParameterError."""
    fields = fields_of(kind, named)
    return csv_text(fields, ([_cell(getattr(row, field)) for field in fields] for row in rows)).encode()


def parquet_of(rows: Sequence[Struct], kind: type[Struct], named: str | None) -> bytes:
    """A Parquet file; its types follow from the fields of the kind. Raises ParameterError."""
    types = {field.encode_name: field.type for field in _struct(kind).fields}
    columns, schema = [], []
    for field in fields_of(kind, named):
        arrow, read, nullable = _arrow(types[field])
        values = [getattr(row, field) for row in rows]
        columns.append(pa.array([None if value is None else read(value) for value in values] if read else values, arrow))
        schema.append(pa.field(field, arrow, nullable))
    out = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(columns, schema=pa.schema(schema)), out, compression="zstd")
    return out.getvalue()


def _struct(kind: type[Struct]) -> msgspec.inspect.StructType:
    found = msgspec.inspect.type_info(kind)
    if not isinstance(found, msgspec.inspect.StructType):
        raise TypeError(kind)
    return found


def _cell(value: Any) -> str | float:
    return "" if value is None else value


def _arrow(kind: msgspec.inspect.Type, form: str | None = None) -> tuple[pa.DataType, Callable[[str], Any] | None, bool]:
    """The type of a column, what makes its values of text, and whether it may be null."""
    if isinstance(kind, msgspec.inspect.Metadata):
        return _arrow(kind.type, (kind.extra_json_schema or {}).get("format", form))
    if isinstance(kind, msgspec.inspect.UnionType):
        [held] = [one for one in kind.types if not isinstance(one, msgspec.inspect.NoneType)]
        arrow, read, _ = _arrow(held, form)
        return arrow, read, True
    if form in _FORMATS:
        return *_FORMATS[form], False
    return _ARROW[type(kind)], None, False
