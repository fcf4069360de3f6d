"""Settings of `shelfcast ads live`."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, setting


@dataclass(frozen=True, slots=True)
class AdsSettings(FromEnvironment):
    """How reports of ads are read."""

    group: str = setting("SHELFCAST_ADS_GROUP", "Consumer group of live ads.", "shelfcast-ads")
    metrics_port: int = setting("SHELFCAST_ADS_METRICS_PORT", "Port of live ads' /metrics; 0 takes a free one.", 9105, low=0, high=65_535)
