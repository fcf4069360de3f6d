"""A first look through a file: which days it spans, whether it is in order, the promotions and open days it tells of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np

from deploy.backtest.source import Sales
from producers.building import coarser, joined
from producers.columns import numbers, seconds, texts, truths
from producers.mapping import Mapping
from producers.rows import Rows
from streams.contract.codec import EARLIEST, LATEST, encode
from streams.contract.errors import UsageError
from streams.contract.messages import OpeningPlanned, PromotionPlanned
from streams.shop import DAY_SECONDS, EPOCH_ORDINAL, LocalTime

KNOWN_AHEAD_DAYS: Final = 30
"""A plan is announced so many days before it begins: all its days are known at every horizon."""
LONGEST_PLAN_DAYS: Final = 366
"""The longest plan of one event."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan to be announced on a day (days since 1970) of the log."""

    on_day: int
    key: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Survey:
    """What one reading of the file tells. Days are days since 1970 of the stores' time zone.

    promoted: days of each store and item on promotion. opening: runs of days of each store, first, last and whether it opens on them.
    plans: the same as events, in the order of their announcement.
    """

    first_day: int
    last_day: int
    in_order: bool
    rows: int
    promoted: dict[tuple[str, str], list[int]]
    opening: dict[str, list[tuple[int, int, bool]]]
    plans: list[Plan]


@dataclass(slots=True)
class _Seen:
    first: float = float("inf")
    newest: float = float("-inf")
    in_order: bool = True
    rows: int = 0
    promoted: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    first_sale: dict[tuple[str, str], int] = field(default_factory=dict)
    opened: dict[str, dict[int, bool]] = field(default_factory=dict)


def survey(
    sales: Sales,
    *,
    promotions_known_ahead: bool = False,
    openings_known_ahead: bool = False,
    read: Callable[[int], None] = lambda _: None,
) -> Survey:
    """Read the file once. Raises UsageError when it has no sale, or no promotions or open days where they are asked for."""
    mapping, local = sales.mapping, LocalTime(sales.timezone)
    if openings_known_ahead and mapping.open is None:
        raise UsageError(
            '--openings-known-ahead needs the open days: add `open = "COLUMN"` at the top of the mapping, a column of yes and no.'
        )
    if promotions_known_ahead and "on_promotion" not in mapping.columns:
        raise UsageError('--promotions-known-ahead needs the promotions: add `on_promotion = "COLUMN"` under [columns] of the mapping.')
    seen, latest = _Seen(), min(LATEST, time.time() + 2 * DAY_SECONDS)
    for rows in sales.rows.read():
        seen.rows += len(rows)
        read(len(rows))
        if not len(rows):
            continue
        mapping.check_columns(list(rows.columns))
        times = seconds([rows.columns[name] for name in mapping.time.columns], mapping.time.format, mapping.time.zone)
        known = times[(times >= EARLIEST) & (times < latest)]
        if not len(known):
            continue
        seen.first = min(seen.first, float(known.min()))
        seen.in_order &= bool(known[0] >= seen.newest and (np.diff(known) >= 0).all())
        seen.newest = max(seen.newest, float(known.max()))
        if promotions_known_ahead or openings_known_ahead:
            _note_plans(seen, rows, mapping, times, local)
    if seen.newest < seen.first:
        raise UsageError(f"{sales.rows.name} has no row with a time that can be read: correct [time] of the mapping.")
    days = [int((moment + local.offset(moment)) // DAY_SECONDS) for moment in (seen.first, seen.newest)]
    promoted = seen.promoted if promotions_known_ahead else {}
    opening = {store: _opening(days) for store, days in seen.opened.items()} if openings_known_ahead else {}
    plans = [*_promotion_plans(promoted, seen.first_sale, local), *_opening_plans(opening, seen.first_sale, local)]
    plans.sort(key=lambda plan: plan.on_day)
    return Survey(days[0], days[1], seen.in_order, seen.rows, promoted, opening, plans)


def _note_plans(seen: _Seen, rows: Rows, mapping: Mapping, times: np.ndarray[tuple[int], np.dtype[np.float64]], local: LocalTime) -> None:
    """Days on promotion and open days, those without a sale too, and the day of each first sale."""
    flags = _truths(rows, mapping.columns.get("on_promotion"))
    opens = _truths(rows, mapping.open)
    units = numbers(rows.columns[mapping.columns["quantity"]], mapping.decimal)[0] if "quantity" in mapping.columns else np.ones(len(rows))
    stores, items = (_names(rows, mapping, name) for name in ("store", "item"))
    for store, item, at, flag, opened, sold in zip(stores, items, times.tolist(), flags, opens, units.tolist(), strict=True):
        if store is None or item is None or not EARLIEST <= at < LATEST:
            continue
        day = int((at + local.offset(at)) // DAY_SECONDS)
        known = seen.opened.setdefault(store, {})
        known[day] = known.get(day, False) or opened is True
        if flag:
            days = seen.promoted.setdefault((store, item), [])
            if not days or days[-1] != day:
                days.append(day)
        if sold > 0 and day < seen.first_sale.get((store, item), LONGEST_PLAN_DAYS * 1000):
            seen.first_sale[store, item] = day


def _names(rows: Rows, mapping: Mapping, name: str) -> list[str | None]:
    """A text field of the rows as the events will have it."""
    if name in mapping.joined:
        found = joined([rows.columns[column] for column in mapping.joined[name]])
    elif name in mapping.columns:
        found = texts(rows.columns[mapping.columns[name]])
    else:
        found = [str(mapping.constants[name])] * len(rows)
    return coarser(found, mapping.groups[name]) if name in mapping.groups else found


def _truths(rows: Rows, column: str | None) -> list[bool | None]:
    return [None] * len(rows) if column is None else truths(rows.columns[column])[0]


def _opening(days: dict[int, bool]) -> list[tuple[int, int, bool]]:
    """Runs of open and of closed days of a store; between its first and its last day a day without a row is a closed one."""
    opened = sorted(day for day, opens in days.items() if opens)
    closed = [day for day in range(min(days), max(days) + 1) if not days.get(day)]
    return sorted([(*run, True) for run in _runs(opened)] + [(*run, False) for run in _runs(closed)])


def _promotion_plans(
    promoted: dict[tuple[str, str], list[int]], first_sale: dict[tuple[str, str], int], local: LocalTime
) -> Iterator[Plan]:
    """Each run of promoted days as an event: announced ahead, but of no item that has not sold yet."""
    for (store, item), days in promoted.items():
        start = first_sale.get((store, item))
        if start is None:
            continue
        for first, last in _runs(sorted(set(days))):
            on_day = max(first - KNOWN_AHEAD_DAYS, start)
            if last <= on_day:
                continue
            event = PromotionPlanned(
                event_id=f"plan-{store}-{item}-{first}"[-200:],
                store=store,
                item=item,
                first_day=iso_date(first),
                last_day=iso_date(last),
                planned_at=local.end_of_day(on_day),
            )
            yield Plan(on_day, store.encode(), encode(event))


def _opening_plans(
    opening: dict[str, list[tuple[int, int, bool]]], first_sale: dict[tuple[str, str], int], local: LocalTime
) -> Iterator[Plan]:
    """Each run of open or closed days as an event: announced ahead, but of no store that has not sold yet."""
    starts: dict[str, int] = {}
    for (store, _), day in first_sale.items():
        starts[store] = min(day, starts.get(store, day))
    for store, start in starts.items():
        for first, last, opens in opening.get(store, ()):
            on_day = max(first - KNOWN_AHEAD_DAYS, start)
            if last <= on_day:
                continue
            event = OpeningPlanned(
                event_id=f"opening-{store}-{first}"[-200:],
                store=store,
                first_day=iso_date(first),
                last_day=iso_date(last),
                open=opens,
                planned_at=local.end_of_day(on_day),
            )
            yield Plan(on_day, store.encode(), encode(event))


def _runs(days: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of days that follow each other, cut to what one event may plan."""
    if not days:
        return
    first = days[0]
    for day, following in pairwise([*days, days[-1] + 2]):
        if following != day + 1 or day - first + 1 == LONGEST_PLAN_DAYS:
            yield first, day
            first = following


def iso_date(day: int) -> str:
    """Days since 1970 as YYYY-MM-DD."""
    return str(np.datetime64(day, "D"))


def ordinal(day: int) -> int:
    """Days since 1970 as `date.toordinal()`."""
    return day + EPOCH_ORDINAL
