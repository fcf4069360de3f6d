"""A first look through a file: which days it spans, whether it is in order, and what it tells ahead."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from producers.announcements.known_ahead import NOTHING_AHEAD, AnnouncementFinder, DatedAnnouncement, KnownAhead
from producers.sources.building import times_of
from streams.contract.codec import EARLIEST, LATEST
from streams.contract.errors import UsageError
from streams.processor.local_time import DAY_SECONDS, LocalTime
from workbench.backtest.source import Sales


@dataclass(frozen=True, slots=True)
class Survey:
    """What one reading of the file tells. Days count from 1970-01-01 in the stores' time zone.

    promoted: days of each store and item on promotion. opening: runs of days of each store, first, last and whether it opens on them.
    announcements: the same as events, in the order of `on_day`.
    """

    first_day: int
    last_day: int
    in_order: bool
    rows: int
    promoted: dict[tuple[str, str], list[int]]
    opening: dict[str, list[tuple[int, int, bool]]]
    announcements: list[DatedAnnouncement]


def survey(sales: Sales, known: KnownAhead = NOTHING_AHEAD, read: Callable[[int], None] = lambda _: None) -> Survey:
    """Read the file once. Raises UsageError if it has no sale, or lacks promotions or open days that are asked for."""
    mapping, local = sales.mapping, LocalTime(sales.timezone)
    latest = min(LATEST, time.time() + 2 * DAY_SECONDS)
    finder = AnnouncementFinder(mapping, local, known, latest)
    first, newest, in_order, count = float("inf"), float("-inf"), True, 0
    for rows in sales.rows.read():
        count += len(rows)
        read(len(rows))
        if not len(rows):
            continue
        mapping.check_columns(list(rows.columns))
        times = times_of(rows.columns, mapping.time)
        moments = times[(times >= EARLIEST) & (times < latest)]
        if not len(moments):
            continue
        first = min(first, float(moments.min()))
        in_order &= bool(moments[0] >= newest and (np.diff(moments) >= 0).all())
        newest = max(newest, float(moments.max()))
        if known:
            finder.note(rows)
    if newest < first:
        raise UsageError(f"{sales.rows.name} has no row with a time that can be read: correct [time] of the mapping.")
    return Survey(local.day_of(first), local.day_of(newest), in_order, count, finder.promoted, finder.opening(), finder.announcements())
