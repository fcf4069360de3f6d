"""Decisions and categories as rows: what to do with each item and why, what each category brought and should bring."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Annotated, Final

from msgspec import Meta, Struct

from charts.queries.assortment import foreseen_items, sold_items
from charts.queries.columns import Item, Store
from charts.queries.decision_table import Kind, ProductRow, Weight, facing_changes, newest_level_shifts, product_rows
from charts.queries.forecasts import newest_drifts, newest_plans
from charts.queries.sales import Finds, Period, last_date

_MOST_DRIFTS: Final = 1000
Money = Annotated[float | None, Meta(description="In the row's currency; null: not known.")]


class DecisionRow(Struct, frozen=True, kw_only=True):
    """What to do with an item: the first rule that holds, as on the page of products."""

    store: Store
    item: Item
    category: Annotated[str | None, Meta(description="Null: its sales named none.")]
    currency: Annotated[str | None, Meta(description="Currency of the money; null: its sales named none.")]
    weight: Annotated[Weight, Meta(description="In which part of the forecast revenue it lies: high is the first four fifths.")]
    action: Annotated[Kind, Meta(description="price: it sold at a loss; more, less: to order; facings: as planned; delist; keep; watch.")]
    at_stake: Annotated[float, Meta(description="Money of 28 days that the reason is about.")]
    since: Annotated[str | None, Meta(description="When the level shifted that the action is about.")]
    revenue: Annotated[float, Meta(description="Of the period.")]
    profit: Money
    units: Annotated[float, Meta(description="Sold in the period, less returns.")]
    expected_units: Annotated[float | None, Meta(description="Of the next 28 days; null: no forecast yet.")]
    expected_revenue: Annotated[float | None, Meta(description="The same at the period's mean price.")]


class CategoryTotalRow(Struct, frozen=True, kw_only=True):
    """What a store sold of a category, and should sell."""

    store: Store
    category: Annotated[str | None, Meta(description="Null: items whose sales named none.")]
    currency: Annotated[str | None, Meta(description="Currency of the money; null: the sales named none.")]
    items: Annotated[int, Meta(description="Items sold or forecast.")]
    units: Annotated[float, Meta(description="Sold in the period, less returns.")]
    revenue: Annotated[float, Meta(description="Of the period.")]
    profit: Annotated[float | None, Meta(description="Null: not known of each item.")]
    expected_units: Annotated[float, Meta(description="Of the next 28 days, of items with a forecast.")]
    expected_revenue: Annotated[float, Meta(description="The same at the period's mean prices.")]


def decision_table(database: Finds, store: str | None, period: Period, days: int) -> list[ProductRow]:
    """The decision table of a period of so many days, the largest forecast revenue first. Raises ServerError."""
    shifts = newest_level_shifts(newest_drifts(database, _MOST_DRIFTS), period.last or "2000-01-01")
    sold, ahead = sold_items(database, store, period), foreseen_items(database, store)
    return product_rows(sold, ahead, shifts, facing_changes(newest_plans(database, store)), days)


def newest_period(database: Finds, days: int) -> Period:
    """The newest days with sales. Raises ServerError."""
    last = last_date(database)
    return Period() if last is None else Period((date.fromisoformat(last) - timedelta(days=days - 1)).isoformat(), last)


def decision_rows(rows: Iterable[ProductRow]) -> list[DecisionRow]:
    """A row an item, by store and item."""
    return sorted((_decision(row) for row in rows), key=lambda row: (row.store, row.item))


def _decision(row: ProductRow) -> DecisionRow:
    return DecisionRow(
        store=row.store,
        item=row.item,
        category=row.category,
        currency=row.currency,
        weight=row.weight,
        action=row.action.kind,
        at_stake=round(row.action.gain, 2),
        since=row.action.since or None,
        revenue=round(row.revenue, 2),
        profit=None if row.profit is None else round(row.profit, 2),
        units=round(row.units, 3),
        expected_units=None if row.expected_units is None else round(row.expected_units, 3),
        expected_revenue=None if row.expected_revenue is None else round(row.expected_revenue, 2),
    )


def category_rows(rows: Iterable[ProductRow]) -> list[CategoryTotalRow]:
    """A row a store, category and currency, in the order of `category_key`."""
    groups: defaultdict[tuple[str, str | None, str | None], list[ProductRow]] = defaultdict(list)
    for row in rows:
        groups[row.store, row.category, row.currency].append(row)
    return sorted((_category(key, group) for key, group in groups.items()), key=category_key)


def category_key(row: CategoryTotalRow) -> tuple[str, str, str]:
    """Where a row stands."""
    return row.store, row.category or "", row.currency or ""


def _category(key: tuple[str, str | None, str | None], group: Sequence[ProductRow]) -> CategoryTotalRow:
    profits = [row.profit for row in group if row.profit is not None]
    return CategoryTotalRow(
        store=key[0],
        category=key[1],
        currency=key[2],
        items=len(group),
        units=round(sum(row.units for row in group), 3),
        revenue=round(sum(row.revenue for row in group), 2),
        profit=round(sum(profits), 2) if len(profits) == len(group) else None,
        expected_units=round(sum(row.expected_units or 0.0 for row in group), 3),
        expected_revenue=round(sum(row.expected_revenue or 0.0 for row in group), 2),
    )
