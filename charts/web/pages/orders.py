"""Orders: what a store should order now, by category, why, as a page to change and to print, and as CSV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import numpy as np
from litestar import MediaType, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.queries.assortment import Foreseen, Key
from charts.queries.decision_table import ProductRow
from charts.web.pages.bodies import answered_json, body_of, stored_here
from charts.web.pages.desk import Desk
from charts.web.pages.visit import ROWS, Visit
from charts.web.web import AnyRequest, problem
from online_model.shelf import Demand, Quantiles, ShelfSettings, order_units
from streams.contract.documents import document_id
from streams.contract.errors import UsageError
from streams.contract.horizons import DAY, WEEK
from streams.files.spreadsheet import csv_text

COLLECTION: Final = "desk_orders"
"""Changed orders: one document per (store, origin)."""
LEVELS: Final = (80, 90, 95, 98, 99)
BY_CATEGORY: Final = "category"
MOST_PRINTED: Final = 2000
MOST_UNITS: Final = 1_000_000
_CSV: Final = ("store", "origin", "category", "item", "order_units", "proposed_units", "stock", "should_be_there", "chosen_by")


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An item to order. Units."""

    item: str
    category: str | None
    expected: tuple[float, float, float]
    """Mean, P10 and P90 of the next business day."""
    week: float
    up_to: float
    """What should be there to last until the next order at the service level."""
    stock: float | None
    proposed: float
    by_plan: bool
    """The shelf plan chose the quantity, in whole cases."""
    ordered: float
    """The proposal, or what somebody has changed it to."""
    value: float | None
    currency: str | None

    @property
    def cover(self) -> float | None:
        """Days that the stock lasts at the week's mean; None: the stock is not known."""
        return None if self.stock is None or self.week <= 0 else max(self.stock, 0.0) / (self.week / 7)


def order_lines(
    ahead: Mapping[Key, Foreseen],
    rows: Mapping[Key, ProductRow],
    allocations: Mapping[Key, Mapping[str, Any]],
    changed: Mapping[str, float],
    settings: ShelfSettings,
) -> list[OrderLine]:
    """A line for each item with a forecast, most valuable first.

    allocations: the shelf plan's by store and item; where one names a quantity, that is proposed. changed: units by item that somebody set.
    """
    keys = sorted(ahead)
    if not keys:
        return []
    day = np.array([ahead[key].horizons[DAY.name] for key in keys])
    week = np.array([ahead[key].horizons.get(WEEK.name, tuple(7 * n for n in ahead[key].next_day)) for key in keys])
    stocks = [allocations.get(key, {}).get("stock") for key in keys]
    demand = Demand(
        Quantiles(*day.T),
        Quantiles(*week.T),
        stock=np.array([np.nan if stock is None else stock for stock in stocks]),
        date_number=date.fromisoformat(max(one.origin for one in ahead.values())).toordinal(),
    )
    units = order_units(demand, settings)
    up_to = np.ceil(demand.quantile(settings.service_level, settings.lead_time_days + settings.review_days) - 1e-9)
    lines = []
    for n, key in enumerate(keys):
        row, planned = rows.get(key), allocations.get(key, {}).get("order_units")
        proposed = float(units[n] if planned is None else planned)
        ordered = changed.get(key[1], proposed)
        price = row.price if row else None
        lines.append(
            OrderLine(
                item=key[1],
                category=row.category if row else None,
                expected=(float(day[n, 0]), float(day[n, 1]), float(day[n, 3])),
                week=float(week[n, 0]),
                up_to=float(up_to[n]),
                stock=stocks[n],
                proposed=proposed,
                by_plan=planned is not None,
                ordered=ordered,
                value=None if price is None else ordered * price,
                currency=row.currency if row else None,
            )
        )
    return sorted(lines, key=lambda line: (-(line.value or 0.0), line.item))


@dataclass(frozen=True, slots=True)
class Order:
    """The proposal of a store."""

    store: str
    origin: str
    lines: Sequence[OrderLine]


def order_of(desk: Desk, visit: Visit, *, most_only: bool = True) -> Order | None:
    """The order of the visit's store; None: it is being read. Raises UsageError where no store is chosen."""
    store, books = visit.filters.store, desk.books
    if store is None:
        raise UsageError("Name a store: an order is of one store.")
    ahead, rows = books.foreseen(store), books.products(store, visit.filters.days)
    plans = books.plans(store)
    if ahead is None or rows is None or plans is None:
        return None
    origin = max((one.origin for one in ahead.values()), default="")
    allocations = {(plan["store"], one["item"]): one for plan in plans for one in plan["items"]}
    settings = replace(desk.ordering, service_level=visit.filters.level / 100)
    lines = order_lines(ahead, {(row.store, row.item): row for row in rows}, allocations, _changed(desk, store, origin), settings)
    if visit.filters.category is not None:
        lines = [line for line in lines if line.category == visit.filters.category]
    words = visit.filters.q.casefold().split()
    lines = [line for line in lines if all(word in line.item.casefold() for word in words)]
    if most_only:
        lines = [line for line in lines if line.ordered > 0 or line.proposed > 0]
    return Order(store, origin, by_category(lines) if visit.filters.sort == BY_CATEGORY else lines)


def by_category(lines: Sequence[OrderLine]) -> list[OrderLine]:
    """The lines category by category, those without one last; within each in the order in which they come."""
    return sorted(lines, key=lambda line: (line.category is None, line.category or ""))


def category_sums(lines: Sequence[OrderLine]) -> dict[str | None, tuple[float, float]]:
    """Units and value by category, whole categories also where a page shows a part of one."""
    sums: dict[str | None, tuple[float, float]] = {}
    for line in lines:
        units, value = sums.get(line.category, (0.0, 0.0))
        sums[line.category] = (units + line.ordered, value + (line.value or 0.0))
    return sums


def _changed(desk: Desk, store: str, origin: str) -> dict[str, float]:
    found = desk.keeps.all_of(COLLECTION, {"_id": document_id(store, origin)}, 1) if desk.keeps else []
    return {line["item"]: line["units"] for document in found for line in document["lines"]}


def orders(desk: Desk, visit: Visit, *, everything: bool = False) -> dict[str, Any]:
    """What the page shows; everything: all lines on one page, to be printed."""
    names = desk.books.stores()
    if visit.filters.store is None and len(names) == 1:
        visit = replace(visit, filters=replace(visit.filters, store=names[0]))
    if visit.filters.store is None:
        return {"order": None, "choose": True, "visit": visit}
    order = order_of(desk, visit)
    if order is None:
        return {"order": None, "choose": False, "visit": visit}
    rows = MOST_PRINTED if everything else ROWS
    pages = max(1, -(-len(order.lines) // rows))
    page = min(visit.filters.page, pages)
    currencies = {line.currency for line in order.lines}
    return {
        "visit": visit,
        "order": order,
        "choose": False,
        "lines": order.lines[(page - 1) * rows : page * rows],
        "page": page,
        "pages": pages,
        "levels": sorted({*LEVELS, visit.filters.level}),
        "everything": everything,
        "grouped": visit.filters.sort == BY_CATEGORY,
        "sums": category_sums(order.lines),
        "stocked": any(line.stock is not None for line in order.lines),
        "may_change": desk.keeps is not None,
        "units": sum(line.ordered for line in order.lines),
        "value": sum(line.value or 0.0 for line in order.lines) if len(currencies) == 1 else None,
        "currency": next(iter(currencies), None),
        "changed": sum(line.ordered != line.proposed for line in order.lines),
        "lead": desk.ordering.lead_time_days + desk.ordering.review_days,
    }


def orders_csv(desk: Desk, visit: Visit) -> Response[Any]:
    """The order as CSV, with what was changed."""
    order = order_of(desk, visit)
    if order is None:
        return problem(503, "The order is being added up: ask again in a moment.")
    lines = [
        (
            order.store, order.origin, line.category or "", line.item, round(line.ordered, 3), round(line.proposed, 3),
            "" if line.stock is None else round(line.stock, 3), round(line.up_to, 3),
            "person" if line.ordered != line.proposed else "plan" if line.by_plan else "forecast",
        )
        for line in order.lines
    ]  # fmt: skip
    headers = {"Content-Disposition": 'attachment; filename="order.csv"', "Content-Type": "text/csv; charset=utf-8"}
    return Response(csv_text(_CSV, lines).encode(), headers=headers)


def change_order(desk: Desk, body: Mapping[str, Any], now: float) -> str:
    """Keep changed quantities of an order; returns what was done. Raises UsageError, ServerError."""
    store, origin, units = body.get("store"), body.get("origin"), body.get("units")
    if not (isinstance(store, str) and isinstance(origin, str) and isinstance(units, list) and len(units) <= MOST_PRINTED):
        raise UsageError("Give store, origin and units, a list of pairs of an item and its units.")
    merged = _changed(desk, store, origin)
    for pair in units:
        if not (isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)):
            raise UsageError("units: give pairs of an item and its units.")
        merged[pair[0]] = _units_of(pair)
    lines = [{"item": item, "units": number} for item, number in merged.items()]
    stored_here(desk).put(COLLECTION, {"_id": document_id(store, origin), "store": store, "origin": origin, "lines": lines, "at": now})
    return f"{len(units)} lines are kept."


def _units_of(pair: Sequence[Any]) -> float:
    try:
        number = float(pair[1])
    except (TypeError, ValueError):
        raise UsageError(f"The units of {pair[0]!r} are no number.") from None
    if not 0 <= number <= MOST_UNITS:
        raise UsageError(f"The units of {pair[0]!r}: give a number from 0 to {MOST_UNITS}.")
    return number


def order_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/orders`, `/orders/print`, `/orders.csv`."""

    @get("/orders", media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "orders.html", lambda visit: orders(desk, visit))

    @get("/orders/print", media_type=MediaType.HTML, include_in_schema=False)
    async def to_print(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "orders.html", lambda visit: orders(desk, visit, everything=True))

    @get("/orders.csv", include_in_schema=False)
    async def as_csv(request: AnyRequest) -> Response[Any]:
        return await desk.answered(request, lambda visit: orders_csv(desk, visit))

    @post("/orders", include_in_schema=False, status_code=200)
    async def change(request: AnyRequest) -> Response[Any]:
        body = await body_of(request)
        return await answered_json(request, lambda: change_order(desk, body, desk.clock()))

    return [page, to_print, as_csv, change]
