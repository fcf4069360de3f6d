"""What the database holds at the moment: names, currencies, dates, progress, and whether its books agree."""

from calendar import monthrange
from dataclasses import dataclass
from typing import Any

from charts.insight.questions.names import Known
from charts.queries.grouped import Selection, grouped
from charts.queries.sales import Finds, Period, Sums
from charts.queries.summary import applied
from streams.contract.documents import FORECASTS, ITEM_MONTHS, STORE_MONTHS


@dataclass(frozen=True, slots=True)
class Holdings:
    """What can be asked about, and from when to when."""

    known: Known
    first_day: str
    currencies: tuple[str | None, ...]
    """Of all lines; None: lines that named none."""
    applied: int

    @property
    def watermark(self) -> dict[str, Any]:
        """How much the database held when it answered."""
        return {"newest_day": self.known.today, "sales_applied": self.applied}


def holdings(database: Finds, today: str | None = None) -> Holdings | None:
    """Read what the database holds; None: nothing yet. `today` replaces the newest business date. Raises ServerError."""
    documents = list(database.find(STORE_MONTHS, {}, ("store", "month", "currency", "others", "first", "last", "total")))
    if not documents:
        return None
    whole = Sums()
    for document in documents:
        whole.first_day = min(whole.first_day or "9", f"{document['month']}-{document['first']}")
        whole.last_day = max(whole.last_day, f"{document['month']}-{document['last']}")
    currencies: set[str | None] = set()
    for document in documents:
        lines = document["total"][3] + document["total"][4] - sum(other["total"][3] for other in document.get("others", ()))
        currencies |= {other["currency"] for other in document.get("others", ())} | ({document["currency"]} if lines else set())
    known = Known(
        stores=tuple(sorted({document["store"] for document in documents})),
        items=tuple(sorted(_items(database, max(document["month"] for document in documents)))),
        today=today or whole.last_day,
        currencies=tuple(sorted(currency for currency in currencies if currency)),
    )
    return Holdings(known, whole.first_day, tuple(sorted(currencies, key=lambda one: one or "")), applied(database))


def _items(database: Finds, newest_month: str) -> set[str]:
    """Names of items. Each series has one forecast, which is far less to read than its months; the newest month has the newest items."""
    forecast = {document["item"] for document in database.find(FORECASTS, {}, ("item",))}
    where = {"month": newest_month} if forecast else {}
    return forecast | {document["item"] for document in database.find(ITEM_MONTHS, where, ("item",))}


def books(database: Finds, stores: tuple[str, ...], period: Period) -> dict[str, Any]:
    """Whether items add up to stores, in units, lines and money, over the whole months of a period.

    Writers finish items before stores, so a difference may be a batch on its way. `shelfcast verify` compares with the log.
    """
    last = period.last and f"{period.last[:7]}-{monthrange(int(period.last[:4]), int(period.last[5:7]))[1]}"
    months = Period(period.first and f"{period.first[:7]}-01", last)
    selection = Selection(months, stores)
    of_items = grouped(database, Selection(months, stores, not_items=("",)), "").get("", Sums())
    of_stores = grouped(database, selection, "").get("", Sums())
    # Orders of a store hold several items, so that only they do not add up.
    counts = [place for place in range(len(of_items.row)) if place != 6]
    balanced = of_items.money == of_stores.money and all(of_items.row[place] == of_stores.row[place] for place in counts)
    return {"balanced": balanced, "checked": "items add up to stores in units, lines and money of the months asked about"}
