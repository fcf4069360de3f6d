"""One request's way: let in, read, split, check, publish, wait for Kafka, answer."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from litestar import MediaType, Request
from litestar.exceptions import HTTPException
from litestar.response import Response
from msgspec import Struct

from producers.gateway.checks import Checked, LineError, check
from producers.gateway.gateway_settings import GatewaySettings
from producers.gateway.lines import BodyError, shape_of, split
from producers.gateway.older import in_older_words, mapped
from producers.gateway.telemetry import GatewayMetrics
from producers.gateway.ticks import LiveStores
from producers.publisher import Publisher
from streams.contract.errors import DeliveryError
from streams.contract.pseudonyms import Pseudonyms
from streams.http.access import RefusedError
from streams.http.guard import Guard, address_of
from streams.http.rate import RateLimit
from streams.http.trace import TRACEPARENT, in_trace, traceparent_of

RETRY_SECONDS: Final = 5
_SHOWN_ERRORS: Final = 100
MAX_IDEMPOTENCY_KEY: Final = 200
_SHELF: Final = b"shelf-defined"

_log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, Any]
Parse = Callable[[AnyRequest, list[bytes]], tuple[Checked, list[LineError]]]


class Accepted(Struct, frozen=True):
    """Kafka has stored so many events."""

    accepted: int


class Added(Struct, frozen=True):
    """The older answer."""

    message: str = "Data added successfully!"


class Ready(Struct, frozen=True):
    """Sales can be taken."""

    status: str = "ready"


class Problem(Struct, frozen=True, omit_defaults=True):
    """Why nothing of a request was taken. refused: lines that are wrong; lines: the first 100 of them."""

    error: str
    refused: int | None = None
    lines: tuple[LineError, ...] = ()


@dataclass(frozen=True, slots=True)
class Door:
    """What the routes share."""

    publisher: Publisher
    settings: GatewaySettings
    metrics: GatewayMetrics
    guard: Guard
    rate: RateLimit
    stores: LiveStores | None = None
    """None where nobody ticks for them."""

    by_store: RateLimit | None = None
    """Limits the requests with events of one store."""

    pseudonyms: Pseudonyms | None = None
    """Replaces the names of customers and cashiers; None: they stay."""

    async def sales(self, request: AnyRequest) -> Response[Any]:
        """`POST /v1/sales`."""
        return await self._answered(
            request, "/v1/sales", lambda owner: self._take(request, owner, self._parse_sales, lambda n: (202, Accepted(n)))
        )

    async def events(self, request: AnyRequest) -> Response[Any]:
        """`POST /v1/events`."""
        return await self._answered(
            request, "/v1/events", lambda owner: self._take(request, owner, self._parse_events, lambda n: (202, Accepted(n)))
        )

    async def add_data(self, request: AnyRequest) -> Response[Any]:
        """`POST /add-data`."""
        return await self._answered(
            request, "/add-data", lambda owner: self._take(request, owner, self._parse_older, lambda _: (200, Added()))
        )

    def let_in(self, request: AnyRequest) -> str | None:
        """The owner of the key, None where none is needed. Raises RefusedError 401, 403, 415 or 429."""
        try:
            owner = self.guard.let_in(request)
        except RefusedError:
            self.rate.take(address_of(request))
            raise
        self.rate.take(owner or address_of(request))
        return owner

    async def _answered(self, request: AnyRequest, route: str, work: Callable[[str | None], Awaitable[Response[Any]]]) -> Response[Any]:
        began = time.perf_counter()
        try:
            response = await work(self.let_in(request))
        except RefusedError as refused:
            response = problem(refused.status, str(refused), retry_after=refused.retry_after)
        except BodyError as error:
            response = problem(error.status, str(error))
        except DeliveryError as error:
            self.metrics.undelivered.inc()
            if trace := in_trace(request.headers):
                _log.warning("%s: %s%s", route, error, trace)
            response = problem(503, f"{error} Repeat the whole request: events keep their ids and count once.", retry_after=RETRY_SECONDS)
        self.metrics.requests.labels(route, str(response.status_code)).inc()
        self.metrics.seconds.labels(route).observe(time.perf_counter() - began)
        return response

    async def _take(self, request: AnyRequest, owner: str | None, parse: Parse, done: Callable[[int], tuple[int, Struct]]) -> Response[Any]:
        shape = shape_of(request.headers.get("content-type", ""), request.headers.get("content-encoding", ""))
        body = await self._body(request)
        lines = split(body, shape, self.settings.max_lines)
        if _SHELF in body:
            # Whether a shelf can be planned takes up to a second to say: other tills must not wait for it.
            checked, errors = await asyncio.to_thread(parse, request, lines)
        else:
            checked, errors = parse(request, lines)
        if errors:
            for error in errors:
                self.metrics.refused.labels(error.reason).inc()
            return problem(422, "Nothing was taken: correct the lines below and send all of them again.", errors=errors)
        self.guard.keyring.check_rights(owner, events=len(checked.raws) - checked.ticks, ticks=checked.ticks)
        self._check_stores(owner, {key.decode() for key in checked.keys})
        delivery = self.publisher.publish_all(checked.keys, checked.raws, headers=_carried(request))
        await delivery.arrived(self.settings.acknowledge_seconds)
        self.metrics.accepted.inc(len(checked.raws))
        if self.stores is not None:
            self.stores.saw(checked.newest, time.time())
            self.metrics.live_stores.set(len(self.stores))
        status, answer = done(len(checked.raws))
        return Response(answer, status_code=status)

    def _check_stores(self, owner: str | None, stores: set[str]) -> None:
        """Raise RefusedError 403 or 429."""
        self.guard.keyring.check_stores(owner, stores)
        if self.by_store is not None:
            for store in stores:
                self.by_store.take(store)

    async def _body(self, request: AnyRequest) -> bytes:
        try:
            async with asyncio.timeout(self.settings.read_seconds):
                return await request.body()
        except TimeoutError:
            raise BodyError(408, f"The body did not arrive within {self.settings.read_seconds:g} s.") from None
        except HTTPException as error:
            if error.status_code == 413:
                raise BodyError(413, f"The body is larger than {self.settings.max_body_bytes} bytes: send it in parts.") from None
            raise BodyError(400, "The connection ended before the body did.") from None

    def _parse_sales(self, _request: AnyRequest, lines: list[bytes]) -> tuple[Checked, list[LineError]]:
        return check(lines, time.time(), sales_only=True, max_depth=self.settings.max_depth, pseudonyms=self.pseudonyms)

    def _parse_events(self, _request: AnyRequest, lines: list[bytes]) -> tuple[Checked, list[LineError]]:
        return check(lines, time.time(), sales_only=False, max_depth=self.settings.max_depth, pseudonyms=self.pseudonyms)

    def _parse_older(self, request: AnyRequest, lines: list[bytes]) -> tuple[Checked, list[LineError]]:
        key = request.headers.get("idempotency-key")
        if key is not None and not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY:
            raise BodyError(422, f"Idempotency-Key has {len(key)} characters: send 1 to {MAX_IDEMPOTENCY_KEY}.")
        found = mapped(lines, self.settings.default_store, key, self.settings.max_depth)
        checked, errors = check(found.raws, time.time(), sales_only=True, max_depth=self.settings.max_depth, numbers=found.numbers)
        return checked, sorted([*found.errors, *map(in_older_words, errors)], key=lambda error: error.line)


def _carried(request: AnyRequest) -> dict[str, bytes] | None:
    """The headers of a request's messages: the trace it belongs to, if it names one."""
    sent = traceparent_of(request.headers)
    return None if sent is None else {TRACEPARENT: sent.encode()}


def problem(status: int, sentence: str, *, errors: list[LineError] | None = None, retry_after: int | None = None) -> Response[Any]:
    """An answer that says what to do."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    told = Problem(sentence, len(errors), tuple(errors[:_SHOWN_ERRORS])) if errors else Problem(sentence)
    return Response(told, status_code=status, headers=headers, media_type=MediaType.JSON)
