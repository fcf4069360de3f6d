"""Every chart by its name, for the command that writes them and the page that serves them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from matplotlib.figure import Figure

from charts.figures import bars, errors, forecast, hours, shelf, waterfall
from charts.figures import lost_sales as lost
from charts.queries import explained, forecasts, sales, stock
from charts.queries.sales import Finds, Period
from streams.contract.codec import printable
from streams.contract.errors import UsageError

DEFAULT_TOP: Final = 15


@dataclass(frozen=True, slots=True)
class Question:
    """What a chart should show."""

    store: str | None = None
    item: str | None = None
    top: int = DEFAULT_TOP
    period: Period = field(default_factory=Period)
    currency: str | None = None


Maker = Callable[[], Figure]
"""Builds the figure from what was read, without asking the database again."""


def profit_by_item(database: Finds, question: Question) -> Maker:
    """Profit of the items."""
    items = sales.by_item(database, question.store, question.period)
    return lambda: bars.profit_by_item(items, question.store, question.period, question.top, question.currency)


def frequency_of_sale(database: Finds, question: Question) -> Maker:
    """How often items were sold."""
    items = sales.by_item(database, question.store, question.period)
    return lambda: bars.frequency_of_sale(items, question.store, question.period, question.top)


def forecast_against_actual(database: Finds, question: Question) -> Maker:
    """An item's forecasts and sales; if none is named, those of the item that should sell most."""
    store, item = question.store, question.item
    if store is None or item is None:
        found = forecasts.best_series(database, store)
        store, item = found if found is not None and item is None else (store or "?", item or "?")
    past = forecasts.past_forecasts(database, store, item)
    newest = forecasts.newest_forecast(database, store, item)
    close = newest.get("close") if newest else None
    return lambda: forecast.forecast_against_actual(store, item, past, close)


def explanation(database: Finds, question: Question) -> Maker:
    """Why an item's forecast of the day ahead is what it is; if none is named, that of the item that should sell most."""
    store, item = question.store, question.item
    if store is None or item is None:
        found = forecasts.best_series(database, store)
        store, item = found if found is not None and item is None else (store or "?", item or "?")
    told = explained.explained(database, store, item)
    return lambda: waterfall.waterfall(told)


def running_error(database: Finds, question: Question) -> Maker:
    """Error against the same-weekday mean."""
    by_origin = forecasts.errors_by_origin(database, question.store)
    return lambda: errors.running_error(by_origin, question.store)


def shelf_share(database: Finds, question: Question) -> Maker:
    """The newest plan of a store; if none is named, of the first store."""
    plan = next(iter(forecasts.newest_plans(database, question.store)), None)
    return lambda: shelf.shelf_share(plan, question.top)


def busiest_hours(database: Finds, question: Question) -> Maker:
    """Sales by the hour of the week."""
    counts = sales.hours_of_week(database, question.store, question.period)
    return lambda: hours.busiest_hours(counts, question.store, question.period)


def lost_sales(database: Finds, question: Question) -> Maker:
    """What empty shelves cost, in the newest week if no dates are given."""
    found = stock.lost_sales(database, question.store, question.period)
    return lambda: lost.lost_sales(found, question.store, question.top, question.currency)


CHARTS: Final[dict[str, Callable[[Finds, Question], Maker]]] = {
    "profit_by_item": profit_by_item,
    "frequency_of_sale": frequency_of_sale,
    "forecast": forecast_against_actual,
    "explanation": explanation,
    "running_error": running_error,
    "shelf_share": shelf_share,
    "busiest_hours": busiest_hours,
    "lost_sales": lost_sales,
}


def checked(
    store: str | None, item: str | None, top: int | None, first: str | None, last: str | None, currency: str | None = None
) -> Question:
    """Make a question from what a person typed. Raises UsageError with a sentence."""
    if item is not None and store is None:
        raise UsageError("item is given without store: name the store too, items are forecast by store.")
    if top is not None and not 1 <= top <= bars.MOST_BARS:
        raise UsageError(f"top={top}: give a whole number from 1 to {bars.MOST_BARS}.")
    for name, day in (("from", first), ("to", last)):
        if day is not None and not _is_date(day):
            raise UsageError(f"{name}={day!r}: give a date of the years 2000 to 2099, as in 2025-12-31.")
    if first is not None and last is not None and first > last:
        raise UsageError(f"from={first} is after to={last}: give the earlier date as from.")
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise UsageError(f"currency={printable(currency, 40)!r}: give a code of three capital letters, as in EUR.")
    return Question(store or None, item or None, DEFAULT_TOP if top is None else top, Period(first, last), currency)


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text and "2000" <= text[:4] < "2100"
    except ValueError:
        return False
