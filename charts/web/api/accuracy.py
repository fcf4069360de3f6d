"""`/v1/accuracy`, `/v1/drift`: how good the forecasts were, and where demand has changed."""

from typing import Annotated, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from msgspec import UNSET, Meta, UnsetType

from charts.queries import score_rows
from charts.queries.paging import Page, Slice, page_of
from charts.queries.score_rows import AccuracyRow, DriftKind, DriftRow, Per, accuracy_key
from charts.web.api.asked import BusinessDate, InPeriod, ItemName, Listed, StoreName, given, given_date
from charts.web.api.described import listing
from charts.web.api.forecasts import HorizonName
from charts.web.api.resource import AnyRequest, Api, Listing


class AccuracyAsked(InPeriod, frozen=True, kw_only=True):
    """The parameters of `/v1/accuracy`; `from` and `to` limit the origin."""

    store: StoreName | UnsetType = UNSET
    horizon: Annotated[HorizonName, Meta(description="One horizon; all of them where it is not given.")] | UnsetType = UNSET
    by: Annotated[Per, Meta(description="A row for each horizon; for each store too; for each origin too.")] = "horizon"


class DriftAsked(Listed, frozen=True, kw_only=True):
    """The parameters of `/v1/drift`."""

    store: StoreName | UnsetType = UNSET
    item: ItemName | UnsetType = UNSET
    kind: Annotated[DriftKind, Meta(description="One kind of change.")] | UnsetType = UNSET
    since: Annotated[BusinessDate, Meta(description="Changes that began on this business date or later.")] | UnsetType = UNSET


ACCURACY: Final = Listing("accuracy", AccuracyRow, tuple[str, int, str])
DRIFT: Final = Listing("drift", DriftRow, tuple[float, str])


def routes(api: Api) -> list[HTTPRouteHandler]:
    """Accuracy and drift."""
    database = api.database

    def read_accuracy(asked: AccuracyAsked, wanted: Slice) -> Page[AccuracyRow]:
        store, horizon = given(asked.store), given(asked.horizon)
        rows = api.list_of(
            ("accuracy", store, horizon, asked.bounds, asked.by),
            lambda: score_rows.accuracy_rows(database, store, horizon, asked.bounds, asked.by),
        )
        return page_of(rows, lambda row: accuracy_key(row.store, row.horizon, row.origin), wanted)

    def read_drift(asked: DriftAsked, wanted: Slice) -> Page[DriftRow]:
        since = given_date(asked.since)
        return score_rows.drift_rows(database, given(asked.store), given(asked.item), given(asked.kind), since, wanted)

    @get("/v1/accuracy", summary="How good the forecasts were", **listing(ACCURACY, AccuracyAsked))
    async def accuracy(request: AnyRequest) -> Response[list[AccuracyRow]]:
        """Of those that have come due, against the same-weekday mean."""
        return await api.rows(request, AccuracyAsked, ACCURACY, read_accuracy)

    @get("/v1/drift", summary="Where demand has changed", **listing(DRIFT, DriftAsked))
    async def drift(request: AnyRequest) -> Response[list[DriftRow]]:
        """What the model noticed and what it did about it, the newest first."""
        return await api.rows(request, DriftAsked, DRIFT, read_drift)

    return [accuracy, drift]
