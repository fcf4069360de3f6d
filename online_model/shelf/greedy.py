"""Fast allocation: each next facing goes where it earns most per width; then single facings are exchanged.

With equal widths this is exact. The sum is concave and separable and the bounds are nested (item in category in shelf); then taking the
best marginal gain, categories below their minimum first, is optimal (Federgruen & Groenevelt 1986). With unequal widths it is a
heuristic; `upper_bound` bounds its distance from the optimum.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.shelf.problem import Problem

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

MOST_EXCHANGES = 400
"""Exchanges after which the search ends."""
MOST_PAIRS = 40_000_000
"""Pairs of items that all exchanges together may compare, about two seconds; a shelf of more than 316 items gets fewer exchanges."""
MOST_CANDIDATES = 700
"""Candidates to come in, and candidates to go out, that an exchange compares: those worth most, and those worth least, per width."""


def solve(problem: Problem) -> Ints:
    """Facings of each item, `[n]`. Deterministic: among equal gains the item that is listed first wins."""
    facings = problem.low.copy()
    for c in np.flatnonzero(problem.used_by_category(facings) < problem.category_low - problem.slack).tolist():
        facings = _fill(problem, facings, np.flatnonzero(problem.category == c), float(problem.category_low[c]))
    facings = _fill(problem, facings, np.arange(len(facings)))
    if np.ptp(problem.width) > 0:
        facings = exchange(problem, facings)
    return facings


def _fill(problem: Problem, facings: Ints, items: Ints, until: float | None = None) -> Ints:
    """Facings after adding some to `items`, the best gain per width first.

    With `until`, adding stops when the width of `items` reaches it, even at a loss; with None, when nothing more fits or gains.
    """
    f, w, v, b = facings.tolist(), problem.width.tolist(), problem.value.tolist(), problem.beta.tolist()
    high, category = problem.high.tolist(), problem.category.tolist()
    now = None if problem.current is None else problem.current.tolist()
    left = problem.capacity + problem.slack - problem.used(facings)
    room = (problem.category_high + problem.slack - problem.used_by_category(facings)).tolist()
    taken = 0.0 if until is None else float(problem.width[items] @ facings[items])
    first = problem.gain(facings) / problem.width
    heap = [(-g, i) for g, i in zip(first[items].tolist(), items.tolist(), strict=True) if f[i] < high[i]]
    heapq.heapify(heap)
    while heap and (until is None or taken < until - problem.slack):
        negative, i = heap[0]
        if until is None and negative >= 0:
            break
        c = category[i]
        if w[i] > left or (c >= 0 and w[i] > room[c]):
            heapq.heappop(heap)
            continue
        f[i] += 1
        left -= w[i]
        taken += w[i]
        if c >= 0:
            room[c] -= w[i]
        if f[i] >= high[i]:
            heapq.heappop(heap)
            continue
        gain = v[i] * ((f[i] + 1) ** b[i] - f[i] ** b[i])
        if now is not None:
            gain += problem.labour if f[i] < now[i] else -problem.labour
        heapq.heapreplace(heap, (-gain / w[i], i))
    return np.array(f, dtype=np.int64)


def exchange(problem: Problem, facings: Ints) -> Ints:
    """Facings after repeatedly making the best exchange of one facing for one to three of another item, until none gains."""
    f = facings.copy()
    for _ in range(min(MOST_EXCHANGES, MOST_PAIRS // min(len(f), MOST_CANDIDATES) ** 2)):
        step = _best_exchange(problem, f)
        if step is None:
            break
        f += step
        f = _fill(problem, f, np.arange(len(f)))
    return f


def _best_exchange(problem: Problem, f: Ints) -> Ints | None:
    """The most profitable change that takes one facing of b out and puts k of a in; None if none gains."""
    w = problem.width
    left = problem.capacity + problem.slack - problem.used(f)
    loss = np.where(f > problem.low, problem.loss(f), np.inf)
    best, step = 1e-12 * max(1.0, abs(problem.objective(f))), None
    gain = np.where(f < problem.high, problem.gain(f), -np.inf)
    a, b = _least(-gain / w), _least(loss / w)
    same = a[:, None] == b[None, :]
    for k in (1, 2, 3):
        if k > 1:
            more = f + k
            gain = gain + np.where(more <= problem.high, problem.gain(np.minimum(more - 1, problem.high)), -np.inf)
        fits = k * w[a][:, None] - w[b][None, :] <= left
        net = np.where(fits & ~same & _categories_allow(problem, f, k, a, b), gain[a][:, None] - loss[b][None, :], -np.inf)
        at = int(net.argmax())
        if net.flat[at] > best:
            best = float(net.flat[at])
            step = np.zeros(len(f), dtype=np.int64)
            step[a[at // len(b)]] += k
            step[b[at % len(b)]] -= 1
    return step


def _least(worth: Floats) -> Ints:
    """The items worth least, at most `MOST_CANDIDATES` of them, in the order of the list."""
    if len(worth) <= MOST_CANDIDATES:
        return np.arange(len(worth))
    return np.sort(np.argsort(worth, kind="stable")[:MOST_CANDIDATES])


def _categories_allow(problem: Problem, f: Ints, k: int, a: Ints, b: Ints) -> NDArray[np.bool_] | np.bool_:
    """Whether exchanging one facing of b for k of a keeps the bounds of both categories, for each pair of `a` and `b`, `[a, b]`."""
    if not len(problem.category_low):
        return np.True_
    used, c, w = problem.used_by_category(f), problem.category, problem.width
    none = c < 0
    room = np.where(none, np.inf, (problem.category_high - used)[c] + problem.slack)[a]
    spare = np.where(none, np.inf, (used - problem.category_low)[c] + problem.slack)
    same = (c[a][:, None] == c[b][None, :]) & ~none[a][:, None]
    change = k * w[a][:, None] - w[b][None, :]
    apart = (k * w[a] <= room)[:, None] & (w <= spare)[b][None, :]
    spare = spare[a]
    together = (change <= room[:, None]) & (-change <= spare[:, None])
    allowed: NDArray[np.bool_] = np.where(same, together, apart)
    return allowed


def upper_bound(problem: Problem, facings: Ints) -> float:
    """An upper bound on the objective of any allocation, from Lagrange multipliers near the given one.

    Any multipliers give a bound. These are the price of width at which the given facings stop growing, and a separate price for each
    category that has reached one of its bounds.
    """
    price, prices = _prices(problem, facings)
    cost = cost_of_facing(problem, facings)
    best = _best_response(problem, facings, cost)
    value = problem.objective(best) - float(cost @ best) + price * problem.capacity
    over, under = np.maximum(prices - price, 0), np.maximum(price - prices, 0)
    return value + float(over @ problem.category_high - under @ problem.category_low)


def cost_of_facing(problem: Problem, facings: Ints) -> Floats:
    """What the width of one facing is worth at the multipliers of `upper_bound`, `[n]`."""
    price, prices = _prices(problem, facings)
    per_width = np.where(problem.category >= 0, prices[problem.category], price) if len(prices) else price
    return np.asarray(per_width * problem.width)


def _prices(problem: Problem, f: Ints) -> tuple[float, Floats]:
    """Price of width on the shelf, and within each category; the two are equal where no bound of the category binds."""
    gain = np.where(f < problem.high, problem.gain(f) / problem.width, 0.0)
    loss = np.where(f > problem.low, problem.loss(f) / problem.width, np.inf)
    used, widest = problem.used_by_category(f), float(problem.width.max())
    tight = np.zeros(len(used), dtype=bool)
    for c in range(len(used)):
        mine = problem.category == c
        size = float(problem.width[mine].max(initial=0.0))
        tight[c] = used[c] + size > problem.category_high[c] or (used[c] - size < problem.category_low[c])
    free = np.ones(len(f), dtype=bool)
    if len(used):
        free = ~((problem.category >= 0) & tight[problem.category])
    full = problem.capacity - problem.used(f) < widest
    price = _middle(gain[free], loss[free], full=full)
    prices = np.full(len(used), price)
    for c in np.flatnonzero(tight).tolist():
        mine = problem.category == c
        own = _middle(gain[mine], loss[mine], full=True)
        at_top = used[c] + float(problem.width[mine].max(initial=0.0)) > problem.category_high[c]
        prices[c] = max(own, price) if at_top and used[c] > problem.category_low[c] + problem.slack else min(own, price)
    return price, prices


def _middle(gain: Floats, loss: Floats, *, full: bool) -> float:
    """A price between what the next facing would earn and what the last one earns."""
    if not full or not len(gain):
        return 0.0
    high = float(gain.max(initial=0.0))
    low = float(loss.min(initial=np.inf))
    return max(high, 0.0) if not np.isfinite(low) else max((high + low) / 2, 0.0)


def _best_response(problem: Problem, start: Ints, cost: Floats) -> Ints:
    """Facings that maximise each item's profit less `cost` per facing, found step by step from `start`."""
    f = start.copy()
    while (up := (f < problem.high) & (problem.gain(f) > cost)).any():
        f = f + up
    while (down := (f > problem.low) & (problem.loss(f) < cost)).any():
        f = f - down
    return f
