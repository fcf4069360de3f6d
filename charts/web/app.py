"""The web page's composition: routes, who is let in, headers, errors."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, Final

from litestar import Litestar, MediaType, Request, get
from litestar.exceptions import HTTPException
from litestar.response import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from charts.figures.draw import Format
from charts.figures.gallery import CHARTS, Question
from charts.queries.database import ReadOnlyDatabase
from charts.queries.sales import Finds
from charts.web.answers import Answers
from charts.web.asking import JSON, PARAMETERS, PNG, SVG, preferred, question_of
from charts.web.assets import PICTURE_POLICY, POLICY, STYLE
from charts.web.openapi import description, docs_page
from charts.web.page import page
from charts.web.telemetry import WebMetrics
from charts.web.web_settings import WebSettings
from streams.contract.errors import ServerError, UsageError
from streams.http.access import Keyring, RefusedError
from streams.http.foreign import changes_something
from streams.http.guard import Guard
from streams.http.wrong_keys import WrongKeys

AnyRequest = Request[Any, Any, Any]
SALES_DAYS: Final = 28
"""The page's charts of sales show the newest so many days."""

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
    more_routes: Sequence[Any] = (),
    more_paths: dict[str, Any] | None = None,
) -> Litestar:
    """The ASGI application. It uses the database and does not close it.

    more_routes, more_paths: Litestar handlers and their OpenAPI paths to serve beside ours, behind the same door.
    """
    metrics = WebMetrics(registry)
    web = Web(Answers(database, metrics, settings.chart_seconds), database, settings, metrics)
    return Litestar(
        [*_data_routes(web), *_picture_routes(web), *_routes_about_itself(web, registry, description(more_paths)), *more_routes],
        before_request=web.let_in,
        after_response=web.measure,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=1_048_576,
        response_headers=_HEADERS,
        exception_handlers={HTTPException: _http_problem, Exception: _unforeseen},
    )


class Web:
    """What the routes share."""

    def __init__(self, answers: Answers, database: Finds, settings: WebSettings, metrics: WebMetrics) -> None:
        self.answers = answers
        self.database = database
        self._metrics = metrics
        self._chart_seconds = max(1.0, settings.chart_seconds)
        self._guard = Guard(Keyring(settings.keys), WrongKeys(settings.wrong_keys_per_minute, time.monotonic), passwords=True)

    async def let_in(self, request: AnyRequest) -> Response[Any] | None:
        """Before each request: an answer for those who stay outside."""
        request.state["began"] = time.perf_counter()
        if request.url.path == "/healthz":
            return None
        try:
            self._guard.let_in(request)
        except RefusedError as refused:
            request.state["status"] = refused.status
            response = problem(refused.status, str(refused), refused.retry_after)
            if refused.status == 401 and changes_something(request.method):
                response.headers["WWW-Authenticate"] = "Bearer"
            return response
        return None

    async def measure(self, request: AnyRequest) -> None:
        """After each answer."""
        handler = request.scope.get("path_template") or "other"
        began = request.scope.get("state", {}).get("began")
        status = request.scope.get("state", {}).get("status", 200)
        self._metrics.requests.labels(handler, status).inc()
        if began is not None:
            self._metrics.seconds.labels(handler).observe(time.perf_counter() - began)

    async def answered(self, request: AnyRequest, allowed: Sequence[str], work: Callable[[Question], Response[Any]]) -> Response[Any]:
        """Check the parameters, work in a thread, and turn what is foreseeable into a sentence."""
        try:
            question = question_of(((k, v) for k, v in request.query_params.multi_items() if k != "_"), allowed)
            response = await asyncio.to_thread(work, question)
        except UsageError as error:
            response = problem(422, str(error))
        except ServerError as error:
            response = problem(503, str(error))
        request.state["status"] = response.status_code or 200
        return response

    def page(self, question: Question) -> Response[Any]:
        """The page."""
        answers = self.answers
        summary = answers.summary()
        since = None
        if summary["last_day"]:
            since = (date.fromisoformat(summary["last_day"]) - timedelta(days=SALES_DAYS - 1)).isoformat()
        shown = page(
            summary,
            answers.stores(),
            answers.stock(question.store),
            question.store,
            since=since,
            version=int(time.time() / self._chart_seconds),
        )
        return Response(shown, media_type=MediaType.HTML, headers={"Content-Security-Policy": POLICY})

    def picture(self, name: str, question: Question, form: Format) -> Response[Any]:
        """A chart."""
        return Response(
            self.answers.picture(name, question, form),
            media_type=PNG if form == "png" else SVG,
            headers={"Content-Security-Policy": PICTURE_POLICY},
        )

    def negotiated(self, request: AnyRequest, name: str, question: Question, data: Callable[[Question], Any]) -> Response[Any]:
        """A chart or its data, whichever the client likes best; PNG where it has no wish."""
        kind = preferred(request.headers.get("accept", ""), (PNG, SVG, JSON))
        if kind is None:
            return problem(406, f"There is {PNG}, {SVG} and {JSON}: name one of them in Accept.")
        if kind == JSON:
            return Response(data(question))
        return self.picture(name, question, "png" if kind == PNG else "svg")


def _data_routes(web: Web) -> list[Any]:
    def data_route(path: str, allowed: Sequence[str], work: Callable[[Question], Any]) -> Any:
        @get(path)
        async def handler(request: AnyRequest) -> Response[Any]:
            return await web.answered(request, allowed, lambda question: Response(work(question)))

        return handler

    answers = web.answers
    return [
        data_route("/predict", ("store",), lambda q: answers.predict(q.store)),
        data_route("/v1/summary", (), lambda _: answers.summary()),
        data_route("/v1/stores", (), lambda _: answers.stores()),
        data_route("/v1/forecasts", ("store", "item"), lambda q: answers.forecasts(q.store, q.item)),
        data_route("/v1/plan", ("store",), lambda q: answers.plans(q.store)),
        data_route("/v1/scores", ("store",), lambda q: answers.scores(q.store)),
        data_route("/v1/drifts", (), lambda _: answers.drifts()),
        data_route("/v1/stock", ("store",), lambda q: answers.stock(q.store)),
    ]


def _picture_routes(web: Web) -> list[Any]:
    @get("/", media_type=MediaType.HTML)
    async def index(request: AnyRequest) -> Response[Any]:
        return await web.answered(request, ("store",), web.page)

    @get("/profit_by_item")
    async def profit_by_item(request: AnyRequest) -> Response[Any]:
        return await web.answered(
            request, ("store", "top", "from", "to", "currency"), lambda q: web.negotiated(request, "profit_by_item", q, web.answers.items)
        )

    @get("/frequency_of_sale")
    async def frequency_of_sale(request: AnyRequest) -> Response[Any]:
        return await web.answered(
            request, ("store", "top", "from", "to"), lambda q: web.negotiated(request, "frequency_of_sale", q, web.answers.frequencies)
        )

    @get("/charts/{file:str}")
    async def picture(request: AnyRequest) -> Response[Any]:
        name, _, form = str(request.path_params["file"]).partition(".")
        if name not in CHARTS or form not in ("png", "svg"):
            return problem(404, f"There are {', '.join(CHARTS)}, each as .png and .svg.")
        return await web.answered(request, PARAMETERS, lambda q: web.picture(name, q, "png" if form == "png" else "svg"))

    return [index, profit_by_item, frequency_of_sale, picture]


def _routes_about_itself(web: Web, registry: CollectorRegistry, document: dict[str, Any]) -> list[Any]:
    shown = docs_page(document, STYLE)

    @get("/healthz")
    async def healthz(request: AnyRequest) -> Response[Any]:
        def work(_: Question) -> Response[Any]:
            if isinstance(web.database, ReadOnlyDatabase):
                web.database.ping()
            return Response({"status": "ok"})

        return await web.answered(request, (), work)

    @get("/metrics", sync_to_thread=False)
    def metrics() -> Response[bytes]:
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    @get("/openapi.json", sync_to_thread=False)
    def openapi() -> dict[str, Any]:
        return document

    @get("/docs", media_type=MediaType.HTML, sync_to_thread=False)
    def docs() -> Response[str]:
        return Response(shown, media_type=MediaType.HTML, headers={"Content-Security-Policy": POLICY})

    return [healthz, metrics, openapi, docs]


def problem(status: int, sentence: str, retry_after: int | None = None) -> Response[Any]:
    """An answer that says what to do."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="shelfcast: the API key is the password"'
    if status == 503:
        headers["Retry-After"] = "5"
    return Response({"error": sentence}, status_code=status, headers=headers, media_type=MediaType.JSON)


def _http_problem(request: AnyRequest, error: HTTPException) -> Response[Any]:
    request.state["status"] = error.status_code
    sentences = {404: "There is nothing here: see /docs.", 405: "This cannot be done here: see /docs."}
    return problem(error.status_code, sentences.get(error.status_code, error.detail))


def _unforeseen(request: AnyRequest, error: Exception) -> Response[Any]:
    request.state["status"] = 500
    _log.error("Unforeseen while answering %s", request.url.path, exc_info=error)
    return problem(500, "Something unforeseen went wrong: see the log of shelfcast web.")
