"""`/v1/forecasts`, `/v1/forecasts/history`, `/v1/today`: what is expected, and what was."""

from typing import TYPE_CHECKING, Annotated, Final, Literal

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from msgspec import UNSET, Meta, UnsetType

from charts.queries import forecast_rows
from charts.queries.forecast_rows import ForecastLine, ItemForecasts, PastForecastRow, TodayRow
from charts.queries.paging import Page, Slice
from charts.web.api.asked import BusinessDate, InPeriod, ItemName, Listed, StoreName, given, given_date, slice_of
from charts.web.api.described import listing
from charts.web.api.problems import ParameterError
from charts.web.api.resource import AnyRequest, Api, Listing
from streams.contract.horizons import DAY, HORIZON_NAMES

if TYPE_CHECKING:
    HorizonName = str
else:
    HorizonName = Literal[*HORIZON_NAMES]
"""Name of a horizon."""


class ForecastsAsked(Listed, frozen=True, kw_only=True):
    """The parameters of `/v1/forecasts`."""

    store: StoreName | UnsetType = UNSET
    item: Annotated[ItemName, Meta(description="One item; needs store.")] | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Check that an item comes with its store."""
        if self.item is not UNSET and self.store is UNSET:
            raise ParameterError("item", "item is given without store: name the store too, items are forecast by store.")


class HistoryAsked(InPeriod, frozen=True, kw_only=True):
    """The parameters of `/v1/forecasts/history`; `from` and `to` limit the origin."""

    store: Annotated[StoreName, Meta(description="The store.")]
    item: ItemName | UnsetType = UNSET
    horizon: Annotated[HorizonName, Meta(description="The horizon; with as_of all of them come.")] | UnsetType = UNSET
    as_of: (
        Annotated[BusinessDate, Meta(description="What was forecast at the close of this business date, or of the newest before it.")]
        | UnsetType
    ) = UNSET

    def __post_init__(self) -> None:
        """Check that as_of stands alone."""
        super().__post_init__()
        if self.as_of is not UNSET and (self.horizon is not UNSET or self.first is not UNSET or self.last is not UNSET):
            raise ParameterError("as_of", "as_of is given beside horizon, from or to: give the one or the other.")


class TodayAsked(Listed, frozen=True, kw_only=True):
    """The parameters of `/v1/today`."""

    store: StoreName | UnsetType = UNSET


FORECASTS: Final = Listing("forecasts", ItemForecasts, tuple[str, str], table=ForecastLine, lines=forecast_rows.lines_of)
HISTORY: Final = Listing("history", PastForecastRow, tuple[str, str | int])
TODAY: Final = Listing("today", TodayRow, tuple[str, str])


def routes(api: Api) -> list[HTTPRouteHandler]:
    """Forecasts, their history, and those of the running day."""
    database = api.database

    def read_forecasts(asked: ForecastsAsked, wanted: Slice) -> Page[ItemForecasts]:
        return forecast_rows.newest(database, given(asked.store), given(asked.item), wanted)

    def read_history(asked: HistoryAsked, _: Slice) -> Page[PastForecastRow]:
        day, item = given_date(asked.as_of), given(asked.item)
        if day is not None:
            return forecast_rows.as_of(database, asked.store, item, day, slice_of(asked, tuple[str, int]))
        wanted = slice_of(asked, tuple[str, str])
        return forecast_rows.past(database, asked.store, item, given(asked.horizon) or DAY.name, asked.bounds, wanted)

    def read_today(asked: TodayAsked, wanted: Slice) -> Page[TodayRow]:
        return forecast_rows.today(database, given(asked.store), wanted)

    @get("/v1/forecasts", summary="Newest forecasts", **listing(FORECASTS, ForecastsAsked))
    async def forecasts(request: AnyRequest) -> Response[list[ItemForecasts]]:
        """By store and item: close for the days ahead, today for the running day. CSV and Parquet have a line a horizon."""
        return await api.rows(request, ForecastsAsked, FORECASTS, read_forecasts)

    @get("/v1/forecasts/history", summary="Forecasts that have come due", **listing(HISTORY, HistoryAsked))
    async def history(request: AnyRequest) -> Response[list[PastForecastRow]]:
        """Beside what was sold, the newest origin first; with as_of what was known on a day, by item and horizon."""
        return await api.rows(request, HistoryAsked, HISTORY, read_history)

    @get("/v1/today", summary="The running day", **listing(TODAY, TodayAsked))
    async def today(request: AnyRequest) -> Response[list[TodayRow]]:
        """Items with a forecast of a day that has not closed yet. A page may be short and still have a next one."""
        return await api.rows(request, TodayAsked, TODAY, read_today)

    return [forecasts, history, today]
