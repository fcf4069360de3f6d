"""Stores beside each other: sales, growth, profit, per open day, with an interval that says which differences are more than chance."""

from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance
from typing import Final

from scipy.stats import t as student

from charts.insight.answers.values import value
from charts.queries.grouped import Selection, grouped
from charts.queries.sales import Finds, Period, Sums, by_store_day

CONFIDENCE: Final = 0.95
LEAST_DAYS: Final = 7
"""Fewer days on one side give no interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The difference of two means a day: estimate, bounds at 95 %, and the days on both sides."""

    difference: float
    low: float
    high: float
    n: int
    n_before: int

    @property
    def is_certain(self) -> bool:
        """Whether it excludes no difference at all."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True)
class Place:
    """A store in the period; money in the currency. None: not known."""

    store: str
    revenue: float
    before: float
    change: float
    change_percent: float | None
    year_before: float
    profit: float | None
    margin: float | None
    open_days: int
    revenue_a_day: float | None
    share_of_change: float | None
    interval: Interval | None


def places(
    database: Finds, now: Period, before: Period, year: Period, currency: str | None, stores: tuple[str, ...] = ()
) -> tuple[list[Place], Interval | None]:
    """All stores by revenue, and the interval of the whole. Raises ServerError."""
    days = {period: _daily(database, period, currency, stores) for period in (now, before)}
    sums, old, older = (grouped(database, Selection(period, stores), "store") for period in (now, before, year))
    whole = sum(one.revenue_in(currency) for one in sums.values()) - sum(one.revenue_in(currency) for one in old.values())
    made = []
    for store in {*sums, *old}:
        mine, earlier = sums.get(store, Sums()), old.get(store, Sums())
        revenue, former = mine.revenue_in(currency), earlier.revenue_in(currency)
        open_days = [amount for (name, _), amount in days[now].items() if name == store]
        former_days = [amount for (name, _), amount in days[before].items() if name == store]
        made.append(
            Place(
                store=store,
                revenue=_money(revenue),
                before=_money(former),
                change=_money(revenue - former),
                change_percent=round(100 * (revenue - former) / former, 1) if former > 0 else None,
                year_before=_money(older.get(store, Sums()).revenue_in(currency)),
                profit=value(mine, "profit", currency),
                margin=value(mine, "margin", currency),
                open_days=len(open_days),
                revenue_a_day=round(revenue / 1e6 / len(open_days), 2) if open_days else None,
                share_of_change=round((revenue - former) / whole, 4) if whole else None,
                interval=interval(open_days, former_days),
            )
        )
    return sorted(made, key=lambda one: (-one.revenue, one.store)), _whole_interval(days[now], days[before])


def _money(micros: int) -> float:
    return round(micros / 1e6, 2)


def _daily(database: Finds, period: Period, currency: str | None, stores: tuple[str, ...]) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for store in stores or (None,):
        for key, sums in by_store_day(database, store, period).items():
            found[key] = sums.revenue_in(currency) / 1e6
    return found


def _whole_interval(now: dict[tuple[str, str], float], before: dict[tuple[str, str], float]) -> Interval | None:
    return interval(*(_by_day(one) for one in (now, before)))


def _by_day(days: dict[tuple[str, str], float]) -> list[float]:
    sums: dict[str, float] = {}
    for (_, day), amount in days.items():
        sums[day] = sums.get(day, 0.0) + amount
    return list(sums.values())


def interval(now: list[float], before: list[float]) -> Interval | None:
    """Welch's interval of the difference of two means; None: too few days."""
    if min(len(now), len(before)) < LEAST_DAYS:
        return None
    difference = fmean(now) - fmean(before)
    parts = [variance(side) / len(side) for side in (now, before)]
    spread = sum(parts)
    if spread <= 0:
        return Interval(difference, difference, difference, len(now), len(before))
    freedom = spread**2 / sum(part**2 / (len(side) - 1) for part, side in zip(parts, (now, before), strict=True))
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, freedom)) * sqrt(spread)
    return Interval(difference, difference - reach, difference + reach, len(now), len(before))
