"""`/v1/health`: how far the database has come."""

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.queries.health_rows import DatabaseHealth, health
from charts.web.api.asked import Asked
from charts.web.api.described import single
from charts.web.api.resource import AnyRequest, Api


def routes(api: Api) -> list[HTTPRouteHandler]:
    """Health."""

    @get("/v1/health", summary="How far the database has come", **single())
    async def database_health(request: AnyRequest) -> Response[DatabaseHealth]:
        """What is counted and forecast, and up to which messages of each topic."""
        return await api.one(request, Asked, lambda _: health(api.database))

    return [database_health]
