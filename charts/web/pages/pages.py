"""All pages of the desk."""

from litestar.handlers import HTTPRouteHandler

from charts.web.pages.desk import Desk
from charts.web.pages.files import file_routes
from charts.web.pages.live import live_routes
from charts.web.pages.today import today_routes


def page_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """All of them."""
    return [*today_routes(desk), *live_routes(desk.books.database), *file_routes()]
