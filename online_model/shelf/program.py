"""Exact allocation: a mixed-integer program over facings (solver HiGHS), starting from the fast allocation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from online_model.shelf import greedy

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.shelf.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_NODES = 200_000
"""Most nodes of the search. A number rather than a time, so that the same shelf gets the same plan on every machine."""


def solve(problem: Problem, relative_gap: float = 1e-7) -> tuple[Ints, float]:
    """Facings, `[n]`, and an upper bound on the objective of any allocation.

    Each facing above the minimum is one binary variable that is worth its marginal gain. Gains fall with each facing, so the sum is exact
    without constraints on their order. Facings whose reduced cost alone exceeds the gap of the fast allocation are fixed.
    """
    fast = greedy.solve(problem)
    value, bound = problem.objective(fast), greedy.upper_bound(problem, fast)
    if bound - value <= relative_gap * max(abs(bound), 1e-12):
        return fast, bound
    item, gain = _segments(problem)
    if not len(item):
        return fast, value
    reduced = gain - greedy.cost_of_facing(problem, fast)[item]
    open_gap = bound - value + 1e-9 * abs(bound)
    fixed = Bounds((reduced > open_gap).astype(float), (reduced >= -open_gap).astype(float))
    width = problem.width[item]
    rows, lower, upper = _constraints(problem, item, width)
    result = milp(
        -gain,
        integrality=np.ones(len(gain)),
        bounds=fixed,
        constraints=LinearConstraint(rows, lower, upper),
        options={"mip_rel_gap": relative_gap / 10, "node_limit": MOST_NODES},
    )
    if result.x is None:
        return fast, bound
    facings = problem.low + np.bincount(item, np.round(result.x), minlength=len(fast)).astype(np.int64)
    base = problem.objective(problem.low)
    exact_bound = base - result.mip_dual_bound if result.mip_dual_bound is not None else bound
    best = facings if problem.objective(facings) >= value else fast
    return best, min(bound, max(exact_bound, problem.objective(best)))


def _segments(problem: Problem) -> tuple[Ints, Floats]:
    """Item and marginal gain of each facing above the minimum that has room."""
    count = problem.high - problem.low
    item = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(item)) - np.repeat(np.cumsum(count) - count, count) + problem.low[item]
    gain = problem.value[item] * (np.power(nth + 1.0, problem.beta[item]) - np.power(nth * 1.0, problem.beta[item]))
    if problem.current is not None:
        gain += np.where(nth < problem.current[item], problem.labour, -problem.labour)
    # Leave out facings that do not fit even when all other items have their least.
    free = problem.capacity + problem.slack - problem.used(problem.low)
    possible = (nth + 1 - problem.low[item]) * problem.width[item] <= free
    return item[possible], gain[possible]


def _constraints(problem: Problem, item: Ints, width: Floats) -> tuple[csr_array, Floats, Floats]:
    """One row for the shelf and one for each category, in width above the minima."""
    used = problem.used_by_category(problem.low)
    category = problem.category[item]
    columns = np.arange(len(item))
    mine = category >= 0
    row = np.concatenate([np.zeros(len(item), dtype=np.int64), category[mine] + 1])
    column = np.concatenate([columns, columns[mine]])
    shape = (1 + len(used), len(item))
    rows = csr_array((np.concatenate([width, width[mine]]), (row, column)), shape=shape)
    lower = np.concatenate([[-np.inf], problem.category_low - used - problem.slack])
    upper = np.concatenate([[problem.capacity - problem.used(problem.low)], problem.category_high - used]) + problem.slack
    return rows, lower, upper
