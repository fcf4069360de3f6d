"""A first look through a file: which days it spans, whether it is in order, and the promotions it tells of."""

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
from streams.contract.messages import PromotionPlanned
from streams.shop import DAY_SECONDS, EPOCH_ORDINAL, LocalTime

KNOWN_AHEAD_DAYS: Final = 30
"""A promotion is announced so many days before it begins: all its days are known at every horizon."""
LONGEST_PLAN_DAYS: Final = 366
"""The longest promotion one event may plan."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A promotion to be announced on a day (days since 1970) of the log."""

    on_day: int
    key: bytes
    raw: bytes


@dataclass(frozen=True, slots=True)
class Survey:
    """What one reading of the file tells. Days are days since 1970 of the stores' time zone.

    promoted: days of each store and item on promotion; plans: the same as events, in the order of their announcement.
    """

    first_day: int
    last_day: int
    in_order: bool
    rows: int
    promoted: dict[tuple[str, str], list[int]]
    plans: list[Plan]


@dataclass(slots=True)
class _Seen:
    first: float = float("inf")
    newest: float = float("-inf")
    in_order: bool = True
    rows: int = 0
    promoted: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    first_sale: dict[tuple[str, str], int] = field(default_factory=dict)


def survey(sales: Sales, *, promotions_known_ahead: bool, read: Callable[[int], None] = lambda _: None) -> Survey:
    """Read the file once. Raises UsageError when it has no sale, or no promotions where they are asked for."""
    mapping, local = sales.mapping, LocalTime(sales.timezone)
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
        if promotions_known_ahead:
            _note_promotions(seen, rows, mapping, times, local)
    if seen.newest < seen.first:
        raise UsageError(f"{sales.rows.name} has no row with a time that can be read: correct [time] of the mapping.")
    days = [int((moment + local.offset(moment)) // DAY_SECONDS) for moment in (seen.first, seen.newest)]
    return Survey(days[0], days[1], seen.in_order, seen.rows, seen.promoted, list(_plans(seen, local)))


def _note_promotions(
    seen: _Seen, rows: Rows, mapping: Mapping, times: np.ndarray[tuple[int], np.dtype[np.float64]], local: LocalTime
) -> None:
    """Days on promotion, those without a sale too, and the day of each first sale."""
    flags, _ = truths(rows.columns[mapping.columns["on_promotion"]])
    units = numbers(rows.columns[mapping.columns["quantity"]], mapping.decimal)[0] if "quantity" in mapping.columns else np.ones(len(rows))
    stores, items = (_names(rows, mapping, name) for name in ("store", "item"))
    for store, item, at, flag, sold in zip(stores, items, times.tolist(), flags, units.tolist(), strict=True):
        if store is None or item is None or not EARLIEST <= at < LATEST or not (flag or sold > 0):
            continue
        day = int((at + local.offset(at)) // DAY_SECONDS)
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


def _plans(seen: _Seen, local: LocalTime) -> Iterator[Plan]:
    """Each run of promoted days as an event: announced ahead, but of no item that has not sold yet."""
    plans = []
    for (store, item), days in seen.promoted.items():
        start = seen.first_sale.get((store, item))
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
                first_day=np.datetime64(first, "D").item().isoformat(),
                last_day=np.datetime64(last, "D").item().isoformat(),
                planned_at=local.end_of_day(on_day),
            )
            plans.append(Plan(on_day, store.encode(), encode(event)))
    plans.sort(key=lambda plan: plan.on_day)
    yield from plans


def _runs(days: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of days that follow each other, cut to what one event may plan."""
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
