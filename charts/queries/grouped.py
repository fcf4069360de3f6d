"""Sums over any stores, items, days and weekdays, grouped by one dimension or by store and item."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from charts.queries.sales import FIRST_DATE, LAST_DATE, Document, Finds, Period, Sums
from streams.contract.documents import DAY_RETURNED, DAY_UNITS, ITEM_MONTHS, STORE_MONTHS, exact, money_of

DATE_KEYS: Final[dict[str, Callable[[str], str]]] = {
    "day": lambda day: day,
    "weekday": lambda day: str(date.fromisoformat(day).weekday()),
    "week": lambda day: "{}-W{:02}".format(*date.fromisoformat(day).isocalendar()[:2]),
    "month": lambda day: day[:7],
    "quarter": lambda day: f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}",
    "year": lambda day: day[:4],
}
"""The key of a group by the business date; weekdays from Monday, 0."""
_WHOLE_MONTHS: Final = ("", "month", "quarter", "year", "item", "store")


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sale lines are meant; empty names mean all."""

    period: Period = field(default_factory=Period)
    stores: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    not_stores: tuple[str, ...] = ()
    not_items: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()

    @property
    def by_item(self) -> bool:
        """Whether items are told apart."""
        return bool(self.items or self.not_items)

    def where(self, period: Period) -> Document:
        """The condition on the documents of a period."""
        found: Document = {}
        for name, wanted in (("store", self.stores), ("item", self.items)):
            if wanted:
                found[name] = wanted[0] if len(wanted) == 1 else {"$in": list(wanted)}
        if months := period.months():
            found["month"] = months
        return found

    def holds(self, document: Document) -> bool:
        """Whether a document is of a store and item that are not left out."""
        return document["store"] not in self.not_stores and document.get("item") not in self.not_items


def grouped(database: Finds, selection: Selection, by: str = "") -> dict[str, Sums]:
    """Sums by "item", "store", a key of DATE_KEYS, or "" for one total under the key "". Raises ServerError."""
    groups: defaultdict[str, Sums] = defaultdict(Sums)
    collection = ITEM_MONTHS if by == "item" or selection.by_item else STORE_MONTHS
    key = DATE_KEYS.get(by)
    for document, first, last, row, money in _parts(database, collection, selection, whole=by in _WHOLE_MONTHS):
        groups[key(first) if key else document[by] if by else ""].add(first, row, money, last)
    return dict(groups)


def cells(database: Finds, selection: Selection) -> dict[tuple[str, str], Sums]:
    """Sums by store and item. Raises ServerError."""
    found: defaultdict[tuple[str, str], Sums] = defaultdict(Sums)
    for document, first, last, row, money in _parts(database, ITEM_MONTHS, selection, whole=True):
        found[document["store"], document["item"]].add(first, row, money, last)
    return dict(found)


def days_with_sales(database: Finds, selection: Selection) -> int:
    """Number of business dates with a line in the selection. Raises ServerError."""
    return len(grouped(database, selection, "day"))


def lines_by_hour(database: Finds, selection: Selection) -> list[int]:
    """Lines sold by hour of the day, 24 counts, of the whole months that the period touches. Raises ServerError."""
    counts = [0] * 24
    collection = ITEM_MONTHS if selection.by_item else STORE_MONTHS
    for document in database.find(collection, selection.where(selection.period), ("store", "item", "hours")):
        if selection.holds(document):
            for place, lines in enumerate(document["hours"]):
                if not selection.weekdays or place // 24 in selection.weekdays:
                    counts[place % 24] += lines
    return counts


def items_of(database: Finds, stores: tuple[str, ...] = ()) -> list[str]:
    """Names of all items that were ever sold or returned, sorted. Raises ServerError."""
    where = Selection(stores=stores).where(Period())
    return sorted({document["item"] for document in database.find(ITEM_MONTHS, where, ("item",))})


def units_sold(sums: Sums) -> float:
    """Units sold, returns not deducted."""
    return (sums.row[DAY_UNITS] + sums.row[DAY_RETURNED]) / 1000


def units_returned(sums: Sums) -> float:
    """Units taken back."""
    return sums.row[DAY_RETURNED] / 1000


def _parts(
    database: Finds, collection: str, selection: Selection, *, whole: bool
) -> Iterator[tuple[Document, str, str, list[Any], dict[str | None, list[int]]]]:
    """Documents, each with first and last day, row and money; whole months come as their totals where `whole` allows it."""
    period = selection.period
    inside = period.whole()
    totals_do = whole and not selection.weekdays and (inside.first or FIRST_DATE) <= (inside.last or LAST_DATE)
    if totals_do:
        fields = ("store", "item", "month", "currency", "others", "total", "first", "last")
        for document in database.find(collection, selection.where(inside), fields):
            if selection.holds(document):
                month = document["month"]
                yield document, f"{month}-{document['first']}", f"{month}-{document['last']}", document["total"], money_of(document)
    for part in _edges(period, inside) if totals_do else (period,):
        for document in database.find(collection, selection.where(part), ("store", "item", "month", "currency", "others", "days")):
            if not selection.holds(document):
                continue
            for day, row in document["days"].items():
                full = f"{document['month']}-{day}"
                if part.holds(full) and (not selection.weekdays or date.fromisoformat(full).weekday() in selection.weekdays):
                    yield document, full, full, row, money_of(document, day)


def _edges(period: Period, inside: Period) -> Iterator[Period]:
    """The parts of a period that are no whole months."""
    for month in sorted({day[:7] for day in (period.first, period.last) if day is not None and not inside.holds(f"{day[:7]}-15")}):
        yield Period(max(f"{month}-01", period.first or FIRST_DATE), min(f"{month}-31", period.last or LAST_DATE))


def items_by_week(database: Finds, selection: Selection, end: date) -> dict[str, list[float]]:
    """Units of each item in the runs of 7 days of a bounded period that ends on `end`, oldest first. Raises ServerError."""
    if selection.period.first is None:
        raise ValueError("the period has no first day")
    count = ((end - date.fromisoformat(selection.period.first)).days + 1) // 7
    weeks: defaultdict[str, list[float]] = defaultdict(lambda: [0.0] * count)
    for document, day, _, row, _ in _parts(database, ITEM_MONTHS, selection, whole=False):
        place = count - 1 - (end - date.fromisoformat(day)).days // 7
        if 0 <= place < count:
            weeks[document["item"]][place] += exact(row[DAY_UNITS]) / 1000
    return dict(weeks)
