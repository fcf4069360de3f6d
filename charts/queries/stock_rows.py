"""Stock as rows: what the ledger says of each item, what empty shelves cost, and what was said of shelves while days ran."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import sqrt
from operator import attrgetter
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, convert

from charts.queries.columns import Day, Item, Seconds, Store
from charts.queries.paging import Key, Page, Slice, cut
from charts.queries.sales import Document, Finds
from streams.contract.documents import LOST_SALES, RUN_OUTS, SILENCES, STOCK, document_id
from streams.contract.stock_messages import Cause

Knows = Literal["counted", "derived", "unknown"]
Per = Literal["item_day", "day", "item", "category", "store"]
Moment = Annotated[float | None, Meta(description="Seconds since 1970-01-01 UTC, of event time; null: never.")]
Money = Annotated[float, Meta(description="Estimated, in the row's currency.")]
_LOST_FIELDS: Final = ("store", "business_date", "items")
_DAYS_AT_ONCE: Final = 50
_MOST_ALARMS: Final = 5000


class WrittenOffRow(Struct, frozen=True, kw_only=True):
    """Units written off for one reason."""

    reason: str
    units: float


class StockLine(Struct, frozen=True, kw_only=True):
    """What the ledger says of an item's stock, without the reasons of write-offs: a line of a table."""

    store: Store
    item: Item
    units: Annotated[float, Meta(description="Units on hand; worth nothing where knows is unknown.")]
    knows: Annotated[
        Knows,
        Meta(
            description="counted: nothing has moved since a count; derived: a count, and what moved since; unknown: never counted, or "
            "found wrong since."
        ),
    ]
    out_since: Annotated[float | None, Meta(description="Since when nothing has been left, as far as known; seconds since 1970.")]
    counted_at: Annotated[Moment, Meta(description="The newest count.")]
    agreed_at: Annotated[Moment, Meta(description="The newest count that the ledger agreed with.")]
    wrong_at: Annotated[Moment, Meta(description="When more was sold than the ledger had, the last time.")]
    wrong: Annotated[int, Meta(description="How often that has happened.")]
    counts: Annotated[int, Meta(description="How often it was counted.")]
    shrink: Annotated[float, Meta(description="Units that were missing at counts, less those found.")]
    received: Annotated[float, Meta(description="Units received, less those sent away.")]
    written_off: Annotated[float, Meta(description="Units written off.")]
    business_date: Annotated[Day, Meta(description="The business date of the newest word on it.")]
    cause: Annotated[Cause, Meta(description="Why that was said.")]
    made_at: Seconds


class StockLevel(StockLine, frozen=True, kw_only=True):
    """What the ledger says of an item's stock. Sums run since the ledger began."""

    reasons: Annotated[list[WrittenOffRow], Meta(description="What was written off, by reason.")]


class LostSalesRow(Struct, frozen=True, kw_only=True):
    """What empty shelves cost: of an item on a day, or in sum. Estimates; errors of items and days are taken for independent."""

    store: Annotated[str | None, Meta(description="Null: of all stores.")]
    day: Annotated[str | None, Meta(description="A business date; null: of the whole period.")]
    category: Annotated[str | None, Meta(description="Null: of all categories, or its sales named none.")]
    item: Annotated[str | None, Meta(description="Null: of all items.")]
    currency: Annotated[str | None, Meta(description="Currency of the money; null: its sales named none.")]
    n: Annotated[int, Meta(description="Items and days with hours out of stock.")]
    hours_out: Annotated[int, Meta(description="Hours out of stock in which the store usually sells.")]
    sold: Annotated[float, Meta(description="Units sold on those days.")]
    units: Annotated[float, Meta(description="Units that would have been sold beyond that.")]
    units_p10: Annotated[float, Meta(description="The same with probability 90 % or more.")]
    units_p90: Annotated[float, Meta(description="The same with probability 10 %.")]
    revenue: Money
    revenue_p10: Money
    revenue_p90: Money
    profit: Annotated[float | None, Meta(description="Null: no sale of the store came with a profit or a cost.")]


class ShelfAlarmRow(Struct, frozen=True, kw_only=True):
    """What was said of a shelf while a day ran."""

    id: str
    kind: Annotated[Literal["silent", "runs_out"], Meta(description="silent: sells nothing for longer than chance explains.")]
    store: Store
    item: Item
    day: Day
    made_at: Seconds
    probability: Annotated[float, Meta(description="silent: of such a silence if all is well; runs_out: that it is gone before closing.")]
    at: Annotated[float | None, Meta(description="silent: since when; runs_out: about when it is gone, null: unclear. Seconds since 1970.")]
    stock: Annotated[float | None, Meta(description="Units on hand; null: the ledger does not know.")]
    bring: Annotated[float | None, Meta(description="runs_out: units to bring from the back room.")] = None
    revenue_per_hour: Annotated[float | None, Meta(description="silent: money at stake in an hour.")] = None


# ------------------------------------------------------------------ the ledger


def stock_levels(
    database: Finds, store: str | None, item: str | None, knows: str | None, wanted: Slice, *, out: bool = False
) -> Page[StockLevel]:
    """What the ledger says of each item, in a fixed order in which those of a store stand together. Raises ServerError.

    Only items of which stock was told. knows: only lines that know it so. out: only items that are out of stock, as far as known.
    """
    where: Document = {}
    if knows is not None:
        where["ledger.knows"] = knows
    if out:
        where["ledger.out_since"] = {"$gte": 0.0}
    if store is not None and item is not None:
        found = database.find(STOCK, where | {"_id": document_id(store, item)})
        return Page([level_of(one) for one in found])
    after = wanted.after
    if store is not None:
        where |= {"store": store} | ({"item": {"$gt": after[1]}} if after else {})
        found = database.find(STOCK, where, ordered_by="item", limit=wanted.limit + 1)
    else:
        where |= {"_id": {"$gt": document_id(*map(str, after))}} if after else {}
        found = database.find(STOCK, where, ordered_by="_id", limit=wanted.limit + 1)
    return cut(map(level_of, found), lambda row: (row.store, row.item), wanted.limit)


def stock_level(database: Finds, store: str, item: str) -> StockLevel | None:
    """What the ledger says of one item; None: nothing was told of its stock. Raises ServerError."""
    return next((level_of(one) for one in database.find(STOCK, {"_id": document_id(store, item)})), None)


def level_of(document: Document) -> StockLevel:
    """A ledger line as it is kept, as a row."""
    ledger = document["ledger"]
    reasons = [WrittenOffRow(reason=one["reason"], units=one["units"]) for one in ledger["written_off"]]
    named = {name: ledger[name] for name in StockLine.__struct_fields__ if name in ledger and name != "written_off"}
    return StockLevel(
        store=document["store"], item=document["item"], written_off=round(sum(one.units for one in reasons), 6), reasons=reasons, **named
    )


def line_of(row: StockLevel) -> Iterator[StockLine]:
    """A row as a line of a table."""
    yield convert({name: getattr(row, name) for name in StockLine.__struct_fields__}, StockLine)


# ------------------------------------------------------------------ what empty shelves cost


def lost_of_items(
    database: Finds, store: str | None, item: str | None, days: tuple[str | None, str | None], wanted: Slice
) -> Page[LostSalesRow]:
    """What each item lost on each day on which it was out, the newest day first, by store and item within it. Raises ServerError.

    days: first and last business date, both included; None: unbounded.
    """
    after = wanted.after
    last = str(after[0]) if after else days[1]
    rows: list[LostSalesRow] = []
    for of_a_day in _by_day(_documents(database, store, (days[0], last)), item):
        rows += [row for row in of_a_day if after is None or lost_key(row) > after or lost_key(row)[0] < str(after[0])]
        if len(rows) > wanted.limit:
            break
    return cut(rows, lost_key, wanted.limit)


def lost_sums(database: Finds, store: str | None, item: str | None, days: tuple[str | None, str | None], per: Per) -> list[LostSalesRow]:
    """Lost sales by day, item, category or store, by currency, in the order of `lost_key`. Raises ServerError.

    Of a store where one is named, else of all; items are told apart by store.
    """
    sums: defaultdict[Key, list[LostSalesRow]] = defaultdict(list)
    for document in _documents(database, store, days):
        for row in _rows(document, item):
            sums[_group(row, per)].append(row)
    kept = {"day": ("day",), "item": ("store", "item", "category"), "category": ("category",), "store": ("store",), "item_day": ()}[per]
    if store is not None:
        kept += ("store",)
    if item is not None:
        kept += ("item",)
    return sorted((_summed(rows, kept) for rows in sums.values()), key=lost_key)


def lost_key(row: LostSalesRow) -> tuple[str, str, str, str, str]:
    """Where a row stands."""
    return row.day or "", row.store or "", row.item or "", row.category or "", row.currency or ""


def _group(row: LostSalesRow, per: Per) -> Key:
    """What is added up together. An item is one, whatever its category was called on a day."""
    named = {"day": row.day, "item": f"{row.store}\0{row.item}", "category": row.category, "store": row.store, "item_day": lost_key(row)}
    return repr(named[per]), row.currency or ""


def _documents(database: Finds, store: str | None, days: tuple[str | None, str | None]) -> Iterator[Document]:
    bounds = {sign: day for sign, day in zip(("$gte", "$lte"), days, strict=True) if day is not None}
    where = ({} if store is None else {"store": store}) | ({"business_date": bounds} if bounds else {})
    return database.find(LOST_SALES, where, _LOST_FIELDS, newest_by="business_date", at_once=_DAYS_AT_ONCE)


def _by_day(documents: Iterable[Document], item: str | None) -> Iterator[list[LostSalesRow]]:
    """The rows of each day, of all stores and parts, in order."""
    day = ""
    rows: list[LostSalesRow] = []
    for document in documents:
        if rows and document["business_date"] != day:
            yield sorted(rows, key=lost_key)
            rows = []
        day = document["business_date"]
        rows += _rows(document, item)
    yield sorted(rows, key=lost_key)


def _rows(document: Document, item: str | None) -> Iterator[LostSalesRow]:
    """The rows of a document. What the band of the units is worth follows from what their mean is worth."""
    columns = document["items"]
    names = ("item", "category", "hours_out", "sold", "demand", "p10", "p90", "revenue", "profit", "currency")
    told: Iterable[tuple[Any, ...]] = zip(*(columns[name] for name in names), strict=True)
    for name, category, hours, sold, demand, p10, p90, revenue, profit, currency in told:
        if item not in (None, name):
            continue
        units, low, high = max(demand - sold, 0.0), max(p10 - sold, 0.0), max(p90 - sold, 0.0)
        price = revenue / units if units > 0 else 0.0
        yield LostSalesRow(
            store=document["store"],
            day=document["business_date"],
            category=category,
            item=name,
            currency=currency,
            n=1,
            hours_out=hours,
            sold=sold,
            units=round(units, 3),
            units_p10=round(low, 3),
            units_p90=round(high, 3),
            revenue=round(revenue, 2),
            revenue_p10=round(price * low, 2),
            revenue_p90=round(price * high, 2),
            profit=None if profit is None else round(profit, 2),
        )


def _summed(rows: list[LostSalesRow], kept: tuple[str, ...]) -> LostSalesRow:
    """Rows of one currency as one. The squares of their bands add up."""
    newest = max(rows, key=lambda row: row.day or "")
    profits = [row.profit for row in rows if row.profit is not None]
    names: dict[str, Any] = {name: getattr(newest, name) if name in kept else None for name in ("store", "day", "category", "item")}
    units, low, high = _band(rows, "units")
    revenue, poor, rich = _band(rows, "revenue")
    return LostSalesRow(
        **names,
        currency=newest.currency,
        n=len(rows),
        hours_out=sum(row.hours_out for row in rows),
        sold=round(sum(row.sold for row in rows), 3),
        units=round(units, 3),
        units_p10=round(low, 3),
        units_p90=round(high, 3),
        revenue=round(revenue, 2),
        revenue_p10=round(poor, 2),
        revenue_p90=round(rich, 2),
        profit=round(sum(profits), 2) if profits else None,
    )


def _band(rows: list[LostSalesRow], name: str) -> tuple[float, float, float]:
    means, lows, highs = ([attrgetter(name + end)(row) for row in rows] for end in ("", "_p10", "_p90"))
    whole = sum(means)
    below = sqrt(sum((mean - low) ** 2 for mean, low in zip(means, lows, strict=True)))
    above = sqrt(sum((high - mean) ** 2 for mean, high in zip(means, highs, strict=True)))
    return whole, max(whole - below, 0.0), whole + above


# ------------------------------------------------------------------ what was said while days ran


def shelf_alarms(database: Finds, store: str | None = None, item: str | None = None, days: int = 1) -> list[ShelfAlarmRow]:
    """What was said of shelves on the newest `days` business dates that had anything to say, the newest first. Raises ServerError."""
    asked = {"store": store, "item": item}
    where = {name: value for name, value in asked.items() if value is not None}
    rows = [_silent(one) for one in database.find(SILENCES, where, newest_by="made_at", limit=_MOST_ALARMS)]
    rows += [_runs_out(one) for one in database.find(RUN_OUTS, where, newest_by="made_at", limit=_MOST_ALARMS)]
    newest = sorted({row.day for row in rows}, reverse=True)[:days]
    return sorted((row for row in rows if row.day in newest), key=lambda row: (-row.made_at, row.id))


def _silent(document: Document) -> ShelfAlarmRow:
    return ShelfAlarmRow(
        id=document["id"],
        kind="silent",
        store=document["store"],
        item=document["item"],
        day=document["business_date"],
        made_at=document["made_at"],
        probability=document["probability"],
        at=document["silent_since"],
        stock=document.get("stock"),
        revenue_per_hour=document["revenue_per_hour"],
    )


def _runs_out(document: Document) -> ShelfAlarmRow:
    return ShelfAlarmRow(
        id=document["id"],
        kind="runs_out",
        store=document["store"],
        item=document["item"],
        day=document["business_date"],
        made_at=document["made_at"],
        probability=document["probability"],
        at=document.get("expected_at"),
        stock=document["stock"],
        bring=document["bring"],
    )
