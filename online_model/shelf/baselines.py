"""Simple ways to share a shelf, for comparison: in proportion to a weight (sales, profit), or the same space for each item.

They keep the bounds on facings and the capacity, so a comparison shows the effect of the rule and not of the bounds. They ignore the
bounds of categories, which can only favour them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.shelf.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


def by_share(problem: Problem, weight: Floats) -> Ints:
    """Facings whose widths are in proportion to `weight` within the bounds, rounded by largest remainder, `[n]`."""
    ideal = _within(problem, np.maximum(weight, 0.0)) / problem.width
    f = np.clip(np.floor(ideal + 1e-9).astype(np.int64), problem.low, problem.high)
    left = problem.capacity + problem.slack - problem.used(f)
    while True:
        missing = np.where((f < problem.high) & (problem.width <= left), ideal - f, -np.inf)
        item = int(missing.argmax())
        if not missing[item] > -np.inf:
            return f
        f[item] += 1
        left -= problem.width[item]


def equal(problem: Problem) -> Ints:
    """Facings that give every item the same width within the bounds, `[n]`."""
    return by_share(problem, np.ones(len(problem.width)))


def _within(problem: Problem, weight: Floats) -> Floats:
    """Widths in proportion to `weight` within each item's bounds; they add up to the capacity, or to all maxima."""
    low, high = problem.low * problem.width, problem.high * problem.width
    if weight.sum() <= 0:
        weight = np.ones_like(weight)
    least, most = 0.0, 1.0
    while np.clip(most * weight, low, high).sum() < problem.capacity and most < 1e18:
        most *= 4
    for _ in range(60):
        middle = (least + most) / 2
        least, most = (least, middle) if np.clip(middle * weight, low, high).sum() > problem.capacity else (middle, most)
    return np.clip(least * weight, low, high)
