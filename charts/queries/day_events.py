"""What is known of an item's day after it has closed, beside its sales: price, empty shelf, how the rest of the store did."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from charts.queries.item_history import ItemHistory, item_history
from charts.queries.sales import Finds, Period, Sums
from charts.queries.trading_day import main_currency
from streams.contract.documents import LOST_SALES, SCORES, document_id
from streams.contract.horizons import DAY

PRICE_DAYS: Final = 28
"""Days before the day whose price is the usual one."""
SHIFT_DAYS: Final = 28
"""A lasting change that began at most this many days before, or up to this many after, has to do with the day."""
_LEAST_PRICE_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class DayEvents:
    """What is known of a day; None, 0 or empty: nothing.

    hours_out: hours without stock. price, usual_price: mean price of a unit on the day and over the four weeks before. rest_of_store: what
    the store's other items sold together, over what was expected of them. shifted: the first day and the factor of a lasting change.
    """

    hours_out: int = 0
    price: float | None = None
    usual_price: float | None = None
    rest_of_store: float | None = None
    shifted: tuple[str, float] | None = None

    @property
    def price_change(self) -> float | None:
        """Price over the usual price, less 1."""
        return self.price / self.usual_price - 1 if self.price is not None and self.usual_price else None


def day_events(database: Finds, store: str, item: str, day: str, sold: float, mean: float) -> DayEvents:
    """What is known of a day on which an item sold `sold` units and `mean` were expected. Raises ServerError."""
    history = item_history(database, store, item, Period(_days_before(day, PRICE_DAYS), day))
    price, usual = _prices(history, day)
    return DayEvents(
        hours_out=_hours_out(database, store, item, day),
        price=price,
        usual_price=usual,
        rest_of_store=_rest_of_store(database, store, day, sold, mean),
        shifted=_shift(history, day),
    )


def _days_before(day: str, days: int) -> str:
    return (date.fromisoformat(day) - timedelta(days=days)).isoformat()


def _prices(history: ItemHistory | None, day: str) -> tuple[float | None, float | None]:
    if history is None:
        return None, None
    prices = {one: price for one, sums in history.days.items() if (price := _price(sums)) is not None}
    before = sorted(price for one, price in prices.items() if one < day)
    usual = before[len(before) // 2] if len(before) >= _LEAST_PRICE_DAYS else None
    return prices.get(day), usual


def _price(sums: Sums) -> float | None:
    revenue = sums.revenue_in(main_currency(sums)) / 1e6
    return revenue / sums.units if sums.units > 0 and revenue > 0 else None


def _hours_out(database: Finds, store: str, item: str, day: str) -> int:
    for document in database.find(LOST_SALES, {"store": store, "business_date": day}, ("items",)):
        names = document["items"]["item"]
        if item in names:
            return int(document["items"]["hours_out"][names.index(item)])
    return 0


def _rest_of_store(database: Finds, store: str, day: str, sold: float, mean: float) -> float | None:
    name = document_id(store, DAY.name, _days_before(day, 1))
    score: Mapping[str, Any] | None = next(iter(database.find(SCORES, {"_id": name}, ("actual", "error", "n"))), None)
    if score is None or score["n"] < 2:
        return None
    expected = score["actual"] + score["error"] - mean
    return float((score["actual"] - sold) / expected) if expected > 0 else None


def _shift(history: ItemHistory | None, day: str) -> tuple[str, float] | None:
    """The lasting change that began nearest to the day."""
    first, last = _days_before(day, SHIFT_DAYS), _days_before(day, -1)
    found = [
        (str(one["since"]), float(one["factor"]))
        for one in (history.drifts if history else ())
        if one["kind"] == "level_shift" and first <= one["since"] <= last
    ]
    return max(found, default=None)
