"""Gap and time of the fast shelf plan on generated shelves.

    python tests/bench/bench_shelf.py [--json] [--shelves 200] [--exact]

Gap: how much better any plan could be at most, measured against a bound that takes all levels as one.
Time: one call of `plan`, warm, the whole of it: bounds, facings, levels, comparisons, sentences, orders.
`--exact` solves the mixed-integer program of each too (minutes) and says what the fast path lost against it.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import numpy as np

from online_model.shelf import CategoryBound, Demand, Item, Quantiles, Shelf, ShelfSettings, build_shelf, plan, share_of_space

SETTINGS = ShelfSettings(elasticity_of={"c0": 0.25, "c1": 0.17, "c2": 0.1, "c3": 0.17, "c4": 0.2})


def shelf_of(number: int, items: int | None = None) -> tuple[Shelf, Demand]:
    """Shelf `number` of the benchmark: 20 to 300 items, widths 3 to 20, three to eight facings an item on average."""
    rng = np.random.default_rng(number)
    n = items or int(rng.integers(20, 301))
    width = rng.uniform(3.0, 20.0, n).round(1)
    price = rng.lognormal(1.2, 0.6, n).round(2)
    cost = (price * rng.uniform(0.5, 0.85, n)).round(2)
    mean = rng.gamma(0.8, 6.0, n)
    sd = np.sqrt(mean * (1 + 0.2 * mean))
    day = Quantiles(mean, np.maximum(mean - 1.3 * sd, 0), np.maximum(mean - 0.1 * sd, 0), mean + 1.3 * sd)
    sd7 = sd * 7**0.6
    week = Quantiles(7 * mean, np.maximum(7 * mean - 1.3 * sd7, 0), 7 * mean, 7 * mean + 1.3 * sd7)
    levels = int(rng.integers(4, 9))
    level_width = max(float(width.sum() * rng.uniform(3, 8) / levels), 60.0)
    listed = [
        Item(
            item=f"item {i}", width=float(width[i]), price=float(price[i]), cost=float(cost[i]),
            case_size=int(rng.integers(1, 13)), units_per_facing=float(rng.integers(4, 16)),
            max_facings=int(rng.integers(8, 40)), category=f"c{i % 5}", must_stay=bool(rng.random() < 0.1),
            group=f"g{i // 7}" if rng.random() < 0.2 else None,
        )
        for i in range(n)
    ]  # fmt: skip
    shares = [CategoryBound("c0", 0.1, 0.3), CategoryBound("c1", 0.05, 0.5)] if number % 2 else []
    return build_shelf(level_width, levels, listed, shares), Demand(day, week)


def seconds_of(shelf: Shelf, demand: Demand, current: np.ndarray | None, repeats: int = 5) -> float:
    """Best time of one plan."""
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        plan(shelf, demand, current, SETTINGS)
        best = min(best, time.perf_counter() - start)
    return float(best)


def share_seconds(items: int) -> float:
    """Best time of one `share_of_space`."""
    rng = np.random.default_rng(items)
    units, profit, best = rng.gamma(1, 5, items), rng.gamma(2, 1, items), np.inf
    for _ in range(200):
        start = time.perf_counter()
        share_of_space(units, profit)
        best = min(best, time.perf_counter() - start)
    return float(best)


def measure(shelves: int, *, exact: bool) -> dict[str, float]:
    """All figures of the benchmark."""
    gaps, lost, sizes = [], [], []
    for number in range(shelves):
        shelf, demand = shelf_of(number)
        fast = plan(shelf, demand, settings=SETTINGS)
        gaps.append(fast.gap)
        sizes.append(len(shelf.items))
        if exact:
            best = plan(shelf, demand, settings=SETTINGS, exact=True)
            lost.append(1 - fast.profit_per_day.sum() / best.profit_per_day.sum())
        if sys.stderr.isatty():
            print(f"\r{number + 1}/{shelves}", end="", file=sys.stderr)
    figures = {
        "shelves": shelves, "items_least": min(sizes), "items_most": max(sizes),
        "gap_mean": float(np.mean(gaps)), "gap_p99": float(np.quantile(gaps, 0.99)), "gap_max": float(np.max(gaps)),
    }  # fmt: skip
    if exact:
        figures |= {"lost_to_exact_mean": float(np.mean(lost)), "lost_to_exact_max": float(np.max(lost))}
    for n in (20, 100, 300):
        times, again = [], []
        for number in range(1000, 1010):
            shelf, demand = shelf_of(number, n)
            times.append(seconds_of(shelf, demand, None))
            current = plan(shelf, demand, settings=SETTINGS).facings
            again.append(seconds_of(shelf, shelf_of(number + 1, n)[1], current))
        figures[f"ms_{n}_items_median"] = 1e3 * float(np.median(times))
        figures[f"ms_{n}_items_max"] = 1e3 * float(np.max(times))
        figures[f"ms_{n}_items_replan_median"] = 1e3 * float(np.median(again))
    return figures | {f"ms_share_of_space_{n}": 1e3 * share_seconds(n) for n in (40, 1000)}


def main() -> None:
    """Print the figures; exit 1 where a gap exceeds 1 % or a shelf of 100 items takes more than 10 ms."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--shelves", type=int, default=200)
    parser.add_argument("--exact", action="store_true")
    options = parser.parse_args()
    figures = measure(options.shelves, exact=options.exact)
    if options.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value:.5f}" if isinstance(value, float) else f"{name:32} {value}")
    sys.exit(figures["gap_max"] > 0.01 or figures["ms_100_items_median"] > 10)


if __name__ == "__main__":
    main()
