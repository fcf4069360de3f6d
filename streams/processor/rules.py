"""The rules a state was made under: they are part of it, and other rules mean another state."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides, beside the log, which messages a partition's log leads to.

    store_countries: codes by name of the stores that have another than `country`. They are not compared with those a state
    was made under: each store takes its own when it is first seen and the state keeps it, so that a row for a new store
    does not cost the state of all others.
    """

    timezone: str = "UTC"
    country: str = ""
    lateness_seconds: float = 3600.0
    dedupe_window: int = 100_000
    nowcast_seconds: float = 3600.0
    max_stores: int = 10_000
    max_items: int = 100_000
    store_countries: Mapping[str, str] = field(default_factory=dict, compare=False)

    def country_of(self, store: str) -> str:
        """The code of a store that is new; empty for none."""
        return self.store_countries.get(store, self.country)

    def dump(self) -> dict[str, Any]:
        """The rules that make a state another one, as plain values."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.compare}


def place(code: str) -> tuple[str | None, str | None]:
    """Country and subdivision of a code, None for what it does not name: DE-NW is ("DE", "NW")."""
    country, _, subdivision = code.partition("-")
    return country or None, subdivision or None
