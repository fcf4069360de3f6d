"""Where money is lost: items sold at a loss, and shelves that were empty, most money first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from charts.queries.decision_table import ProductRow
from charts.queries.stock_rows import LostSalesRow, lost_sums
from charts.web.pages.books import Books

MOST: Final = 8
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Loss:
    """Money that an item lost in a period. at_loss: it cost more than it brought; empty: it was not there to be sold (an estimate)."""

    kind: Literal["at_loss", "empty"]
    store: str
    item: str
    money: float
    currency: str | None
    category: str | None = None


def losses(rows: Iterable[ProductRow], lost: Iterable[LostSalesRow]) -> list[Loss]:
    """All losses, the largest first. Lost sales count with their revenue, as their profit is often not known."""
    found = [
        Loss("at_loss", row.store, row.item, -row.profit, row.currency, row.category)
        for row in rows
        if row.profit is not None and row.profit < 0
    ]
    found += [
        Loss("empty", one.store or "", one.item, one.revenue, one.currency, one.category)
        for one in lost
        if one.item is not None and one.revenue > 0
    ]
    return sorted(found, key=lambda one: (-one.money, one.store, one.item))


def lost_items(books: Books, store: str | None, days: int) -> Sequence[LostSalesRow] | None:
    """What each item lost while its shelf was empty, over the newest days; None: it is being read. Raises ServerError."""
    period = books.period(store, days)
    bounds = (period.first, period.last)
    return books.kept.get(("lost", store, bounds), lambda: lost_sums(books.database, store, None, bounds, "item"), _SECONDS)
