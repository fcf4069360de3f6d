"""`/metrics` of a process, for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, start_http_server

from streams.contract.errors import SettingsError


def serve_metrics(registry: CollectorRegistry, host: str, port: int, variable: str) -> Callable[[], None]:
    """Serve the registry over HTTP from a thread of its own; what ends that.

    variable: the setting that names the port. Raises SettingsError when it cannot be listened on.
    """
    try:
        server, _ = start_http_server(port, host, registry)
    except OSError as error:
        raise SettingsError(
            f"/metrics cannot be served on {host}:{port}: {error.strerror or error}. Set {variable} or --metrics-port to a free port."
        ) from None
    return server.shutdown
