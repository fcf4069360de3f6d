"""Turns a table of promotions and of open or closed days into the events that announce them. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from producers.announcements.known_ahead import Announced, announcement_of
from producers.sources.columns import texts, truths
from producers.sources.rows import Rows
from streams.contract.codec import MAX_OPENINGS, MAX_PROMOTIONS, encode, printable
from streams.contract.errors import RejectedEvent, UsageError
from streams.contract.messages import OpeningPlanned, PromotionPlanned

_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}([ T]00:00(:00(\.0+)?)?(Z|\+00:00)?)?")
COLUMNS: Final = ("store", "item", "first_day", "last_day", "open")
MAX_ROWS: Final = 100_000
SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class AnnouncedTable:
    """Announcements of a table in its order, and a sentence for each row that is none."""

    announced: list[Announced] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def announced_in(runs: Iterable[Rows], at: datetime, *, date_format: str | None = None, withdraw: bool = False) -> AnnouncedTable:
    """What a table announces at the moment `at`: a row with an item is a promotion, one with `open` says whether the store opens.

    Without a last_day it is of one day. date_format: as `strptime` has it; None for YYYY-MM-DD. withdraw: take back what was announced.
    Raises UsageError when the columns are others, there are too many rows, or more of a store than the worker keeps.
    """
    _check_format(date_format)
    found, rows_read = AnnouncedTable(), 0
    over = (at - timedelta(days=2)).date().isoformat()  # a day that is still today somewhere is not over
    for rows in runs:
        rows_read += len(rows) + len(rows.unreadable)
        if rows_read > MAX_ROWS:
            raise UsageError(f"The file has more than {MAX_ROWS:,} rows: that is no list of plans.")
        found.wrong.extend(f"row {bad.row}: {bad.sentence}" for bad in rows.unreadable)
        for number, cells in _cells(rows) if len(rows) else ():
            try:
                announcement = _announcement(cells, at, date_format, active=not withdraw)
            except RejectedEvent as error:
                found.wrong.append(f"row {number}: {error}")
                continue
            found.announced.append(announcement)
            if announcement.last_day < over:
                found.wrong.append(f"row {number}: its last day, {announcement.last_day}, is over: leave it out.")
    _check_numbers(found.announced)
    return found


def _check_format(date_format: str | None) -> None:
    if date_format is None:
        return
    try:
        same = datetime.strptime(date(2026, 12, 24).strftime(date_format), date_format).date()  # noqa: DTZ007  a date has no zone
    except ValueError:
        same = None
    if same != date(2026, 12, 24):
        raise UsageError(f"--date-format {date_format!r} says no day, month and year: write it as %d.%m.%Y or %m/%d/%Y.")


def _check_numbers(announcements: list[Announced]) -> None:
    for kind, most, what in (
        (OpeningPlanned, MAX_OPENINGS, "plans of open and closed days"),
        (PromotionPlanned, MAX_PROMOTIONS, "promotions"),
    ):
        stores = Counter(announcement.store for announcement in announcements if isinstance(announcement, kind))
        for store, number in stores.most_common(1):
            if number > most:
                raise UsageError(
                    f"{number:,} {what} of the store {printable(store, 60)!r}: it keeps {most:,} at a time. Join days that follow "
                    "each other."
                )


def _cells(rows: Rows) -> Iterator[tuple[int, dict[str, str | None]]]:
    """Number and cells of each row, by the names of `COLUMNS`."""
    names = [name.strip().lower() for name in rows.columns]
    named = dict(zip(names, rows.columns, strict=True))
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(named) < len(names) or not {"store", "first_day"} <= named.keys() or not {"item", "open"} & named.keys():
        twice = next((name for name in names if names.count(name) > 1), None)
        what = (
            f"{unknown[0]!r} is no column of a plan"
            if unknown
            else f"The column {twice!r} stands twice"
            if twice
            else "A column is missing"
        )
        raise UsageError(f"{what}: write store, first_day, last_day, and item for promotions or open (yes, no) for open and closed days.")
    columns = {name: texts(rows.columns[named[name]]) if name in named else [None] * len(rows) for name in COLUMNS}
    for place, number in enumerate(rows.numbers):
        yield number, {name: column[place] for name, column in columns.items()}


def _announcement(cells: dict[str, str | None], at: datetime, date_format: str | None, *, active: bool) -> Announced:
    """The event of a row, checked as the worker will check it. Raises RejectedEvent."""
    store, item, first, last, opens = (cells[name] for name in COLUMNS)
    if store is None or first is None:
        raise RejectedEvent("invalid", "store and first_day must stand in each row.")
    if (item is None) == (opens is None):
        raise RejectedEvent("invalid", "a row has either an item, which is on promotion, or open, for the whole store.")
    fields: dict[str, Any] = {
        "store": store,
        "first_day": _iso(first, date_format),
        "last_day": _iso(last or first, date_format),
        "active": active,
    }
    if item is not None:
        fields |= {"type": "promotion-planned.v1", "item": item}
    else:
        [said], unclear = truths([opens])
        if unclear.any():
            raise RejectedEvent("invalid", f"open is {opens!r}: write yes or no.")
        fields |= {"type": "opening-planned.v1", "open": said}
    return announcement_of(fields | {"planned_at": at.isoformat()}, "announced")


def _iso(text: str, date_format: str | None) -> str:
    """A cell as YYYY-MM-DD; midnight may stand behind a date, as in exports. Raises RejectedEvent."""
    if date_format is None:
        if _DATE.fullmatch(text):
            return text[:10]
        raise RejectedEvent(
            "invalid", f"{text[:40]!r} is no date as 2026-12-24: write it so, or say how yours are written, as with --date-format %d.%m.%Y."
        )
    try:
        return datetime.strptime(text, date_format).date().isoformat()  # noqa: DTZ007  a date has no zone
    except ValueError:
        raise RejectedEvent("invalid", f"{text[:40]!r} is no date as {date_format}.") from None


def summary(announcements: list[Announced]) -> str:
    """How many of what, for a person."""
    promotions = [announcement for announcement in announcements if isinstance(announcement, PromotionPlanned)]
    openings = [announcement for announcement in announcements if isinstance(announcement, OpeningPlanned)]
    parts = []
    if promotions:
        parts.append(f"{_counted(len(promotions), 'promotion')} of {_counted(len({p.item for p in promotions}), 'item')}")
    for word, opens in (("closure", False), ("opening", True)):
        chosen = [announcement for announcement in openings if announcement.open is opens]
        if chosen:
            parts.append(_counted(len(chosen), word))
    stores = _counted(len({announcement.store for announcement in announcements}), "store")
    days = [announcement.first_day for announcement in announcements] + [announcement.last_day for announcement in announcements]
    return f"{', '.join(parts)}; {stores}; {min(days)} to {max(days)}"


def _counted(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def as_messages(announcements: list[Announced]) -> tuple[list[bytes], list[bytes]]:
    """Keys and bytes of events."""
    return [announcement.store.encode() for announcement in announcements], [encode(announcement) for announcement in announcements]
