"""Questions about forecasts, their scores, shelf plans and drift."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from charts.queries.sales import Finds, Sums, newest_day_by_item
from streams.contract.documents import DRIFTS, FORECASTS, ITEM_SCORE_COLUMNS, PLAN_PARTS, PLANS, SCORE_MONTHS, SCORES, document_id
from streams.contract.horizons import DAY, HORIZON_NAMES

Document = dict[str, Any]
MOST_FORECASTS: Final = 5000
MOST_ITEMS: Final = 100_000
"""Most items that a store may have."""
MOST_SCORE_PARTS: Final = 4
"""Documents of one score: its thousand items with the longest names there can be are three parts."""


@dataclass(slots=True)
class ErrorSums:
    """Sums over forecasts that have come due, in units."""

    n: int = 0
    actual: float = 0.0
    absolute_error: float = 0.0
    absolute_error_same_weekday_mean: float = 0.0
    error: float = 0.0
    within_band: int = 0

    def add(self, row: Iterable[float]) -> None:
        """Add a row of SCORE_COLUMNS."""
        n, actual, absolute, baseline, error, within = row
        self.n += int(n)
        self.actual += actual
        self.absolute_error += absolute
        self.absolute_error_same_weekday_mean += baseline
        self.error += error
        self.within_band += int(within)

    @property
    def wape(self) -> float | None:
        """Weighted absolute percentage error as a fraction: sum |forecast - actual| / sum actual."""
        return self.absolute_error / self.actual if self.actual > 0 else None

    @property
    def wape_same_weekday_mean(self) -> float | None:
        """The same for the baseline."""
        return self.absolute_error_same_weekday_mean / self.actual if self.actual > 0 else None

    @property
    def bias(self) -> float | None:
        """Sum of forecast - actual, as a fraction of what was sold."""
        return self.error / self.actual if self.actual > 0 else None

    @property
    def coverage(self) -> float | None:
        """Fraction of forecasts whose actual lay between p10 and p90."""
        return self.within_band / self.n if self.n else None

    def shown(self) -> dict[str, float | int | None]:
        """As JSON."""
        return {
            "n": self.n,
            "wape": self.wape,
            "wape_same_weekday_mean": self.wape_same_weekday_mean,
            "bias": self.bias,
            "coverage": self.coverage,
        }


def errors_by_origin(database: Finds, store: str | None = None) -> dict[str, dict[str, ErrorSums]]:
    """Of each horizon and origin date, the sums over stores, origins in order. Raises ServerError."""
    found: dict[str, defaultdict[str, ErrorSums]] = {horizon: defaultdict(ErrorSums) for horizon in HORIZON_NAMES}
    where = {} if store is None else {"store": store}
    for document in database.find(SCORE_MONTHS, where, ("horizon", "month", "origins")):
        if document["horizon"] in found:
            for day, row in document["origins"].items():
                found[document["horizon"]][f"{document['month']}-{day}"].add(row)
    return {horizon: dict(sorted(origins.items())) for horizon, origins in found.items()}


def score_totals(database: Finds, store: str | None = None) -> dict[str, ErrorSums]:
    """By horizon with scores, the sums over all origins. Raises ServerError."""
    whole: dict[str, ErrorSums] = {}
    for document in database.find(SCORE_MONTHS, {} if store is None else {"store": store}, ("horizon", "total")):
        whole.setdefault(document["horizon"], ErrorSums()).add(document["total"])
    return {horizon: whole[horizon] for horizon in HORIZON_NAMES if horizon in whole}


def score_sums(by_origin: dict[str, dict[str, ErrorSums]]) -> dict[str, ErrorSums]:
    """By horizon with scores, the sums over all origins."""
    whole: dict[str, ErrorSums] = {}
    for horizon, origins in by_origin.items():
        for one in origins.values():
            sums = whole.setdefault(horizon, ErrorSums())
            sums.add((one.n, one.actual, one.absolute_error, one.absolute_error_same_weekday_mean, one.error, one.within_band))
    return whole


@dataclass(frozen=True, slots=True)
class PastForecast:
    """A forecast of one business day that has come due, in units."""

    day: str
    actual: float
    mean: float
    p10: float
    p90: float
    same_weekday_mean: float


def past_forecasts(database: Finds, store: str, item: str, days: int = 90) -> list[PastForecast]:
    """The newest day-ahead forecasts of an item with what came, oldest first. Raises ServerError."""
    where = {"store": store, "horizon": DAY.name}
    found = []
    origins: set[str] = set()
    for document in database.find(SCORES, where, ("origin", "first_day", "items"), newest_by="origin", limit=days * MOST_SCORE_PARTS):
        origins.add(document["origin"])
        if len(origins) > days:
            break
        numbers = _item_score(document["items"], item)
        if numbers is not None:
            found.append(PastForecast(document["first_day"], *numbers))
    return found[::-1]


def _item_score(items: Any, item: str) -> list[float] | None:
    """An item's numbers in the order of ITEM_SCORE_COLUMNS. An older format has one row for each item."""
    if isinstance(items, list):
        return next((numbers for name, *numbers in items if name == item), None)
    if item not in items["item"]:
        return None
    place = items["item"].index(item)
    return [items[column][place] for column in ITEM_SCORE_COLUMNS[1:]]


GAINS: Final = {
    "gain_per_day": "the plan in place",
    "gain_over_share_of_sales": "space by sales",
    "gain_over_share_of_profit": "space by profit",
    "gain_over_equal_space": "equal space",
}
"""Fields of a plan that hold its expected gain, in the currency per day, and what each gain is measured against."""


def newest_forecast(database: Finds, store: str, item: str) -> Document | None:
    """The newest forecast of an item; None: there is none. Raises ServerError."""
    return next(iter(database.find(FORECASTS, {"_id": document_id(store, item)})), None)


def newest_forecasts(database: Finds, store: str | None = None, limit: int = 1000) -> list[Document]:
    """Newest forecasts of a store, or of all stores, by store and item. Raises ServerError."""
    where = {} if store is None else {"store": store}
    found = list(database.find(FORECASTS, where, ("store", "item", "close", "today"), limit=limit))
    return sorted(found, key=lambda document: (document["store"], document["item"]))


def forecasts_of_most_sold(database: Finds, store: str, plans: Iterable[Document], most: int) -> tuple[list[Document], int]:
    """Newest forecasts of the items of a store that should sell most, and the number of all items. Raises ServerError.

    A plan of a store's whole space names all items, so only the forecasts asked for are read. Described shelves may lack some items, so all
    forecasts are searched.
    """
    whole = next((plan for plan in plans if not _is_described(plan)), None)
    if whole is None or incomplete(whole):
        found = [document for document in newest_forecasts(database, store, MOST_ITEMS) if document.get("close")]
        return found, len(found)
    items = heapq.nsmallest(most, whole["items"], key=lambda one: (-one["predicted_sales"], one["item"]))
    ids = [document_id(store, one["item"]) for one in items]
    return list(database.find(FORECASTS, {"_id": {"$in": ids}}, ("store", "item", "close"))), len(whole["items"])


def newest_plans(database: Finds, store: str | None = None, limit: int = 1000) -> list[Document]:
    """Newest shelf plans of a store, or of all stores: {"store", "shelf", ...}, by store and shelf. Raises ServerError.

    A plan in several parts is put together; if parts are missing, `missing_parts` has their numbers. Once a store's shelves are described,
    its space is no longer planned as a whole, and its last such plan is left out.
    """
    where = {} if store is None else {"store": store}
    found = [{"store": document["store"], **document["plan"]} for document in database.find(PLANS, where, limit=limit)]
    found = _put_together(database, where, found)
    described = {plan["store"] for plan in found if _is_described(plan)}
    current = [plan for plan in found if plan["store"] not in described or _is_described(plan)]
    return sorted(current, key=lambda plan: (plan["store"], plan["shelf"]))


def _put_together(database: Finds, where: Document, plans: list[Document]) -> list[Document]:
    """The plans with the items of their further parts."""
    if all(plan.get("parts", 1) == 1 for plan in plans):
        return plans
    parts: defaultdict[tuple[Any, ...], dict[int, Document]] = defaultdict(dict)
    for document in database.find(PLAN_PARTS, where):
        parts[_whole_of(document["store"], document["plan"])][document["part"]] = document["plan"]
    whole = []
    for plan in plans:
        known = parts[_whole_of(plan["store"], plan)]
        numbers = range(2, plan.get("parts", 1) + 1)
        missing = [number for number in numbers if number not in known]
        items = [*plan["items"], *(one for number in numbers if number in known for one in known[number]["items"])]
        whole.append(plan | {"items": items} | ({"missing_parts": missing} if missing else {}))
    return whole


def _whole_of(store: str, part: Document) -> tuple[Any, ...]:
    """What all parts of one plan have in common, and no other plan has."""
    return store, part["shelf"], part["partition"], part["offset"], part["origin"]


def incomplete(plan: Mapping[str, Any]) -> str:
    """A sentence about the missing parts of a plan; empty if it is complete."""
    missing = plan.get("missing_parts", ())
    if not missing:
        return ""
    told = f"part {missing[0]}" if len(missing) == 1 else f"{len(missing)} parts"
    return f"This plan is incomplete: {told} of {plan['parts']} not there yet, so items are missing."


def _is_described(plan: Document) -> bool:
    return any(one.get("facings") is not None for one in plan["items"])


def share_of_shelf(allocation: Document) -> float:
    """An item's percentage of its shelf; of the store's space if no shelf is described."""
    share: float | None = allocation.get("percentage_of_shelf")
    return float(allocation["shelf_space_percentage"]) if share is None else share


def newest_drifts(database: Finds, limit: int = 20) -> list[Document]:
    """Drift events, the newest first. Raises ServerError."""
    return [
        {key: value for key, value in document.items() if key != "_id"}
        for document in database.find(DRIFTS, {}, newest_by="made_at", limit=limit)
    ]


def best_series(database: Finds, store: str | None = None) -> tuple[str, str] | None:
    """The (store, item) with the largest forecast, which charts show if none is named. Raises ServerError."""
    largest: tuple[float, str, str] | None = None
    for document in newest_forecasts(database, store):
        close = document.get("close")
        mean = max((horizon["mean"] for horizon in close["horizons"]), default=0.0) if close else 0.0
        if largest is None or mean > largest[0]:
            largest = (mean, document["store"], document["item"])
    return None if largest is None else (largest[1], largest[2])


def horizon_of(close: Document, horizon: str) -> Document | None:
    """A horizon of a forecast."""
    return next((one for one in close["horizons"] if one["horizon"] == horizon), None)


def days_ahead(close: Document) -> list[tuple[str, float]]:
    """Dates and expected units of a forecast's path."""
    first = date.fromisoformat(close["origin"]) + timedelta(days=1)
    return [((first + timedelta(days=n)).isoformat(), units) for n, units in enumerate(close["path"])]


def predictions(database: Finds, store: str | None = None) -> list[Document]:
    """Expected sales and share of the shelf of each item, by store. Raises ServerError.

    `buy`, `profit` and `time` are units, profit and end (epoch seconds, UTC) of the item's newest business day with sales; `profit` is None
    if that day had several currencies. `predicted_sales` are the units expected on the next business day. An item on two shelves is one row
    with its space on both; an item on none of a store's described shelves has no space. A store's percentages sum to 100.
    """
    plans = newest_plans(database, store)
    planned: dict[tuple[str, str], tuple[float, float]] = {}
    for plan in plans:
        for one in plan["items"]:
            key = plan["store"], one["item"]
            share = planned.get(key, (0.0, 0.0))[1] + one["shelf_space_percentage"]
            planned[key] = one["predicted_sales"], share
    for key, units in _on_no_shelf(database, store, plans):
        planned.setdefault(key, (units, 0.0))
    sold = newest_day_by_item(database, store)
    return [_prediction(key, units, share, sold.get(key)) for key, (units, share) in planned.items()]


def _on_no_shelf(database: Finds, store: str | None, plans: Iterable[Document]) -> Iterator[tuple[tuple[str, str], float]]:
    """Store, item and next day's units of all forecasts that go with a plan of described shelves; the plan may lack some items."""
    origins = {plan["store"]: plan["origin"] for plan in plans if _is_described(plan)}
    if not origins:
        return
    for document in newest_forecasts(database, store, MOST_ITEMS if store is not None else MOST_FORECASTS):
        close = document.get("close")
        day = horizon_of(close, DAY.name) if close else None
        if close and day and close["origin"] == origins.get(document["store"]):
            yield (document["store"], document["item"]), day["mean"]


def _prediction(key: tuple[str, str], units: float, share: float, sums: Sums | None) -> Document:
    return {
        "name": key[1],
        "store": key[0],
        "buy": sums.units if sums else 0.0,
        "profit": _profit_of(sums) if sums else 0.0,
        "time": _end_of(sums.last_day) if sums else None,
        "predicted_sales": units,
        "shelf_space_percentage": share,
    }


def _profit_of(sums: Sums) -> float | None:
    profit = sums.profit_micros
    return None if profit is None else profit / 1e6


def _end_of(day: str) -> int:
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * 86_400 + 86_399
