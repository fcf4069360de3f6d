"""What can be asked: the measures and the dimensions, declared once for reading, answering and help."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["money", "count", "ratio", "forecast", "score"]


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured.

    Attributes
    ----------
    title
        As people read it.
    kind
        money: in one currency; count: units or lines; ratio: of two sums; forecast: of coming days; score: of forecasts that came due.
    dimensions
        By what it can be split. "" is the whole.
    less_is_better
        Whether "best" means the smallest value; None: neither end is better.

    """

    title: str
    kind: Kind
    dimensions: tuple[str, ...]
    less_is_better: bool | None = False


_DATES: Final = ("weekday", "day", "week", "month", "quarter", "year")
_PEOPLE: Final = ("customer", "segment", "cashier")
_ALL: Final = ("", "item", "store", *_DATES, *_PEOPLE)

MEASURES: Final = {
    "revenue": Measure("revenue", "money", _ALL),
    "profit": Measure("profit", "money", _ALL),
    "units": Measure("units", "count", _ALL),
    "sales": Measure("number of sales", "count", (*_ALL, "hour")),
    "returns": Measure("number of returns", "count", _ALL, less_is_better=True),
    "returned_units": Measure("units returned", "count", _ALL, less_is_better=True),
    "orders": Measure("number of orders", "count", ("", "store", *_DATES, *_PEOPLE)),
    "margin": Measure("margin (profit over revenue)", "ratio", _ALL),
    "price": Measure("average price of a unit", "ratio", _ALL, less_is_better=None),
    "order_value": Measure("average order value", "ratio", ("", "store", *_DATES, *_PEOPLE)),
    "return_rate": Measure("return rate (units returned over units sold)", "ratio", _ALL, less_is_better=True),
    "customers": Measure("number of customers", "count", ("", "store", "segment", *_DATES)),
    "spend": Measure("spend of known customers", "money", ("", "store", "customer", "segment", *_DATES)),
    "spend_per_customer": Measure("average spend of a customer", "ratio", ("", "store", "segment", *_DATES)),
    "forecast_units": Measure("forecast units", "forecast", ("", "item", "store", "day")),
    "forecast_revenue": Measure("forecast revenue", "forecast", ("", "item", "store", "day")),
    "error": Measure("forecast error (WAPE)", "score", ("", "horizon", "store", "day", "month"), less_is_better=True),
    "bias": Measure("forecast bias", "score", ("", "horizon", "store", "day", "month"), less_is_better=None),
    "coverage": Measure("coverage of the forecast band", "score", ("", "horizon", "store", "day", "month"), less_is_better=None),
}

EXPLAINED: Final = ("revenue", "profit", "units")
"""Measures whose change can be divided into causes."""

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
