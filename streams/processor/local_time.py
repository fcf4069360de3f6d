"""Business days, as days since 1970-01-01 in a store's time zone."""

from datetime import UTC, date, datetime
from typing import Final
from zoneinfo import ZoneInfo

DAY_SECONDS: Final = 86_400
EPOCH_ORDINAL: Final = 719_163
"""`date(1970, 1, 1).toordinal()`."""

_OFFSET_SLOT: Final = 900  # every change of a zone's offset falls on a quarter of an hour


def iso_date(day: int) -> str:
    """Days since 1970-01-01 as YYYY-MM-DD."""
    return date.fromordinal(day + EPOCH_ORDINAL).isoformat()


class Dates:
    """`iso_date` with a cache."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[int, str] = {}

    def iso(self, day: int) -> str:
        """Days since 1970-01-01 as YYYY-MM-DD."""
        known = self._known.get(day)
        if known is None:
            if len(self._known) > 10_000:
                self._known.clear()
            known = self._known[day] = iso_date(day)
        return known


class LocalTime:
    """Seconds between a time zone and UTC, cached by quarters of an hour."""

    __slots__ = ("_offsets", "name", "zone")

    def __init__(self, name: str) -> None:
        self.name = name
        self.zone = ZoneInfo(name)
        self._offsets: dict[int, int] = {}

    def offset(self, seconds: float) -> int:
        """Local time less UTC at a moment, seconds."""
        slot = int(seconds // _OFFSET_SLOT)
        known = self._offsets.get(slot)
        if known is None:
            if len(self._offsets) > 100_000:
                self._offsets.clear()
            known = self._offsets[slot] = _utc_offset(self.zone, slot * _OFFSET_SLOT)
        return known

    def day_of(self, seconds: float) -> int:
        """The local day of a moment."""
        return int((seconds + self.offset(seconds)) // DAY_SECONDS)

    def end_of_day(self, day: int) -> float:
        """The moment at which a local day ends, seconds since 1970-01-01 UTC."""
        local = (day + 1) * DAY_SECONDS
        return local - self.offset(local - self.offset(local))


def _utc_offset(zone: ZoneInfo, seconds: int) -> int:
    shift = datetime.fromtimestamp(seconds, UTC).astimezone(zone).utcoffset()
    return int(shift.total_seconds()) if shift is not None else 0
