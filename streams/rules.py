"""The rules a state was made under: they are part of it, and other rules mean another state."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from online_model import Partition
from streams.contract.errors import SettingsError
from streams.contract.settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Rules:
    """What decides, beside the log, which messages a partition's log leads to."""

    timezone: str = "UTC"
    country: str = ""
    lateness_seconds: float = 3600.0
    dedupe_window: int = 100_000
    nowcast_seconds: float = 3600.0
    max_stores: int = 10_000
    max_items: int = 100_000

    @classmethod
    def of(cls, settings: WorkerSettings) -> Self:
        """The rules among the worker's settings. Raises SettingsError for a country that nobody knows the holidays of."""
        try:
            Partition().add_store("", settings.country or None)
        except ValueError as error:
            raise SettingsError(f"SHELFCAST_COUNTRY={settings.country!r}: set an ISO code as in DE, or nothing ({error}).") from None
        return cls(
            timezone=settings.timezone,
            country=settings.country,
            lateness_seconds=settings.lateness_minutes * 60,
            dedupe_window=settings.dedupe_window,
            nowcast_seconds=settings.nowcast_minutes * 60,
        )

    def dump(self) -> dict[str, Any]:
        """The rules as plain values."""
        return asdict(self)
