"""The answers of the web page as data: what each route gives, apart from HTTP."""

import time
from collections.abc import Callable
from typing import Any, Final

from msgspec import UNSET

from charts.figures.bars import currencies
from charts.figures.draw import Format, drawn
from charts.figures.gallery import CHARTS, Question
from charts.queries import forecasts, sales
from charts.queries.forecasts import GAINS, horizon_of
from charts.queries.sales import Finds, Sums
from charts.queries.summary import scores_shown, summary, totals_shown
from charts.web.fresh import FreshFor
from charts.web.shapes import Frequency, Prediction
from charts.web.telemetry import WebMetrics
from streams.contract.horizons import DAY, WEEK

_SUMMARY_SECONDS: Final = 2.0


class Answers:
    """Answers questions from the database; equal ones within seconds are asked once. Used by many threads."""

    def __init__(self, database: Finds, metrics: WebMetrics, chart_seconds: float) -> None:
        self._database = database
        self._metrics = metrics
        self._charts = FreshFor(chart_seconds)
        self._data = FreshFor(min(_SUMMARY_SECONDS, chart_seconds))
        self._seen: tuple[float, int] | None = None

    def picture(self, name: str, question: Question, form: Format) -> bytes:
        """A chart as PNG or SVG. Raises ServerError."""

        def make() -> bytes:
            with self._metrics.drawn.time():
                return drawn(CHARTS[name](self._database, question), form)

        return self._charts.get((name, question, form), make)

    def summary(self) -> dict[str, Any]:
        """The live numbers. Raises ServerError."""
        return self._data.get("summary", self._summary)

    def _summary(self) -> dict[str, Any]:
        numbers = summary(self._database)
        now, seen = time.monotonic(), self._seen
        self._seen = (now, numbers["applied"])
        rate = 0.0 if seen is None or now <= seen[0] else max(0, numbers["applied"] - seen[1]) / (now - seen[0])
        return numbers | {"per_second": round(rate, 1)}

    def stores(self) -> list[str]:
        """Names of the stores. Raises ServerError."""
        return self._charts.get("stores", lambda: sales.stores(self._database))

    def items(self, question: Question) -> list[dict[str, Any]]:
        """Totals by item, most profit (where none is known: revenue) in one currency first. Raises ServerError."""
        found = sales.by_item(self._database, question.store, question.period)
        currency = question.currency or next(iter(currencies(found.values())), None)
        return [{"item": name} | totals_shown(sums) for name, sums in sorted(found.items(), key=_most_profit_in(currency))]

    def frequencies(self, question: Question) -> list[Frequency]:
        """Times sold by item, less returns, most first. Raises ServerError."""
        found = sales.by_item(self._database, question.store, question.period)
        rows = [
            Frequency(item=name, frequency=sums.sales - sums.returns, sales=sums.sales, returns=sums.returns, orders=sums.orders)
            for name, sums in found.items()
        ]
        return sorted(rows, key=lambda row: (-row.frequency, row.item))

    def predict(self, store: str | None) -> list[Prediction]:
        """What to expect of each item and how much of the shelf to give it, in the older shape. Raises ServerError.

        The store is named in each line only where the lines are of several.
        """
        rows = forecasts.predictions(self._database, store)
        several = len({row["store"] for row in rows}) > 1
        return [
            Prediction(
                name=_as_posted(row["name"]),
                buy=row["buy"],
                profit=row["profit"],
                time=row["time"],
                predicted_sales=row["predicted_sales"],
                shelf_space_percentage=row["shelf_space_percentage"],
                store=row["store"] if several else UNSET,
            )
            for row in rows
        ]

    def plans(self, store: str | None) -> list[dict[str, Any]]:
        """Newest shelf plans. Raises ServerError."""
        return forecasts.newest_plans(self._database, store)

    def scores(self, store: str | None) -> dict[str, Any]:
        """Error of the forecasts by horizon. Raises ServerError."""
        return scores_shown(self._database, store)

    def drifts(self) -> list[dict[str, Any]]:
        """Drift events, newest first. Raises ServerError."""
        return forecasts.newest_drifts(self._database, 100)

    def stock(self, store: str | None, most: int = 60) -> dict[str, Any]:
        """What should I stock? Of one store (the first where none is named), the items that sell most first."""
        return self._data.get(("stock", store, most), lambda: self._stock(store, most))

    def _stock(self, store: str | None, most: int) -> dict[str, Any]:
        store = store or next(iter(self.stores()), None)
        if store is None:
            return {"store": None, "rows": [], "gains": [], "notes": []}
        plans = forecasts.newest_plans(self._database, store)
        shares: dict[str, float] = {}
        orders: dict[str, float] = {}
        for one in (one for plan in plans for one in plan["items"]):
            shares[one["item"]] = shares.get(one["item"], 0.0) + one["shelf_space_percentage"]
            if one.get("order_units") is not None:
                orders.setdefault(one["item"], one["order_units"])
        rows = []
        found, number = forecasts.forecasts_of_most_sold(self._database, store, plans, most)
        for document in found:
            close = document.get("close")
            tomorrow = horizon_of(close, DAY.name) if close else None
            if close and tomorrow:
                week = horizon_of(close, WEEK.name)
                rows.append(
                    {
                        "item": document["item"],
                        "day": tomorrow["first_day"],
                        "mean": tomorrow["mean"],
                        "p10": tomorrow["p10"],
                        "p90": tomorrow["p90"],
                        "week": week["mean"] if week else None,
                        "shelf": shares.get(document["item"]),
                        "order": orders.get(document["item"]),
                    }
                )
        rows.sort(key=lambda row: (-row["mean"], row["item"]))
        gains = [{"shelf": plan["shelf"]} | {name: plan.get(name) for name in GAINS} for plan in plans]
        gains = [row for row in gains if any(row[name] is not None for name in GAINS)]
        notes = [sentence for plan in plans if (sentence := forecasts.incomplete(plan))]
        return {"store": store, "items": number, "rows": rows[:most], "gains": gains, "notes": notes}


def _most_profit_in(currency: str | None) -> Callable[[tuple[str, Sums]], tuple[int, int, str]]:
    return lambda pair: (-pair[1].profit_in(currency), -pair[1].revenue_in(currency), pair[0])


def _as_posted(name: str) -> str | int:
    """A name that is a whole number as that number: the older shape posts numbers as names."""
    if name.isascii() and name.isdigit() and len(name) <= 15 and str(int(name)) == name:
        return int(name)
    return name
