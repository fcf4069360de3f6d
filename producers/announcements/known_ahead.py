"""The promotions and open days that rows tell of, as a shop would have announced them. Pure."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, cast

import numpy as np

from producers.sources.building import Built, coarser, joined, kept_rows, times_of
from producers.sources.columns import numbers, texts, truths
from producers.sources.mapping import Mapping
from producers.sources.rows import Rows
from streams.contract.codec import EARLIEST, LONGEST_PLAN_DAYS, decode_event, encode, planned_days
from streams.contract.errors import RejectedEvent, UsageError
from streams.contract.messages import OpeningPlanned, PromotionPlanned
from streams.processor.local_time import LocalTime, iso_date

KNOWN_AHEAD_DAYS: Final = 30
"""An announcement is made so many days before its first day: all its days are known at every horizon."""


@dataclass(frozen=True, slots=True)
class KnownAhead:
    """Which columns of a source are announced in advance."""

    promotions: bool = False
    openings: bool = False

    def __bool__(self) -> bool:
        return self.promotions or self.openings

    def check(self, mapping: Mapping) -> None:
        """Raises UsageError when the mapping has not the columns."""
        if self.promotions and "on_promotion" not in mapping.columns:
            raise UsageError(
                "--promotions-known-ahead needs a column of promotions, and none is known here: name it in a mapping (--mapping), "
                '`on_promotion = "COLUMN"` under [columns].'
            )
        if self.openings and mapping.open is None:
            raise UsageError(
                "--openings-known-ahead needs a column of yes and no that says whether the store opens, and none is known here: name it at "
                'the top of a mapping (--mapping), `open = "COLUMN"`.'
            )


NOTHING_AHEAD: Final = KnownAhead()

Announced = PromotionPlanned | OpeningPlanned


@dataclass(frozen=True, slots=True)
class DatedAnnouncement:
    """An event that is announced at the end of the day `on_day` (days since 1970), `at` epoch seconds."""

    on_day: int
    at: float
    key: bytes
    raw: bytes


def announcement_of(fields: dict[str, Any], prefix: str) -> Announced:
    """The event of these fields, with an id made of them, checked as the worker will check it. Raises RejectedEvent."""
    name = hashlib.sha256(repr(fields).encode("utf-8", "backslashreplace")).hexdigest()[:24]
    try:
        raw = encode(fields | {"event_id": f"{prefix}-{name}"})
    except UnicodeEncodeError:
        raise RejectedEvent("invalid", "a name has a lone surrogate: save the file as UTF-8.") from None
    announcement = cast("Announced", decode_event(raw))
    planned_days(announcement)
    return announcement


class AnnouncementFinder:
    """Notes days of promotion, open days and first sales run by run; then knows the announcements. Days are those of the stores' time zone.

    latest: epoch seconds beyond which a row is one of a wrong date.

    Attributes
    ----------
    promoted
        Days of each store and item on promotion, those without a sale too.

    """

    def __init__(self, mapping: Mapping, zone: LocalTime, known: KnownAhead, latest: float) -> None:
        known.check(mapping)
        self.promoted: dict[tuple[str, str], list[int]] = {}
        self._mapping, self._zone, self._known, self._latest = mapping, zone, known, latest
        self._opened: dict[str, dict[int, bool | None]] = {}
        self._first_sale: dict[tuple[str, str], int] = {}

    def note(self, rows: Rows) -> None:
        """Take a run of rows, one at least. Raises UsageError when a column is not there, or no yes and no where it should be."""
        mapping, day_of = self._mapping, self._zone.day_of
        mapping.check_columns(list(rows.columns))
        times = times_of(rows.columns, mapping.time)
        promoted = truths(rows.columns[mapping.columns["on_promotion"]])[0] if self._known.promotions else [None] * len(rows)
        opened = self._opens(rows)
        sold = np.zeros(len(rows), bool)
        sold[kept_rows(rows, mapping, Counter())] = True
        if "quantity" in mapping.columns:
            sold &= numbers(rows.columns[mapping.columns["quantity"]], mapping.decimal)[0] > 0
        stores, items = (_names(rows, mapping, name) for name in ("store", "item"))
        for store, item, at, promotion, opens, sells in zip(stores, items, times.tolist(), promoted, opened, sold.tolist(), strict=True):
            if store is None or item is None or not EARLIEST <= at < self._latest:
                continue
            day = day_of(at)
            if self._known.openings:
                known = self._opened.setdefault(store, {})
                known[day] = known.get(day) or sells or (known.get(day) if opens is None else opens)
            if promotion:
                days = self.promoted.setdefault((store, item), [])
                if not days or days[-1] != day:
                    days.append(day)
            if sells and day < self._first_sale.get((store, item), day + 1):
                self._first_sale[store, item] = day

    def _opens(self, rows: Rows) -> list[bool | None]:
        if not self._known.openings or self._mapping.open is None:
            return [None] * len(rows)
        opened, unclear = truths(rows.columns[self._mapping.open])
        if unclear.any():
            place, name = int(unclear.argmax()), self._mapping.open
            raise UsageError(
                f"Row {rows.numbers[place]:,}: the column {name!r} holds {str(rows.columns[name][place])[:40]!r}, which says neither that "
                "the store opens nor that it does not: write yes or no, or leave --openings-known-ahead out."
            )
        return opened

    def opening(self) -> dict[str, list[tuple[int, int, bool]]]:
        """Runs of days of each store: first, last, open or not. Between its first and its last day a day without a row is closed.

        A day on which something was sold is an open one, and a day of rows that do not say is neither.
        """
        return {store: _runs_of(days) for store, days in self._opened.items()}

    def announcements(self) -> list[DatedAnnouncement]:
        """All announcements in their order: ahead, but none of what has not sold yet."""
        return sorted([*self._promotions(), *self._openings()], key=lambda announcement: announcement.on_day)

    def _promotions(self) -> Iterator[DatedAnnouncement]:
        for (store, item), days in self.promoted.items():
            start = self._first_sale.get((store, item))
            for first, last in () if start is None else _runs(sorted(set(days))):
                yield from self._dated({"type": "promotion-planned.v1", "store": store, "item": item}, first, last, start or 0)

    def _openings(self) -> Iterator[DatedAnnouncement]:
        starts: dict[str, int] = {}
        for (store, _), day in self._first_sale.items():
            starts[store] = min(day, starts.get(store, day))
        for store, runs in self.opening().items():
            for first, last, opens in runs if store in starts else ():
                yield from self._dated({"type": "opening-planned.v1", "store": store, "open": opens}, first, last, starts[store])

    def _dated(self, fields: dict[str, Any], first: int, last: int, start: int) -> Iterator[DatedAnnouncement]:
        """The announcement, if there is still a day to tell of and the worker would take it: names of bad rows are in no event."""
        on_day = max(first - KNOWN_AHEAD_DAYS, start)
        if last <= on_day:
            return
        at = self._zone.end_of_day(on_day)
        fields |= {"first_day": iso_date(first), "last_day": iso_date(last), "planned_at": at}
        try:
            announcement = announcement_of(fields, "plan")
        except RejectedEvent:
            return
        yield DatedAnnouncement(on_day, at, announcement.store.encode(), encode(announcement))


def with_announcements(runs: Iterable[Built], announcements: Sequence[DatedAnnouncement]) -> Iterator[Built]:
    """Runs with each announcement before the first event that is not older; what is left over in a run of its own, at the end.

    announcements: in the order of `on_day`.
    """
    at, done, newest = np.array([announcement.at for announcement in announcements]), 0, float("-inf")
    for built in runs:
        if done == len(announcements) or not built.raws:
            yield built
            continue
        reached = np.maximum(np.maximum.accumulate(built.times), newest)
        newest = float(reached[-1])
        due = slice(done, int(np.searchsorted(at, newest, side="right")))
        yield _among(built, announcements[due], np.searchsorted(reached, at[due]).tolist(), newest)
        done = due.stop
    rest = announcements[done:]
    if rest and newest > float("-inf"):
        yield _among(Built(), rest, [0] * len(rest), newest)


def _among(built: Built, announcements: Sequence[DatedAnnouncement], places: list[int], newest: float) -> Built:
    """A run with announcements before the events at `places`. An announcement of a later day does not make the log newer than its sales."""
    keys: list[bytes] = []
    raws: list[bytes] = []
    last = 0
    for announcement, place in zip(announcements, places, strict=True):
        keys += [*built.keys[last:place], announcement.key]
        raws += [*built.raws[last:place], announcement.raw]
        last = place
    times = np.insert(built.times, places, [min(announcement.at, newest) for announcement in announcements])
    return Built(keys + built.keys[last:], raws + built.raws[last:], times, built.bad, built.skipped, built.rows, len(announcements))


def _names(rows: Rows, mapping: Mapping, name: str) -> list[str | None]:
    """A text field of the rows as the events will have it."""
    if name in mapping.joined:
        found = joined([rows.columns[column] for column in mapping.joined[name]])
    elif name in mapping.columns:
        found = texts(rows.columns[mapping.columns[name]])
    else:
        found = [str(mapping.constants[name])] * len(rows)
    return coarser(found, mapping.groups[name]) if name in mapping.groups else found


def _runs_of(days: dict[int, bool | None]) -> list[tuple[int, int, bool]]:
    opened = sorted(day for day, opens in days.items() if opens)
    closed = [day for day in range(min(days), max(days) + 1) if days.get(day, False) is False]
    return sorted([(*run, True) for run in _runs(opened)] + [(*run, False) for run in _runs(closed)])


def _runs(days: list[int]) -> Iterator[tuple[int, int]]:
    """First and last of each run of days that follow each other, cut to what one event may announce."""
    if not days:
        return
    first = days[0]
    for day, following in pairwise([*days, days[-1] + 2]):
        if following != day + 1 or day - first + 1 == LONGEST_PLAN_DAYS:
            yield first, day
            first = following
