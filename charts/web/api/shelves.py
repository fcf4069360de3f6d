"""`/v1/shelves`, `/v1/shelves/items`, `/v1/orders`: shelf plans and purchase orders."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from msgspec import UNSET, Meta, UnsetType

from charts.queries import shelf_rows
from charts.queries.paging import Page, Slice, page_of
from charts.queries.shelf_rows import OrderRow, ShelfItemRow, ShelfRow, shelf_item_key
from charts.web.api.asked import InPeriod, Listed, StoreName, given
from charts.web.api.described import listing
from charts.web.api.resource import AnyRequest, Api, Listing


class ShelvesAsked(Listed, frozen=True, kw_only=True):
    """The parameters of `/v1/shelves`."""

    store: StoreName | UnsetType = UNSET


class ShelfItemsAsked(ShelvesAsked, frozen=True, kw_only=True):
    """The parameters of `/v1/shelves/items`."""

    shelf: Annotated[str, Meta(min_length=1, max_length=128, description="One shelf.")] | UnsetType = UNSET


class OrdersAsked(InPeriod, frozen=True, kw_only=True):
    """The parameters of `/v1/orders`; `from` and `to` limit the origin."""

    store: StoreName | UnsetType = UNSET


SHELVES: Final = Listing("shelves", ShelfRow, tuple[str, str])
SHELF_ITEMS: Final = Listing("shelf-items", ShelfItemRow, tuple[str, str, str])
ORDERS: Final = Listing("orders", OrderRow, tuple[str, str, str], settled=False)


def routes(api: Api) -> list[HTTPRouteHandler]:
    """Shelves, their items, orders."""
    database = api.database

    def read_shelves(asked: ShelvesAsked, wanted: Slice) -> Page[ShelfRow]:
        return page_of(shelf_rows.shelf_rows(database, given(asked.store)), lambda row: (row.store, row.shelf), wanted)

    def read_items(asked: ShelfItemsAsked, wanted: Slice) -> Page[ShelfItemRow]:
        store, shelf = given(asked.store), given(asked.shelf)
        rows = api.list_of(("shelf items", store, shelf), lambda: shelf_rows.shelf_item_rows(database, store, shelf))
        return page_of(rows, shelf_item_key, wanted)

    def read_orders(asked: OrdersAsked, wanted: Slice) -> Page[OrderRow]:
        return shelf_rows.order_rows(database, given(asked.store), asked.bounds, wanted)

    @get("/v1/shelves", summary="Newest shelf plans", **listing(SHELVES, ShelvesAsked))
    async def shelves(request: AnyRequest) -> Response[list[ShelfRow]]:
        """A row a shelf, with what its plan should earn."""
        return await api.rows(request, ShelvesAsked, SHELVES, read_shelves)

    @get("/v1/shelves/items", summary="The items of the shelf plans", **listing(SHELF_ITEMS, ShelfItemsAsked))
    async def shelf_items(request: AnyRequest) -> Response[list[ShelfItemRow]]:
        """A row an item of a shelf: its share, its facings, what to order."""
        return await api.rows(request, ShelfItemsAsked, SHELF_ITEMS, read_items)

    @get("/v1/orders", summary="Purchase orders", **listing(ORDERS, OrdersAsked))
    async def orders(request: AnyRequest) -> Response[list[OrderRow]]:
        """Lines of the orders that `shelfcast replenish` wrote, the newest first. Without that service there are none."""
        return await api.rows(request, OrdersAsked, ORDERS, read_orders)

    return [shelves, shelf_items, orders]
