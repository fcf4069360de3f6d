"""Percentages of space that sum to exactly 100, and each item's share where no shelf is described."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from online_model.shelf.shelf_settings import SPACE_ELASTICITY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = 1024
"""Steps in one per cent. A power of two, so that sums are exact in binary and 100 is 100 in any order of adding."""


def share_of_space(demand: Floats, unit_profit: Floats | None = None, elasticity: float | Floats = SPACE_ELASTICITY) -> Floats:
    """Percentages of the space that maximise expected profit, `[n]`; they sum to exactly 100.

    They maximise the sum of p s^beta over shares s that sum to 1, where p is unit profit x demand at equal space. If all items have the
    same elasticity, s is in proportion to p^(1/(1-beta)); otherwise bisection finds the price of space. NaN and negative values count as
    0; if nothing is worth anything, all get the same. With `unit_profit` None, the shares maximise units.
    """
    worth = np.nan_to_num(np.maximum(demand, 0.0), nan=0.0, posinf=0.0)
    if unit_profit is not None:
        worth = worth * np.nan_to_num(np.maximum(unit_profit, 0.0), nan=0.0, posinf=0.0)
    if not len(worth):
        return worth
    most = float(worth.max())
    if most <= 0:
        return percentages(np.ones_like(worth))
    beta = np.asarray(elasticity, dtype=np.float64)
    if beta.ndim == 0 or np.ptp(beta) == 0:
        return percentages((worth / most) ** (1 / (1 - (beta if beta.ndim == 0 else beta[0]))))
    return percentages(_shares(worth / most, beta))


def percentages(weight: Floats) -> Floats:
    """Weights as percentages in steps of 1/1024, rounded by largest remainder; they sum to exactly 100."""
    ideal = weight * (100 * STEPS / weight.sum())
    whole = np.floor(ideal)
    rest = round(100 * STEPS - float(whole.sum()))
    if rest > 0:
        order = np.argsort(whole - ideal, kind="stable")
        whole[order[:rest]] += 1
    share: Floats = whole / STEPS
    return share


def shares_of_used(width: Floats) -> Floats:
    """Percentages of the width that goods take, `[n]`; if nothing stands, all get the same."""
    return percentages(width if width.any() else np.ones(len(width)))


def _shares(worth: Floats, beta: Floats) -> Floats:
    """Shares s = (beta p / price)^(1/(1-beta)), at the price of space at which they sum to 1."""
    log_worth = np.log(np.maximum(beta * worth, 1e-300))
    power = 1 / (1 - beta)
    low, high = -700.0, float(log_worth.max() + np.log(len(worth)) * (1 - beta.min())) + 1.0
    for _ in range(50):
        middle = (low + high) / 2
        total = np.exp(np.minimum((log_worth - middle) * power, 50.0)).sum()
        low, high = (middle, high) if total > 1 else (low, middle)
    return np.where(worth > 0, np.exp(np.minimum((log_worth - high) * power, 50.0)), 0.0)
