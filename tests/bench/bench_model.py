"""Time and memory of the online model: a close by series, the per-sale step, and how both grow.

    python tests/bench/bench_model.py [--json FILE] [--large]

CPU seconds of this process, one thread; medians. `--large` adds a store of 100,000 series (500 MB).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import numpy as np

from online_model import Forecaster, SaleRegressor

START = 738_000
SETTLE_DAYS = 80
TIMED_DAYS = 30


def seconds_of_closes(series: int, *, promotions: bool, days: int = TIMED_DAYS) -> tuple[float, Forecaster]:
    """Median CPU seconds of a close of one store, after all horizons have labels."""
    rng = np.random.default_rng(0)
    partition = Forecaster()
    partition.add_store("store", "US")
    for i in range(series):
        partition.add_series(0, str(i))
    levels, curve = rng.gamma(1, 8, series) + 0.2, np.full(24, 1 / 24)
    timed = []
    for t in range(SETTLE_DAYS + days):
        units = rng.poisson(levels * (1 + 0.4 * (t % 7 == 5))).astype(float)
        hours = units[:, None] * curve
        held = rng.random((series, 29)) < 0.1 if promotions else None
        began = time.process_time()
        partition.close(0, START + t, units, opened=True, hours=hours, promotion=held)
        if t >= SETTLE_DAYS:
            timed.append(time.process_time() - began)
    return median(timed), partition


def seconds_of_steps(n: int = 200_000) -> float:
    """CPU seconds of a per-sale step, best of three runs."""
    rnd = random.Random(0)
    lines = [
        (rnd.randrange(1000), float(rnd.choice([1, 1, 2, 6])), rnd.choice([1.0, 1.5]), rnd.random() < 0.2, rnd.randrange(24), k % 7)
        for k in range(n)
    ]
    runs = []
    for _ in range(3):
        step = SaleRegressor().step
        began = time.process_time()
        for series, quantity, price, promoted, hour, weekday in lines:
            step(series, quantity, price, promoted, hour, weekday)
        runs.append((time.process_time() - began) / n)
    return min(runs)


def measure(*, large: bool) -> dict[str, float]:
    """All figures by name."""
    out = {"sale_step_us": seconds_of_steps() * 1e6}
    small, _ = seconds_of_closes(10, promotions=False)
    out["close_10_series_ms"] = small * 1e3
    for n in (1000, 10_000, *((100_000,) if large else ())):
        seconds, partition = seconds_of_closes(n, promotions=False, days=TIMED_DAYS if n < 10_000 else 6)
        out[f"close_us_a_series_day_at_{n}"] = seconds / n * 1e6
        out[f"bytes_a_series_at_{n}"] = partition.bytes_a_series()
        if n == 1000:
            began = time.process_time()
            state = partition.dump()
            out["dump_1000_series_ms"] = (time.process_time() - began) * 1e3
            began = time.process_time()
            Forecaster.load(state)
            out["load_1000_series_ms"] = (time.process_time() - began) * 1e3
    seconds, _ = seconds_of_closes(1000, promotions=True)
    out["close_us_a_series_day_with_promotions_at_1000"] = seconds / 1000 * 1e6
    return out


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    parser.add_argument("--large", action="store_true", help="add 100,000 series")
    arguments = parser.parse_args()
    figures = measure(large=arguments.large)
    for name, value in figures.items():
        print(f"{name:50s} {value:10.2f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
