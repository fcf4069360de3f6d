"""All pages of the desk."""

from litestar.handlers import HTTPRouteHandler

from charts.web.pages.ask import ask_routes
from charts.web.pages.desk import Desk
from charts.web.pages.files import file_routes
from charts.web.pages.health import health_routes
from charts.web.pages.item import item_routes
from charts.web.pages.live import live_routes
from charts.web.pages.orders import order_routes
from charts.web.pages.plans import plan_routes
from charts.web.pages.products import product_routes
from charts.web.pages.shelves import shelf_routes
from charts.web.pages.till import till_routes
from charts.web.pages.today import today_routes
from charts.web.pages.todo import todo_routes


def page_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """All of them."""
    pages = [*today_routes(desk), *product_routes(desk), *item_routes(desk), *order_routes(desk)]
    pages += [*shelf_routes(desk), *health_routes(desk), *todo_routes(desk), *plan_routes(desk), *till_routes(desk), *ask_routes(desk)]
    return [*pages, *live_routes(desk.books.database), *file_routes()]
