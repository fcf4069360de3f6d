"""`/v1/totals`: what a store, or one of its categories, should have sold at the end of the running day."""

from typing import Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from msgspec import UNSET, UnsetType

from charts.queries import running_totals
from charts.queries.paging import Page, Slice
from charts.queries.running_totals import TotalRow
from charts.web.api.asked import Listed, StoreName, given
from charts.web.api.described import listing
from charts.web.api.resource import AnyRequest, Api, Listing


class TotalsAsked(Listed, frozen=True, kw_only=True):
    """The parameters of `/v1/totals`."""

    store: StoreName | UnsetType = UNSET


TOTALS: Final = Listing("totals", TotalRow, tuple[str, str])


def routes(api: Api) -> list[HTTPRouteHandler]:
    """Totals of the running day."""

    def read(asked: TotalsAsked, wanted: Slice) -> Page[TotalRow]:
        return running_totals.newest(api.database, given(asked.store), wanted)

    @get("/v1/totals", summary="Totals of the running day", **listing(TOTALS, TotalsAsked))
    async def totals(request: AnyRequest) -> Response[list[TotalRow]]:
        """Of each store and of each of its categories: sold so far, and expected by the end of the day with its band."""
        return await api.rows(request, TotalsAsked, TOTALS, read)

    return [totals]
