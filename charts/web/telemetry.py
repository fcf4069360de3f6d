"""The web page's metrics for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Histogram


class WebMetrics:
    """The metrics of one process, on the registry it is handed."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter("shelfcast_web_requests", "Answers by route and status.", ["route", "status"], registry=registry)
        self.seconds = Histogram(
            "shelfcast_web_answer_seconds",
            "Time to answer, by route.",
            ["route"],
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
        self.drawn = Histogram(
            "shelfcast_web_draw_seconds",
            "Time to ask MongoDB for a chart and draw it.",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
            registry=registry,
        )
