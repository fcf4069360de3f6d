"""Products: the decision table of the items, as a page and as CSV, and revenue by category as it was and as it was predicted."""

from collections.abc import Sequence
from typing import Any, Final

from litestar import MediaType, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.queries.decision_table import SORTS, CategoryRow, ProductRow, category_rows
from charts.queries.stock_rows import LostSalesRow
from charts.web.pages.advice import action_words, evidence_words, weight_words
from charts.web.pages.desk import Desk
from charts.web.pages.losses import MOST as MOST_LOSSES
from charts.web.pages.losses import Loss, losses, lost_items
from charts.web.pages.visit import ROWS, Filters, Visit
from charts.web.web import AnyRequest, problem
from streams.contract.errors import UsageError
from streams.files.spreadsheet import csv_text

USUAL_SORT: Final = "-expected"
_CSV: Final = (
    "store", "item", "category", "currency", "revenue", "profit", "frequency", "units", "expected_units", "p10_units", "p90_units",
    "expected_revenue", "weight", "action", "evidence", "at_stake",
)  # fmt: skip


def chosen_rows(rows: Sequence[ProductRow], filters: Filters) -> list[ProductRow]:
    """The rows that the filters choose, in the order they ask for. Raises UsageError."""
    sort = filters.sort or USUAL_SORT
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise UsageError(f"sort={sort!r}: give one of {', '.join(SORTS)}, with - before it for the largest first.")
    words = filters.q.casefold().split()
    found = [
        row
        for row in rows
        if (filters.category is None or row.category == filters.category) and all(word in row.item.casefold() for word in words)
    ]
    return sorted(found, key=SORTS[name], reverse=sort.startswith("-"))


def products(desk: Desk, visit: Visit) -> dict[str, Any]:
    """What the page shows."""
    filters = visit.filters
    rows = desk.books.products(filters.store, filters.days)
    if rows is None:
        return {"rows": None}
    found = chosen_rows(rows, filters)
    pages = max(1, -(-len(found) // ROWS))
    page = min(filters.page, pages)
    shown = found[(page - 1) * ROWS : page * ROWS]
    return {
        "rows": shown,
        "count": len(found),
        "all": len(rows),
        "page": page,
        "pages": pages,
        "sort": filters.sort or USUAL_SORT,
        "largest": max((row.expected_revenue or 0.0 for row in shown), default=0.0),
        "categories_told": categories(desk, visit, found),
        "losses": None if (lost := lost_items(desk.books, filters.store, filters.days)) is None else _losses(rows, lost, filters),
        "weight_words": weight_words,
        "action_words": action_words,
        "evidence_words": evidence_words,
        "several": filters.store is None and len({row.store for row in rows}) > 1,
        "moneys": {row.currency for row in found},
    }


def _losses(rows: Sequence[ProductRow], lost: Sequence[LostSalesRow], filters: Filters) -> list[Loss]:
    return [one for one in losses(rows, lost) if filters.category in (None, one.category)][:MOST_LOSSES]


def categories(desk: Desk, visit: Visit, rows: Sequence[ProductRow]) -> list[CategoryRow] | None:
    """Revenue by category beside what was predicted a day ahead; of one store, because the scores are read by store."""
    books, filters = desk.books, visit.filters
    names = books.stores()
    store = filters.store or (names[0] if len(names) == 1 else None)
    last = books.newest_day(store) if store is not None else None
    if store is None or last is None:
        return []
    scored = books.scored(store, last, min(filters.days, 91))
    return None if scored is None else category_rows(rows, scored)


def products_csv(desk: Desk, visit: Visit) -> Response[Any]:
    """The whole table as CSV, in the order of the page."""
    rows = desk.books.products(visit.filters.store, visit.filters.days)
    if rows is None:
        return problem(503, "The table is being added up: ask again in a moment.")
    lines = [_line(row, visit) for row in chosen_rows(rows, visit.filters)]
    headers = {"Content-Disposition": 'attachment; filename="products.csv"', "Content-Type": "text/csv; charset=utf-8"}
    return Response(csv_text(_CSV, lines).encode(), headers=headers)


def _line(row: ProductRow, visit: Visit) -> tuple[str | float, ...]:
    low, high = row.band or ("", "")
    say = visit.speech

    def rounded(amount: float | str | None, places: int = 2) -> float | str:
        return "" if amount is None or isinstance(amount, str) else round(amount, places)

    return (
        row.store, row.item, row.category or "", row.currency or "", rounded(row.revenue), rounded(row.profit), row.frequency,
        rounded(row.units, 3), rounded(row.expected_units), rounded(low), rounded(high), rounded(row.expected_revenue), row.weight,
        action_words(row.action, say), evidence_words(row, say), rounded(row.action.gain),
    )  # fmt: skip


def product_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/products`, `/products.csv`."""

    @get("/products", media_type=MediaType.HTML, include_in_schema=False)
    async def table(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "products.html", lambda visit: products(desk, visit))

    @get("/products.csv", include_in_schema=False)
    async def as_csv(request: AnyRequest) -> Response[Any]:
        return await desk.answered(request, lambda visit: products_csv(desk, visit))

    return [table, as_csv]
