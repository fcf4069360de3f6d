"""Checks before a request reaches the application: its framing, and whether there is room for it."""

import json
from collections.abc import Callable
from typing import Final

from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope

from streams.http.doorman import Reason

PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_RETRY_SECONDS: Final = 5
_CLOSE: Final = (b"connection", b"close")


def with_porch(app: ASGI3Application, beyond: Reason | None, refused: Callable[[Reason], None]) -> ASGI3Application:
    """The application of one connection. beyond: the bound that it exceeds, if any; then only probes are answered."""

    async def framed(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        if scope["type"] == "http":
            names = {name for name, _ in scope["headers"]}
            # A proxy that goes by the other length would take the rest of the body for the next request.
            if b"transfer-encoding" in names and b"content-length" in names:
                refused("two_lengths")
                await _say(send, 400, "The request has two lengths: send Content-Length or Transfer-Encoding, not both.")
                return
        await app(scope, receive, send)

    async def for_probes(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def last(message: ASGISendEvent) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), _CLOSE]
            await send(message)

        if scope["type"] == "http" and scope["path"] in PROBES:
            await framed(scope, receive, last)
            return
        refused(beyond or "all")
        whose = "Your address has" if beyond == "address" else "There are"
        await _say(send, 503, f"{whose} too many connections here: close some, or try again in {_RETRY_SECONDS} s.")

    return framed if beyond is None else for_probes


async def _say(send: ASGISendCallable, status: int, sentence: str) -> None:
    body = json.dumps({"error": sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), _CLOSE]
    if status == 503:
        headers.append((b"retry-after", str(_RETRY_SECONDS).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
