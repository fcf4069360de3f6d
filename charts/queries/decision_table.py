"""The decision table: what each item earned and should earn, how much that matters, and what to do about it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Final, Literal

from charts.queries.assortment import Foreseen, Key, SoldItem
from charts.queries.sales import Finds
from streams.contract.documents import ITEM_SCORE_COLUMNS, SCORES
from streams.contract.horizons import DAY, LONGEST

Weight = Literal["high", "medium", "low"]
Kind = Literal["price", "more", "less", "facings", "delist", "keep", "watch"]
HIGH_SHARE, MEDIUM_SHARE = 0.8, 0.95
"""High: the items that together bring the first 80 % of a currency's forecast revenue; medium: the next 15 %; low: the rest."""
RISE, FALL = 1.25, 0.75
"""An item is expected to sell more, or less, if its forecast lies this far from what it sold in as many days."""
RARE_DAYS: Final = 7.0
"""An item of low weight that sells less than once in so many days may leave the shelf."""
DRIFT_DAYS: Final = 28


@dataclass(frozen=True, slots=True)
class Action:
    """What to do with an item, and the numbers that say why: see `charts.web.pages.advice` for the words."""

    kind: Kind
    gain: float = 0.0
    """Money at stake in the next 28 days, as far as it is known; worklists are sorted by it."""
    evidence: tuple[float, ...] = ()
    since: str = ""


@dataclass(frozen=True, slots=True)
class ProductRow:
    """A row of the table. Money is in `currency`."""

    store: str
    item: str
    category: str | None
    currency: str | None
    revenue: float
    profit: float | None
    frequency: int
    units: float
    price: float | None
    expected_units: float | None
    """Of the next 28 days."""
    expected_revenue: float | None
    """The same at the period's mean price."""
    band: tuple[float, float] | None
    """P10 and P90 of `expected_units`."""
    weight: Weight
    action: Action


def product_rows(
    sold: Mapping[Key, SoldItem],
    ahead: Mapping[Key, Foreseen],
    drifts: Mapping[Key, Mapping[str, Any]],
    facings: Mapping[Key, tuple[int, int, float]],
    days: int,
) -> list[ProductRow]:
    """All rows, the largest forecast revenue first.

    drifts: the newest change of level by store and item. facings: before, planned and their gain a day, where a plan changes them.
    days: length of the period that `sold` is of.
    """
    rows = []
    for key in sold.keys() | ahead.keys():
        one, expected = sold.get(key) or SoldItem(), ahead.get(key)
        units = expected.ahead if expected else None
        revenue = None if units is None or one.price is None else units * one.price
        rows.append(
            ProductRow(
                store=key[0],
                item=key[1],
                category=one.category,
                currency=one.currency,
                revenue=one.revenue,
                profit=one.profit,
                frequency=one.frequency,
                units=one.sums.units,
                price=one.price,
                expected_units=units,
                expected_revenue=revenue,
                band=None if expected is None else (expected.horizons[LONGEST.name][1], expected.horizons[LONGEST.name][3]),
                weight="low",
                action=Action("keep"),
            )
        )
    weighed = _weighed(rows)
    return [
        replace(row, action=action_of(row, drifts.get((row.store, row.item)), facings.get((row.store, row.item)), days)) for row in weighed
    ]


def _weighed(rows: Iterable[ProductRow]) -> list[ProductRow]:
    """The rows with their weights: currencies are weighed apart, as they cannot be added."""
    by_currency: defaultdict[str | None, list[ProductRow]] = defaultdict(list)
    for row in rows:
        by_currency[row.currency].append(row)
    found = []
    for group in by_currency.values():
        group.sort(key=lambda row: (-(row.expected_revenue or 0.0), row.store, row.item))
        whole = sum(max(row.expected_revenue or 0.0, 0.0) for row in group)
        before = 0.0
        for row in group:
            # An item belongs to the share in which its own revenue begins, so the largest one is always high.
            share = before / whole if whole > 0 else 1.0
            found.append(replace(row, weight="high" if share < HIGH_SHARE else "medium" if share < MEDIUM_SHARE else "low"))
            before += max(row.expected_revenue or 0.0, 0.0)
    return sorted(found, key=lambda row: (-(row.expected_revenue or 0.0), row.store, row.item))


def action_of(row: ProductRow, drift: Mapping[str, Any] | None, facing: tuple[int, int, float] | None, days: int) -> Action:
    """What to do with an item: the first rule that holds, those that cost most money first."""
    span = LONGEST.days
    if row.profit is not None and row.profit < 0 and row.units > 0:
        return Action("price", -row.profit * span / days, (row.profit, row.revenue))
    margin = 0.3 if row.profit is None or row.revenue <= 0 else max(row.profit / row.revenue, 0.0)
    if drift is not None and drift.get("factor") is not None:
        change = abs((row.expected_revenue or 0.0) * (1 - 1 / drift["factor"])) if drift["factor"] > 0 else 0.0
        return Action("more" if drift["factor"] > 1 else "less", change * margin, (drift["before"], drift["after"]), drift["since"])
    if facing is not None:
        before, planned, gain = facing
        return Action("facings", gain * span, (before, planned, gain))
    return Action("watch") if row.expected_units is None else _by_forecast(row, row.expected_units, margin, days)


def _by_forecast(row: ProductRow, expected: float, margin: float, days: int) -> Action:
    """What the forecast of the next 28 days alone says."""
    usual = row.units * LONGEST.days / days
    if usual > 0 and row.price is not None and abs(expected - usual) >= 1:
        ratio = expected / usual
        if (ratio >= RISE or ratio <= FALL) and row.weight != "low":
            money = abs(expected - usual) * row.price * margin
            return Action("more" if ratio > 1 else "less", money, (usual, expected))
    if row.weight == "low" and row.frequency * RARE_DAYS < days:
        return Action("delist", 0.0, (max(row.frequency, 0), days, row.revenue))
    return Action("keep")


def newest_level_shifts(drifts: Iterable[Mapping[str, Any]], today: str) -> dict[Key, Mapping[str, Any]]:
    """The newest level shift of each store and item that began in the last 28 days; `drifts` come newest first."""
    since = (date.fromisoformat(today) - timedelta(days=DRIFT_DAYS)).isoformat()
    found: dict[Key, Mapping[str, Any]] = {}
    for one in drifts:
        if one["kind"] == "level_shift" and one.get("store") and one.get("item") and one["since"] >= since:
            found.setdefault((one["store"], one["item"]), one)
    return found


def facing_changes(plans: Iterable[Mapping[str, Any]]) -> dict[Key, tuple[int, int, float]]:
    """Facings before and planned, and what one of them earns a day, of the items that plans move."""
    found = {}
    for plan in plans:
        for one in plan["items"]:
            before, planned = one.get("previous_facings"), one.get("facings")
            if before is not None and planned is not None and before != planned:
                gain = abs(planned - before) * (one.get("marginal_profit") or 0.0)
                found[plan["store"], one["item"]] = (before, planned, gain)
    return found


@dataclass(frozen=True, slots=True)
class CategoryRow:
    """A category's revenue as it was forecast a day ahead and as it came, both at the period's mean prices."""

    category: str | None
    currency: str | None
    actual: float
    predicted: float
    baseline: float
    expected: float
    """Forecast revenue of the next 28 days."""


def category_rows(rows: Iterable[ProductRow], scored: Mapping[Key, Sequence[float]]) -> list[CategoryRow]:
    """Actual beside predicted revenue by category, the largest first. scored: units by store and item, see `scored_units`."""
    sums: defaultdict[tuple[str | None, str | None], list[float]] = defaultdict(lambda: [0.0] * 4)
    for row in rows:
        total = sums[row.category, row.currency]
        total[3] += row.expected_revenue or 0.0
        units = scored.get((row.store, row.item))
        if units is not None and row.price is not None:
            for place, amount in enumerate(units):
                total[place] += amount * row.price
    made = [CategoryRow(category, currency, *total) for (category, currency), total in sums.items()]
    return sorted(made, key=lambda row: (-row.actual, row.category or ""))


def scored_units(database: Finds, store: str, last: str, days: int) -> dict[Key, list[float]]:
    """Units sold, forecast the day before, and by the same-weekday mean, by item, over the newest scored days. Raises ServerError.

    Of each day the thousand items that sold most are known.
    """
    first = (date.fromisoformat(last) - timedelta(days=days)).isoformat()
    found: defaultdict[Key, list[float]] = defaultdict(lambda: [0.0] * 3)
    where = {"store": store, "horizon": DAY.name, "origin": {"$gte": first, "$lte": last}}
    columns = [ITEM_SCORE_COLUMNS[place] for place in (1, 2, 5)]
    for document in database.find(SCORES, where, ("items",)):
        items = document["items"]
        if isinstance(items, list):  # the first format has a row for each item
            rows: Iterable[Any] = ((row[0], row[1], row[2], row[5]) for row in items)
        else:
            rows = zip(items["item"], *(items[name] for name in columns), strict=True)
        for name, *units in rows:
            total = found[store, name]
            for place, amount in enumerate(units):
                total[place] += amount
    return dict(found)


SORTS: Final[Mapping[str, Callable[[ProductRow], Any]]] = {
    "item": lambda row: row.item.casefold(),
    "category": lambda row: (row.category or "").casefold(),
    "revenue": lambda row: row.revenue,
    "profit": lambda row: row.profit if row.profit is not None else float("-inf"),
    "frequency": lambda row: row.frequency,
    "expected": lambda row: row.expected_revenue if row.expected_revenue is not None else float("-inf"),
    "action": lambda row: row.action.gain,
}
