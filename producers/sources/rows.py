"""A run of rows, stored by column, in the form in which every source returns them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import pandas as pd
from numpy.typing import NDArray

from streams.contract.errors import UsageError

MOST_FIELDS = 2_000
"""Of a run of records together: each has a place in every record of the run."""

Column = Sequence[Any] | NDArray[Any] | pd.DatetimeIndex
"""Texts, numbers, or times; a missing value is None, an empty text, NaN or NaT."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A row that could not even be split into columns."""

    row: int
    sentence: str
    text: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows `numbers` of a source, 1-based as a person counts them below the header.

    mark: where a source that is read on later continues after these rows.
    """

    numbers: Sequence[int]
    columns: Mapping[str, Column]
    unreadable: Sequence[Unreadable] = field(default=())
    mark: str = ""

    def __len__(self) -> int:
        return len(self.numbers)

    def row(self, place: int) -> dict[str, str | None]:
        """One row's values as text, for a person to look at."""
        return {name: _shown(column[place]) for name, column in self.columns.items()}


class Source(Protocol):
    """Where rows come from: a file, a query, a frame. Reading it again gives the same rows in the same order."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    @property
    def fingerprint(self) -> str:
        """Changes when the content does: a stopped replay is resumed only on the same content."""

    @property
    def once(self) -> bool:
        """Whether it is better read but once, as the answer of a server: then nobody looks first whether it is in order."""

    def count(self) -> int | None:
        """Rows there are, when that is cheap to know or to estimate."""

    def read(self) -> Iterator[Rows]:
        """All rows in order. Raises UsageError when the source cannot be read."""


def by_record(records: Iterable[tuple[int, Mapping[str, Any]]], unreadable: Sequence[Unreadable] = ()) -> Rows:
    """Rows from numbered records that may lack fields."""
    numbered = list(records)
    names: dict[str, None] = {}
    for number, record in numbered:
        names.update(dict.fromkeys(record))
        if len(names) > MOST_FIELDS:
            raise UsageError(f"The records up to number {number} have over {MOST_FIELDS:,} different fields: give those of the sales.")
    columns = {name: [record.get(name) for _, record in numbered] for name in names}
    return Rows([number for number, _ in numbered], columns, unreadable)


def _shown(value: Any) -> str | None:
    return None if value is None else str(value)[:500]
