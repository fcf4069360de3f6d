"""Questions about sales: exact sums over stores, items and days."""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Protocol

from streams.contract.documents import (
    DAY_COLUMNS,
    DAY_ORDERS,
    DAY_RETURNS,
    DAY_SALES,
    DAY_UNITS,
    HOURS_A_WEEK,
    ITEM_MONTHS,
    MONEY_COLUMNS,
    MONEY_PROFIT,
    MONEY_PROFIT_LINES,
    MONEY_REVENUE,
    STORE_MONTHS,
    exact,
    money_of,
)

Document = dict[str, Any]
_COUNTS = tuple(place for place, name in enumerate(DAY_COLUMNS) if name not in MONEY_COLUMNS)
_NO_MONEY = (0,) * len(MONEY_COLUMNS)
FIRST_DATE, LAST_DATE = "0000-01-01", "9999-12-31"


class Finds(Protocol):
    """A database for queries; see ReadOnlyDatabase."""

    def find(
        self,
        collection: str,
        where: Mapping[str, Any],
        fields: Any = None,
        *,
        newest_by: str | None = None,
        ordered_by: str | None = None,
        limit: int = 0,
        at_once: int = 0,
    ) -> Iterator[Document]:
        """Documents one after another."""
        ...

    def count(self, collection: str) -> int:
        """The approximate number of documents."""
        ...


@dataclass(frozen=True, slots=True)
class Period:
    """First and last business date, both included; None: unbounded."""

    first: str | None = None
    last: str | None = None

    def months(self) -> dict[str, str]:
        """The condition on the month of a document."""
        bounds = {}
        if self.first is not None:
            bounds["$gte"] = self.first[:7]
        if self.last is not None:
            bounds["$lte"] = self.last[:7]
        return bounds

    def whole(self) -> "Period":
        """The whole months within the period, as a period; it may be empty, with its last date before its first."""
        first, last = self.first, self.last
        if first is not None and not first.endswith("-01"):
            first = _month_after(first)
        if last is not None and last >= f"{last[:7]}-{monthrange(int(last[:4]), int(last[5:7]))[1]}":
            last = _month_after(last)
        return Period(first, None if last is None else f"{_month_before(last)}-31")

    def holds(self, day: str) -> bool:
        """Whether a business date lies in the period."""
        return (self.first or FIRST_DATE) <= day <= (self.last or LAST_DATE)


def _month_after(day: str) -> str:
    return (date.fromisoformat(day).replace(day=1) + timedelta(days=31)).replace(day=1).isoformat()


def _month_before(day: str) -> str:
    return (date.fromisoformat(day).replace(day=1) - timedelta(days=1)).isoformat()[:7]


@dataclass(slots=True)
class Sums:
    """Sums over sale lines, in exact integers. Money is summed by currency, never across currencies."""

    row: list[int] = field(default_factory=lambda: [0] * len(DAY_COLUMNS))
    """Counts in the order of DAY_COLUMNS; the money columns stay 0."""
    money: dict[str | None, list[int]] = field(default_factory=dict)
    """Rows of MONEY_COLUMNS by currency; None: lines without a currency."""
    first_day: str = ""
    last_day: str = ""

    def add(self, day: str, row: Sequence[Any], money: Mapping[str | None, Sequence[int]], last_day: str | None = None) -> None:
        """Add a day, or the days from one to another."""
        for place in _COUNTS:
            self.row[place] += exact(row[place])
        for currency, more in money.items():
            mine = self.money.get(currency, _NO_MONEY)
            self.money[currency] = [one + other for one, other in zip(mine, more, strict=True)]
        self.first_day = min(self.first_day or day, day)
        self.last_day = max(self.last_day, last_day or day)

    @property
    def units(self) -> float:
        """Units sold less units returned."""
        return self.row[DAY_UNITS] / 1000

    @property
    def currencies(self) -> set[str]:
        """The currencies of the lines that have one."""
        return {currency for currency in self.money if currency is not None}

    def revenue_in(self, currency: str | None) -> int:
        """Money of one currency taken less given back, micro-units; None: of the lines that named none."""
        return self.money.get(currency, _NO_MONEY)[MONEY_REVENUE]

    def profit_in(self, currency: str | None) -> int:
        """Profit in one currency of the lines that had one, micro-units."""
        return self.money.get(currency, _NO_MONEY)[MONEY_PROFIT]

    @property
    def revenue_micros(self) -> int | None:
        """Money taken less money given back; None where the lines are of several currencies."""
        return self._single(MONEY_REVENUE)

    @property
    def profit_micros(self) -> int | None:
        """Profit of the lines that had one; None where the lines are of several currencies."""
        return self._single(MONEY_PROFIT)

    def _single(self, place: int) -> int | None:
        return sum(row[place] for row in self.money.values()) if len(self.money) < 2 else None

    @property
    def sales(self) -> int:
        """Lines sold."""
        return self.row[DAY_SALES]

    @property
    def returns(self) -> int:
        """Lines taken back."""
        return self.row[DAY_RETURNS]

    @property
    def orders(self) -> int:
        """Orders begun."""
        return self.row[DAY_ORDERS]

    @property
    def profit_known(self) -> bool:
        """Whether any line had a profit or a cost."""
        return any(row[MONEY_PROFIT_LINES] for row in self.money.values())


def totals(database: Finds, store: str | None = None, period: Period | None = None) -> Sums:
    """Everything sold in a store, or in all stores. Raises ServerError."""
    sums = Sums()
    for _, first, last, row, money in _sums(database, STORE_MONTHS, store, period or Period()):
        sums.add(first, row, money, last)
    return sums


def by_item(database: Finds, store: str | None = None, period: Period | None = None) -> dict[str, Sums]:
    """What each item sold. Raises ServerError."""
    items: defaultdict[str, Sums] = defaultdict(Sums)
    for document, first, last, row, money in _sums(database, ITEM_MONTHS, store, period or Period()):
        items[document["item"]].add(first, row, money, last)
    return dict(items)


def by_store(database: Finds, period: Period | None = None) -> dict[str, Sums]:
    """What each store sold. Raises ServerError."""
    found: defaultdict[str, Sums] = defaultdict(Sums)
    for document, first, last, row, money in _sums(database, STORE_MONTHS, None, period or Period()):
        found[document["store"]].add(first, row, money, last)
    return dict(found)


def by_store_item(database: Finds, store: str | None = None, period: Period | None = None) -> dict[tuple[str, str], Sums]:
    """What each store sold of each item. Raises ServerError."""
    found: defaultdict[tuple[str, str], Sums] = defaultdict(Sums)
    for document, first, last, row, money in _sums(database, ITEM_MONTHS, store, period or Period()):
        found[document["store"], document["item"]].add(first, row, money, last)
    return dict(found)


def by_store_day(
    database: Finds, store: str | None = None, period: Period | None = None, item: str | None = None
) -> dict[tuple[str, str], Sums]:
    """What each store sold on each business date; with an item, of that item. Raises ServerError."""
    days: defaultdict[tuple[str, str], Sums] = defaultdict(Sums)
    collection = STORE_MONTHS if item is None else ITEM_MONTHS
    for name, day, row, document in _rows(database, collection, store, period or Period(), item):
        days[name, day].add(day, row, money_of(document, day[8:]))
    return dict(days)


def newest_day_by_item(database: Finds, store: str | None = None) -> dict[tuple[str, str], Sums]:
    """The newest business date with sales of each (store, item), and what was sold on it. Raises ServerError.

    Only the newest two months of the data are searched.
    """
    last = last_date(database)
    if last is None:
        return {}
    first = (date.fromisoformat(last).replace(day=1) - timedelta(days=1)).replace(day=1).isoformat()
    newest: dict[tuple[str, str], Sums] = {}
    for name, day, row, document in _rows(database, ITEM_MONTHS, store, Period(first, None)):
        key = (name, document["item"])
        if key not in newest or newest[key].last_day < day:
            newest[key] = Sums()
            newest[key].add(day, row, money_of(document, day[8:]))
        elif newest[key].last_day == day:
            newest[key].add(day, row, money_of(document, day[8:]))
    return newest


def hours_of_week(database: Finds, store: str | None = None, period: Period | None = None) -> list[int]:
    """Lines sold by hour of the week, from Monday 0 h, in all whole months that the period touches. Raises ServerError."""
    where = _where(store, period or Period())
    hours = [0] * HOURS_A_WEEK
    for document in database.find(STORE_MONTHS, where, ("hours",)):
        hours = [mine + other for mine, other in zip(hours, document["hours"], strict=True)]
    return hours


def stores(database: Finds) -> list[str]:
    """Names of the stores, sorted. Raises ServerError."""
    return sorted({document["store"] for document in database.find(STORE_MONTHS, {}, ("store",))})


def last_date(database: Finds) -> str | None:
    """The newest business date with sales; None if nothing was sold. Raises ServerError."""
    newest = next(iter(database.find(STORE_MONTHS, {}, ("month",), newest_by="month", limit=1)), None)
    if newest is None:
        return None
    days = [
        f"{document['month']}-{day}"
        for document in database.find(STORE_MONTHS, {"month": newest["month"]}, ("month", "days"))
        for day in document["days"]
    ]
    return max(days)


def _where(store: str | None, period: Period, item: str | None = None) -> dict[str, Any]:
    where: dict[str, Any] = {}
    if store is not None:
        where["store"] = store
    if item is not None:
        where["item"] = item
    if months := period.months():
        where["month"] = months
    return where


def _sums(
    database: Finds, collection: str, store: str | None, period: Period
) -> Iterator[tuple[Document, str, str, list[Any], dict[str | None, list[int]]]]:
    """Documents, each with the first and last day and the sums of its counts and money within the period.

    Months that lie wholly within the period come as their totals, without their days, which is far less to read.
    """
    whole = period.whole()
    # `others` is read as a whole, days included: it is empty for stores with a single currency.
    fields = ("store", "item", "month", "currency", "others", "total", "first", "last")
    if (whole.first or FIRST_DATE) <= (whole.last or LAST_DATE):
        for document in database.find(collection, _where(store, whole), fields):
            month = document["month"]
            yield document, f"{month}-{document['first']}", f"{month}-{document['last']}", document["total"], money_of(document)
    edges = {day[:7] for day in (period.first, period.last) if day is not None and not whole.holds(f"{day[:7]}-15")}
    for month in sorted(edges):
        inside = Period(max(f"{month}-01", period.first or FIRST_DATE), min(f"{month}-31", period.last or LAST_DATE))
        for _, day, row, document in _rows(database, collection, store, inside):
            yield document, day, day, row, money_of(document, day[8:])


def _rows(
    database: Finds, collection: str, store: str | None, period: Period, item: str | None = None
) -> Iterator[tuple[str, str, list[Any], Document]]:
    fields = ("store", "item", "month", "currency", "others", "days")
    for document in database.find(collection, _where(store, period, item), fields):
        for day, row in document["days"].items():
            full = f"{document['month']}-{day}"
            if period.holds(full):
                yield document["store"], full, row, document
