"""Settings of the replenishment service."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, setting


@dataclass(frozen=True, slots=True)
class ReplenishSettings(FromEnvironment):
    """How purchase orders are written. If a shelf plan names an order quantity, that quantity is ordered."""

    group: str = setting("SHELFCAST_REPLENISH_GROUP", "Consumer group of the service.", "shelfcast-replenishment")
    directory: str = setting("SHELFCAST_ORDERS_DIR", "Directory of the orders' CSV files.", ".shelfcast/orders")
    service_level: float = setting(
        "SHELFCAST_SERVICE_LEVEL",
        "Probability of no stock-out until the next order arrives.",
        0.95,
        low=0.5,
        high=0.9999,
    )
    lead_time_days: float = setting("SHELFCAST_LEAD_TIME_DAYS", "Days from an order to its goods on the shelf.", 1.0, low=0, high=60)
    review_days: float = setting("SHELFCAST_REVIEW_DAYS", "Days between two orders.", 1.0, low=0.01, high=60)
    session_seconds: float = setting(
        "SHELFCAST_REPLENISH_SESSION_SECONDS", "How long a killed process keeps its partitions.", 10.0, low=1, high=300
    )
    metrics_port: int = setting(
        "SHELFCAST_REPLENISH_METRICS_PORT", "Port of /metrics on loopback; 0 takes a free one.", 9103, low=0, high=65535
    )
