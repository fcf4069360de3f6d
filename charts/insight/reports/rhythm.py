"""What is more than chance: weekdays that differ from the others, and products that changed from one period to the next."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from charts.insight.questions.catalogue import WEEKDAYS
from charts.insight.reports.places import Interval, interval
from charts.insight.reports.profiles import SEASON_DAYS
from charts.queries.grouped import Selection, grouped
from charts.queries.sales import Finds, Period

MOST_TRIED: Final = 3
"""So many of the products that moved most are tested: among more, some would seem certain by chance."""


@dataclass(frozen=True, slots=True)
class Weekday:
    """Revenue of a weekday, mean of its days with sales, and the interval of its difference to all other days."""

    weekday: str
    days: int
    revenue_a_day: float
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Mover:
    """A product whose revenue a day changed by more than chance."""

    item: str
    interval: Interval


def by_weekday(database: Finds, today: str, currency: str | None, stores: tuple[str, ...] = ()) -> list[Weekday]:
    """All weekdays with sales in the 91 days up to yesterday. Raises ServerError."""
    end = date.fromisoformat(today) - timedelta(1)
    period = Period((end - timedelta(SEASON_DAYS - 1)).isoformat(), end.isoformat())
    days = {day: sums.revenue_in(currency) / 1e6 for day, sums in grouped(database, Selection(period, stores), "day").items()}
    made = []
    for number, name in enumerate(WEEKDAYS):
        mine = [amount for day, amount in days.items() if date.fromisoformat(day).weekday() == number]
        others = [amount for day, amount in days.items() if date.fromisoformat(day).weekday() != number]
        if mine:
            made.append(Weekday(name, len(mine), round(sum(mine) / len(mine), 2), interval(mine, others)))
    return made


def surest_mover(
    database: Finds, items: list[str], now: Period, before: Period, currency: str | None, stores: tuple[str, ...] = ()
) -> Mover | None:
    """The first of the products that moved most whose revenue a day with sales differs for certain. Raises ServerError."""
    for item in items[:MOST_TRIED]:
        days = [
            [sums.revenue_in(currency) / 1e6 for sums in grouped(database, Selection(period, stores, (item,)), "day").values()]
            for period in (now, before)
        ]
        band = interval(*days)
        if band is not None and band.is_certain:
            return Mover(item, band)
    return None
