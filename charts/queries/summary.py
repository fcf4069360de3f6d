"""The numbers that a screen shows live and that end a run: totals as decimal strings, scores by horizon, counts."""

from typing import Any

from charts.queries import forecasts, sales, stock
from charts.queries.sales import Finds, Sums
from streams.contract.documents import DAY_UNITS, FORECASTS, PROGRESS, units_of
from streams.contract.money import amounts_shown


def totals_shown(sums: Sums) -> dict[str, Any]:
    """Totals as JSON: money with two decimals, by currency if there are several; units with as many decimals as they need."""
    return {
        "units": units_of(sums.row[DAY_UNITS]),
        **amounts_shown(sums.money),
        "sales": sums.sales,
        "returns": sums.returns,
        "orders": sums.orders,
    }


def scores_shown(database: Finds, store: str | None = None) -> dict[str, dict[str, float | int | None]]:
    """By horizon with scores: n, wape, wape_same_weekday_mean, bias, coverage. Raises ServerError."""
    sums = forecasts.score_totals(database, store)
    return {horizon: one.shown() for horizon, one in sums.items()}


def summary(database: Finds) -> dict[str, Any]:
    """The numbers that the page and the demo show live. Raises ServerError."""
    sums = sales.totals(database)
    lost = stock.lost_sales(database)
    return {
        "totals": totals_shown(sums),
        "first_day": sums.first_day or None,
        "last_day": sums.last_day or None,
        "currencies": sorted(sums.currencies),
        "applied": applied(database),
        "series": database.count(FORECASTS),
        "scores": scores_shown(database),
        "drifts": forecasts.newest_drifts(database, 8),
        "lost": None if lost is None else lost.shown(),
    }


def applied(database: Finds) -> int:
    """Number of accepted sales in the statistics, returns included. Raises ServerError."""
    return sum(document["seq"] or 0 for document in database.find(PROGRESS, {"reader": "statistics"}, ("seq",)))
