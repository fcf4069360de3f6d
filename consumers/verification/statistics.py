"""Compares units, and money by currency, of the accepted sales (each seq once) with the documents; exact even while the stream runs.

A document's `v` says up to which source offset it counts: for each document, the log is summed up to exactly there.
Memory: the documents' sums, and 1 byte per accepted sale.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from consumers.statistics.fold import Key, add_money, collection_of, count_line
from consumers.store.port import Document
from consumers.verification.difference import Difference
from consumers.verification.people import PeopleBooks
from streams.contract.documents import (
    DAY_COLUMNS,
    DAY_RETURNS,
    DAY_SALES,
    ITEM_MONTHS,
    MONEY_COLUMNS,
    exact,
    group_of,
    mixed_to,
    money_of,
    units_of,
)
from streams.contract.messages import SaleAccepted
from streams.contract.money import MICROS, decimal_of

COMPARED: Final = tuple(place for place, name in enumerate(DAY_COLUMNS) if name != "orders" and name not in MONEY_COLUMNS)
_MOST_AHEAD: Final = 1_000_000
Row = list[int]
Money = dict[str | None, Row]
"""Rows of MONEY_COLUMNS by currency."""


@dataclass(slots=True)
class _Held:
    """What a document holds, and what the log sums to for it; by day for a store, as one sum for an item."""

    v: int
    currency: str | None = None
    mixed_to: int = -1
    groups: frozenset[str | None] = frozenset()
    held: dict[str, Row] = field(default_factory=dict)
    counted: defaultdict[str, Row] = field(default_factory=lambda: defaultdict(_zeros))
    held_money: dict[str, Money] = field(default_factory=dict)
    counted_money: defaultdict[str, Money] = field(default_factory=lambda: defaultdict(dict))
    mixed: set[str] = field(default_factory=set)

    def count(self, place: str, sale: SaleAccepted) -> None:
        """Count a sale of the log."""
        count_line(self.counted[place], sale)
        if sale.offset > self.mixed_to:
            currency = group_of(sale.currency, self.groups)
        else:
            currency = self.currency
            if sale.currency not in (None, currency):
                self.mixed.add(str(sale.currency))
        money = self.counted_money[place]
        row = money.get(currency)
        if row is None:
            row = money[currency] = _no_money()
        add_money(row, sale)


class SalesBooks:
    """Takes the documents, then the accepted sales of the log."""

    def __init__(self, progress: Mapping[int, int]) -> None:
        """Progress: by partition, the newest seq that the consumers say is in all documents; read before the documents."""
        self._progress = progress
        self._held: dict[Key, _Held] = {}
        self._seen: dict[int, bytearray] = {}
        self._truncated: set[int] = set()
        self.totals: Row = _zeros()
        self.money: Money = {}
        self.not_applied = 0
        self.sales = 0
        self.people = PeopleBooks()
        self.differences: list[Difference] = []

    def document(self, document: Document) -> None:
        """Take a document of the statistics as MongoDB holds it."""
        item = document.get("item", "")
        groups = frozenset((document["currency"], *(other["currency"] for other in document.get("others", ()))))
        held = _Held(document["v"], document["currency"], mixed_to(document), groups)
        for day, row in document["days"].items():
            place = "" if item else day
            numbers = [exact(number) for number in row]
            money = money_of(document, day)
            _add(held.held.setdefault(place, _zeros()), numbers)
            _add_money(held.held_money.setdefault(place, {}), money)
            if not item:
                _add(self.totals, numbers)
                _add_money(self.money, money)
        self._held[document["partition"], document["store"], item, document["month"]] = held

    def truncated(self, partition: int) -> None:
        """Note that a partition's log does not reach back to its first sale: its documents cannot be recounted."""
        self._truncated.add(partition)

    def accepted(self, sale: SaleAccepted) -> bool:
        """Take an accepted sale of the log; returns whether it is the first with its seq."""
        if not self._first(sale):
            return False
        self.sales += 1
        month, day = sale.business_date[:7], sale.business_date[8:]
        is_due = sale.seq <= self._progress.get(sale.partition, 0)
        self.people.accepted(sale, is_due=is_due)
        for key, place in (((sale.partition, sale.store, "", month), day), ((sale.partition, sale.store, sale.item, month), "")):
            held = self._held.get(key)
            if held is None and is_due:
                held = self._held[key] = _Held(-1)
            if held is not None and (is_due or sale.offset <= held.v):
                held.count(place, sale)
            elif not key[2]:
                self.not_applied += 1
        return True

    def conclude(self) -> list[Difference]:
        """All differences: by store and day, by item and month, and sales that the log lacks."""
        for partition, seen in sorted(self._seen.items()):
            missing = [seq for seq in range(1, len(seen)) if not seen[seq]] if partition not in self._truncated else []
            if missing:
                sentence = f"sales.accepted partition {partition} lacks {len(missing)} sales, the first is number {missing[0]}."
                self.differences.append(Difference("missing", sentence, partition=partition, log=len(missing)))
        for key, held in self._held.items():
            if key[0] not in self._truncated:
                for place in sorted(held.held.keys() | held.counted.keys()):
                    self.differences += _compared(key, place, held)
                if held.mixed and not key[2]:
                    self.differences.append(_added_up(key, held))
        self.differences += self.people.differences(self._truncated)
        return self.differences

    def _first(self, sale: SaleAccepted) -> bool:
        seen = self._seen.setdefault(sale.partition, bytearray(1))
        if sale.seq >= len(seen) + _MOST_AHEAD:
            if sale.partition not in self._truncated:
                sentence = f"sales.accepted partition {sale.partition} has a sale number {sale.seq} far beyond its neighbours."
                self.differences.append(Difference("missing", sentence, partition=sale.partition, log=sale.seq))
            return False
        if sale.seq >= len(seen):
            seen.extend(bytes(sale.seq + 1 - len(seen)))
        if seen[sale.seq]:
            return False
        seen[sale.seq] = 1
        return True


def _compared(key: Key, place: str, held: _Held) -> Iterable[Difference]:
    counted_row, held_row = held.counted.get(place, _zeros()), held.held.get(place, _zeros())
    for column in COMPARED:
        if counted_row[column] != held_row[column]:
            yield _difference(key, place, DAY_COLUMNS[column], counted_row[column], held_row[column])
    counted, kept = held.counted_money.get(place, {}), held.held_money.get(place, {})
    lines_agree = all(counted_row[column] == held_row[column] for column in (DAY_SALES, DAY_RETURNS))
    currencies = sorted(counted.keys() | kept.keys(), key=lambda currency: currency or "")
    for currency in currencies:
        named = (currency or "no currency") if len(currencies) > 1 else ""
        rows = zip(MONEY_COLUMNS, counted.get(currency, _no_money()), kept.get(currency, _no_money()), strict=True)
        for name, by_log, by_mongodb in rows:
            # The lines of a document's own currency are what is left of all lines; if those differ, that is reported already.
            if by_log != by_mongodb and (name != "lines" or lines_agree):
                yield _difference(key, place, name, by_log, by_mongodb, currency, named)


def _difference(key: Key, place: str, column: str, counted: int, held: int, currency: str | None = None, named: str = "") -> Difference:
    _, store, item, month = key
    when = f"{month}-{place}" if place else month
    log, mongodb = _shown(column, counted), _shown(column, held)
    whose = f"item {item} of store {store}" if item else f"store {store}"
    what = f"{column.rpartition('_')[0] or column}{f' in {named}' if named else ''}"
    return Difference(
        "items" if collection_of(key) == ITEM_MONTHS else "statistics",
        f"{what} of {whose}, {when}: {log} by the log, {mongodb} in MongoDB.",
        store=store, item=item or None, day=when, column=column, currency=currency, log=log, mongodb=mongodb, partition=key[0],
    )  # fmt: skip


def _added_up(key: Key, held: _Held) -> Difference:
    _, store, _, month = key
    names = ", ".join(sorted(held.mixed))
    sentence = (
        f"Money of store {store}, {month}, adds up {names} under {held.currency or 'no currency'}: an older version wrote it. "
        "Consume into a new MONGODB_DATABASE to have it by currency."
    )
    return Difference("currencies", sentence, store=store, day=month, currency=held.currency, partition=key[0])


def _shown(name: str, number: int) -> str | int:
    if name.endswith("_micros"):
        return decimal_of(number, 6 if number % (MICROS // 100) else 2)
    return units_of(number) if name.endswith("_thousandths") else number


def _zeros() -> Row:
    return [0] * len(DAY_COLUMNS)


def _no_money() -> Row:
    return [0] * len(MONEY_COLUMNS)


def _add_money(money: Money, more: Mapping[str | None, Row]) -> None:
    for currency, row in more.items():
        _add(money.setdefault(currency, _no_money()), row)


def _add(row: Row, other: list[Any]) -> None:
    for place, number in enumerate(other):
        row[place] += number
