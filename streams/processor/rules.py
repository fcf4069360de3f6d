"""The rules under which a state was made. They are part of it: other rules lead to another state."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Rules:
    """What determines a partition's messages, besides the log.

    store_countries: country codes of the stores that are not in `country`, by name. Each store takes its code when it first appears, and
    the state keeps it. So these codes are not compared with a state's rules, and a row for a new store does not invalidate the state of
    all others.
    forecast_parts: whether forecasts carry their parts. No state depends on it.
    """

    timezone: str = "UTC"
    country: str = ""
    lateness_seconds: float = 3600.0
    dedupe_window: int = 100_000
    nowcast_seconds: float = 3600.0
    runs_out_probability: float = 0.7
    silence_probability: float = 0.001
    max_stores: int = 10_000
    max_items: int = 100_000
    store_countries: Mapping[str, str] = field(default_factory=dict, compare=False)
    forecast_parts: bool = field(default=True, compare=False)

    def country_of(self, store: str) -> str:
        """The country code that a new store takes; empty: none."""
        return self.store_countries.get(store, self.country)

    def dump(self) -> dict[str, Any]:
        """The rules that a state depends on, as plain values."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.compare}


def place(code: str) -> tuple[str | None, str | None]:
    """Country and subdivision of a code, None where it names none: DE-NW is ("DE", "NW")."""
    country, _, subdivision = code.partition("-")
    return country or None, subdivision or None
