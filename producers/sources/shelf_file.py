"""Turns a shelf described in a TOML or CSV file into the event that puts it into the log."""

from __future__ import annotations

import csv
import hashlib
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from online_model.shelf import Shelf, ShelfError, build_shelf
from streams.contract.codec import decode_event, encode
from streams.contract.errors import RejectedEvent, UsageError
from streams.contract.messages import CategoryShare, ShelfDefined, ShelfItem

if TYPE_CHECKING:
    from datetime import datetime

MOST_BYTES: Final = 4 * 1024 * 1024
SHELF_FIELDS: Final = ("store", "shelf", "level_width", "levels")
SHARE_FIELDS: Final = ("category_min_share", "category_max_share")
ITEM_FIELDS: Final = ShelfItem.__struct_fields__


def read_shelf(path: Path, defined_at: datetime) -> ShelfDefined:
    """The event that defines the shelf of a file. Raises UsageError with a sentence that says what to change."""
    raw = _bytes(path)
    fields = _from_csv(path, raw) if path.suffix.lower() == ".csv" else _from_toml(path, raw)
    moment = defined_at.isoformat()
    digest = hashlib.sha256(raw + moment.encode()).hexdigest()[:24]
    try:
        event = msgspec.convert({"type": "shelf-defined.v1", "event_id": f"shelf-{digest}", "defined_at": moment} | fields, ShelfDefined)
        decode_event(encode(event))  # what the worker would refuse is refused here
        as_planned(event)
    except (msgspec.ValidationError, RejectedEvent, ShelfError) as error:
        raise UsageError(f"{path.name}: {error}") from None
    return event


def as_planned(event: ShelfDefined) -> Shelf:
    """The shelf as the planner takes it. Raises ShelfError where no plan could fulfil it."""
    return build_shelf(event.level_width, event.levels, event.items, event.shares)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from None
    if len(raw) > MOST_BYTES:
        raise UsageError(f"{path.name} has more than {MOST_BYTES} bytes: it does not look like a shelf.")
    return raw


def _text(path: Path, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"{path.name} is not UTF-8 text: save it as UTF-8.") from None


def _from_toml(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        fields = tomllib.loads(_text(path, raw))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name} is not TOML: {error}.") from None
    _refuse_unknown(path, fields, (*SHELF_FIELDS, "items", "shares"), "the shelf")
    for item in _tables(path, fields, "items"):
        _refuse_unknown(path, item, ITEM_FIELDS, "an item")
    for share in _tables(path, fields, "shares"):
        _refuse_unknown(path, share, CategoryShare.__struct_fields__, "a share")
    return fields


def _tables(path: Path, fields: dict[str, Any], name: str) -> list[dict[str, Any]]:
    tables = fields.get(name, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise UsageError(f"{path.name}: write each of the {name} under a line [[{name}]].")
    return tables


def _refuse_unknown(path: Path, fields: dict[str, Any], known: tuple[str, ...], what: str) -> None:
    """A field nobody reads is a typing error that would change the plan in silence."""
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise UsageError(f"{path.name}: {unknown[0]!r} is no field of {what}; there are {', '.join(known)}.")


def _from_csv(path: Path, raw: bytes) -> dict[str, Any]:
    """One line an item; the shelf's own fields and the shares of a category stand in columns, once or in each line."""
    lines = _text(path, raw).splitlines()
    if not lines:
        raise UsageError(f"{path.name} is empty.")
    delimiter = max(",;\t", key=lines[0].count)
    rows = csv.DictReader(lines, delimiter=delimiter)
    _refuse_unknown(path, dict.fromkeys(rows.fieldnames or ()), (*SHELF_FIELDS, *ITEM_FIELDS, *SHARE_FIELDS), "a line")
    shelf: dict[str, str] = {}
    shares: dict[str, dict[str, Any]] = {}
    items = []
    for row in rows:
        if None in row:
            raise UsageError(f"{path.name} line {rows.line_num}: more values than columns.")
        cells = {name: text.strip() for name, text in row.items() if text is not None and text.strip()}
        where = f"{path.name} line {rows.line_num}"
        for name in SHELF_FIELDS:
            _agree(shelf, name, cells.pop(name, None), where)
        bounds = {name: cells.pop(name) for name in SHARE_FIELDS if name in cells}
        if bounds and "category" not in cells:
            raise UsageError(f"{where}: a share needs a category.")
        for name, text in bounds.items():
            share = shares.setdefault(cells["category"], {"category": cells["category"]})
            _agree(share, name.removeprefix("category_"), text, where)
        items.append(_item(cells, where))
    return _numbers(shelf, path.name) | {
        "items": items,
        "shares": [_numbers(share, path.name) for share in shares.values()],
    }


def _agree(fields: dict[str, Any], name: str, text: str | None, where: str) -> None:
    if text is not None and fields.setdefault(name, text) != text:
        raise UsageError(f"{where}: {name} is {text!r} here and {fields[name]!r} before: one file describes one shelf.")


def _item(cells: dict[str, str], where: str) -> dict[str, Any]:
    flag = cells.pop("must_stay", "").lower()
    if flag not in ("", "true", "false", "yes", "no", "1", "0"):
        raise UsageError(f"{where}: must_stay is {flag!r}: write true or false.")
    return _numbers(cells, where) | ({"must_stay": flag in ("true", "yes", "1")} if flag else {})


def _numbers(fields: dict[str, Any], where: str) -> dict[str, Any]:
    """Texts as the numbers they are; names stay texts."""
    whole = ("levels", "case_size", "min_facings", "max_facings")
    texts = ("store", "shelf", "item", "category", "group")
    found: dict[str, Any] = {}
    for name, text in fields.items():
        try:
            found[name] = text if name in texts else int(text) if name in whole else float(text)
        except ValueError:
            kind = "a whole number" if name in whole else "a number, with a point for decimals"
            raise UsageError(f"{where}: {name} is {text!r}: write {kind}.") from None
    return found
