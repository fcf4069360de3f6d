"""The consumer groups whose lag is watched, as the settings name them."""

from consumers.runtime.consumer_settings import ConsumeSettings
from streams.contract.settings import WorkerSettings
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS
from streams.kafka.lag import Watched


def ahead_of() -> tuple[Watched, ...]:
    """The groups that a replay must not outrun: worker and statistics."""
    return (Watched(WorkerSettings.read().group, EVENTS), Watched(ConsumeSettings.read().statistics_group, ACCEPTED))


def everybody() -> tuple[Watched, ...]:
    """Worker, statistics and forecasts: all that must catch up before what was sent can be seen."""
    return (*ahead_of(), Watched(ConsumeSettings.read().forecasts_group, FORECASTS))
