"""Cashiers beside what the same hours of the same store would expect, so that who works on Saturdays does not win by that alone.

An hour of presence is an hour of a business date in which a cashier's receipts have a line. What is expected of it is the mean of the other
cashiers' hours in the same store, weekday and hour of the day; where they have fewer than three, in the same store and hour; else in the
same store.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from math import sqrt
from typing import Final, Literal

from scipy.stats import t as student

from charts.insight.answers.people import LEAST_ORDERS
from charts.queries.cashiers import Hour, cashier_hours
from charts.queries.sales import Finds, Period, Sums

CONFIDENCE: Final = 0.95
LEAST_OTHERS: Final = 3
LEAST_DAYS: Final = 7
"""Fewer days worked give no interval."""

Verdict = Literal["above", "below", "as expected", "too few days"]
Cell = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Worked:
    """A cashier's hour of presence and the revenue of it, in the currency."""

    hour: Hour
    revenue: float

    @property
    def cells(self) -> tuple[Cell, Cell, Cell]:
        """What it may be compared with, the closest first."""
        weekday = date.fromisoformat(self.hour.day).weekday()
        return (self.hour.store, weekday, self.hour.hour), (self.hour.store, self.hour.hour), (self.hour.store,)


@dataclass(frozen=True, slots=True)
class Cashier:
    """A cashier in the period; an hour is one of presence.

    low, high: the interval of the difference an hour, which holds for all cashiers together with 95 %.
    """

    cashier: str
    days: int
    hours: int
    orders: int
    units: float
    revenue: float
    profit: float | None
    orders_a_day: float
    revenue_an_hour: float
    expected_an_hour: float | None
    difference_an_hour: float | None
    low: float | None
    high: float | None
    verdict: Verdict


def cashiers(database: Finds, period: Period, currency: str | None, stores: tuple[str, ...] = ()) -> tuple[list[Cashier], int]:
    """Cashiers with five orders or more, the largest difference first, and how many have fewer. Raises ServerError."""
    hours: dict[Hour, Sums] = {}
    for hour, sums in cashier_hours(database, period, stores):
        one = hours.setdefault(hour, Sums())
        one.add(hour.day, sums.row, sums.money)
    by_name: defaultdict[str, list[Hour]] = defaultdict(list)
    for hour in hours:
        by_name[hour.cashier].append(hour)
    shown = {name: mine for name, mine in by_name.items() if sum(hours[one].orders or hours[one].sales for one in mine) >= LEAST_ORDERS}
    worked = [Worked(hour, sums.revenue_in(currency) / 1e6) for hour, sums in hours.items()]
    against = expected(worked)
    made = [_cashier(name, mine, hours, currency, against, len(shown)) for name, mine in shown.items()]
    made.sort(key=lambda one: (one.difference_an_hour is None, -(one.difference_an_hour or 0.0), one.cashier))
    return made, len(by_name) - len(shown)


def expected(worked: Iterable[Worked]) -> dict[Hour, float | None]:
    """What the other cashiers' hours expect of each hour; None where there are none."""
    sums: defaultdict[Cell, list[float]] = defaultdict(lambda: [0.0, 0.0])
    own: defaultdict[tuple[Cell, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    listed = list(worked)
    for one in listed:
        for cell in one.cells:
            for total in (sums[cell], own[cell, one.hour.cashier]):
                total[0] += one.revenue
                total[1] += 1
    found: dict[Hour, float | None] = {}
    for one in listed:
        found[one.hour] = None
        for cell in one.cells:
            mine = own[cell, one.hour.cashier]
            others = sums[cell][1] - mine[1]
            if others >= LEAST_OTHERS:
                found[one.hour] = (sums[cell][0] - mine[0]) / others
                break
    return found


def _cashier(
    name: str, mine: list[Hour], hours: dict[Hour, Sums], currency: str | None, against: dict[Hour, float | None], compared: int
) -> Cashier:
    whole = Sums()
    by_day: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])
    usual = 0.0
    for hour in mine:
        whole.add(hour.day, hours[hour].row, hours[hour].money)
        wanted = against[hour]
        if wanted is not None:
            by_day[hour.day][0] += hours[hour].revenue_in(currency) / 1e6 - wanted
            by_day[hour.day][1] += 1
            usual += wanted
    counted = sum(n for _, n in by_day.values())
    difference = sum(amount for amount, _ in by_day.values()) / counted if counted else None
    low, high = interval([(amount, n) for amount, n in by_day.values()], compared)
    return Cashier(
        cashier=name,
        days=len({(hour.store, hour.day) for hour in mine}),
        hours=len(mine),
        orders=whole.orders or whole.sales,
        units=round(whole.units, 3),
        revenue=round(whole.revenue_in(currency) / 1e6, 2),
        profit=round(whole.profit_in(currency) / 1e6, 2) if whole.profit_known else None,
        orders_a_day=round((whole.orders or whole.sales) / len({(hour.store, hour.day) for hour in mine}), 2),
        revenue_an_hour=round(whole.revenue_in(currency) / 1e6 / len(mine), 2),
        expected_an_hour=round(usual / counted, 2) if counted else None,
        difference_an_hour=None if difference is None else round(difference, 2),
        low=low,
        high=high,
        verdict="too few days" if low is None or high is None else "above" if low > 0 else "below" if high < 0 else "as expected",
    )


def interval(days: list[tuple[float, float]], compared: int) -> tuple[float | None, float | None]:
    """The interval of a mean difference an hour from each day's sum and hours; hours of one day may go together, days are independent.

    compared: so many cashiers are looked at; their intervals hold together with 95 % (Bonferroni).
    """
    count, hours = len(days), sum(n for _, n in days)
    if count < LEAST_DAYS:
        return None, None
    mean = sum(amount for amount, _ in days) / hours
    spread = sqrt(sum((amount - mean * n) ** 2 for amount, n in days) * count / (count - 1)) / hours
    reach = float(student.ppf(1 - (1 - CONFIDENCE) / 2 / max(compared, 1), count - 1)) * spread
    return round(mean - reach, 2), round(mean + reach, 2)
