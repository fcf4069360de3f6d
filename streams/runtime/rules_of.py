"""Derives a worker's rules from its settings."""

from streams.contract.settings import WorkerSettings
from streams.processor.rules import Rules
from streams.runtime.countries import countries_of


def rules_of(settings: WorkerSettings) -> Rules:
    """The rules among the worker's settings; reads the file of stores. Raises SettingsError for countries that nobody knows."""
    country, store_countries = countries_of(settings)
    return Rules(
        timezone=settings.timezone,
        country=country,
        lateness_seconds=settings.lateness_minutes * 60,
        dedupe_window=settings.dedupe_window,
        nowcast_seconds=settings.nowcast_minutes * 60,
        runs_out_probability=settings.runs_out_probability,
        silence_probability=settings.silence_probability,
        store_countries=store_countries,
        forecast_parts=settings.forecast_parts,
    )
