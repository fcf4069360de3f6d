"""The gateway's composition: routes, life, errors."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Litestar, MediaType, Request, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from producers.gateway.described import TakesEvents, TakesOlderLines, TakesSales, refused_lines
from producers.gateway.door import Accepted, Added, Door, Problem, Ready, problem
from producers.gateway.gateway_settings import GatewaySettings
from producers.gateway.telemetry import GatewayMetrics
from producers.gateway.ticks import LiveStores, tick
from producers.publisher import Publisher
from streams.contract.loopback import is_loopback
from streams.contract.pseudonyms import Pseudonyms
from streams.http.access import RefusedError, is_local
from streams.http.description import KEY_REFUSALS, Described, document_of, refusals
from streams.http.docs_page import docs_page
from streams.http.guard import Guard
from streams.http.rate import RateLimit
from streams.http.trace import in_trace
from streams.http.wrong_keys import WrongKeys

_log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]
_NOT_READY: Final = "Kafka does not answer, or the buffer for it is full."
_STYLE: Final = """body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1d2330}
code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f2f4f7;padding:.8rem;white-space:pre-wrap;overflow-wrap:anywhere}
h2{margin-top:2.5rem}h2 code{font-size:1em}table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #d8dce3;padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"""


def create_app(
    publisher: Publisher, settings: GatewaySettings, registry: CollectorRegistry, pseudonyms: Pseudonyms | None = None
) -> Litestar:
    """The ASGI application. It uses the publisher and does not close it. pseudonyms: what replaces the names of people."""
    metrics = GatewayMetrics(registry)
    metrics.watch_waiting(lambda: publisher.waiting)
    rate = RateLimit(settings.rate_per_second, settings.rate_burst, time.monotonic)
    guard = Guard(settings.keyring(), WrongKeys(settings.wrong_keys_per_minute, time.monotonic))
    stores = LiveStores()
    by_store = RateLimit(settings.store_rate_per_second, max(1, round(settings.store_rate_per_second * 2)), time.monotonic)
    door = Door(publisher, settings, metrics, guard, rate, stores, by_store, pseudonyms)
    routes = [*_doors(door), *_about_itself(door, registry)]
    return Litestar(
        [*routes, *_description_of(routes)],
        lifespan=[lambda _app: _ticking(door, stores)],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=settings.max_body_bytes,
        exception_handlers={HTTPException: _http_problem, Exception: _unforeseen},
    )


def _doors(door: Door) -> list[HTTPRouteHandler]:
    @post("/v1/sales", status_code=202, summary="Record sales", **_lines(TakesSales))
    async def record_sales(request: AnyRequest) -> Response[Accepted]:
        """One sale, a list of sales, or one a line. Each carries an event_id: a retry repeats it and counts once."""
        return await door.sales(request)

    @post("/v1/events", status_code=202, summary="Record other events", **_lines(TakesEvents))
    async def record_events(request: AnyRequest) -> Response[Accepted]:
        """Stock counts, deliveries, write-offs, planned promotions and openings, shelves, clock ticks; each names its type."""
        return await door.events(request)

    return [record_sales, record_events, add_data_route(door)]


def add_data_route(door: Door) -> HTTPRouteHandler:
    """`POST /add-data`, for any server with a door."""
    needs = {"needs": "publish", "checks_stores": True}

    @post("/add-data", status_code=200, summary="Record sales in the older shape", opt=needs, **_lines(TakesOlderLines))
    async def add_data(request: AnyRequest) -> Response[Added]:
        """Lines of one default store. Equal lines in one request count each; the same request again counts once.

        To have equal requests count each, send each with its own Idempotency-Key.
        """
        return await door.add_data(request)

    return add_data


def _lines(operation: type[Described]) -> dict[str, Any]:
    return {"operation_class": operation, "response_description": "Kafka has stored every line.", "responses": refused_lines()}


def _about_itself(door: Door, registry: CollectorRegistry) -> list[HTTPRouteHandler]:
    @get("/healthz", media_type=MediaType.TEXT, sync_to_thread=False, summary="Whether it runs", operation_class=Described)
    def healthz() -> str:
        """Open to all."""
        return "alive\n"

    @get("/readyz", summary="Whether sales can be taken", operation_class=Described, responses=refusals({503: _NOT_READY}, Problem))
    async def readyz() -> Response[Ready]:
        """Open to all."""
        if door.publisher.full or not await asyncio.to_thread(door.publisher.reachable):
            return problem(503, _NOT_READY, retry_after=5)
        return Response(Ready())

    @get(
        "/metrics",
        media_type=MediaType.TEXT,
        sync_to_thread=False,
        summary="Metrics for Prometheus",
        operation_class=Described,
        responses=refusals(KEY_REFUSALS, Problem),
    )
    def metrics(request: AnyRequest) -> Response[bytes]:
        """Open to this machine; from elsewhere it takes a key."""
        # Prometheus on this machine may read without a key; from elsewhere it shows one as a till does. Another name of
        # this machine is a page that rebinds it, or a proxy.
        if request.client is None or not is_loopback(request.client.host) or not is_local(request.headers.get("host", "")):
            try:
                door.let_in(request)
            except RefusedError as refused:
                return problem(refused.status, str(refused), retry_after=refused.retry_after)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return [healthz, readyz, metrics]


def _description_of(routes: list[HTTPRouteHandler]) -> list[HTTPRouteHandler]:
    document = document_of(routes, "shelfcast gateway", "The HTTP door for tills.")
    shown = docs_page(document, _STYLE)

    @get("/openapi.json", sync_to_thread=False)
    def openapi() -> dict[str, Any]:
        return document

    @get(["/", "/docs"], media_type=MediaType.HTML, sync_to_thread=False)
    def docs() -> str:
        return shown

    return [openapi, docs]


@contextlib.asynccontextmanager
async def _ticking(door: Door, stores: LiveStores) -> AsyncIterator[None]:
    if not door.settings.tick_seconds:
        yield
        return
    task = asyncio.create_task(tick(stores, door.publisher, door.metrics, door.settings.tick_seconds))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def _http_problem(_request: AnyRequest, error: HTTPException) -> Response[Problem]:
    sentences: dict[int, str] = {404: "There is no such path: see /docs.", 405: "The path does not take this method: see /docs."}
    return problem(error.status_code, sentences.get(error.status_code, error.detail))


def _unforeseen(request: AnyRequest, error: Exception) -> Response[Problem]:
    path = request.url.path.encode("unicode_escape").decode()
    _log.error("unforeseen error at %s %s%s", request.method, path, in_trace(request.headers), exc_info=error)
    return problem(500, "The gateway failed on this request; its log says why. It is safe to repeat it.")
