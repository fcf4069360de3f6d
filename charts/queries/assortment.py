"""The items of a store, or of all stores: what they sold in a period, and what is expected of them."""

from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from charts.queries.forecasts import horizon_of
from charts.queries.sales import FIRST_DATE, LAST_DATE, Finds, Period, Sums
from charts.queries.trading_day import main_currency
from streams.contract.documents import FORECASTS, ITEM_MONTHS, money_of
from streams.contract.horizons import DAY, LONGEST

Key = tuple[str, str]
"""Store and item."""
_SUMS: Final = ("store", "item", "month", "currency", "others", "total", "first", "last", "category")
_DAYS: Final = ("store", "item", "month", "currency", "others", "days", "category")
_FORESEEN: Final = ("store", "item", "close", "today")


@dataclass(slots=True)
class SoldItem:
    """What a store sold of an item in a period."""

    sums: Sums = field(default_factory=Sums)
    category: str | None = None
    _named: str = ""

    def name(self, month: str, category: str | None) -> None:
        """Take the category that the newest month names."""
        if category is not None and month >= self._named:
            self.category, self._named = category, month

    @property
    def currency(self) -> str | None:
        """The currency in which most was taken."""
        return main_currency(self.sums)

    @property
    def revenue(self) -> float:
        """In that currency."""
        return self.sums.revenue_in(self.currency) / 1e6

    @property
    def profit(self) -> float | None:
        """In that currency; None: no line had a profit or a cost."""
        return self.sums.profit_in(self.currency) / 1e6 if self.sums.profit_known else None

    @property
    def frequency(self) -> int:
        """Lines sold less lines taken back."""
        return self.sums.sales - self.sums.returns

    @property
    def price(self) -> float | None:
        """Mean price of a unit; None: no units were sold."""
        return self.revenue / self.sums.units if self.sums.units > 0 and self.revenue > 0 else None


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is expected of an item, in units."""

    origin: str
    """The newest business date that the forecast of the days ahead knows."""
    path: Sequence[float]
    """Mean units of each of the days after it; an array, as a chain keeps a hundred thousand of them."""
    horizons: Mapping[str, tuple[float, float, float, float]]
    """Mean, P10, P50 and P90 by horizon."""
    today: str | None = None
    """The business date that `today_mean` is of."""
    today_mean: float = 0.0
    today_sold: float = 0.0
    """Units sold when the forecast of the running day was made."""

    def mean_of(self, day: str) -> float | None:
        """What was expected of a day before it began; None: the forecast does not reach it, or knows it already."""
        place = (date.fromisoformat(day) - date.fromisoformat(self.origin)).days - 1
        return self.path[place] if 0 <= place < len(self.path) else None

    @property
    def next_day(self) -> tuple[float, float, float, float]:
        """Mean, P10, P50 and P90 of the next business day."""
        return self.horizons[DAY.name]

    @property
    def ahead(self) -> float:
        """Mean units of the longest horizon."""
        return self.horizons[LONGEST.name][0]


def sold_items(database: Finds, store: str | None, period: Period) -> dict[Key, SoldItem]:
    """What was sold of each item in a period. Raises ServerError.

    Months that lie wholly within the period come as their totals; of those at its edges the days are read.
    """
    found: defaultdict[Key, SoldItem] = defaultdict(SoldItem)
    whole = period.whole()
    if (whole.first or FIRST_DATE) <= (whole.last or LAST_DATE):
        for document in database.find(ITEM_MONTHS, _where(store, whole), _SUMS):
            month, one = document["month"], found[document["store"], document["item"]]
            one.sums.add(f"{month}-{document['first']}", document["total"], money_of(document), f"{month}-{document['last']}")
            one.name(month, document.get("category"))
    edges = {day[:7] for day in (period.first, period.last) if day is not None and not whole.holds(f"{day[:7]}-15")}
    for month in sorted(edges):
        for document in database.find(ITEM_MONTHS, _where(store, Period(f"{month}-01", f"{month}-31")), _DAYS):
            one = found[document["store"], document["item"]]
            one.name(month, document.get("category"))
            for number, row in document["days"].items():
                if period.holds(day := f"{month}-{number}"):
                    one.sums.add(day, row, money_of(document, number))
    return dict(found)


def foreseen_items(database: Finds, store: str | None) -> dict[Key, Foreseen]:
    """The newest forecast of each item. Raises ServerError."""
    found = {}
    for document in database.find(FORECASTS, {} if store is None else {"store": store}, _FORESEEN):
        one = foreseen(document)
        if one is not None:
            found[document["store"], document["item"]] = one
    return found


def foreseen(document: Mapping[str, Any]) -> Foreseen | None:
    """The forecast in a document; None: it has none of the days ahead."""
    close, today = document.get("close"), document.get("today")
    if not close or horizon_of(close, DAY.name) is None or horizon_of(close, LONGEST.name) is None:
        return None
    horizons = {one["horizon"]: (one["mean"], one["p10"], one["p50"], one["p90"]) for one in close["horizons"]}
    path = array("d", close["path"])
    if not today:
        return Foreseen(close["origin"], path, horizons)
    running = today["horizons"][0]
    sold = today.get("sold_so_far") or 0.0
    return Foreseen(close["origin"], path, horizons, running["first_day"], running["mean"], sold)


def _where(store: str | None, period: Period) -> dict[str, Any]:
    where: dict[str, Any] = {} if store is None else {"store": store}
    if months := period.months():
        where["month"] = months
    return where
