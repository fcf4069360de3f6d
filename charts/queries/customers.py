"""What each customer bought, day by day, out of the documents of `customer_years`."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import partial

from charts.queries.sales import Document, Finds, Period, Sums
from streams.contract.documents import CUSTOMER_YEARS, DAY_COLUMNS, DAY_SALES, MONEY_COLUMNS, exact


@dataclass(slots=True)
class Purchases:
    """A customer's business dates, as ordinals, each with what was paid less what was given back, millionths."""

    days: dict[int, int] = field(default_factory=dict)
    """Days with a line sold."""
    refunds: dict[int, int] = field(default_factory=dict)
    """Days on which something was only taken back."""
    lines: dict[str, int] = field(default_factory=dict)
    """Lines bought by category (by item, where a sale named none)."""

    def until(self, day: int) -> dict[int, int]:
        """The days with a purchase up to an ordinal, included."""
        return {at: paid for at, paid in self.days.items() if at <= day}

    def money(self, first: int, last: int) -> int:
        """What was paid less what was given back from one ordinal to another, both included."""
        return sum(paid for part in (self.days, self.refunds) for at, paid in part.items() if first <= at <= last)


def purchases(database: Finds, currency: str | None, stores: tuple[str, ...] = (), *, with_lines: bool = False) -> dict[str, Purchases]:
    """Each customer's purchases, all stores asked about together. Raises ServerError."""
    found: defaultdict[str, Purchases] = defaultdict(Purchases)
    fields = ("customer", "currency", "year", "store", "cells", "revenue_micros", "sales")
    for document in database.find(CUSTOMER_YEARS, of_stores(stores), fields + (("bought", "bought_lines") if with_lines else ())):
        if document["currency"] != currency:
            continue
        mine = found[document["customer"]]
        first = date(int(document["year"]), 1, 1).toordinal() - 1
        cells = document["cells"]
        paid, sold = document.get("revenue_micros") or [0] * len(cells), document.get("sales") or [0] * len(cells)
        for cell, amount, lines in zip(cells, paid, sold, strict=True):
            day = first + _day_of_year(document["year"], cell)
            # In another store the same day may be one with a purchase.
            here = mine.days if lines or day in mine.days else mine.refunds
            here[day] = here.get(day, 0) + exact(amount) + (mine.refunds.pop(day, 0) if here is mine.days else 0)
        if with_lines:
            for name, lines in zip(document.get("bought", ()), document.get("bought_lines", ()), strict=True):
                mine.lines[name] = mine.lines.get(name, 0) + lines
    return {name: one for name, one in found.items() if one.days}


def customer_sums(
    database: Finds, period: Period, stores: tuple[str, ...] = (), customers: tuple[str, ...] = ()
) -> Iterator[tuple[str, str, str, Sums]]:
    """Customer, store, business date and sums of each day in the period. Raises ServerError."""
    where = of_stores(stores)
    if customers:
        where["customer"] = customers[0] if len(customers) == 1 else {"$in": list(customers)}
    years = {name: day[:4] for name, day in (("$gte", period.first), ("$lte", period.last)) if day is not None}
    for document in database.find(CUSTOMER_YEARS, where | ({"year": years} if years else {})):
        for day, sums in cell_sums(document, partial(_day_of, document["year"])):
            if period.holds(day):
                yield document["customer"], document["store"], day, sums


def cell_sums(document: Document, day_of: Callable[[int], str]) -> Iterator[tuple[str, Sums]]:
    """The business date and the sums of each cell of a person's document."""
    cells = document["cells"]
    columns = [document.get(name) or [0] * len(cells) for name in DAY_COLUMNS]
    for place, cell in enumerate(cells):
        row = [exact(column[place]) for column in columns]
        by_name = dict(zip(DAY_COLUMNS, row, strict=True)) | {"lines": row[DAY_SALES] + row[DAY_SALES + 1]}
        sums = Sums()
        sums.add(day_of(cell), row, {document["currency"]: [by_name[name] for name in MONEY_COLUMNS]})
        yield day_of(cell), sums


def customer_names(database: Finds) -> list[str]:
    """Names of all customers, sorted. Raises ServerError."""
    return sorted({document["customer"] for document in database.find(CUSTOMER_YEARS, {}, ("customer",))})


def of_stores(stores: tuple[str, ...]) -> Document:
    """The condition on the documents of some stores; none: all."""
    if not stores:
        return {}
    return {"store": stores[0] if len(stores) == 1 else {"$in": list(stores)}}


_MONTH_STARTS = {leap: [date(2023 + leap, month, 1).timetuple().tm_yday - 1 for month in range(1, 13)] for leap in (0, 1)}


def _day_of(year: str, cell: int) -> str:
    return f"{year}-{cell // 100:02}-{cell % 100:02}"


def _day_of_year(year: str, cell: int) -> int:
    number = int(year)
    leap = int(number % 4 == 0 and (number % 100 != 0 or number % 400 == 0))
    return _MONTH_STARTS[leap][cell // 100 - 1] + cell % 100
