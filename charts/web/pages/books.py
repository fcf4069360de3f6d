"""What the pages know of the stores, read from MongoDB and kept for a while."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from charts.queries import forecasts, running_totals, sales
from charts.queries.assortment import Foreseen, Key, SoldItem, foreseen_items, sold_items
from charts.queries.decision_rows import decision_table
from charts.queries.decision_table import ProductRow, scored_units
from charts.queries.running_totals import TotalRow
from charts.queries.sales import Finds, Period
from charts.queries.stock_rows import ShelfAlarmRow, shelf_alarms
from charts.queries.trading_day import ScoredTotal, TradingDay, scored_totals, trading_day, trading_days
from charts.web.pages.kept import Kept

_SOON, _SLOW, _DAILY = 2.0, 60.0, 300.0
"""Seconds that things are kept: those that move with each forecast, with many sales, with each close."""
_NAMED_DAYS: Final = 28
"""Items that were sold within so many days name the categories to choose from."""
_MOST_DRIFTS: Final = 1000


class Books:
    """Answers from the database. What is None is being read: ask again in a moment. Raises ServerError."""

    def __init__(self, database: Finds, kept: Kept | None = None) -> None:
        self.database = database
        self.kept = kept or Kept()

    def stores(self) -> list[str]:
        """Names of the stores."""
        return self.kept.get("stores", lambda: sales.stores(self.database), _SOON) or []

    def categories(self, store: str | None) -> list[str]:
        """The categories of the items that are sold; none where they are not read yet, or no sale names one."""
        names = [store] if store is not None else self.stores()
        if store is not None:
            self.sold(store, _NAMED_DAYS)
        known = [self.kept.peek(("sold", name, _NAMED_DAYS)) or {} for name in names]
        return sorted({one.category for sold in known for one in sold.values() if one.category})

    def trading_days(self, stores: Sequence[str]) -> list[TradingDay]:
        """The newest day of each of these stores, as it stands."""
        return trading_days(self.database, stores)

    def trading_day(self, store: str) -> TradingDay | None:
        """A store's newest day, as it stands."""
        return trading_day(self.database, store)

    def newest_day(self, store: str | None) -> str | None:
        """The newest business date with sales of a store, or of any; None: nothing was sold."""
        days = [self._kept_day(name) for name in ([store] if store is not None else self.stores())]
        return max((day.day for day in days if day), default=None)

    def _kept_day(self, store: str) -> TradingDay | None:
        return self.kept.get(("day", store), lambda: trading_day(self.database, store), _SLOW)

    def period(self, store: str | None, days: int) -> Period:
        """The newest days with sales."""
        last = self.newest_day(store)
        return Period() if last is None else Period((date.fromisoformat(last) - timedelta(days=days - 1)).isoformat(), last)

    def scored_totals(self, store: str) -> list[ScoredTotal]:
        """A store's newest days with what was forecast of them; none while they are read."""
        return self.kept.get(("totals", store), lambda: scored_totals(self.database, store), _SLOW) or []

    def running_total(self, store: str) -> TotalRow | None:
        """The newest forecast of a running day's total of a store; None: there is none, or it is being read."""
        found = self.kept.get(("running", store), lambda: running_totals.of_store(self.database, store), _SOON) or []
        return next((row for row in found if row.category is None), None)

    def sold(self, store: str | None, days: int) -> dict[Key, SoldItem] | None:
        """What was sold of each item in the newest days."""
        period = self.period(store, days)
        return self.kept.get(("sold", store, days), lambda: sold_items(self.database, store, period), _SLOW)

    def foreseen(self, store: str | None) -> dict[Key, Foreseen] | None:
        """What is expected of each item."""
        return self.kept.get(("foreseen", store), lambda: foreseen_items(self.database, store), _SOON)

    def plans(self, store: str | None) -> list[dict[str, Any]] | None:
        """Newest shelf plans."""
        return self.kept.get(("plans", store), lambda: forecasts.newest_plans(self.database, store), _SLOW)

    def drifts(self) -> list[dict[str, Any]]:
        """Newest drift events, newest first. What is of no store, or of no item, has None there."""

        def make() -> list[dict[str, Any]]:
            return [{"store": None, "item": None} | one for one in forecasts.newest_drifts(self.database, _MOST_DRIFTS)]

        return self.kept.get("drifts", make, _SLOW) or []

    def alarms(self, store: str | None) -> list[ShelfAlarmRow]:
        """What was said of shelves on the newest business date that had anything to say, the newest first; none while it is read."""
        return self.kept.get(("alarms", store), lambda: shelf_alarms(self.database, store), _SOON) or []

    def scored(self, store: str, last: str, days: int) -> Mapping[Key, list[float]] | None:
        """Units sold and forecast of each item over the newest scored days."""
        return self.kept.get(("scored", store, last, days), lambda: scored_units(self.database, store, last, days), _DAILY)

    def products(self, store: str | None, days: int) -> list[ProductRow] | None:
        """The decision table, the largest forecast revenue first."""

        def make() -> list[ProductRow]:
            return decision_table(self.database, store, self.period(store, days), days)

        return self.kept.get(("products", store, days), make, _SLOW)
