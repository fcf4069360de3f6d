"""All routes of the API."""

from litestar.handlers import HTTPRouteHandler

from charts.web.api import accuracy, forecasts, health, shelves, stores
from charts.web.api.resource import Api


def routes(api: Api) -> list[HTTPRouteHandler]:
    """All of them."""
    return [handler for room in (stores, forecasts, accuracy, shelves, health) for handler in room.routes(api)]
