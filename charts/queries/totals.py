"""Sums over sales as rows: by store, by item, by day."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from charts.queries import sales
from charts.queries.columns import Currency, Day, Item, Orders, Profit, Returns, Revenue, Sales, Store, Units
from charts.queries.sales import Finds, Period, Sums
from streams.contract.documents import DAY_UNITS, units_of
from streams.contract.money import amounts_shown


class StoreRow(Struct, frozen=True, kw_only=True):
    """What a store has sold, less returns."""

    store: Store
    first_day: Day
    last_day: Day
    units: Units
    currency: Currency
    revenue: Revenue
    profit: Profit
    sales: Sales
    returns: Returns
    orders: Orders


class ItemRow(Struct, frozen=True, kw_only=True):
    """What a store has sold of an item, less returns."""

    store: Store
    item: Item
    first_day: Day
    last_day: Day
    units: Units
    currency: Currency
    revenue: Revenue
    profit: Profit
    sales: Sales
    returns: Returns
    orders: Orders


class DayRow(Struct, frozen=True, kw_only=True):
    """What was sold on one business date, in a store or of one of its items, less returns."""

    store: Store
    day: Day
    units: Units
    currency: Currency
    revenue: Revenue
    profit: Profit
    sales: Sales
    returns: Returns
    orders: Orders


def store_rows(database: Finds, period: Period, currency: str | None = None) -> list[StoreRow]:
    """A row a store with sales in the period, by name. Raises ServerError."""
    found = sales.by_store(database, period)
    return [
        StoreRow(store=name, first_day=sums.first_day, last_day=sums.last_day, **_sold(sums, currency))
        for name, sums in sorted(found.items())
    ]


def item_rows(database: Finds, store: str | None, period: Period, currency: str | None = None) -> list[ItemRow]:
    """A row a store and item with sales in the period, by their names. Raises ServerError."""
    found = sales.by_store_item(database, store, period)
    return [
        ItemRow(store=name, item=item, first_day=sums.first_day, last_day=sums.last_day, **_sold(sums, currency))
        for (name, item), sums in sorted(found.items())
    ]


def day_rows(database: Finds, store: str | None, item: str | None, period: Period, currency: str | None = None) -> list[DayRow]:
    """A row a store and business date with sales, by both; with an item, only its sales count. Raises ServerError."""
    found = sales.by_store_day(database, store, period, item)
    return [DayRow(store=name, day=day, **_sold(sums, currency)) for (name, day), sums in sorted(found.items())]


def named_like(rows: Iterable[ItemRow], part: str) -> list[ItemRow]:
    """The rows whose item has a text in its name, in capital or small letters."""
    wanted = part.casefold()
    return [row for row in rows if wanted in row.item.casefold()]


def _sold(sums: Sums, currency: str | None) -> dict[str, Any]:
    """The columns of sums. currency: the only one whose money counts."""
    money = {one: row for one, row in sums.money.items() if currency in (None, one)}
    shown = amounts_shown(money)
    return {
        "units": units_of(sums.row[DAY_UNITS]),
        "currency": currency or (next(iter(money)) if len(money) == 1 else None),
        "revenue": shown["revenue"],
        "profit": shown["profit"],
        "sales": sums.sales,
        "returns": sums.returns,
        "orders": sums.orders,
    }
