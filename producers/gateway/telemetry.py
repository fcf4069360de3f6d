"""The gateway's metrics for Prometheus."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class GatewayMetrics:
    """Counters of one gateway, in the registry it is handed. Labels: routes we serve, never a path as sent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter("shelfcast_gateway_requests", "Requests by route and HTTP status.", ["route", "status"], registry=registry)
        self.seconds = Histogram("shelfcast_gateway_request_seconds", "Time to answer.", ["route"], buckets=_SECONDS, registry=registry)
        self.accepted = Counter("shelfcast_gateway_events_accepted", "Events that Kafka acknowledged.", registry=registry)
        self.refused = Counter("shelfcast_gateway_lines_refused", "Lines refused, by reason.", ["reason"], registry=registry)
        self.undelivered = Counter(
            "shelfcast_gateway_undelivered_requests", "Requests that Kafka did not acknowledge in time.", registry=registry
        )
        self.ticks = Counter("shelfcast_gateway_ticks", "Clock ticks published.", registry=registry)
        self.live_stores = Gauge("shelfcast_gateway_live_stores", "Stores that get clock ticks.", registry=registry)
        self.waiting = Gauge("shelfcast_gateway_waiting_messages", "Messages handed to Kafka and not yet answered for.", registry=registry)

    def watch_waiting(self, waiting: Callable[[], int]) -> None:
        """Ask `waiting` whenever the gauge is read."""
        self.waiting.set_function(waiting)
