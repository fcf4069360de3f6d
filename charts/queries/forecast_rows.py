"""Forecasts as rows: the newest of each item, those that have come due, and those of the running day."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta, Struct, convert

from charts.queries.columns import P10, P50, P90, Baseline, Day, Item, Mean, Seconds, Store
from charts.queries.forecasts import MOST_SCORE_PARTS
from charts.queries.paging import Key, Page, Slice, cut
from charts.queries.sales import Finds
from streams.contract.documents import FORECASTS, ITEM_SCORE_COLUMNS, SCORES, document_id
from streams.contract.horizons import HORIZON_NAMES
from streams.contract.messages import ForecastParts, Horizon, HorizonForecast

_FIELDS: Final = ("store", "item", "close", "today")
_SCORE_FIELDS: Final = ("origin", "first_day", "last_day", "items")
_SCORES_AT_ONCE: Final = 8
"""Scores to fetch at a time: one of a store with many items has 100 kB."""


class KeptForecast(Struct, frozen=True, kw_only=True):
    """`predicted-sales.v1` as it is kept."""

    id: str
    partition: int
    offset: int
    number: int
    origin: Annotated[Day, Meta(description="The newest business date the forecast knows of.")]
    made_at: Seconds
    horizons: list[HorizonForecast]
    path: Annotated[list[float], Meta(description="Mean units of each of the next days.")]
    sold_so_far: Annotated[float | None, Meta(description="Units sold when a forecast of the running day was made.")] = None
    parts: Annotated[ForecastParts | None, Meta(description="Why the next day; null: the worker was told not to say.")] = None


class ItemForecasts(Struct, frozen=True, kw_only=True):
    """An item's newest forecasts."""

    store: Store
    item: Item
    close: Annotated[KeptForecast | None, Meta(description="Of the days ahead, made at the close of a day.")] = None
    today: Annotated[KeptForecast | None, Meta(description="Of the running day.")] = None


class ForecastLine(Struct, frozen=True, kw_only=True):
    """One horizon of an item's newest forecasts, as a line of a table."""

    store: Store
    item: Item
    origin: Annotated[Day, Meta(description="The newest business date the forecast knows of.")]
    made_at: Seconds
    horizon: Horizon
    first_day: Day
    last_day: Day
    open_days: int
    mean: Mean
    p10: P10
    p50: P50
    p90: P90
    same_weekday_mean: Baseline


class TodayRow(Struct, frozen=True, kw_only=True):
    """What an item has sold today and should have sold at the end of the day, as of its newest forecast of the running day."""

    store: Store
    item: Item
    day: Day
    made_at: Seconds
    sold_so_far: Annotated[float | None, Meta(description="Units sold when the forecast was made.")]
    mean: Mean
    p10: P10
    p50: P50
    p90: P90
    same_weekday_mean: Baseline


class PastForecastRow(Struct, frozen=True, kw_only=True):
    """A forecast that has come due, beside what was sold."""

    store: Store
    item: Item
    horizon: Horizon
    origin: Annotated[Day, Meta(description="The newest business date the forecast knew of.")]
    first_day: Day
    last_day: Day
    mean: Mean
    p10: P10
    p90: P90
    same_weekday_mean: Baseline
    actual: Annotated[float, Meta(description="Units sold from first to last day.")]


def newest(database: Finds, store: str | None, item: str | None, wanted: Slice) -> Page[ItemForecasts]:
    """Newest forecasts in a fixed order, in which those of a store stand together. Raises ServerError.

    An index gives the order, so that a page costs what it holds and not what the database holds.
    """
    found = [convert(document, ItemForecasts) for document in _documents(database, store, item, wanted)]
    return cut(found, lambda row: (row.store, row.item), wanted.limit)


def _documents(database: Finds, store: str | None, item: str | None, wanted: Slice) -> Iterator[dict[str, Any]]:
    if store is not None and item is not None:
        return database.find(FORECASTS, {"_id": document_id(store, item)}, _FIELDS)
    if store is not None:
        after = {"item": {"$gt": wanted.after[1]}} if wanted.after else {}
        return database.find(FORECASTS, {"store": store} | after, _FIELDS, ordered_by="item", limit=wanted.limit + 1)
    after = {"_id": {"$gt": document_id(*map(str, wanted.after))}} if wanted.after else {}
    return database.find(FORECASTS, after, _FIELDS, ordered_by="_id", limit=wanted.limit + 1)


def lines_of(row: ItemForecasts) -> Iterator[ForecastLine]:
    """An item's newest forecasts, the running day first, as lines of a table."""
    for kept in filter(None, (row.today, row.close)):
        for horizon in kept.horizons:
            yield ForecastLine(
                store=row.store,
                item=row.item,
                origin=kept.origin,
                made_at=kept.made_at,
                horizon=horizon.horizon,
                first_day=horizon.first_day,
                last_day=horizon.last_day,
                open_days=horizon.open_days,
                mean=horizon.mean,
                p10=horizon.p10,
                p50=horizon.p50,
                p90=horizon.p90,
                same_weekday_mean=horizon.same_weekday_mean,
            )


def today(database: Finds, store: str | None, wanted: Slice) -> Page[TodayRow]:
    """Items with a forecast of a day that has not closed yet, in the order of `newest`. Raises ServerError.

    A page may hold fewer rows than asked for and still not be the last.
    """
    page = newest(database, store, None, wanted)
    return Page([made for row in page.rows if (made := _today(row)) is not None], page.after)


def _today(row: ItemForecasts) -> TodayRow | None:
    kept = row.today
    if kept is None or (row.close is not None and kept.horizons[0].first_day <= row.close.origin):
        return None
    horizon = kept.horizons[0]
    return TodayRow(
        store=row.store,
        item=row.item,
        day=horizon.first_day,
        made_at=kept.made_at,
        sold_so_far=kept.sold_so_far,
        mean=horizon.mean,
        p10=horizon.p10,
        p50=horizon.p50,
        p90=horizon.p90,
        same_weekday_mean=horizon.same_weekday_mean,
    )


def past(
    database: Finds, store: str, item: str | None, horizon: str, origins: tuple[str | None, str | None], wanted: Slice
) -> Page[PastForecastRow]:
    """Forecasts of a store that have come due, the newest origin first, by item within it. Raises ServerError.

    origins: first and last origin, both included; None: unbounded. Of each origin the 1,000 items are kept that sold most.
    """
    bounds = {sign: day for sign, day in zip(("$gte", "$lte"), origins, strict=True) if day is not None}
    if wanted.after:
        bounds["$lte"] = str(wanted.after[0])
    where = {"store": store, "horizon": horizon} | ({"origin": bounds} if bounds else {})
    rows: list[PastForecastRow] = []
    documents = database.find(SCORES, where, _SCORE_FIELDS, newest_by="origin", at_once=_SCORES_AT_ONCE)
    for origin_rows in _by_origin(documents, store, horizon):
        after = wanted.after
        rows += [
            row
            for row in sorted(origin_rows, key=lambda row: row.item)
            if item in (None, row.item) and (after is None or row.origin < str(after[0]) or row.item > str(after[1]))
        ]
        if len(rows) > wanted.limit:
            break
    return cut(rows, _origin_and_item, wanted.limit)


def as_of(database: Finds, store: str, item: str | None, day: str, wanted: Slice) -> Page[PastForecastRow]:
    """What was forecast at the close of a day or, where that has no kept forecast, of the newest day before it. Raises ServerError.

    By item and horizon. A horizon is missing while its last day has not closed.
    """
    rows: list[PastForecastRow] = []
    for horizon in HORIZON_NAMES:
        where = {"store": store, "horizon": horizon, "origin": {"$lte": day}}
        documents = database.find(SCORES, where, _SCORE_FIELDS, newest_by="origin", limit=MOST_SCORE_PARTS)
        rows += next(_by_origin(documents, store, horizon), [])
    chosen = sorted((row for row in rows if item in (None, row.item)), key=_item_and_horizon)
    after = wanted.after
    rest = [row for row in chosen if after is None or _item_and_horizon(row) > after]
    return cut(rest[: wanted.limit + 1], _item_and_horizon, wanted.limit)


def _origin_and_item(row: PastForecastRow) -> Key:
    return row.origin, row.item


def _item_and_horizon(row: PastForecastRow) -> Key:
    return row.item, HORIZON_NAMES.index(row.horizon)


def _by_origin(documents: Iterator[dict[str, Any]], store: str, horizon: str) -> Iterator[list[PastForecastRow]]:
    """The rows of each origin, all parts of its score together."""
    rows: list[PastForecastRow] = []
    for document in documents:
        if rows and rows[0].origin != document["origin"]:
            yield rows
            rows = []
        span = {name: document[name] for name in ("origin", "first_day", "last_day")}
        rows += [
            PastForecastRow(
                store=store, item=name, horizon=horizon, actual=actual, mean=mean, p10=p10, p90=p90, same_weekday_mean=base, **span
            )
            for name, actual, mean, p10, p90, base in _item_scores(document["items"])
        ]
    if rows:
        yield rows


def _item_scores(items: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of ITEM_SCORE_COLUMNS. An older format has one row for each item."""
    if isinstance(items, list):
        return (tuple(row) for row in items)
    return zip(*(items[column] for column in ITEM_SCORE_COLUMNS), strict=True)
