"""The sentences of a plan: what moves, what that earns, which limit binds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.shelf.bounds import Floors
    from online_model.shelf.description import Shelf
    from online_model.shelf.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_MOVES_TOLD = 6


def of(
    shelf: Shelf,
    problem: Problem,
    floors: Floors,
    facings: Ints,
    gain: float | None,
    *,
    payback_days: float,
    in_money: bool,
) -> tuple[str, ...]:
    """All sentences, the most important first. `gain` is the gain per day over the current plan."""
    told = [_gain(problem, facings, gain, payback_days, in_money=in_money), *_moves(shelf, problem, facings)]
    told += [*_binding(shelf, problem, facings), _floors(shelf, floors)]
    told += [
        _category_short(shelf, problem, facings),
        "" if in_money else "No price is known: the plan maximises units.",
    ]
    return tuple(sentence for sentence in told if sentence)


def _gain(problem: Problem, f: Ints, gain: float | None, payback_days: float, *, in_money: bool) -> str:
    if gain is None or problem.current is None:
        return ""
    moved = int(np.abs(f - problem.current).sum())
    if not moved:
        return "The current plan stays: no move would pay for its labour."
    labour = moved * problem.labour * payback_days
    earns = f"{gain:.2f}{'' if in_money else ' units'} a day"
    if gain * payback_days < labour:
        return f"{_facings(moved)} to put up or clear, {earns}: the current plan broke a limit, so it had to change."
    days = labour / gain if gain > 0 else 0.0
    pays = f"pays for its labour of {labour:.2f} in {days:.1f} days"
    return f"{_facings(moved)} to put up or clear: that should earn {earns} more, and {pays}."


def _moves(shelf: Shelf, problem: Problem, f: Ints) -> list[str]:
    """What moves, the largest effect on profit first."""
    if problem.current is None:
        return []
    change = problem.profit(f) - problem.profit(problem.current)
    moved = np.flatnonzero(f != problem.current)
    order = moved[np.argsort(-np.abs(change[moved]), kind="stable")]
    told = [
        f"{shelf.items[i]} from {problem.current[i]} to {_facings(int(f[i]))}: {change[i]:+.2f} a day."
        for i in order[:MOST_MOVES_TOLD].tolist()
    ]
    rest = len(order) - MOST_MOVES_TOLD
    if rest > 0:
        told.append("One more item changes by less." if rest == 1 else f"{rest} more items change by less.")
    return told


def _binding(shelf: Shelf, problem: Problem, f: Ints) -> list[str]:
    """What one more facing of the best candidate would earn, and which limit keeps it off the shelf.

    If the item's own limit or that of its category stops it, the best candidate without such a limit follows.
    """
    more = problem.profit(f + 1) - problem.profit(f)
    used, mine = problem.used_by_category(f), problem.category >= 0
    closed = np.zeros(len(f), dtype=bool)
    if len(used):
        room = (problem.category_high - used)[problem.category] + problem.slack
        closed = mine & (shelf.width > room)
    capped = f >= problem.high
    told = []
    a = int((more / shelf.width).argmax())
    if more[a] > 0 and (capped[a] or closed[a]):
        limit = f"it is at its most, {_facings(int(f[a]))}."
        if not capped[a]:
            c = int(problem.category[a])
            limit = f"its category {shelf.categories[c]} is at its most, {shelf.max_share[c]:.0%} of the shelf."
        told.append(f"One more facing of {shelf.items[a]} would earn {more[a]:.2f} a day; {limit}")
    free = np.where(capped | closed, -np.inf, more / shelf.width)
    if free.max() > 0:
        told.append(_exchange(shelf, problem, f, int(free.argmax())))
    return told


def _exchange(shelf: Shelf, problem: Problem, f: Ints, a: int) -> str:
    """What one more facing of `a` would earn, what the least profitable other item would lose, and why they are not exchanged."""
    more = float((problem.profit(f + 1) - problem.profit(f))[a])
    start = f"One more facing of {shelf.items[a]} would earn {more:.2f} a day"
    if problem.used(f) + shelf.width[a] <= problem.capacity + problem.slack:
        paid = problem.current is None or more > problem.labour
        return f"{start}; no level has room for it." if paid else f"{start}, less than its labour."
    less = problem.profit(f) - problem.profit(np.maximum(f - 1, 0))
    others = (f > 0) & (np.arange(len(f)) != a)
    if not others.any():
        return f"{start}; the shelf is full."
    b = int(np.where(others, less / shelf.width, np.inf).argmin())
    take = f"{start}; take it from {shelf.items[b]}, which loses {less[b]:.2f}"
    return f"{take}: {_why_not(shelf, problem, f, (a, b), more - float(less[b]))}"


def _why_not(  # noqa: PLR0911 - a limit a line
    shelf: Shelf, problem: Problem, f: Ints, pair: tuple[int, int], net: float
) -> str:
    """Why a facing of b does not go to a, as the end of a sentence; `net` is what the exchange would gain."""
    a, b = pair
    if f[b] <= problem.low[b]:
        if shelf.min_facings[b] >= f[b]:
            return f"not done, as it must keep {_facings(int(f[b]))}."
        return f"not done, as {_facings(int(f[b]))} hold what it sells between two refills (P90)."
    c = int(problem.category[b])
    if c >= 0 and c != problem.category[a] and problem.used_by_category(f)[c] - shelf.width[b] < problem.category_low[c]:
        return f"not done, as its category {shelf.categories[c]} is at its least."
    if shelf.width[a] > shelf.width[b] + max(problem.capacity - problem.used(f), 0.0) + problem.slack:
        return f"not done, as its facing is {shelf.width[b]:g} wide and the other's {shelf.width[a]:g}."
    if net <= 0:
        return "the shelf is full, and no exchange gains."
    if problem.current is not None and net <= 2 * problem.labour:
        return f"not done, as the labour costs {2 * problem.labour:.2f} a day."
    return "not done, as the levels have no room for the one where the other stands."


def _floors(shelf: Shelf, floors: Floors) -> str:
    if floors.share >= 1.0:
        return ""
    cut = np.flatnonzero(floors.stock > floors.low)
    return (
        f"The shelf is too small to hold the P90 demand of every item between two refills: "
        f"{len(cut)} of {len(shelf.items)} items have less; refill more often or widen the shelf."
    )


def _category_short(shelf: Shelf, problem: Problem, f: Ints) -> str:
    short = np.flatnonzero(problem.used_by_category(f) < problem.category_low - problem.slack)
    if not short.size:
        return ""
    return f"Category {shelf.categories[short[0]]} misses its least share: its facings find no room on the levels."


def _facings(count: int) -> str:
    return f"{count} facing" if count == 1 else f"{count} facings"
