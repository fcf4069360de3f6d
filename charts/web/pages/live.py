"""Tells open pages that something has changed, as server-sent events, within half a second."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, Final

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import ServerSentEvent
from litestar.response.sse import ServerSentEventMessage

from charts.queries.sales import Finds
from charts.web.pages.desk import POLICY
from charts.web.web import AnyRequest
from streams.contract.documents import PROGRESS
from streams.contract.errors import ServerError

LOOK_SECONDS: Final = 0.35
"""Between two looks at how far the consumers have come. All open pages share them, and without open pages there are none."""
QUIET_SECONDS: Final = 15.0
"""After so long without a change a comment is sent, so that nobody in between takes the connection for dead."""
LONGEST_SECONDS: Final = 600.0
"""Then the page connects again."""


class Pulse:
    """A word that changes whenever the consumers have written something."""

    def __init__(self, look: Callable[[], str]) -> None:
        self._look = look
        self._lock = asyncio.Lock()
        self._looked_at = float("-inf")
        self._word = ""

    async def word(self) -> str:
        """The word as it was at most LOOK_SECONDS ago. While the database is away it stays."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            if loop.time() - self._looked_at >= LOOK_SECONDS:
                with suppress(ServerError):
                    self._word = await asyncio.to_thread(self._look)
                self._looked_at = loop.time()
            return self._word


def progress_word(database: Finds) -> str:
    """How far the consumers have come, in a few characters. Raises ServerError."""
    places = database.find(PROGRESS, {}, ("reader", "partition", "next_offset"))
    return " ".join(sorted(f"{one['reader'][:2]}{one['partition']}:{one['next_offset']}" for one in places))


async def changes(pulse: Pulse, known: str | None, ending: Callable[[], bool]) -> AsyncIterator[ServerSentEventMessage]:
    """A message for each change; known: the word that the page was told last, None where it was told none."""
    loop = asyncio.get_running_loop()
    began = spoke = loop.time()
    told = await pulse.word() if known is None else known
    yield ServerSentEventMessage(comment="hello", retry=1000)
    while not ending() and loop.time() - began < LONGEST_SECONDS:
        word = await pulse.word()
        if word != told:
            told, spoke = word, loop.time()
            yield ServerSentEventMessage(event="changed", id=word, data="{}")
        elif loop.time() - spoke >= QUIET_SECONDS:
            spoke = loop.time()
            yield ServerSentEventMessage(comment="quiet")
        await asyncio.sleep(LOOK_SECONDS)


def live_routes(database: Finds) -> list[HTTPRouteHandler]:
    """`/live`."""
    pulses: list[Pulse] = []

    @get("/live", include_in_schema=False, opt={"checks_stores": True})
    async def live(request: AnyRequest) -> ServerSentEvent:
        if not pulses:
            pulses.append(Pulse(lambda: progress_word(database)))
        known = request.headers.get("last-event-id")
        state: Any = request.app.state
        return ServerSentEvent(
            changes(pulses[0], known, lambda: bool(state.get("stopping", bool)())),
            headers={"Content-Security-Policy": POLICY, "X-Accel-Buffering": "no"},
        )

    return [live]
