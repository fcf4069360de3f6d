"""How the rows of a source become sales: one small TOML file. See docs/producers.md for an example of each key."""

import json
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import available_timezones

import msgspec
from msgspec import Meta, Struct, field

from streams.contract.errors import UsageError
from streams.contract.messages import SaleRecorded

NUMBERS: Final = frozenset({"quantity", "unit_price", "amount", "unit_cost", "profit", "list_price", "stock_left"})
TRUTHS: Final = frozenset({"on_promotion"})
FIELDS: Final = tuple(name for name in SaleRecorded.__struct_fields__ if name not in ("event_id", "sold_at"))
"""Fields a column or a constant can be mapped to; `event_id` and `sold_at` have tables of their own."""

Constant = str | int | float | bool


class Time(Struct, frozen=True, forbid_unknown_fields=True):
    """Where the time of a sale stands: columns joined by a blank, their format, and the zone of times without offset.

    shift_days: added to every time, so that data of before 2000 can be used. 10,227 days are 28 years with the same weekdays.
    """

    columns: Annotated[tuple[str, ...], Meta(min_length=1)]
    format: str = "iso"
    zone: str = "UTC"
    shift_days: Annotated[int, Meta(ge=-36_525, le=36_525)] = 0


class Identity(Struct, frozen=True, forbid_unknown_fields=True):
    """What makes a row the same sale when it is seen again.

    `content`: all its values, and how often the same row came before it in the source. `row`: `prefix` and the row's number.
    `columns`: the values of these columns, as an order and line number; then `columns` names them.
    """

    kind: Literal["content", "row", "columns"] = "content"
    columns: tuple[str, ...] = ()
    prefix: str = ""


class Skip(Struct, frozen=True, forbid_unknown_fields=True):
    """Rows that are no sales, left out and counted under `reason`: those of `column` that meet any condition given."""

    column: str
    reason: str
    at_most: float | None = None
    at_least: float | None = None
    equals: tuple[str, ...] = ()
    missing: bool = False


class Group(Struct, frozen=True, forbid_unknown_fields=True):
    """Coarser names for a field: each name in `names` becomes its value; others become `other`, or stay without it."""

    names: dict[str, str] = field(default_factory=dict)
    other: str | None = None


class ShopQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How the sales stand in a shop's database.

    sql: a SELECT that joins its tables, one row a sale line. watermark: the column that grows as sales are added, by which a later replay
    reads on. key: columns that identify a row. overlap: so many days (or numbers) before the newest watermark are read again, for rows that
    are added late; rows that were sent are known by their key.
    """

    sql: str
    watermark: str
    key: Annotated[tuple[str, ...], Meta(min_length=1)]
    overlap: Annotated[float, Meta(ge=0, le=366)] = 0.0


class Mapping(Struct, frozen=True, forbid_unknown_fields=True):
    """Source columns to the fields of a sale; `joined` fields are the texts of several columns with a blank between.

    open: the column that says whether the store opens on the row's day; of the day and not of the sale, so it is no field.
    """

    time: Time
    columns: dict[str, str] = field(default_factory=dict)
    joined: dict[str, tuple[str, ...]] = field(default_factory=dict)
    constants: dict[str, Constant] = field(default_factory=dict)
    event_id: Identity = field(default_factory=Identity)
    margin: float | None = None
    open: str | None = None
    decimal: Literal[".", ","] = "."
    skip: tuple[Skip, ...] = ()
    groups: dict[str, Group] = field(default_factory=dict)
    database: ShopQuery | None = None

    def used(self) -> dict[str, str]:
        """Each source column the mapping needs, and what for."""
        used = {column: field_name for field_name, names in self.joined.items() for column in names}
        used |= {column: field_name for field_name, column in self.columns.items()}
        used |= dict.fromkeys(self.time.columns, "time")
        used |= dict.fromkeys(self.event_id.columns, "event_id")
        used |= {} if self.open is None else {self.open: "open"}
        return used | {rule.column: "skip" for rule in self.skip}

    def check(self) -> None:
        """Raises UsageError with a sentence that says what to change in the file."""
        self._check_fields()
        given = {*self.columns, *self.joined, *self.constants}
        for name in ("store", "item", "quantity"):
            if name not in given:
                raise UsageError(
                    f'The mapping says nothing of {name}: add `{name} = "COLUMN"` under [columns], or a value under [constants].'
                )
        if not given & {"unit_price", "amount", "profit"}:
            raise UsageError("The mapping has no money: add unit_price, amount or profit under [columns].")
        if self.margin is not None and not 0 <= self.margin <= 1:
            raise UsageError(f"margin = {self.margin}: write a share of the amount from 0 to 1.")
        if self.margin is not None and "amount" not in given and "unit_price" not in given:
            raise UsageError("margin needs amount or unit_price to take a share of.")
        if self.time.zone not in available_timezones():
            raise UsageError(f"[time] zone = {self.time.zone!r}: write a name of the tz database, as in Europe/Berlin.")
        if (self.event_id.kind == "columns") != bool(self.event_id.columns):
            raise UsageError('[event_id]: give `columns = [...]` with kind = "columns", and only then.')
        if self.database is not None and self.event_id.kind != "columns":
            raise UsageError('A mapping with [database] needs [event_id] kind = "columns": ids that stay when rows are read again.')

    def _check_fields(self) -> None:
        for name in (*self.columns, *self.joined, *self.constants, *self.groups):
            if name not in FIELDS:
                raise UsageError(f"The mapping names the field {name!r}, which sales do not have: use one of {', '.join(FIELDS)}.")
        for name, columns in self.joined.items():
            if name in NUMBERS | TRUTHS or name in self.columns or len(columns) < 2:
                raise UsageError(f"[joined] {name}: name two or more columns of text, for a field that is not under [columns] too.")

    def check_columns(self, present: list[str]) -> None:
        """Raises UsageError when the source lacks a column that the mapping names."""
        for column, use in self.used().items():
            if column not in present:
                raise UsageError(
                    f"The mapping takes {use} from the column {column!r}, which the source does not have; it has: {', '.join(present)}. "
                    "Correct the mapping, or leave --mapping out to have one guessed."
                )

    def margin_millionths(self) -> int | None:
        """The margin as an exact integer of 10^-6, from the decimal number as written."""
        return None if self.margin is None else int(Decimal(repr(self.margin)).scaleb(6).to_integral_value())


def read_mapping(path: Path) -> Mapping:
    """A mapping from its file. Raises UsageError."""
    try:
        return mapping_of(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The mapping {path} cannot be read: {error}.") from None
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def mapping_of(text: str) -> Mapping:
    """A checked mapping from TOML text. Raises UsageError."""
    try:
        mapping = msgspec.convert(tomllib.loads(text), Mapping)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, InvalidOperation) as error:
        raise UsageError(f"The mapping is not as it should be: {error}.") from None
    mapping.check()
    return mapping


def written(mapping: Mapping, comment: str = "") -> str:
    """A mapping as TOML text that `mapping_of` reads back."""
    lines = [f"# {line}" for line in comment.splitlines()]
    plain: dict[str, Any] = {"decimal": mapping.decimal}
    plain |= {name: value for name, value in (("margin", mapping.margin), ("open", mapping.open)) if value is not None}
    lines += [f"{key} = {_toml(value)}" for key, value in plain.items()]
    tables: list[tuple[str, dict[str, Any]]] = [
        ("[columns]", mapping.columns),
        ("[joined]", mapping.joined),
        ("[constants]", mapping.constants),
    ]
    tables += [("[time]", msgspec.structs.asdict(mapping.time)), ("[event_id]", msgspec.structs.asdict(mapping.event_id))]
    tables += [] if mapping.database is None else [("[database]", msgspec.structs.asdict(mapping.database))]
    tables += [("[[skip]]", msgspec.structs.asdict(rule)) for rule in mapping.skip]
    for name, group in mapping.groups.items():
        tables += [(f"[groups.{name}]", {"other": group.other}), (f"[groups.{name}.names]", group.names)]
    for head, table in tables:
        shown = [
            f"{_key(key)} = {_toml(value)}"
            for key, value in table.items()
            if value is not None and value is not False and value not in ((), "") and not (key == "shift_days" and not value)
        ]
        lines += ["", head, *shown] if shown else []
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").isalnum() else _toml(name)


def _toml(value: object) -> str:
    if isinstance(value, (tuple, list)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # JSON's text, numbers and truth values are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
