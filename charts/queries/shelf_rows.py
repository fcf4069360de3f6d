"""Shelf plans and purchase orders as rows."""

from collections.abc import Iterator
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from charts.queries.columns import Day, Item, Seconds, Store
from charts.queries.forecasts import newest_plans
from charts.queries.paging import Key, Page, Slice, cut
from charts.queries.sales import Finds
from streams.contract.documents import PURCHASE_ORDERS

Shelf = Annotated[str, Meta(description="Name of the shelf; `all` where no shelf of the store is described.")]
Gain = Annotated[float | None, Meta(description="Currency a day.")]
_ORDER_FIELDS: Final = ("store", "origin", "page", "lines")
_ORDERS_AT_ONCE: Final = 8


class ShelfRow(Struct, frozen=True, kw_only=True):
    """The newest plan of a shelf."""

    store: Store
    shelf: Shelf
    origin: Day
    made_at: Seconds
    changed: Annotated[bool, Meta(description="False: the plan in place stays, because moving goods would not pay.")]
    items: Annotated[int, Meta(description="Items that are there.")]
    missing_parts: Annotated[int, Meta(description="Parts of a long plan that are not there yet: items are missing.")]
    gain_per_day: Annotated[Gain, Meta(description="Expected gain over the plan in place.")]
    gain_over_share_of_sales: Gain
    gain_over_share_of_profit: Gain
    gain_over_equal_space: Gain
    reasons: Annotated[str, Meta(description="Sentences, a line each: what moves and why.")]


class ShelfItemRow(Struct, frozen=True, kw_only=True):
    """An item in the newest plan of a shelf."""

    store: Store
    shelf: Shelf
    origin: Day
    item: Item
    predicted_sales: Annotated[float, Meta(description="Expected units of the next business day.")]
    shelf_space_percentage: Annotated[float, Meta(description="Share of the store's space; a store's sum to 100.")]
    percentage_of_shelf: Annotated[float | None, Meta(description="Share of this shelf; null where none is described.")]
    facings: int | None
    previous_facings: int | None
    profit_per_day: Annotated[float | None, Meta(description="Expected profit a day under the plan.")]
    marginal_profit: Annotated[float | None, Meta(description="What one more facing would earn a day.")]
    order_units: Annotated[float | None, Meta(description="Units to order now, in whole cases.")]
    stock: Annotated[float | None, Meta(description="Units on hand, as far as known.")]


class OrderRow(Struct, frozen=True, kw_only=True):
    """A line of a purchase order that `shelfcast replenish` wrote."""

    store: Store
    origin: Annotated[Day, Meta(description="The business date whose close led to the order.")]
    item: Item
    units: float
    chosen_by: Annotated[Literal["plan", "forecast"], Meta(description="Whether the shelf plan or the service chose the units.")]


def shelf_rows(database: Finds, store: str | None) -> list[ShelfRow]:
    """The newest plan of each shelf, by store and shelf. Raises ServerError."""
    return [
        ShelfRow(
            store=plan["store"],
            shelf=plan["shelf"],
            origin=plan["origin"],
            made_at=plan["made_at"],
            changed=plan["changed"],
            items=len(plan["items"]),
            missing_parts=len(plan.get("missing_parts", ())),
            gain_per_day=plan.get("gain_per_day"),
            gain_over_share_of_sales=plan.get("gain_over_share_of_sales"),
            gain_over_share_of_profit=plan.get("gain_over_share_of_profit"),
            gain_over_equal_space=plan.get("gain_over_equal_space"),
            reasons="\n".join(plan.get("reasons", ())),
        )
        for plan in newest_plans(database, store)
    ]


def shelf_item_rows(database: Finds, store: str | None, shelf: str | None) -> list[ShelfItemRow]:
    """The items of the newest plans, by store, shelf and item. Raises ServerError."""
    rows = [_item_row(plan, one) for plan in newest_plans(database, store) if shelf in (None, plan["shelf"]) for one in plan["items"]]
    return sorted(rows, key=shelf_item_key)


def shelf_item_key(row: ShelfItemRow) -> Key:
    """Where a row stands."""
    return row.store, row.shelf, row.item


def _item_row(plan: dict[str, Any], one: dict[str, Any]) -> ShelfItemRow:
    return ShelfItemRow(
        store=plan["store"],
        shelf=plan["shelf"],
        origin=plan["origin"],
        item=one["item"],
        predicted_sales=one["predicted_sales"],
        shelf_space_percentage=one["shelf_space_percentage"],
        percentage_of_shelf=one.get("percentage_of_shelf"),
        facings=one.get("facings"),
        previous_facings=one.get("previous_facings"),
        profit_per_day=one.get("profit_per_day"),
        marginal_profit=one.get("marginal_profit"),
        order_units=one.get("order_units"),
        stock=one.get("stock"),
    )


def order_rows(database: Finds, store: str | None, days: tuple[str | None, str | None], wanted: Slice) -> Page[OrderRow]:
    """Lines of purchase orders, the newest origin first, by store and item within it. Raises ServerError."""
    after = wanted.after
    bounds = {sign: day for sign, day in zip(("$gte", "$lte"), days, strict=True) if day is not None}
    if after is not None:
        bounds["$lte"] = str(after[0])
    where = ({} if store is None else {"store": store}) | ({"origin": bounds} if bounds else {})
    rows: list[OrderRow] = []
    found = database.find(PURCHASE_ORDERS, where, _ORDER_FIELDS, newest_by="origin", at_once=_ORDERS_AT_ONCE)
    for of_a_day in _by_day(found):
        rows += [row for row in of_a_day if after is None or row.origin < str(after[0]) or (row.store, row.item) > after[1:]]
        if len(rows) > wanted.limit:
            break
    return cut(rows, lambda row: (row.origin, row.store, row.item), wanted.limit)


def _by_day(orders: Iterator[dict[str, Any]]) -> Iterator[list[OrderRow]]:
    rows: list[OrderRow] = []
    for order in orders:
        if rows and rows[0].origin != order["origin"]:
            yield sorted(rows, key=lambda row: (row.store, row.item))
            rows = []
        rows += [OrderRow(store=order["store"], origin=order["origin"], **line) for line in order["lines"]]
    if rows:
        yield sorted(rows, key=lambda row: (row.store, row.item))
