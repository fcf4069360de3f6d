"""The shelf plan: facings, what they earn, what changes and why, and what to order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from online_model.shelf import baselines, bounds, greedy, levels, packing, program, reasons
from online_model.shelf.description import ShelfError
from online_model.shelf.orders import order_units
from online_model.shelf.shelf_settings import ShelfSettings
from online_model.shelf.space import shares_of_used

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.shelf.demand import Demand
    from online_model.shelf.description import Shelf
    from online_model.shelf.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """How to share a shelf among its items. Arrays are `[n]` in the order of `items`; money is in the currency, per day.

    Attributes
    ----------
    facings, previous_facings
        Whole facings of the plan, and of the current plan (None: there is none).
    shelf_space_percentage
        Share of the used width; sums to exactly 100.
    profit_per_day
        Expected profit under the plan; in units if no price is known at all.
    marginal_profit
        What one more facing would earn per day, before labour.
    order_units
        Units to order now, in whole cases.
    gain_per_day
        Expected gain over the current plan; None if there is none.
    gain_over_share_of_sales, gain_over_share_of_profit, gain_over_equal_space
        Expected gain over a shelf shared by units, by profit, or equally, under the same bounds on facings.
    changed
        False if the current plan stays, because moving goods would not pay.
    reasons
        Sentences that say what moves and why, and which limit binds.
    bound
        Upper bound on the profit per day less labour of any plan; it treats the levels as one.
    gap
        (bound - this plan) / bound: no plan can be better by more than this. 0 where widths are equal.

    """

    items: tuple[str, ...]
    facings: Ints
    previous_facings: Ints | None
    shelf_space_percentage: Floats
    profit_per_day: Floats
    marginal_profit: Floats
    order_units: Floats
    gain_per_day: float | None
    gain_over_share_of_sales: float
    gain_over_share_of_profit: float
    gain_over_equal_space: float
    changed: bool
    reasons: tuple[str, ...]
    bound: float
    gap: float


def plan(
    shelf: Shelf,
    demand: Demand,
    current: NDArray[np.integer] | None = None,
    settings: ShelfSettings | None = None,
    *,
    exact: bool = False,
) -> Plan:
    """Find the plan with the highest expected profit per day, less the labour of changing the current plan.

    A pure function: the same input gives the same plan. `exact` solves a mixed-integer program instead of taking the fast path; the two
    differ only where widths differ, and by no more than the stated gap. `current` holds 0 for items that are not on the shelf.
    """
    settings = settings or ShelfSettings()
    now = None if current is None else np.asarray(current, dtype=np.int64)
    if now is not None and len(now) != len(shelf.items):
        raise ShelfError(f"The current plan has {len(now)} items and the shelf {len(shelf.items)}: give one entry for each item.")
    problem, floors = bounds.problem_of(shelf, demand, now, settings)
    if exact:
        pooled, bound = program.solve(problem)
    else:
        pooled = greedy.solve(problem)
        bound = problem.objective(pooled) if shelf.equal_widths else greedy.upper_bound(problem, pooled)
    facings = packing.fit(problem, shelf, pooled)
    if _stays(problem, shelf, now, facings):
        facings = now if now is not None else facings
    return _told(shelf, demand, settings, problem, floors, facings, bound)


def _stays(problem: Problem, shelf: Shelf, now: Ints | None, facings: Ints) -> bool:
    """Whether the current plan is allowed and at least as good, which can happen through rounding and through levels."""
    if now is None or (now < problem.low).any() or (now > problem.high).any():
        return False
    used = problem.used_by_category(now)
    if (used < problem.category_low - problem.slack).any() or (used > problem.category_high + problem.slack).any():
        return False
    better = problem.objective(facings) > problem.objective(now) + 1e-9
    return not better and levels.holds(shelf, now)


def _told(
    shelf: Shelf,
    demand: Demand,
    settings: ShelfSettings,
    problem: Problem,
    floors: bounds.Floors,
    facings: Ints,
    bound: float,
) -> Plan:
    """The plan with its earnings, the comparisons and the reasons."""
    margin, in_money = bounds.unit_profit(shelf, demand, settings)
    alpha = bounds.scale(shelf, demand, problem.current, problem.beta)

    def earns(f: Ints) -> Floats:
        profit: Floats = margin * alpha * np.power(f, problem.beta, dtype=np.float64)
        return profit

    profit = earns(facings)
    total = float(profit.sum())
    now = problem.current
    gain = None if now is None else total - float(earns(now).sum())
    units = demand.units_a_day()
    value = problem.objective(facings)
    return Plan(
        items=shelf.items,
        facings=facings,
        previous_facings=now,
        shelf_space_percentage=shares_of_used(shelf.width * facings),
        profit_per_day=profit,
        marginal_profit=earns(facings + 1) - profit,
        order_units=order_units(demand, settings, price=shelf.price, cost=shelf.cost, case_size=shelf.case_size),
        gain_per_day=gain,
        gain_over_share_of_sales=total - float(earns(baselines.by_share(problem, units)).sum()),
        gain_over_share_of_profit=total - float(earns(baselines.by_share(problem, units * margin)).sum()),
        gain_over_equal_space=total - float(earns(baselines.equal(problem)).sum()),
        changed=now is None or bool((facings != now).any()),
        reasons=reasons.of(shelf, problem, floors, facings, gain, payback_days=settings.payback_days, in_money=in_money),
        bound=bound,
        gap=max(0.0, (bound - value) / abs(bound)) if bound else 0.0,
    )
