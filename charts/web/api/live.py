"""`/v1/live`: what happens, as server-sent events, each once for a client that says after which one it goes on."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Protocol, get_args

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response, Stream
from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import StructConfig

from charts.queries.sales import Finds
from charts.queries.summary import applied
from charts.web.api.asked import Asked, StoreName, given, parsed
from charts.web.api.described import single
from charts.web.api.problems import ParameterError
from charts.web.api.resource import AnyRequest, Api
from charts.web.api.seats import Seats
from charts.web.fresh import FreshFor
from streams.contract.errors import ServerError
from streams.contract.messages import OutputMessage
from streams.http.access import RefusedError
from streams.kafka.tail import Told

EVENT_STREAM: Final = "text/event-stream"
COUNTED: Final = "counted"
"""The kind of the event that says how many sales are counted."""


def _tag(message: Any) -> str:
    config: StructConfig = message.__struct_config__
    return str(config.tag)


KINDS: Final = (*(_tag(message) for message in get_args(OutputMessage)), COUNTED)
_LOOK_SECONDS: Final = 0.2
_QUIET_SECONDS: Final = 15.0
_COUNT_SECONDS: Final = 1.0
_READY_SECONDS: Final = 10.0
LONGEST_SECONDS: Final = 3600.0
"""A stream ends after so long; the client comes again by itself."""
_RETRY_MS: Final = 2000
_PLACE: Final = re.compile(r"\d{1,5}-\d{1,18}(\.\d{1,5}-\d{1,18}){0,255}")
_ABOUT: Final = (
    "Server-sent events. `event` is a message's type, `data` the message as it stands in `sales.forecasts`; `counted` comes at most once a "
    "second with the number of counted sales. `gap` says that events between are gone: read the lists again. Send the last `id` as "
    "Last-Event-ID to go on after it."
)


class Tells(Protocol):
    """The newest messages; see `streams.kafka.tail.Tail`."""

    @property
    def ready(self) -> bool:
        """Whether it can be asked."""
        ...

    def start(self) -> None:
        """Begin to read."""

    def end(self) -> tuple[int, dict[int, int]]:
        """Where the next message will stand."""
        ...

    def begin(self, place: Mapping[int, int]) -> tuple[int, bool]:
        """Where to begin, and whether something is gone."""
        ...

    def since(self, number: int, most: int = 500) -> tuple[list[Told], int, bool]:
        """Messages, where the next one stands, and whether some are gone."""
        ...


class LiveAsked(Asked, frozen=True, kw_only=True):
    """The parameters of `/v1/live`."""

    store: StoreName | UnsetType = UNSET
    kinds: Annotated[
        str, Meta(min_length=1, max_length=200, description=f"Kinds of events, separated by commas: {', '.join(KINDS)}.")
    ] | UnsetType = UNSET  # fmt: skip

    @property
    def wanted(self) -> frozenset[str]:
        """The kinds that are asked for; all where none are named. Raises ParameterError."""
        named = given(self.kinds)
        kinds = frozenset(KINDS if named is None else (name.strip() for name in named.split(",")))
        if not kinds <= set(KINDS):
            raise ParameterError("kinds", f"kinds: use {', '.join(KINDS)}, separated by commas.")
        return kinds


def place_of(header: str) -> dict[int, int] | None:
    """The place that an id names, offset by partition; None: none. Raises ParameterError."""
    if not header:
        return None
    if not _PLACE.fullmatch(header):
        raise ParameterError("Last-Event-ID", "Last-Event-ID is not an id of this stream: leave it out to begin now.")
    return {int(partition): int(offset) for partition, offset in (pair.split("-") for pair in header.split("."))}


def id_of(place: Mapping[int, int]) -> str:
    """A place as an id."""
    return ".".join(f"{partition}-{offset}" for partition, offset in sorted(place.items()))


@dataclass(slots=True)
class Reading:
    """How far one client has read. number: of the next message in the tail. place: the offset after what it had, by partition."""

    number: int
    place: dict[int, int]
    gap: bool

    def take(self, tail: Tells, store: str | None, wanted: frozenset[str]) -> list[str]:
        """The events that are new to this client."""
        found, self.number, late = tail.since(self.number)
        events = [self._gap()] if late or self.gap else []
        self.gap = False
        for told in found:
            if told.offset < self.place.get(told.partition, 0):
                continue
            self.place[told.partition] = told.offset + 1
            if told.kind in wanted and (store is None or told.store == store):
                # A line break between JSON's tokens would end the event's line.
                data = " ".join(told.raw.decode(errors="replace").splitlines())
                events.append(f"id: {id_of(self.place)}\nevent: {told.kind}\ndata: {data}\n\n")
        return events

    @staticmethod
    def _gap() -> str:
        return 'event: gap\ndata: {"detail":"Events between are gone: read the lists again."}\n\n'


def reading_from(tail: Tells, place: dict[int, int] | None) -> Reading:
    """A client's beginning: after what it had, or now."""
    end, places = tail.end()
    if place is None:
        return Reading(end, places, gap=False)
    number, gone = tail.begin(place)
    return Reading(number, {**dict.fromkeys(places, 0), **place}, gone)


class Live:
    """The streams of a server."""

    def __init__(self, database: Finds, tail: Tells | None, seats: Seats) -> None:
        self._database, self._tail, self._seats = database, tail, seats
        self._counts = FreshFor(_COUNT_SECONDS)

    async def stream(self, request: AnyRequest, who: str) -> Response[Any]:
        """Open a stream. Raises UsageError, RefusedError."""
        asked = parsed(request.query_params.multi_items(), LiveAsked)
        wanted, place = asked.wanted, place_of(request.headers.get("last-event-id", ""))
        tail = await self._ready()
        seat = self._seats.take(who)
        state = request.app.state
        events = self._events(
            tail, reading_from(tail, place), given(asked.store), wanted, seat, lambda: bool(state.get("stopping", bool)())
        )
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return Stream(events, media_type=EVENT_STREAM, headers=headers)

    async def _ready(self) -> Tells:
        if self._tail is None:
            raise RefusedError(503, "This server has no Kafka to read events from.")
        self._tail.start()
        until = time.monotonic() + _READY_SECONDS
        while not self._tail.ready:
            if time.monotonic() > until:
                raise RefusedError(503, "Kafka does not answer: try again.", 5)
            await asyncio.sleep(_LOOK_SECONDS / 2)
        return self._tail

    async def _events(
        self, tail: Tells, reading: Reading, store: str | None, wanted: frozenset[str], seat: object, stopping: Any
    ) -> AsyncIterator[str]:
        began = said = time.monotonic()
        counted, looked = -1, 0.0
        try:
            yield f"retry: {_RETRY_MS}\nid: {id_of(reading.place)}\n\n"
            while not stopping() and (now := time.monotonic()) - began < LONGEST_SECONDS:
                self._seats.seen(seat)
                number = reading.number
                events = reading.take(tail, store, wanted)
                if COUNTED in wanted and now - looked >= _COUNT_SECONDS:
                    looked, before = now, counted
                    counted = await self._counted(before)
                    events += [f'event: {COUNTED}\ndata: {{"counted":{counted}}}\n\n'] if counted != before else []
                if not events and now - said >= _QUIET_SECONDS:
                    events = [f"id: {id_of(reading.place)}\n\n"]
                if events:
                    said = now
                    yield "".join(events)
                await asyncio.sleep(0 if reading.number > number else _LOOK_SECONDS)
        finally:
            self._seats.leave(seat)

    async def _counted(self, before: int) -> int:
        try:
            return await asyncio.to_thread(self._counts.get, COUNTED, lambda: applied(self._database))
        except ServerError:
            return before


def routes(api: Api, live: Live) -> list[HTTPRouteHandler]:
    """Live events."""

    @get("/v1/live", summary="What happens, as it happens", **single(LiveAsked, kinds={EVENT_STREAM: _ABOUT}))
    async def live_events(request: AnyRequest) -> Response[str]:
        """Forecasts, shelf plans, scores and drift as they are published, and how many sales are counted."""
        return await api.answered(request, lambda: live.stream(request, request.state["who"]))

    return [live_events]
