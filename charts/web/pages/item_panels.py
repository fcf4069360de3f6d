"""What an item's page shows beside its forecasts: prices and announcements, stock, lost sales."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from charts.queries.item_history import ItemHistory
from charts.queries.paging import Slice
from charts.queries.sales import Period
from charts.queries.stock_rows import LostSalesRow, ShelfAlarmRow, StockLevel, lost_of_items, lost_sums, stock_level
from charts.web.pages import chart
from charts.web.pages.desk import Desk
from charts.web.pages.shelf_alarms import alarm_words
from charts.web.pages.speech import NOTHING, Speech
from charts.web.pages.visit import Visit
from streams.contract.documents import DESK_PLANS

_SECONDS: Final = 5.0
MOST_LOST_DAYS: Final = 28
MOST_PLANS: Final = 200
SHOWN_PLANS: Final = 12


@dataclass(frozen=True, slots=True)
class Shelf:
    """What is known of an item's stock now. cover: days that it lasts at what is expected; None: not known."""

    level: StockLevel
    cover: float | None


@dataclass(frozen=True, slots=True)
class Lost:
    """What empty shelves cost in the period: the sum, and the newest days, each of one currency."""

    whole: Sequence[LostSalesRow]
    days: Sequence[LostSalesRow]


def shelf_of(desk: Desk, history: ItemHistory) -> Shelf | None:
    """The item's stock; None: nothing was told of it. Raises ServerError."""
    level = stock_level(desk.books.database, history.store, history.item)
    if level is None:
        return None
    week = history.ahead.path[:7] if history.ahead else ()
    daily = sum(week) / len(week) if week else 0.0
    return Shelf(level, max(level.units, 0.0) / daily if level.knows != "unknown" and daily > 0 else None)


def alarms_of(desk: Desk, store: str, item: str) -> list[ShelfAlarmRow]:
    """What was said of its shelf on the day that runs. Raises ServerError."""
    newest = desk.books.newest_day(store)
    return [alarm for alarm in desk.books.alarms(store) if alarm.item == item and (newest is None or alarm.day >= newest)]


def lost_of(desk: Desk, store: str, item: str, period: Period) -> Lost | None:
    """What empty shelves cost; None: it is being read, or nothing was out as far as is known. Raises ServerError."""
    bounds = (period.first, period.last)

    def make() -> Lost:
        database = desk.books.database
        days = lost_of_items(database, store, item, bounds, Slice(MOST_LOST_DAYS)).rows
        return Lost(lost_sums(database, store, item, bounds, "item"), days)

    found = desk.books.kept.get(("lost", store, item, bounds), make, _SECONDS)
    return found if found is not None and found.days else None


def plans_of(desk: Desk, store: str, item: str) -> list[dict[str, Any]]:
    """What was announced in the page of this item, or of the whole store's days, the newest first. Raises ServerError."""
    kept = desk.keeps.all_of(DESK_PLANS, {"store": store}, MOST_PLANS) if desk.keeps else []
    mine = [one for one in kept if one["active"] and (one["item"] in ("", item) or one["kind"] != "promotion")]
    return sorted(mine, key=lambda one: one["first_day"], reverse=True)


def price_picture(history: ItemHistory, plans: Sequence[Mapping[str, Any]], say: Speech) -> dict[str, Any] | None:
    """The mean price of each day with sales, the days of announced promotions marked; None: nothing was sold."""
    currency = history.sold.currency
    priced = {day: sums.revenue_in(currency) / 1e6 / sums.units for day, sums in history.days.items() if sums.units > 0}
    if not priced:
        return None
    first, last = date.fromisoformat(min(priced)), date.fromisoformat(max(priced))
    days = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    prices = [priced.get(day) for day in days]
    promoted = [one for one in plans if one["kind"] == "promotion"]
    marked = [
        price if any(one["first_day"] <= day <= one["last_day"] for one in promoted) else None
        for day, price in zip(days, prices, strict=True)
    ]
    title = say.gettext("Mean price of %(item)s by day", item=history.item)
    marks: list[chart.Line | chart.Band | chart.Dots] = [chart.Line(say.gettext("mean price"), prices)]
    if any(price is not None for price in marked):
        marks.append(chart.Dots(say.gettext("on promotion, as announced here"), marked, "b"))
    axis = [(value, say.number(value, 2)) for value in chart.grid(prices, least=0.01)]
    places = [say.day(day, "d MMM") for day in days]
    tips = [f"{say.day(day)}: {NOTHING if price is None else say.money(price, currency)}" for day, price in zip(days, prices, strict=True)]
    rows = [
        (
            say.day(day),
            say.units(history.days[day].units) if day in history.days else "0",
            NOTHING if price is None else say.money(price, currency),
        )
        for day, price in zip(reversed(days), reversed(prices), strict=True)
    ]
    return {"drawn": chart.drawn(title, places, marks, axis, tips), "rows": rows, "title": title}


def panels(desk: Desk, visit: Visit, history: ItemHistory) -> dict[str, Any]:
    """All of it, as the template shows it. Raises ServerError."""
    store, item = history.store, history.item
    plans = plans_of(desk, store, item)
    return {
        "shelf": shelf_of(desk, history),
        "alarm_words": alarm_words,
        "alarms": alarms_of(desk, store, item),
        "lost": lost_of(desk, store, item, desk.books.period(store, visit.filters.days)),
        "plans": plans[:SHOWN_PLANS],
        "price_picture": price_picture(history, plans, visit.speech),
    }
