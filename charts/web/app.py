"""The web page's composition: routes, headers, errors."""

import logging
import time
from collections.abc import Sequence
from typing import Any, Final

from litestar import Litestar, MediaType, get
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from prometheus_client import CollectorRegistry

from charts.queries.sales import Finds
from charts.web.answers import Answers
from charts.web.api import problems
from charts.web.api import routes as api_routes
from charts.web.api.live import Live, Tells
from charts.web.api.resource import Api
from charts.web.api.seats import Seats
from charts.web.assets import POLICY, STYLE
from charts.web.pages.books import Books
from charts.web.pages.clock import clock_of
from charts.web.pages.desk import Desk, Place
from charts.web.pages.keeping import Keeps
from charts.web.pages.outside import Outside
from charts.web.pages.pages import page_routes
from charts.web.people.doorkeeper import doorkeeper_of
from charts.web.people.login import login_routes
from charts.web.people.records import Records
from charts.web.routes import routes
from charts.web.telemetry import WebMetrics
from charts.web.web import AnyRequest, Web, problem
from charts.web.web_settings import WebSettings
from online_model.shelf import ShelfSettings
from streams.http.description import document_of
from streams.http.docs_page import docs_page
from streams.http.trace import in_trace

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser sends a form of ours with `Origin: null`, as a foreign one
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_log = logging.getLogger(__name__)


def create_app(
    database: Finds,
    settings: WebSettings,
    registry: CollectorRegistry,
    more_routes: Sequence[HTTPRouteHandler] = (),
    *,
    tail: Tells | None = None,
    keeps: Keeps | None = None,
    outside: Outside | None = None,
    place: Place | None = None,
    ordering: ShelfSettings | None = None,
    records: Records | None = None,
) -> Litestar:
    """The ASGI application. It uses database and tail, and closes neither.

    more_routes: Litestar handlers to serve and describe beside ours, behind the same door. tail: what `/v1/live` tells. keeps: where the
    pages keep what people decide; None: they decide nothing. outside: what the pages ask of Kafka. place: where the stores are. ordering:
    lead time and review of orders. records: where users and the record of changes are; None: nobody logs in, and no record is kept.
    """
    metrics = WebMetrics(registry)
    doorkeeper = doorkeeper_of(settings, records)
    web = Web(Answers(database, metrics, settings.chart_seconds), database, settings, metrics, doorkeeper)
    api = Api(database, web.rate, fresh_seconds=settings.chart_seconds)
    books = Books(database)
    desk = Desk(books, keeps, outside, place, ordering, clock=clock_of(settings.clock) or time.time, token=doorkeeper.token)
    live = Live(database, tail, Seats(settings.streams, settings.streams_of_one))
    every = [*page_routes(desk), *routes(web, registry), *api_routes.routes(api, live), *more_routes]
    return Litestar(
        [*every, *_description_of(every), *login_routes(doorkeeper)],
        before_request=web.let_in,
        after_response=web.measure,
        on_startup=[desk.warm],
        on_shutdown=[books.kept.close],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=1_048_576,
        response_headers=_HEADERS,
        exception_handlers={HTTPException: _http_problem, Exception: _unforeseen},
    )


def _description_of(every: Sequence[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    document = document_of(every, "shelfcast web", "Answers from MongoDB; never holds up the stream.", passwords=True)
    shown = docs_page(document, STYLE)

    @get("/openapi.json", sync_to_thread=False)
    def openapi() -> dict[str, Any]:
        return document

    @get("/docs", media_type=MediaType.HTML, sync_to_thread=False)
    def docs() -> Response[str]:
        return Response(shown, media_type=MediaType.HTML, headers={"Content-Security-Policy": POLICY})

    return [openapi, docs]


def _http_problem(request: AnyRequest, error: HTTPException) -> Response[Any]:
    request.state["status"] = error.status_code
    sentences = {404: "There is nothing here: see /docs.", 405: "This cannot be done here: see /docs."}
    return _refused(request, error.status_code, sentences.get(error.status_code, error.detail))


def _unforeseen(request: AnyRequest, error: Exception) -> Response[Any]:
    request.state["status"] = 500
    _log.error("Unforeseen while answering %s%s", request.url.path, in_trace(request.headers), exc_info=error)
    return _refused(request, 500, "Something unforeseen went wrong: see the log of shelfcast web.")


def _refused(request: AnyRequest, status: int, sentence: str) -> Response[Any]:
    """In the API's form where its path was asked for, else in that of the other answers."""
    return (problems.problem if request.url.path.startswith("/v1/") else problem)(status, sentence)
