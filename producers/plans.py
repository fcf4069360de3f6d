"""The promotions and open days that rows tell of, as the plans a shop would have announced. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from producers.building import Built, coarser, joined, times_of
from producers.columns import numbers, texts, truths
from producers.mapping import Mapping
from producers.rows import Rows
from streams.contract.codec import EARLIEST, LATEST, LONGEST_PLAN_DAYS, encode
from streams.contract.errors import UsageError
from streams.contract.messages import OpeningPlanned, PromotionPlanned
from streams.localtime import LocalTime, iso_date

KNOWN_AHEAD_DAYS: Final = 30
"""A plan is announced so many days before it begins: all its days are known at every horizon."""


@dataclass(frozen=True, slots=True)
class KnownAhead:
    """Which columns of a source are announced ahead of their days."""

    promotions: bool = False
    openings: bool = False

    def __bool__(self) -> bool:
        return self.promotions or self.openings


NOTHING_AHEAD: Final = KnownAhead()


@dataclass(frozen=True, slots=True)
class Plan:
    """An event that is announced at the end of the day `on_day` (days since 1970), `at` epoch seconds."""

    on_day: int
    at: float
    key: bytes
    raw: bytes


class PlanFinder:
    """Notes days of promotion, open days and first sales run by run; then knows the plans. Days are those of the stores' time zone.

    Attributes
    ----------
    promoted
        Days of each store and item on promotion, those without a sale too.

    """

    def __init__(self, mapping: Mapping, zone: LocalTime, known: KnownAhead) -> None:
        if known.promotions and "on_promotion" not in mapping.columns:
            raise UsageError('--promotions-known-ahead needs the promotions: add `on_promotion = "COLUMN"` under [columns] of the mapping.')
        if known.openings and mapping.open is None:
            raise UsageError(
                '--openings-known-ahead needs the open days: add `open = "COLUMN"` at the top of the mapping, a column of yes and no.'
            )
        self.promoted: dict[tuple[str, str], list[int]] = {}
        self._mapping, self._zone, self._known = mapping, zone, known
        self._opened: dict[str, dict[int, bool]] = {}
        self._first_sale: dict[tuple[str, str], int] = {}

    def note(self, rows: Rows) -> None:
        """Take a run of rows, one at least."""
        mapping, day_of = self._mapping, self._zone.day_of
        times = times_of(rows.columns, mapping.time)
        promoted = _truths(rows, mapping.columns["on_promotion"] if self._known.promotions else None)
        opened = _truths(rows, mapping.open if self._known.openings else None)
        units = (
            numbers(rows.columns[mapping.columns["quantity"]], mapping.decimal)[0].tolist()
            if "quantity" in mapping.columns
            else [1.0] * len(rows)
        )
        stores, items = (_names(rows, mapping, name) for name in ("store", "item"))
        for store, item, at, promotion, opens, sold in zip(stores, items, times.tolist(), promoted, opened, units, strict=True):
            if store is None or item is None or not EARLIEST <= at < LATEST:
                continue
            day = day_of(at)
            known = self._opened.setdefault(store, {})
            known[day] = known.get(day, False) or opens is True
            if promotion:
                days = self.promoted.setdefault((store, item), [])
                if not days or days[-1] != day:
                    days.append(day)
            if sold > 0 and day < self._first_sale.get((store, item), day + 1):
                self._first_sale[store, item] = day

    def opening(self) -> dict[str, list[tuple[int, int, bool]]]:
        """Runs of days of each store: first, last, open or not. Between its first and its last day a day without a row is closed."""
        return {store: _runs_of(days) for store, days in self._opened.items()} if self._known.openings else {}

    def plans(self) -> list[Plan]:
        """All plans in the order of their announcement: ahead, but none of what has not sold yet."""
        return sorted([*self._promotions(), *self._openings()], key=lambda plan: plan.on_day)

    def _promotions(self) -> Iterator[Plan]:
        for (store, item), days in self.promoted.items():
            start = self._first_sale.get((store, item))
            for first, last in () if start is None else _runs(sorted(set(days))):
                on_day = max(first - KNOWN_AHEAD_DAYS, start or 0)
                if last > on_day:
                    at = self._zone.end_of_day(on_day)
                    event = PromotionPlanned(
                        event_id=f"plan-{store}-{item}-{first}"[-200:],
                        store=store,
                        item=item,
                        first_day=iso_date(first),
                        last_day=iso_date(last),
                        planned_at=at,
                    )
                    yield Plan(on_day, at, store.encode(), encode(event))

    def _openings(self) -> Iterator[Plan]:
        starts: dict[str, int] = {}
        for (store, _), day in self._first_sale.items():
            starts[store] = min(day, starts.get(store, day))
        for store, runs in self.opening().items():
            for first, last, opens in runs if store in starts else ():
                on_day = max(first - KNOWN_AHEAD_DAYS, starts[store])
                if last > on_day:
                    at = self._zone.end_of_day(on_day)
                    event = OpeningPlanned(
                        event_id=f"opening-{store}-{first}"[-200:],
                        store=store,
                        first_day=iso_date(first),
                        last_day=iso_date(last),
                        open=opens,
                        planned_at=at,
                    )
                    yield Plan(on_day, at, store.encode(), encode(event))


def with_plans(runs: Iterable[Built], plans: Sequence[Plan]) -> Iterator[Built]:
    """Runs with each plan before the first event that is not older; what is left over in a run of its own, at the end."""
    waiting, newest = list(plans), float("-inf")
    for built in runs:
        if not waiting or not built.raws:
            yield built
            continue
        reached = np.maximum(np.maximum.accumulate(built.times), newest)
        newest = float(reached[-1])
        places = np.searchsorted(reached, [plan.at for plan in waiting]).tolist()
        due = sum(place < len(reached) for place in places)
        yield _among(built, waiting[:due], places[:due])
        del waiting[:due]
    if waiting:
        yield _among(Built(), waiting, [0] * len(waiting))


def _among(built: Built, plans: list[Plan], places: list[int]) -> Built:
    """A run with plans before the events at `places`."""
    keys: list[bytes] = []
    raws: list[bytes] = []
    last = 0
    for plan, place in zip(plans, places, strict=True):
        keys += [*built.keys[last:place], plan.key]
        raws += [*built.raws[last:place], plan.raw]
        last = place
    times = np.insert(built.times, places, [plan.at for plan in plans])
    return Built(keys + built.keys[last:], raws + built.raws[last:], times, built.bad, built.skipped, built.rows, len(plans))


def _truths(rows: Rows, column: str | None) -> list[bool | None]:
    return [None] * len(rows) if column is None else truths(rows.columns[column])[0]


def _names(rows: Rows, mapping: Mapping, name: str) -> list[str | None]:
    """A text field of the rows as the events will have it."""
    if name in mapping.joined:
        found = joined([rows.columns[column] for column in mapping.joined[name]])
    elif name in mapping.columns:
        found = texts(rows.columns[mapping.columns[name]])
    else:
        found = [str(mapping.constants[name])] * len(rows)
    return coarser(found, mapping.groups[name]) if name in mapping.groups else found


def _runs_of(days: dict[int, bool]) -> list[tuple[int, int, bool]]:
    opened = sorted(day for day, opens in days.items() if opens)
    closed = [day for day in range(min(days), max(days) + 1) if not days.get(day)]
    return sorted([(*run, True) for run in _runs(opened)] + [(*run, False) for run in _runs(closed)])


def _runs(days: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of days that follow each other, cut to what one event may plan."""
    if not days:
        return
    first = days[0]
    for day, following in pairwise([*days, days[-1] + 2]):
        if following != day + 1 or day - first + 1 == LONGEST_PLAN_DAYS:
            yield first, day
            first = following
