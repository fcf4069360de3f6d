"""Item: what an item sold and was expected to sell, the days ahead, how good its forecasts are, its place on the shelf."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from litestar import MediaType, get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.queries.assortment import Foreseen
from charts.queries.explained import explained
from charts.queries.forecasts import PastForecast, past_forecasts, share_of_shelf
from charts.queries.item_history import ItemHistory, accuracy, item_history
from charts.web.pages import chart, item_panels
from charts.web.pages.desk import Desk
from charts.web.pages.speech import NOTHING, Speech
from charts.web.pages.visit import Visit
from charts.web.pages.why import steps
from charts.web.web import AnyRequest
from streams.contract.errors import UsageError
from streams.contract.horizons import HORIZONS

PAST_DAYS: Final = 56
_KEPT_SECONDS: Final = 30.0


def item(desk: Desk, visit: Visit) -> dict[str, Any]:
    """What the page shows. Raises UsageError."""
    filters, books = visit.filters, desk.books
    if filters.store is None or filters.item is None:
        raise UsageError("Name a store and an item, as the links of the other pages do.")
    store, name = filters.store, filters.item
    history = item_history(books.database, store, name, books.period(store, filters.days))
    if history is None:
        return {"history": None, "name": name}
    past = books.kept.get(("past", store, name), lambda: past_forecasts(books.database, store, name, PAST_DAYS), _KEPT_SECONDS)
    plans = books.plans(store)
    price = history.sold.price
    return {
        "history": history,
        "name": name,
        "past": past,
        "picture": None if past is None else picture(history, past, visit.speech),
        "path_rows": path_rows(history.ahead, price, visit.speech) if history.ahead else [],
        "horizons": horizon_rows(history.ahead),
        "accuracy": None if not past else accuracy(past),
        "price": price,
        "places": places_on_shelves(plans or (), name),
        "sales_picture": sales_picture(history, visit.speech),
        "why": (told := explained(books.database, store, name)),
        "steps": [] if told is None else steps(told, visit.speech),
        **item_panels.panels(desk, visit, history),
    }


def picture(history: ItemHistory, past: Sequence[PastForecast], say: Speech) -> dict[str, Any]:
    """The chart of forecasts and sales, and its table: newest scored days, then the days ahead.

    The band of the days ahead is that of the next day, carried on in proportion.
    """
    ahead = history.ahead
    days = [one.day for one in past]
    path: list[float] = []
    if ahead:
        first = date.fromisoformat(ahead.origin) + timedelta(days=1)
        path = list(ahead.path)
        days += [(first + timedelta(days=n)).isoformat() for n in range(len(path))]
    none: list[float | None] = [None]
    before, after = none * len(past), none * len(path)
    low, high = _band_shares(ahead)
    values = [one.actual for one in past] + [one.mean for one in past] + path
    bands = sorted([one.p90 for one in past] + [units * high for units in path])
    top = chart.grid([*values, *bands[: len(bands) * 9 // 10 + 1]])
    marks: list[chart.Line | chart.Band | chart.Dots] = [
        chart.Band(say.gettext("likely, 8 times in 10"), [one.p10 for one in past] + after, [one.p90 for one in past] + after),
        chart.Line(say.gettext("predicted the day before"), [*(one.mean for one in past), *after]),
        chart.Dots(say.gettext("sold"), [*(one.actual for one in past), *after]),
    ]
    if path:
        marks.append(chart.Band("", [*before, *(units * low for units in path)], [*before, *(units * high for units in path)], "b"))
        marks.append(chart.Line(say.gettext("expected"), [*before, *path], "b"))
    tips = [
        say.gettext(
            "%(day)s: sold %(sold)s, predicted %(mean)s", day=say.day(one.day), sold=say.units(one.actual), mean=say.units(one.mean)
        )
        for one in past
    ]
    tips += [
        say.gettext("%(day)s: %(band)s", day=say.day(day), band=say.units_band(units, units * low, units * high))
        for day, units in zip(days[len(past) :], path, strict=True)
    ]
    title = say.gettext("Sales and forecasts of %(item)s by day, in units", item=history.item)
    places = [say.day(day, "d MMM") for day in days]
    drawn = chart.drawn(title, places, marks, [(value, say.compact(value)) for value in top], tips, len(past) if past and path else None)
    rows = [
        (
            say.day(one.day),
            say.units(one.actual),
            say.units(one.mean),
            f"{say.units(one.p10)} {NOTHING} {say.units(one.p90)}",
            say.units(one.same_weekday_mean),
        )
        for one in reversed(past)
    ]
    return {"drawn": drawn, "rows": rows, "title": title, "empty": not days}


def _band_shares(ahead: Foreseen | None) -> tuple[float, float]:
    """P10 and P90 of the next day over its mean."""
    if ahead is None:
        return 1.0, 1.0
    mean, low, _, high = ahead.next_day
    return (low / mean, high / mean) if mean > 0 else (0.0, 1.0)


def path_rows(ahead: Foreseen, price: float | None, say: Speech) -> list[tuple[str, ...]]:
    """The days ahead as a table."""
    low, high = _band_shares(ahead)
    first = date.fromisoformat(ahead.origin) + timedelta(days=1)
    return [
        (
            say.day((first + timedelta(days=n)).isoformat()),
            say.units(units),
            f"{say.units(units * low)} {NOTHING} {say.units(units * high)}",
            "" if price is None else say.number(units * price, 2),
        )
        for n, units in enumerate(ahead.path)
    ]


def horizon_rows(ahead: Foreseen | None) -> list[tuple[int, float, float, float]]:
    """Days, mean, P10 and P90 of each horizon."""
    if ahead is None:
        return []
    found = [(horizon.days, ahead.horizons[horizon.name]) for horizon in HORIZONS if horizon.name in ahead.horizons]
    return [(days, mean, low, high) for days, (mean, low, _, high) in found]


def places_on_shelves(plans: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    """The item's place in each shelf plan, with the reasons that name it."""
    found = []
    for plan in plans:
        for one in plan["items"]:
            if one["item"] == name:
                reasons = [sentence for sentence in plan.get("reasons") or () if name in sentence]
                found.append({"shelf": plan["shelf"], "share": share_of_shelf(one), "one": one, "reasons": reasons, "store": plan["store"]})
    return found


def sales_picture(history: ItemHistory, say: Speech) -> dict[str, Any] | None:
    """Revenue by day of the period, with the mean price of each day in its table."""
    if not history.days:
        return None
    currency = history.sold.currency
    first, last = date.fromisoformat(min(history.days)), date.fromisoformat(max(history.days))
    days = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    revenue = [history.days[day].revenue_in(currency) / 1e6 if day in history.days else 0.0 for day in days]
    title = say.gettext("Revenue of %(item)s by day", item=history.item)
    axis = [(value, say.compact(value)) for value in chart.grid(revenue)]
    tips = [f"{say.day(day)}: {say.money(amount, currency)}" for day, amount in zip(days, revenue, strict=True)]
    places = [say.day(day, "d MMM") for day in days]
    drawn = chart.drawn(title, places, [chart.Line(say.gettext("revenue"), revenue)], axis, tips)
    rows = []
    for day, amount in zip(reversed(days), reversed(revenue), strict=True):
        units = history.days[day].units if day in history.days else 0.0
        price = say.money(amount / units, currency) if units > 0 else NOTHING
        rows.append((say.day(day), say.units(units), say.money(amount, currency), price))
    return {"drawn": drawn, "rows": rows, "title": title}


def item_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/item`."""

    @get("/item", media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "item.html", lambda visit: item(desk, visit))

    return [page]
