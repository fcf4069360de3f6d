"""Settings of the consumers."""

from dataclasses import dataclass

from streams.contract.settings import FromEnvironment, setting


@dataclass(frozen=True, slots=True)
class ConsumeSettings(FromEnvironment):
    """How sales and forecasts are written to MongoDB."""

    statistics_group: str = setting("SHELFCAST_STATISTICS_GROUP", "Consumer group of the statistics.", "shelfcast-statistics")
    forecasts_group: str = setting("SHELFCAST_FORECASTS_GROUP", "Consumer group of the forecasts.", "shelfcast-forecasts")
    batch_messages: int = setting("SHELFCAST_CONSUME_MESSAGES", "Messages after which a batch is written.", 20_000, low=1, high=200_000)
    batch_seconds: float = setting(
        "SHELFCAST_CONSUME_SECONDS", "Longest time that a batch gathers; a silence of 0.1 s ends it.", 1.0, low=0.05, high=60
    )
    gap_alarm_seconds: float = setting(
        "SHELFCAST_GAP_ALARM_SECONDS", "Seconds that sales may wait for earlier ones before an alarm is raised.", 60.0, low=1, high=86_400
    )
    metrics_host: str = setting(
        "SHELFCAST_METRICS_HOST",
        "Address of /metrics of worker and consumers. It needs no key: leave loopback only in a private network.",
        "127.0.0.1",
    )
    metrics_port: int = setting(
        "SHELFCAST_CONSUME_METRICS_PORT", "Port of the consumers' /metrics; 0 takes a free one.", 9102, low=0, high=65_535
    )
