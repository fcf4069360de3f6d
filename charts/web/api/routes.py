"""All routes of the API."""

from litestar.handlers import HTTPRouteHandler

from charts.web.api import accuracy, decisions, explain, forecasts, health, shelves, stock, stores, totals
from charts.web.api import live as live_events
from charts.web.api.live import Live
from charts.web.api.resource import Api

_ROOMS = (stores, forecasts, totals, explain, accuracy, shelves, stock, decisions, health)


def routes(api: Api, live: Live) -> list[HTTPRouteHandler]:
    """All of them."""
    lists = [handler for room in _ROOMS for handler in room.routes(api)]
    return [*lists, *live_events.routes(api, live)]
