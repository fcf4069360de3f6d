"""The till of a shop without one: pick, quantity, price, receipt; what is sold while there is no connection is sent later, once."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import MediaType, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.web.pages.bodies import answered_json, body_of
from charts.web.pages.clock import ReplayedClock
from charts.web.pages.desk import Desk
from charts.web.pages.files import TILL_SCRIPT, WORKER
from charts.web.pages.visit import Visit
from charts.web.web import AnyRequest
from streams.contract.errors import UsageError
from streams.contract.messages import SaleRecorded

MOST_ITEMS: Final = 2000
"""Items that are suggested with their prices; any other name can be typed."""
MOST_LINES: Final = 200
_TEXTS: Final = ("event_id", "item", "order_id", "currency")


def till(desk: Desk, visit: Visit) -> dict[str, Any]:
    """What the page shows."""
    store = visit.filters.store
    stores = desk.books.stores()
    if store is None and len(stores) == 1:
        store = stores[0]
    rows = (desk.books.products(store, 28) or []) if store is not None else []
    return {
        "till_script": TILL_SCRIPT,
        "clock": desk.clock.written if isinstance(desk.clock, ReplayedClock) else "",
        "store": store,
        "may_sell": desk.outside.publish is not None,
        "items": [(row.item, None if row.price is None else f"{row.price:.2f}") for row in rows[:MOST_ITEMS]],
        "currency": next((row.currency for row in rows if row.currency), None),
    }


def sell(desk: Desk, body: Mapping[str, Any]) -> str:
    """Publish the lines of receipts; returns how many. Raises UsageError, ServerError.

    Each line has an event id of its own from the moment it was sold, so that sending it twice counts it once.
    """
    if desk.outside.publish is None:
        raise UsageError("This process takes no sales: start it with `shelfcast web`.")
    store, lines = body.get("store"), body.get("lines")
    if not (isinstance(store, str) and store and isinstance(lines, list) and 0 < len(lines) <= MOST_LINES):
        raise UsageError(f"Give a store and 1 to {MOST_LINES} lines.")
    sales = [_sale(store, line) for line in lines]
    for sale in sales:
        desk.outside.publish(store, sale)
    return f"{len(sales)} lines are sent."


def _sale(store: str, line: Any) -> SaleRecorded:
    if not isinstance(line, dict):
        raise UsageError("A line is an object.")
    texts = {name: line.get(name) or None for name in _TEXTS}
    if not all(text is None or isinstance(text, str) for text in texts.values()) or texts["event_id"] is None or texts["item"] is None:
        raise UsageError("A line has event_id and item as text; order_id and currency, if any, are text.")
    numbers = [line.get(name) for name in ("quantity", "unit_price", "sold_at")]
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        raise UsageError("A line has quantity, unit_price and sold_at as numbers.")
    quantity, price, sold_at = (float(number) for number in numbers)  # type: ignore[arg-type]
    return SaleRecorded(
        event_id=str(texts["event_id"]),
        store=store,
        item=str(texts["item"]),
        quantity=quantity,
        unit_price=price,
        sold_at=sold_at,
        order_id=texts["order_id"],
        currency=texts["currency"],
    )


def till_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/till`, `/till/sales`, `/till/worker.js`."""

    @get("/till", media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "till.html", lambda visit: till(desk, visit))

    @post("/till/sales", include_in_schema=False, status_code=200)
    async def take(request: AnyRequest) -> Response[Any]:
        body = await body_of(request)
        return await answered_json(request, lambda: sell(desk, body))

    @get("/till/worker.js", include_in_schema=False, opt={"checks_stores": True}, sync_to_thread=False)
    def worker() -> Response[bytes]:
        headers = {"Content-Type": "text/javascript; charset=utf-8", "Service-Worker-Allowed": "/till"}
        return Response(WORKER, headers=headers)

    return [page, take, worker]
