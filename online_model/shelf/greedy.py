"""Fast allocation: the next facing goes where it earns most per width; then single facings are exchanged.

Equal widths: exact. The sum is concave and separable and the bounds are nested (item in category in shelf), for which
taking the best marginal gain, categories below their minimum first, is optimal (Federgruen & Groenevelt 1986).
Unequal widths: a heuristic whose distance from the optimum is bounded by `upper_bound`.
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
MOST_PAIRS = 40_000_000
"""Pairs of items that exchanges may look at in all, about two seconds: beyond 316 items there are fewer exchanges."""
MOST_CANDIDATES = 700
"""Items that may come in, and items that may go out, in one exchange: those of most and least worth per width."""


def solve(problem: Problem) -> Ints:
    """Facings of each item, `[n]`. Deterministic: of equal gains the item that stands first in the list wins."""
    facings = problem.low.copy()
    for c in np.flatnonzero(problem.used_by_category(facings) < problem.category_low - problem.slack).tolist():
        facings = _fill(problem, facings, np.flatnonzero(problem.category == c), float(problem.category_low[c]))
    facings = _fill(problem, facings, np.arange(len(facings)))
    if np.ptp(problem.width) > 0:
        facings = exchange(problem, facings)
    return facings


def _fill(problem: Problem, facings: Ints, items: Ints, until: float | None = None) -> Ints:
    """Facings added to `items`, the best gain per width first.

    `until`: stop when their width reaches it, and take losses on the way; None: stop where nothing fits or gains.
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
    """Facings improved by the best exchange of one facing for another (or for up to three) until none gains."""
    f = facings.copy()
    for _ in range(min(MOST_EXCHANGES, MOST_PAIRS // min(len(f), MOST_CANDIDATES) ** 2)):
        step = _best_exchange(problem, f)
        if step is None:
            break
        f += step
        f = _fill(problem, f, np.arange(len(f)))
    return f


def _best_exchange(problem: Problem, f: Ints) -> Ints | None:
    """The change of facings with the best gain: out goes one facing of b, in come k of a; None where none gains."""
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
    """The items that are worth least, at most `MOST_CANDIDATES` of them, in the order of the list."""
    if len(worth) <= MOST_CANDIDATES:
        return np.arange(len(worth))
    return np.sort(np.argsort(worth, kind="stable")[:MOST_CANDIDATES])


def _categories_allow(problem: Problem, f: Ints, k: int, a: Ints, b: Ints) -> NDArray[np.bool_] | np.bool_:
    """Whether k facings of each of `a` for one of each of `b` keep the bounds of both categories, `[a, b]`."""
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
    """A bound that no allocation exceeds, by Lagrange multipliers near the given allocation.

    Any multipliers give a bound. Those taken: the price of width at which the given facings stop, and for each
    category at one of its bounds a price of its own.
    """
    price, prices = _prices(problem, facings)
    cost = cost_of_facing(problem, facings)
    best = _best_response(problem, facings, cost)
    value = problem.objective(best) - float(cost @ best) + price * problem.capacity
    over, under = np.maximum(prices - price, 0), np.maximum(price - prices, 0)
    return value + float(over @ problem.category_high - under @ problem.category_low)


def cost_of_facing(problem: Problem, facings: Ints) -> Floats:
    """What the room of one facing is worth at the multipliers of `upper_bound`, `[n]`."""
    price, prices = _prices(problem, facings)
    per_width = np.where(problem.category >= 0, prices[problem.category], price) if len(prices) else price
    return np.asarray(per_width * problem.width)


def _prices(problem: Problem, f: Ints) -> tuple[float, Floats]:
    """Price of width over the shelf, and within each category (the same where no bound of it binds)."""
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
    """Facings that maximise each item's gain less `cost` a facing, found by climbing from `start`."""
    f = start.copy()
    while (up := (f < problem.high) & (problem.gain(f) > cost)).any():
        f = f + up
    while (down := (f > problem.low) & (problem.loss(f) < cost)).any():
        f = f - down
    return f
