"""`/v1/stores`, `/v1/items`, `/v1/statistics`: what was sold, by store, by item, by day."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from msgspec import UNSET, Meta, UnsetType

from charts.queries import totals
from charts.queries.paging import Page, Slice, page_of
from charts.queries.totals import DayRow, ItemRow, StoreRow
from charts.web.api.asked import InPeriod, ItemName, StoreName, given
from charts.web.api.described import listing
from charts.web.api.problems import ParameterError
from charts.web.api.resource import AnyRequest, Api, Listing
from streams.contract.fields import Currency

_Currency = Annotated[Currency, Meta(description="Count only the money in this currency.")]


class StoresAsked(InPeriod, frozen=True, kw_only=True):
    """The parameters of `/v1/stores`."""

    currency: _Currency | UnsetType = UNSET


class ItemsAsked(StoresAsked, frozen=True, kw_only=True):
    """The parameters of `/v1/items`."""

    store: StoreName | UnsetType = UNSET
    search: Annotated[str, Meta(min_length=1, max_length=128, description="A part of the item's name, in any case.")] | UnsetType = UNSET


class StatisticsAsked(StoresAsked, frozen=True, kw_only=True):
    """The parameters of `/v1/statistics`."""

    store: StoreName | UnsetType = UNSET
    item: Annotated[ItemName, Meta(description="One item; needs store.")] | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Check that an item comes with its store."""
        super().__post_init__()
        if self.item is not UNSET and self.store is UNSET:
            raise ParameterError("item", "item is given without store: name the store too.")


STORES: Final = Listing("stores", StoreRow, tuple[str])
ITEMS: Final = Listing("items", ItemRow, tuple[str, str])
STATISTICS: Final = Listing("statistics", DayRow, tuple[str, str])


def routes(api: Api) -> list[HTTPRouteHandler]:
    """Stores, items, statistics."""
    database = api.database

    def read_stores(asked: StoresAsked, wanted: Slice) -> Page[StoreRow]:
        currency = given(asked.currency)
        rows = api.list_of(("stores", asked.bounds, currency), lambda: totals.store_rows(database, asked.period, currency))
        return page_of(rows, lambda row: (row.store,), wanted)

    def read_items(asked: ItemsAsked, wanted: Slice) -> Page[ItemRow]:
        store, currency = given(asked.store), given(asked.currency)
        rows = api.list_of(("items", store, asked.bounds, currency), lambda: totals.item_rows(database, store, asked.period, currency))
        if part := given(asked.search):
            rows = totals.named_like(rows, part)
        return page_of(rows, lambda row: (row.store, row.item), wanted)

    def read_statistics(asked: StatisticsAsked, wanted: Slice) -> Page[DayRow]:
        store, item, currency = given(asked.store), given(asked.item), given(asked.currency)
        rows = api.list_of(
            ("statistics", store, item, asked.bounds, currency), lambda: totals.day_rows(database, store, item, asked.period, currency)
        )
        return page_of(rows, lambda row: (row.store, row.day), wanted)

    @get("/v1/stores", summary="The stores and what they sold", **listing(STORES, StoresAsked))
    async def stores(request: AnyRequest) -> Response[list[StoreRow]]:
        """Stores with sales in the period, by name."""
        return await api.rows(request, StoresAsked, STORES, read_stores)

    @get("/v1/items", summary="The items and what was sold of them", **listing(ITEMS, ItemsAsked))
    async def items(request: AnyRequest) -> Response[list[ItemRow]]:
        """Items with sales in the period, by store and name."""
        return await api.rows(request, ItemsAsked, ITEMS, read_items)

    @get("/v1/statistics", summary="What was sold day by day", **listing(STATISTICS, StatisticsAsked))
    async def statistics(request: AnyRequest) -> Response[list[DayRow]]:
        """A row a store and business date with sales; with an item, of its sales alone."""
        return await api.rows(request, StatisticsAsked, STATISTICS, read_statistics)

    return [stores, items, statistics]
