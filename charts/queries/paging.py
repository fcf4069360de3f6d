"""Pages of rows: each says after which row the next one begins, so that rows that come meanwhile shift nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

Row = TypeVar("Row")
Key = tuple[str | int | float, ...]
"""Where a row stands in the order of its list; no two rows of a list have the same."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Which rows of a list are asked for: at most `limit` of those after a key; None: from the first on."""

    limit: int
    after: Key | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows in order, and the key after which the next page begins; None: these were the last."""

    rows: list[Row]
    after: Key | None = None


def page_of(rows: Iterable[Row], key: Callable[[Row], Key], wanted: Slice) -> Page[Row]:
    """The wanted rows of a list that is sorted by `key`."""
    start = wanted.after
    rest = (row for row in rows if start is None or key(row) > start)
    return cut(islice(rest, wanted.limit + 1), key, wanted.limit)


def cut(rows: Iterable[Row], key: Callable[[Row], Key], limit: int) -> Page[Row]:
    """A page of at most `limit` rows, of which one more than that were looked for."""
    found = list(rows)
    return Page(found[:limit], key(found[limit - 1])) if len(found) > limit else Page(found)
