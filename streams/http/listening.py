"""Serves an ASGI application with uvicorn, on a socket of its own, until it is told to stop."""

import logging
import signal
import socket
from collections.abc import Callable
from typing import Final

import uvicorn
from litestar import Litestar

from streams.contract.errors import SettingsError
from streams.http.address import Address, why_not
from streams.http.bounded import bounded_by
from streams.http.bounds import Bounds
from streams.http.doorman import ConnectionMetrics, Doorman

_DRAIN_SECONDS: Final = 15


def serve(app: Litestar, address: Address, bounds: Bounds, metrics: ConnectionMetrics, ready: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in progress.

    bounds, metrics: what a client may take, and where that is counted.
    ready: called with the address once the server listens. Raises SettingsError if the port is taken.
    """
    listener = _listen(address)
    host, port = listener.getsockname()[:2]
    config = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        http=bounded_by(Doorman(bounds, metrics)),
        ws="none",
        # With an empty list the server would use its default, which trusts loopback.
        proxy_headers=bool(bounds.proxies),
        forwarded_allow_ips=bounds.proxies,
        timeout_keep_alive=bounds.keep_alive_seconds,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        lifespan="on",
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")
    # uvicorn raises the signal again after draining; it is caught here, so that the caller can flush and end in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    server = uvicorn.Server(config)
    app.state["stopping"] = lambda: server.should_exit  # answers without an end look at it
    server.run(sockets=[listener])


def _listen(address: Address) -> socket.socket:
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(place)
        listener.listen(1024)
    except (OSError, UnicodeError, OverflowError) as error:
        host_variable = address.variable.removesuffix("PORT") + "HOST"
        reason = why_not(error, address.host, address.port, host_variable, f"{address.variable} or --port")
        raise SettingsError(f"{address.what} cannot listen on {reason}") from None
    return listener
