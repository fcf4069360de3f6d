"""Questions about stock: what empty shelves cost, and where."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import sqrt
from typing import Any, Final

from charts.queries.sales import Document, Finds, Period, last_date
from streams.contract.documents import LOST_SALES

WEEK_DAYS: Final = 7
NO_CATEGORY: Final = "no category"


@dataclass(slots=True)
class Money:
    """Lost revenue and profit in one currency, with the half widths of the band below and above the revenue."""

    revenue: float = 0.0
    profit: float | None = None
    below: float = 0.0
    above: float = 0.0

    def add(self, one: Document) -> None:
        """Add a day's money. Errors of different days and stores are taken for independent, so their squares add up."""
        self.revenue += one["revenue"]
        self.below = sqrt(self.below**2 + (one["revenue"] - one["revenue_p10"]) ** 2)
        self.above = sqrt(self.above**2 + (one["revenue_p90"] - one["revenue"]) ** 2)
        if one["profit"] is not None:
            self.profit = (self.profit or 0.0) + one["profit"]

    @property
    def p10(self) -> float:
        """Lost revenue is at most this with probability 10 %."""
        return max(self.revenue - self.below, 0.0)

    @property
    def p90(self) -> float:
        """Lost revenue is at most this with probability 90 %."""
        return self.revenue + self.above


@dataclass(slots=True)
class LostSales:
    """What empty shelves cost over some days; money by currency, never added up.

    by_category: lost revenue by (currency, category), None: of items whose sales named none. by_item: by (currency, item).
    """

    first_day: str
    last_day: str
    units: float = 0.0
    money: dict[str | None, Money] = field(default_factory=dict)
    by_category: defaultdict[tuple[str | None, str | None], float] = field(default_factory=lambda: defaultdict(float))
    by_item: defaultdict[tuple[str | None, str], float] = field(default_factory=lambda: defaultdict(float))

    @property
    def currencies(self) -> list[str | None]:
        """The currencies, that with the largest loss first."""
        return sorted(self.money, key=lambda currency: (-self.money[currency].revenue, currency or ""))

    def parts(self, currency: str | None) -> tuple[dict[str, float], bool]:
        """Lost revenue in a currency by category and True, or by item and False where no sale named a category."""
        categories = {name: value for (of, name), value in self.by_category.items() if of == currency}
        if any(name is not None for name in categories):
            return {name or NO_CATEGORY: value for name, value in categories.items()}, True
        return {name: value for (of, name), value in self.by_item.items() if of == currency}, False

    def most(self, currency: str | None) -> tuple[str | None, float | None]:
        """Where most of a currency's revenue was lost, and which share of it; None where items were not read or nothing was lost."""
        values, whole = self.parts(currency)[0], self.money[currency].revenue
        if not values or whole <= 0:
            return None, None
        name = max(values, key=lambda key: (values[key], key))
        return name, values[name] / whole

    def shown(self) -> dict[str, Any]:
        """As JSON, with money rounded to cents."""
        return {
            "first_day": self.first_day,
            "last_day": self.last_day,
            "units": round(self.units, 1),
            "by_currency": [
                {
                    "currency": currency,
                    "revenue": round(one.revenue, 2),
                    "revenue_p10": round(one.p10, 2),
                    "revenue_p90": round(one.p90, 2),
                    "profit": None if one.profit is None else round(one.profit, 2),
                    "most_in": place,
                    "most_share": None if share is None else round(share, 4),
                }
                for currency in self.currencies
                for one in (self.money[currency],)
                for place, share in (self.most(currency),)
            ],
        }


def lost_sales(database: Finds, store: str | None = None, period: Period | None = None, *, items: bool = True) -> LostSales | None:
    """What empty shelves cost in a store, or in all; None if nothing was out, as far as is known. Raises ServerError.

    period: without a first date, the week up to the last one; without a last date, up to the newest business date with sales.
    items: also read what each item lost.
    """
    period = period or Period()
    last = period.last or last_date(database)
    if last is None:
        return None
    first = period.first or (date.fromisoformat(last) - timedelta(days=WEEK_DAYS - 1)).isoformat()
    where: Document = {"business_date": {"$gte": first, "$lte": last}} | ({} if store is None else {"store": store})
    found = LostSales(first, last)
    for document in database.find(LOST_SALES, where, ("part", "units", "money", *(("items",) if items else ()))):
        _add(found, document)
    return found if found.money else None


def _add(found: LostSales, document: Document) -> None:
    if document["part"] == 1:  # each part repeats the sums of the day
        found.units += document["units"]
        for one in document["money"]:
            found.money.setdefault(one["currency"], Money()).add(one)
    columns = document.get("items")
    if columns is not None:
        named: Iterable[tuple[str, str | None, float, str | None]] = zip(
            columns["item"], columns["category"], columns["revenue"], columns["currency"], strict=True
        )
        for item, category, revenue, currency in named:
            found.by_item[currency, item] += revenue
            found.by_category[currency, category] += revenue
