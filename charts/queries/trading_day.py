"""How a day of trading goes, by store: sold so far, the same weekday before, how often sales usually come."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from charts.queries.sales import Document, Finds, Sums
from streams.contract.documents import HOURS_A_WEEK, SCORE_COLUMNS, SCORE_MONTHS, STORE_MONTHS, money_of
from streams.contract.horizons import DAY

SEEN_DAYS: Final = 56
"""So many days before the trading day tell what is usual."""
FEWEST_RATIOS: Final = 7
"""Day-ahead forecasts that must have come due before the band of a store's total is told."""


@dataclass(frozen=True, slots=True)
class TradingDay:
    """A store's newest business date with sales."""

    store: str
    day: str
    sums: Sums
    before: Sums | None
    """The same weekday a week earlier; None: nothing was sold then."""
    newest_sale: float | None
    """Moment of the latest sale, epoch seconds; None: it is not known yet."""
    lines_an_hour: tuple[float, ...]
    """Lines usually sold in each hour of the week, from Monday 0 h; zeros where the store is usually shut."""
    orders_per_line: float = 1.0
    """Orders begun per line sold: the lines of an order come together. 1 where the lines name no orders."""

    @property
    def arrivals_an_hour(self) -> tuple[float, ...]:
        """Orders, or lines where none are named, that usually come in each hour of the week."""
        return tuple(lines * self.orders_per_line for lines in self.lines_an_hour)

    @property
    def currency(self) -> str | None:
        """The currency of most lines, which the day's amounts are told in."""
        return main_currency(self.sums)

    @property
    def revenue(self) -> float:
        """Revenue of the day in that currency."""
        return self.sums.revenue_in(self.currency) / 1e6

    @property
    def revenue_before(self) -> float | None:
        """Revenue of the same weekday a week earlier, in that currency."""
        return None if self.before is None else self.before.revenue_in(self.currency) / 1e6


def main_currency(sums: Sums) -> str | None:
    """The currency in which most was taken; None: the lines name none."""
    return max(sums.money, key=lambda name: (abs(sums.revenue_in(name)), name or ""), default=None)


def trading_days(database: Finds, stores: Iterable[str]) -> list[TradingDay]:
    """The newest day of each store, by name. All stores that sold in the newest month are read at once. Raises ServerError."""
    names = sorted(stores)
    if len(names) < 2:
        return [day for day in (trading_day(database, name) for name in names) if day is not None]
    newest = next(iter(database.find(STORE_MONTHS, {}, ("month",), newest_by="month", limit=1)), None)
    by_store: defaultdict[str, list[Document]] = defaultdict(list)
    if newest is not None:
        for document in database.find(STORE_MONTHS, {"month": {"$gte": _seen_since(newest["month"])}}):
            by_store[document["store"]].append(document)
    found = []
    for name in names:
        months = by_store[name]
        current = newest is not None and any(document["month"] == newest["month"] for document in months)
        day = _day_of(name, months) if current else trading_day(database, name)
        if day is not None:
            found.append(day)
    return found


def trading_day(database: Finds, store: str) -> TradingDay | None:
    """The newest day of a store; None: it has sold nothing. Reads three or four documents. Raises ServerError."""
    newest = next(iter(database.find(STORE_MONTHS, {"store": store}, ("month",), newest_by="month", limit=1)), None)
    if newest is None:
        return None
    return _day_of(store, list(database.find(STORE_MONTHS, {"store": store, "month": {"$gte": _seen_since(newest["month"])}})))


def _seen_since(month: str) -> str:
    """The first of the months that tell what is usual in a month."""
    return (date.fromisoformat(f"{month}-01") - timedelta(days=SEEN_DAYS - 28)).isoformat()[:7]


def _day_of(store: str, months: list[Document]) -> TradingDay:
    days: defaultdict[str, Sums] = defaultdict(Sums)
    for document in months:
        for number, row in document["days"].items():
            full = f"{document['month']}-{number}"
            days[full].add(full, row, money_of(document, number))
    day = max(days)
    week_ago = (date.fromisoformat(day) - timedelta(days=7)).isoformat()
    moments = [document["newest_sale"] for document in months if document.get("newest_sale")]
    lines, orders = sum(sums.sales for sums in days.values()), sum(sums.orders for sums in days.values())
    per_line = min(orders / lines, 1.0) if orders > 0 and lines > 0 else 1.0
    return TradingDay(store, day, days[day], days.get(week_ago), max(moments, default=None), usual_hours(months, days), per_line)


def usual_hours(months: Iterable[Mapping[str, Any]], days: Iterable[str]) -> tuple[float, ...]:
    """Lines sold in an hour of the week, by hour, over the weeks with sales that these months hold."""
    lines = [0] * HOURS_A_WEEK
    for document in months:
        lines = [mine + other for mine, other in zip(lines, document["hours"], strict=True)]
    dates = [date.fromisoformat(day) for day in days]
    seen = [len({one for one in dates if one.weekday() == weekday}) for weekday in range(7)]
    return tuple(count / max(seen[hour // 24], 1) for hour, count in enumerate(lines))


@dataclass(frozen=True, slots=True)
class ScoredTotal:
    """A store's total of one day, units: as it came, and as it was forecast the day before."""

    origin: str
    """The day before, whose close made the forecast."""
    actual: float
    forecast: float


def scored_totals(database: Finds, store: str) -> list[ScoredTotal]:
    """The newest 56 day-ahead forecasts of a store that have come due, oldest first. Raises ServerError."""
    actual, error = SCORE_COLUMNS.index("actual"), SCORE_COLUMNS.index("error")
    rows: dict[str, Any] = {}
    # Three months hold at least 56 days with a forecast each.
    where = {"store": store, "horizon": DAY.name}
    for document in database.find(SCORE_MONTHS, where, ("month", "origins"), newest_by="month", limit=3):
        rows |= {f"{document['month']}-{number}": row for number, row in document["origins"].items()}
    return [ScoredTotal(day, rows[day][actual], rows[day][actual] + rows[day][error]) for day in sorted(rows)[-SEEN_DAYS:]]


def ratios(scored: Iterable[ScoredTotal]) -> tuple[float, float] | None:
    """P10 and P90 of what a store sold in a day over what was forecast the day before; None: too few days have come due."""
    found = sorted(one.actual / one.forecast for one in scored if one.forecast > 0)
    return (_quantile(found, 0.1), _quantile(found, 0.9)) if len(found) >= FEWEST_RATIOS else None


def was_expected(scored: Iterable[ScoredTotal], day: str) -> float | None:
    """What was forecast of a closed day over what it sold, in units; None: it is not scored."""
    known = [one for one in scored if one.origin < day]
    newest = max(known, key=lambda one: one.origin, default=None)
    return newest.forecast / newest.actual if newest and newest.actual > 0 else None


def _quantile(ordered: list[float], level: float) -> float:
    """The quantile of an ordered list, linear between its values."""
    place = level * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
