"""Finds the event that kills the process where no exception names it: a crash, a lack of memory, a hang, a kill.

A process that dies leaves only what it has committed. So the second process that starts from the same offset marks what it is about to
apply, first many events at once, then one at a time. After three deaths with the mark on the same event, the event is put aside. A process
that is killed at random dies with the mark in a different place each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol, TypeVar

from streams.runtime.bookmarks import Bookmark, Mark

DEATHS: Final = 3
"""So many deaths with the mark on one event, and it is put aside."""

AT_ONCE: Final = 100
"""Events under the first marks."""


class HasOffset(Protocol):
    """A record of the log."""

    @property
    def offset(self) -> int:
        """Place in the partition."""
        ...


R = TypeVar("R", bound=HasOffset)


class Care(NamedTuple):
    """Mark the events from offset `first` up to `end` before they are applied, `at_once` of them under one mark.

    deaths: how often a process has died with the mark on `first` alone.
    """

    first: int
    end: int
    at_once: int
    deaths: int = 0

    def cut(self, records: Sequence[R]) -> tuple[Sequence[R], Mark | None]:
        """The first of the records that may be applied together, and their mark; records ascend, none lies behind `end`."""
        if records[0].offset < self.first:
            return [record for record in records if record.offset < self.first], None
        together = [record for record in records[: self.at_once] if record.offset < self.end]
        first = together[0].offset
        mark = Mark(first, together[-1].offset + 1, self.deaths if first == self.first else 0)
        return together, mark


def care_for(bookmark: Bookmark, next_offset: int, log_end: int, reach: int) -> Care | None:
    """What to mark after what the last process left; None: nothing.

    log_end: what killed it was in the log by then. reach: so many events lie between two snapshots at most.
    """
    mark = bookmark.mark
    if mark is not None:
        return Care(mark.first, mark.end, 1, mark.deaths + 1 if mark.single else 0)
    if bookmark.lives and log_end > next_offset:
        return Care(next_offset, min(log_end, next_offset + reach), AT_ONCE)
    return None


def condemned(bookmark: Bookmark) -> int | None:
    """The event at which the process died too often, by its offset."""
    mark = bookmark.mark
    return mark.first if mark is not None and mark.single and mark.deaths + 1 >= DEATHS else None
