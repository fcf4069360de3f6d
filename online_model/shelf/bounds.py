"""Turns a shelf and its demand into the bounds and values of the allocation problem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from online_model.shelf import levels
from online_model.shelf.problem import Problem

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.shelf.demand import Demand
    from online_model.shelf.description import Shelf
    from online_model.shelf.shelf_settings import ShelfSettings

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

STOCK_QUANTILE = 0.9
"""Quantile of the demand between two refills that facings should hold."""


@dataclass(frozen=True, slots=True, eq=False)
class Floors:
    """The least facings of each item, and where they come from.

    Attributes
    ----------
    low
        `[n]` least facings: as described, and for the stock as far as that fits.
    stock
        `[n]` facings that hold the P90 demand between two refills.
    share
        The share of all stock floors that fits, 0 to 1.

    """

    low: Ints
    stock: Ints
    share: float


def unit_profit(shelf: Shelf, demand: Demand, settings: ShelfSettings) -> tuple[Floats, bool]:
    """Profit per unit, `[n]`, and whether any amount of money is known.

    The profit is price less cost; else the profit on past sales; else `margin_share` of the price; else the median of the other items.
    If nothing is known about any item, every unit is worth 1, so the plan maximises units.
    """
    known = shelf.price - shelf.cost
    if demand.unit_profit is not None:
        known = np.where(np.isnan(known), demand.unit_profit, known)
    known = np.where(np.isnan(known), shelf.price * settings.margin_share, known)
    if np.isnan(known).all():
        return np.ones(len(known)), False
    return np.where(np.isnan(known), np.nanmedian(known), known), True


def elasticity(shelf: Shelf, settings: ShelfSettings) -> Floats:
    """Space elasticity of each item, taken from its category, `[n]`."""
    by_category = [settings.elasticity_of.get(c, settings.elasticity) for c in shelf.categories]
    return np.array([*by_category, settings.elasticity])[shelf.category]


def equal_space(shelf: Shelf) -> float:
    """The number of facings that each item would get if all had the same, not rounded, at least 1."""
    return max(shelf.capacity / float(shelf.width.sum()), 1.0)


def scale(shelf: Shelf, demand: Demand, current: Ints | None, beta: Floats) -> Floats:
    """Alpha in d(f) = alpha f^beta, `[n]` units a day at one facing: the demand over (facings at which it was seen)^beta."""
    seen = current if demand.seen_at is None else demand.seen_at
    seen_at = np.full(len(beta), equal_space(shelf))
    if seen is not None:
        seen_at = np.where(np.nan_to_num(seen) > 0, seen, seen_at)
    alpha: Floats = demand.units_a_day() / seen_at**beta
    return alpha


def problem_of(shelf: Shelf, demand: Demand, current: Ints | None, settings: ShelfSettings) -> tuple[Problem, Floors]:
    """The allocation problem. An item that loses money is worth 0 in it, so it gets its least facings only."""
    beta = elasticity(shelf, settings)
    margin, _ = unit_profit(shelf, demand, settings)
    floors = _floors(shelf, demand, settings)
    low, high = category_bounds(shelf)
    problem = Problem(
        value=np.maximum(margin, 0.0) * scale(shelf, demand, current, beta),
        beta=beta,
        width=shelf.width,
        low=floors.low,
        high=shelf.max_facings,
        capacity=shelf.capacity,
        category=shelf.category,
        category_low=low,
        category_high=high,
        current=current,
        labour=0.0 if current is None else settings.labour_per_facing_day,
    )
    return problem, floors


def category_bounds(shelf: Shelf) -> tuple[Floats, Floats]:
    """Least and most width of each category; a range narrower than a facing is widened downwards by up to one facing."""
    total = shelf.level_width * shelf.levels
    low, high = shelf.min_share * total, shelf.max_share * total
    widest = np.array([shelf.width[shelf.category == c].max(initial=0.0) for c in range(len(low))])
    return np.minimum(low, np.maximum(high - widest, 0.0)), high


def _floors(shelf: Shelf, demand: Demand, settings: ShelfSettings) -> Floors:
    """The floors; those for the stock are cut by one common share where they do not fit beside the described minima."""
    units = demand.quantile(STOCK_QUANTILE, settings.refill_days)
    wanted = np.minimum(np.ceil(np.minimum(units / shelf.units_per_facing, 1e6) - 1e-9), shelf.max_facings).astype(np.int64)

    def cut(share: float) -> Ints:
        low: Ints = np.maximum(shelf.min_facings, np.floor(wanted * share + 1e-9).astype(np.int64))
        return low

    if _possible(shelf, cut(1.0)):
        return Floors(cut(1.0), wanted, 1.0)
    least, most = 0.0, 1.0
    for _ in range(10):
        middle = (least + most) / 2
        least, most = (middle, most) if _possible(shelf, cut(middle)) else (least, middle)
    return Floors(cut(least), wanted, least)


def _possible(shelf: Shelf, low: Ints) -> bool:
    """Whether these minima fit on the levels, beside the minima of the categories and below their maxima."""
    category_low, category_high = category_bounds(shelf)
    mine = shelf.category >= 0
    used = np.bincount(shelf.category[mine], (shelf.width * low)[mine], minlength=len(category_low))
    needed = float((shelf.width * low)[~mine].sum() + np.maximum(used, category_low).sum())
    if needed > shelf.capacity * (1 + 1e-9) or (used > category_high + 1e-9 * shelf.capacity).any():
        return False
    return levels.holds(shelf, low)
