"""Settings of the webhooks."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, setting


@dataclass(frozen=True, slots=True)
class WebhooksSettings(FromEnvironment):
    """Where the hooks are named, and how long each is tried."""

    file: str = setting("SHELFCAST_WEBHOOKS_FILE", "TOML file that names the webhooks.", "webhooks.toml")
    patience_hours: float = setting(
        "SHELFCAST_WEBHOOK_HOURS", "Hours for which a message is tried before it is passed over.", 24.0, low=0.001, high=720
    )
    metrics_port: int = setting(
        "SHELFCAST_WEBHOOKS_METRICS_PORT", "Port of /metrics on loopback; 0 takes a free one.", 9104, low=0, high=65_535
    )
