"""The web page's composition: routes, headers, errors."""

import logging
from collections.abc import Sequence
from typing import Any, Final

from litestar import Litestar, MediaType, get
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from prometheus_client import CollectorRegistry

from charts.queries.sales import Finds
from charts.web.answers import Answers
from charts.web.assets import POLICY, STYLE
from charts.web.people.doorkeeper import doorkeeper_of
from charts.web.people.login import login_routes
from charts.web.people.records import Records
from charts.web.routes import routes
from charts.web.telemetry import WebMetrics
from charts.web.web import AnyRequest, Web, problem
from charts.web.web_settings import WebSettings
from streams.http.description import document_of
from streams.http.docs_page import docs_page

_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
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
    records: Records | None = None,
) -> Litestar:
    """The ASGI application. It uses the database and does not close it.

    more_routes: Litestar handlers to serve and describe beside ours, behind the same door. records: where users and the record of changes
    are; None: nobody logs in, and no record is kept.
    """
    metrics = WebMetrics(registry)
    doorkeeper = doorkeeper_of(settings, records)
    web = Web(Answers(database, metrics, settings.chart_seconds), database, settings, metrics, doorkeeper)
    every = [*routes(web, registry), *more_routes]
    return Litestar(
        [*every, *_description_of(every), *login_routes(doorkeeper)],
        before_request=web.let_in,
        after_response=web.measure,
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
    return problem(error.status_code, sentences.get(error.status_code, error.detail))


def _unforeseen(request: AnyRequest, error: Exception) -> Response[Any]:
    request.state["status"] = 500
    _log.error("Unforeseen while answering %s", request.url.path, exc_info=error)
    return problem(500, "Something unforeseen went wrong: see the log of shelfcast web.")
