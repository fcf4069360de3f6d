"""Serves `/metrics` of a process, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, start_http_server

from streams.contract.errors import SettingsError
from streams.http.address import why_not


def serve_metrics(registry: CollectorRegistry, host: str, port: int, variable: str) -> Callable[[], None]:
    """Serve the registry over HTTP in a thread of its own; returns a function that stops it.

    variable: the setting that names the port. Raises SettingsError if the port cannot be listened on.
    """
    try:
        server, _ = start_http_server(port, host, registry)
    except (OSError, UnicodeError, OverflowError) as error:
        reason = why_not(error, host, port, "SHELFCAST_METRICS_HOST", f"{variable} or --metrics-port")
        raise SettingsError(f"/metrics cannot be served on {reason}") from None
    return server.shutdown
