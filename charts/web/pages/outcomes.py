"""What came of a task that somebody took: how the item has sold since, beside as many days before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, Final

from charts.queries.item_history import item_history
from charts.queries.sales import Period
from charts.web.pages.desk import Desk

MOST_DAYS: Final = 28
_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """Units and revenue a day, before a task was taken and since. days: of each of the two, whole business days."""

    days: int
    units_before: float
    units: float
    revenue_before: float
    revenue: float
    currency: str | None

    @property
    def change(self) -> float | None:
        """Units a day over those before, less 1; None: nothing was sold before."""
        return self.units / self.units_before - 1 if self.units_before > 0 else None


def outcome_of(desk: Desk, task: Mapping[str, Any], zone: tzinfo) -> Outcome | None:
    """What came of a task about an item; None: it is about none, or no whole day has passed since. Raises ServerError."""
    store, item = task.get("store"), task.get("item")
    newest = desk.books.newest_day(store) if store and item else None
    if not store or not item or newest is None:
        return None
    taken = datetime.fromtimestamp(task["at"], UTC).astimezone(zone).date()
    days = min((date.fromisoformat(newest) - taken).days - 1, MOST_DAYS)  # the newest day may not be over
    if days < 1:
        return None
    return desk.books.kept.get(("outcome", store, item, taken, days), lambda: _read(desk, store, item, taken, days), _SECONDS)


def _read(desk: Desk, store: str, item: str, taken: date, days: int) -> Outcome | None:
    first, last = taken - timedelta(days=days), taken + timedelta(days=days)
    history = item_history(desk.books.database, store, item, Period(first.isoformat(), last.isoformat()))
    if history is None:
        return None
    currency, on = history.sold.currency, taken.isoformat()
    before = [sums for day, sums in history.days.items() if day < on]
    since = [sums for day, sums in history.days.items() if day > on]
    units_before, units = (sum(sums.units for sums in part) / days for part in (before, since))
    revenue_before, revenue = (sum(sums.revenue_in(currency) for sums in part) / 1e6 / days for part in (before, since))
    return Outcome(days, units_before, units, revenue_before, revenue, currency)
