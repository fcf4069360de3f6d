"""`/v1/stock/ledger`, `/v1/lost-sales`: how much there is of each item, and what empty shelves cost."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from msgspec import UNSET, Meta, UnsetType

from charts.queries import stock_rows
from charts.queries.paging import Page, Slice, page_of
from charts.queries.stock_rows import Knows, LostSalesRow, Per, StockLevel, StockLine, lost_key
from charts.web.api.asked import InPeriod, ItemName, Listed, StoreName, given
from charts.web.api.described import listing
from charts.web.api.problems import ParameterError
from charts.web.api.resource import AnyRequest, Api, Listing


class LedgerAsked(Listed, frozen=True, kw_only=True):
    """The parameters of `/v1/stock/ledger`."""

    store: StoreName | UnsetType = UNSET
    item: Annotated[ItemName, Meta(description="One item; needs store.")] | UnsetType = UNSET
    knows: Annotated[Knows, Meta(description="Only items whose stock is known so.")] | UnsetType = UNSET
    out: Annotated[bool, Meta(description="true: only items that are out of stock, as far as known.")] = False

    def __post_init__(self) -> None:
        """Check that an item comes with its store."""
        if self.item is not UNSET and self.store is UNSET:
            raise ParameterError("item", "item is given without store: name the store too, stock is kept by store.")


class LostAsked(InPeriod, frozen=True, kw_only=True):
    """The parameters of `/v1/lost-sales`."""

    store: StoreName | UnsetType = UNSET
    item: ItemName | UnsetType = UNSET
    by: Annotated[Per, Meta(description="A row for each item and day, or sums over the period: by day, item, category or store.")] = (
        "item_day"
    )


LEDGER: Final = Listing("stock", StockLevel, tuple[str, str], table=StockLine, lines=stock_rows.line_of)
LOST: Final = Listing("lost-sales", LostSalesRow, tuple[str, str, str, str, str])


def routes(api: Api) -> list[HTTPRouteHandler]:
    """The ledger, and lost sales."""
    database = api.database

    def read_ledger(asked: LedgerAsked, wanted: Slice) -> Page[StockLevel]:
        return stock_rows.stock_levels(database, given(asked.store), given(asked.item), given(asked.knows), wanted, out=asked.out)

    def read_lost(asked: LostAsked, wanted: Slice) -> Page[LostSalesRow]:
        store, item = given(asked.store), given(asked.item)
        if asked.by == "item_day":
            return stock_rows.lost_of_items(database, store, item, asked.bounds, wanted)
        rows = api.list_of(
            ("lost sales", store, item, asked.bounds, asked.by), lambda: stock_rows.lost_sums(database, store, item, asked.bounds, asked.by)
        )
        return page_of(rows, lost_key, wanted)

    @get("/v1/stock/ledger", summary="What is known of stock", **listing(LEDGER, LedgerAsked))
    async def stock_ledger(request: AnyRequest) -> Response[list[StockLevel]]:
        """A row an item of which stock was told: how much there is, how that is known, what was missing at counts."""
        return await api.rows(request, LedgerAsked, LEDGER, read_ledger)

    @get("/v1/lost-sales", summary="What empty shelves cost", **listing(LOST, LostAsked))
    async def lost_sales(request: AnyRequest) -> Response[list[LostSalesRow]]:
        """Estimated by item and day, the newest day first; or in sum. Currencies are never added."""
        return await api.rows(request, LostAsked, LOST, read_lost)

    return [stock_ledger, lost_sales]
