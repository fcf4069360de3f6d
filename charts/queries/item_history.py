"""One item of a store: its sales by day, its forecasts as they came due, and what is expected of it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from charts.queries.assortment import Foreseen, SoldItem, foreseen
from charts.queries.forecasts import ErrorSums, PastForecast, newest_forecast
from charts.queries.sales import Finds, Period, Sums
from streams.contract.documents import DRIFTS, ITEM_MONTHS, document_id, money_of


@dataclass(frozen=True, slots=True)
class ItemHistory:
    """What is known of an item. days: its sales by business date, in order; days without sales are left out."""

    store: str
    item: str
    sold: SoldItem
    days: Mapping[str, Sums]
    ahead: Foreseen | None
    drifts: Sequence[Mapping[str, Any]]


def item_history(database: Finds, store: str, item: str, period: Period) -> ItemHistory | None:
    """An item's sales in a period, its newest forecast and its drift; None: nothing is known of it. Raises ServerError."""
    newest = newest_forecast(database, store, item)
    days: defaultdict[str, Sums] = defaultdict(Sums)
    sold = SoldItem()
    for document in _months(database, store, item, period, newest):
        sold.name(document["month"], document.get("category"))
        for number, row in document["days"].items():
            day = f"{document['month']}-{number}"
            if period.holds(day):
                money = money_of(document, number)
                days[day].add(day, row, money)
                sold.sums.add(day, row, money)
    if newest is None and not days:
        return None
    drifts = list(database.find(DRIFTS, {"store": store, "item": item}, newest_by="made_at", limit=10))
    return ItemHistory(store, item, sold, dict(sorted(days.items())), foreseen(newest) if newest else None, drifts)


def _months(database: Finds, store: str, item: str, period: Period, newest: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The item's months. A forecast knows the partition, and with it the ids of the documents, so that no others need be searched."""
    known = (newest or {}).get("close") or (newest or {}).get("today")
    if known is None or period.first is None or period.last is None:
        where: dict[str, Any] = {"store": store, "item": item}
        if months := period.months():
            where["month"] = months
        return list(database.find(ITEM_MONTHS, where))
    names, day = [], date.fromisoformat(f"{period.first[:7]}-01")
    while day.isoformat() <= period.last:
        names.append(document_id(known["partition"], store, item, day.isoformat()[:7]))
        day = (day + timedelta(days=31)).replace(day=1)
    return list(database.find(ITEM_MONTHS, {"_id": {"$in": names}}))


def accuracy(past: Sequence[PastForecast]) -> ErrorSums:
    """The errors of day-ahead forecasts that have come due."""
    sums = ErrorSums()
    for one in past:
        inside = one.p10 <= one.actual <= one.p90
        error, baseline = one.mean - one.actual, abs(one.same_weekday_mean - one.actual)
        sums.add((1, one.actual, abs(error), baseline, error, int(inside)))
    return sums
