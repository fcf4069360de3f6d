"""The gateway's composition: routes, life, errors."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator
from typing import Any

from litestar import Litestar, MediaType, Request, get, post
from litestar.exceptions import HTTPException
from litestar.response import Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from producers.gateway.door import Door, Problem, problem
from producers.gateway.gateway_settings import GatewaySettings
from producers.gateway.openapi import description, page
from producers.gateway.rate import RateLimit
from producers.gateway.telemetry import GatewayMetrics
from producers.gateway.ticks import LiveStores, tick
from producers.publisher import Publisher
from streams.http.access import Keyring, RefusedError, is_local, is_loopback
from streams.http.guard import Guard
from streams.http.wrong_keys import WrongKeys

_log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]


def create_app(publisher: Publisher, settings: GatewaySettings, registry: CollectorRegistry) -> Litestar:
    """The ASGI application. It uses the publisher and does not close it."""
    metrics = GatewayMetrics(registry)
    metrics.watch_waiting(lambda: publisher.waiting)
    rate = RateLimit(settings.rate_per_second, settings.rate_burst, time.monotonic)
    guard = Guard(Keyring(settings.keys, settings.ticking_keys), WrongKeys(settings.wrong_keys_per_minute, time.monotonic))
    stores = LiveStores()
    door = Door(publisher, settings, metrics, guard, rate, stores)
    return Litestar(
        [*_doors(door), *_about_itself(door, registry)],
        lifespan=[lambda _app: _ticking(door, stores)],
        openapi_config=None,
        logging_config=None,
        request_max_body_size=settings.max_body_bytes,
        exception_handlers={HTTPException: _http_problem, Exception: _unforeseen},
    )


def _doors(door: Door) -> list[Any]:
    @post("/v1/sales")
    async def record_sales(request: AnyRequest) -> Response[Any]:
        return await door.sales(request)

    @post("/v1/events")
    async def record_events(request: AnyRequest) -> Response[Any]:
        return await door.events(request)

    @post("/add-data")
    async def add_data(request: AnyRequest) -> Response[Any]:
        return await door.add_data(request)

    return [record_sales, record_events, add_data]


def _about_itself(door: Door, registry: CollectorRegistry) -> list[Any]:
    document = description()
    shown = page(document)

    @get("/healthz", media_type=MediaType.TEXT, sync_to_thread=False)
    def healthz() -> str:
        return "alive\n"

    @get("/readyz")
    async def readyz() -> Response[Any]:
        if door.publisher.full or not await asyncio.to_thread(door.publisher.reachable):
            return problem(503, "Kafka does not answer, or the buffer for it is full.", retry_after=5)
        return Response({"status": "ready"})

    @get("/metrics", sync_to_thread=False)
    def metrics(request: AnyRequest) -> Response[Any]:
        # Prometheus on this machine may read without a key; from elsewhere it shows one as a till does. Another name of
        # this machine is a page that rebinds it, or a proxy.
        if request.client is None or not is_loopback(request.client.host) or not is_local(request.headers.get("host", "")):
            try:
                door.let_in(request)
            except RefusedError as refused:
                return problem(refused.status, str(refused), retry_after=refused.retry_after)
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    @get("/openapi.json", sync_to_thread=False)
    def openapi() -> dict[str, Any]:
        return document

    @get(["/", "/docs"], media_type=MediaType.HTML, sync_to_thread=False)
    def docs() -> str:
        return shown

    return [healthz, readyz, metrics, openapi, docs]


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
    _log.error("unforeseen error at %s %s", request.method, request.url.path.encode("unicode_escape").decode(), exc_info=error)
    return problem(500, "The gateway failed on this request; its log says why. It is safe to repeat it.")
