"""`/v1/explain`: why a forecast is what it is, and why a day came otherwise."""

from typing import Annotated

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from msgspec import UNSET, Meta, UnsetType

from charts.insight.explanation import Explanation, explanation
from charts.web.api.asked import Asked, BusinessDate, ItemName, StoreName, given_date
from charts.web.api.described import single
from charts.web.api.problems import ParameterError
from charts.web.api.resource import AnyRequest, Api


class ExplainAsked(Asked, frozen=True, kw_only=True):
    """The parameters of `/v1/explain`."""

    store: Annotated[StoreName, Meta(description="The store.")]
    item: Annotated[ItemName, Meta(description="The item.")]
    day: (
        Annotated[BusinessDate, Meta(description="The day that was forecast, up to four weeks back; without it the day ahead.")] | UnsetType
    ) = UNSET


def routes(api: Api) -> list[HTTPRouteHandler]:
    """The explanation of a forecast."""

    def read(asked: ExplainAsked) -> Explanation:
        day = given_date(asked.day)
        told = explanation(api.database, asked.store, asked.item, day)
        if told is None:
            name = "item" if day is None else "day"
            raise ParameterError(name, f"{name}: there is no forecast of this item{f' for {day}' if day else ''}.")
        return told

    @get("/v1/explain", summary="Why a forecast is what it is", **single(ExplainAsked))
    async def explain(request: AnyRequest) -> Response[Explanation]:
        """Its parts, which add up to the last digit, in three sentences; of a day that has closed also why it came otherwise."""
        return await api.one(request, ExplainAsked, read)

    return [explain]
