"""Turns an allocation of the shelf's total width into one that fits on its levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from online_model.shelf import levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.shelf.description import Shelf
    from online_model.shelf.problem import Problem

    Ints = NDArray[np.int64]

SINGLE_REMOVALS = 50
"""Facings that are taken off one at a time; then steps grow, so that a shelf that fits badly is done in bounded time."""

MOST_TRIALS = 24
"""Facings that are tried in the room that is left; each try arranges the shelf anew."""

MOST_PLACINGS = 40_000
"""Items that all these arrangements together may place; a shelf of more than 1,666 items gets fewer tries."""


def fit(problem: Problem, shelf: Shelf, facings: Ints) -> Ints:
    """Facings that find a place on the levels: the least profitable go until all fit, then the room that is left is filled."""
    if shelf.equal_widths:
        return facings
    f, trials = facings.copy(), 0
    while not levels.holds(shelf, f):
        for _ in range(1 if trials < SINGLE_REMOVALS else trials - SINGLE_REMOVALS + 2):
            item = _cheapest(problem, f)
            if item is None:
                break
            f[item] -= 1
        if item is None and not levels.holds(shelf, f):
            return problem.low.copy()
        trials += 1
    return _refill(problem, shelf, f)


def _cheapest(problem: Problem, f: Ints) -> int | None:
    """The item that loses least per width by one facing less, categories above their minimum first; None: all are at their least."""
    used, size = problem.used_by_category(f), problem.width
    spare = np.full(len(f), np.inf)
    mine = problem.category >= 0
    if mine.any():
        spare[mine] = (used - problem.category_low)[problem.category[mine]]
    free = f > problem.low
    for allowed in (free & (spare + problem.slack >= size), free):
        if allowed.any():
            return int(np.where(allowed, problem.loss(f) / size, np.inf).argmin())
    return None


def _refill(problem: Problem, shelf: Shelf, f: Ints) -> Ints:
    """Facings after adding those that gain and still find a place."""
    allowed = np.ones(len(f), dtype=bool)
    for _ in range(min(MOST_TRIALS, MOST_PLACINGS // len(f))):
        room = np.minimum(problem.capacity - problem.used(f), max(levels.fill(shelf, f).room)) + problem.slack
        fits = allowed & (f < problem.high) & (problem.width <= room)
        if len(problem.category_high):
            left = problem.category_high - problem.used_by_category(f) + problem.slack
            fits &= (problem.category < 0) | (problem.width <= left[problem.category])
        gain = np.where(fits, problem.gain(f) / problem.width, -np.inf)
        item = int(gain.argmax())
        if gain[item] <= 0:
            break
        f[item] += 1
        if not levels.holds(shelf, f):
            f[item] -= 1
            allowed[item] = False
    return f
