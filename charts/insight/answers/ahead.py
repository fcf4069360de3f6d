"""Forecasts of coming days, and how good forecasts have been."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Final

import msgspec

from charts.insight.answers.answer import Cell
from charts.insight.answers.tables import Table, arranged, tie_notes, within
from charts.insight.questions.form import Form
from charts.queries.forecasts import ErrorSums
from charts.queries.grouped import Selection, cells
from charts.queries.sales import Document, Finds, Period
from streams.contract.documents import FORECASTS, SCORE_MONTHS
from streams.contract.horizons import DAY, HORIZONS

PRICE_DAYS: Final = 28
"""Coming units are valued at the mean price of so many days."""


def forecasts(database: Finds, form: Form, today: str, currency: str | None) -> Table:
    """Expected units or revenue, from each series' newest forecast. Raises ServerError."""
    where = Selection(stores=form.stores, items=form.items).where(Period())
    selection = Selection(stores=form.stores, items=form.items, not_stores=form.not_stores, not_items=form.not_items)
    found = [
        document for document in database.find(FORECASTS, where, ("store", "item", "close"))
        if document.get("close") and selection.holds(document)
    ]  # fmt: skip
    prices = _prices(database, selection, today, currency, found) if form.measure == "forecast_revenue" else None
    sums: defaultdict[str, float] = defaultdict(float)
    short: set[str] = set()
    unpriced: set[str] = set()
    for document in found:
        days = list(_days(document, form))
        if len(days) < _wanted(form):
            short.add(f"{document['item']} in {document['store']}")
            continue
        price = 1.0
        if prices is not None:
            known = prices.get((document["store"], document["item"]))
            if known is None:
                unpriced.add(f"{document['item']} in {document['store']}")
                continue
            price = known
        for day, units in days:
            sums[day if form.by == "day" else document[form.by] if form.by else ""] += units * price
    values: dict[str, float | None] = {key: round(number, 2) for key, number in sums.items()}
    keys = arranged(values, values, form)
    rows: list[tuple[Cell, ...]] = [(*([key] if form.by else []), values[key]) for key in keys]
    notes = tie_notes(keys, values, form)
    if found:
        origins = sorted({document["close"]["origin"] for document in found})
        notes.append(
            f"Expected values of {len(found):,} forecasts made at the close of {' to '.join(dict.fromkeys((origins[0], origins[-1])))}."
        )
    if short:
        notes.append(f"Left out, because their newest forecast does not reach so far: {_some(short)}.")
    if unpriced:
        notes.append(f"Left out, because they have no price: {_some(unpriced)}.")
    if prices is not None:
        notes.append(
            f"Units are valued at each store's mean price of the last {PRICE_DAYS} days, or of all days if it sold nothing in them."
        )
    return Table((*((form.by,) if form.by else ()), form.measure), rows, notes)


def _prices(database: Finds, selection: Selection, today: str, currency: str | None, found: list[Document]) -> dict[tuple[str, str], float]:
    return mean_prices(database, selection, today, currency, {(one["store"], one["item"]) for one in found})


def mean_prices(
    database: Finds, selection: Selection, today: str, currency: str | None, series: Collection[tuple[str, str]]
) -> dict[tuple[str, str], float]:
    """Mean price of a unit of these series (store, item), of the newest days, or of all days if nothing was sold in them.

    Raises ServerError.
    """
    first = (date.fromisoformat(today) - timedelta(PRICE_DAYS - 1)).isoformat()
    prices: dict[tuple[str, str], float] = {}
    missing: tuple[str, ...] = selection.items
    for period in (Period(first, None), Period()):
        part = Selection(period, selection.stores, missing, selection.not_stores, selection.not_items)
        for key, sums in cells(database, part).items():
            if sums.units > 0:
                prices.setdefault(key, sums.revenue_in(currency) / 1e6 / sums.units)
        missing = tuple(sorted({item for store, item in series if (store, item) not in prices}))
        if not missing:
            break
    return prices


def _wanted(form: Form) -> int:
    if form.ahead_days:
        return form.ahead_days
    return (date.fromisoformat(form.last) - date.fromisoformat(form.first)).days + 1


def _days(document: Document, form: Form) -> Iterator[tuple[str, float]]:
    close = document["close"]
    first = date.fromisoformat(close["origin"]) + timedelta(1)
    for place, units in enumerate(close["path"]):
        day = (first + timedelta(place)).isoformat()
        if place < form.ahead_days if form.ahead_days else form.first <= day <= form.last:
            yield day, units


def _some(names: set[str], most: int = 5) -> str:
    shown = sorted(names)
    return ", ".join(shown[:most]) + (f" and {len(shown) - most:,} more" if len(shown) > most else "")


def errors(database: Finds, form: Form) -> Table:
    """WAPE, bias or coverage of forecasts that have come due, by the date they were made on. Raises ServerError."""
    sums: defaultdict[str, ErrorSums] = defaultdict(ErrorSums)
    period = Period(form.first or None, form.last or None)
    selection = Selection(period, form.stores, not_stores=form.not_stores)
    where = selection.where(period)
    if form.horizon:
        where["horizon"] = form.horizon
    for document in database.find(SCORE_MONTHS, where, ("store", "horizon", "month", "origins")):
        if not selection.holds(document):
            continue
        for day, row in document["origins"].items():
            origin = f"{document['month']}-{day}"
            if period.holds(origin):
                keys = {"horizon": document["horizon"], "store": document["store"], "day": origin, "month": origin[:7]}
                sums[keys.get(form.by, "")].add(row)
    values = {key: _score(one, form.measure) for key, one in sums.items()}
    if form.by == "horizon" and not form.order:
        kept = [horizon.name for horizon in HORIZONS if horizon.name in values and _all_within(values[horizon.name], form)]
    else:
        kept = arranged(values, values, form)
    rows: list[tuple[Cell, ...]] = [
        (*([key] if form.by else []), values[key], _rounded(sums[key].wape_same_weekday_mean), sums[key].n) for key in kept
    ]
    columns = (*((form.by,) if form.by else ()), form.measure, "wape_same_weekday_mean", "n")
    return Table(columns, rows, [*tie_notes(kept, values, form), *([] if rows else ["No forecast of this selection has come due."])])


def _all_within(number: float | None, form: Form) -> bool:
    return all(within(number, bound) for bound in form.bounds)


def _score(sums: ErrorSums, measure: str) -> float | None:
    return _rounded({"error": sums.wape, "bias": sums.bias, "coverage": sums.coverage}[measure])


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 4)


def of_one_horizon(form: Form) -> Form:
    """The form with the next day's horizon, unless it names one or is split by them: errors of different horizons are not summed."""
    return form if form.horizon or form.by == "horizon" else msgspec.structs.replace(form, horizon=DAY.name)
