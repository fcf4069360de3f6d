r"""The tables of docs/forecasting.md, from the model alone: one partition a set, fed day by day.

    python -m tests.bench.forecasts.bench_forecasts [results] [others] [young] [starts] [new] [shifts] [nowcast] [ablation] \
      [--m5 FILE] [--uci FILE] [--drug FILE]

Without names of tables all of them. The three files are described in docs/backtest.md; without them their rows are left out.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from online_model import Moment
from tests.bench.forecasts import panels
from tests.bench.forecasts.parts import PARTS, without
from tests.bench.forecasts.replay import SPANS, replay

AGES = ((14, 29), (29, 59), (59, 119))
STARTS = range(0, 260, 14)
NEW_AFTER, NEW_AGES = 30, ((1, 8), (8, 15), (15, 30), (30, 60))
SHIFT_DAYS, SHIFTED, BEFORE_END, LATEST, SEEDS = 900, 7, 70, 40, (1, 2, 3)
HOURS = (11, 15, 17, 19)


def results(sets):
    """Last quarter: WAPE (same-weekday mean; naive), RMSE ratio, bias, coverage; level shifts a series-year."""
    for panel in sets.values():
        run = replay(panel)
        for name, (wape, bar, naive, rmse, bias, coverage, n) in last_quarter(run).items():
            print(f"{panel.name:12s} {name:8s} {wape:.4f} ({bar:.4f}; {naive:.4f}) {rmse:.2f} {bias:+.3f} {coverage:.3f} n {n:.0f}")
        years = np.isfinite(run.forecasts["day"][0]).sum() / 365
        print(f"{panel.name:12s} level shifts a series-year {len(run.drifts) / years:.3f}", flush=True)


def others(_):
    """The same of series on which no constant was judged: the next 400 pairs and 60 categories, 7 regions x 90 groups."""
    found = [panels.regions(7, 90), *panels.cuts(panels.NEXT)]
    results({panel.name: panel for panel in found})


def last_quarter(run):
    """Scores by horizon of the origins of the last quarter of the days."""
    out = {}
    for name, forecast in run.forecasts.items():
        days = slice(int(run.units.shape[1] * 0.75) - 1, None)
        actual, ours = run.actual[name][:, days], forecast[:, :, days]
        known = np.isfinite(actual) & np.isfinite(ours[0])
        mean, p10, p90, bar, naive = (value[known] for value in ours)
        actual = actual[known]
        total = actual.sum()
        wape = [float(np.abs(f - actual).sum() / total) for f in (mean, bar, naive)]
        rmse = float((((mean - actual) ** 2).sum() / ((bar - actual) ** 2).sum()) ** 0.5)
        inside = float(((p10 <= actual) & (actual <= p90)).mean())
        out[name] = (*wape, rmse, float((mean - actual).sum() / total), inside, len(actual))
    return out


def young(sets):
    """First days of a set: absolute errors over the same-weekday mean's, by horizon, at each age of the set."""
    for panel in sets.values():
        run = replay(panel, 160)
        by_age = [run.ratios(slice(first, last)) for first, last in AGES]
        cells = (" / ".join(f"{ratio:.2f}" for ratio in column) for column in zip(*by_age, strict=True))
        print(f"{panel.name:12s}", " | ".join(cells), flush=True)


def starts(sets):
    """Day errors on days 15-29 as in `young`, were the set to begin on another day of its first nine months: mean, range."""
    for name in ("categories", "departments"):
        panel = replace(sets[name], hours=None)
        begun = (replace(panel, units=panel.units[:, first:], first_day=panel.first_day + first) for first in STARTS)
        ratios = np.array([replay(later, AGES[0][1] + 1).ratios(slice(*AGES[0]))[0] for later in begun])
        mean = np.exp(np.log(ratios).mean())
        print(f"{name:12s} {len(ratios)} starts: mean {mean:.3f}, from {ratios.min():.2f} to {ratios.max():.2f}", flush=True)


def new(sets):
    """Series that began after day 30, by their age in days."""
    for panel in sets.values():
        units = panel.units
        first = np.where(units.any(1), (units != 0).argmax(1), units.shape[1])
        if (first > NEW_AFTER).sum() < 20:
            continue
        run, age = replay(panel), np.arange(units.shape[1]) - first[:, None]
        for low, high in NEW_AGES:
            chosen = (age >= low) & (age < high) & (first > NEW_AFTER)[:, None]
            cells = " ".join(f"{ratio:.2f}" for ratio in run.ratios(dict.fromkeys(SPANS, chosen)))
            print(f"{panel.name:12s} {(first > NEW_AFTER).sum()} series, age {low}-{high - 1}: {cells}", flush=True)


def shifts(sets):
    """Halved and times 1.5, planted in 7 series of one pool of M5, three draws: day WAPE of those series, delay in days."""
    if "m5" not in sets:
        return
    panel, at = sets["m5"].as_one_store(), SHIFT_DAYS - BEFORE_END
    spans = {"before": slice(at - 40, at - 1)} | {f"days {d}-{d + 9}": slice(at + d, at + d + 10) for d in (0, 10, 20, 30)}
    for factor in (0.5, 1.5):
        errors, sales, delays = [], [], []
        for seed in SEEDS:
            rows = np.random.default_rng(seed).choice(len(panel.units), SHIFTED, replace=False)
            units = panel.units.copy()
            units[rows, at:] = np.round(units[rows, at:] * factor)
            run = replay(replace(panel, units=units), SHIFT_DAYS)
            actual = run.actual["day"][rows]
            error = np.abs(run.forecasts["day"][0][rows] - actual)
            errors.append([error[:, span].mean(1) for span in spans.values()])
            sales.append([actual[:, span].mean(1) for span in spans.values()])
            delays += [min([t - at for t, row, _ in run.drifts if row == i and t >= at], default=99) for i in rows]
        error, sold = np.concatenate(errors, 1), np.concatenate(sales, 1)
        print(f"x {factor}:", *(f"{what} {e / s:.4f}" for what, e, s in zip(spans, error.sum(1), sold.sum(1), strict=True)), end=", ")
        ratio = np.median((error / sold)[2] / (error / sold)[0])
        declared = np.array(delays) <= LATEST
        print(f"median series {ratio:.2f}, median delay {np.median(delays):.0f}, declared {declared.sum()} of {len(delays)}", flush=True)


def nowcast(sets):
    """WAPE of the running day's total: the morning's forecast, then at 11, 15, 17, 19 o'clock."""
    local = [panel for panel in sets.values() if panel.hours is not None]
    utc = panels.cuts([cut for cut in panels.MAIN if cut[1] == "all"], "UTC")
    for clock, found, first in (("local time, last quarter", local, 0.75), ("UTC, last three quarters", utc, 0.25)):
        for panel in found:
            errors = running_totals(panel, int(panel.units.shape[1] * first))
            print(f"{panel.name:12s} {clock}:", *(f"{error:.3f}" for error in errors), flush=True)


def running_totals(panel, first):
    """WAPE of the day's total on the days after `first`: in the morning and at each of the hours."""
    errors, sold = np.zeros(len(HOURS) + 1), [0.0]

    def at_close(partition, place, own, t, closed):
        if t < first:
            return
        actual = panel.units[own, t + 1]
        sold[0] += actual.sum()
        errors[0] += np.abs(np.nan_to_num(closed.horizons["day"].mean) - actual).sum()
        for i, hour in enumerate(HOURS, 1):
            so_far = panel.hours[own, t + 1, :hour].sum(1)
            expected = partition.today(place, Moment(panel.first_day + t + 1, float(hour), so_far)).items.mean
            errors[i] += np.abs(expected - actual).sum()

    replay(panel, at_close=at_close)
    return errors / sold[0]


def ablation(sets):
    """WAPE of the last quarter with one part left out, day / 7 days / 28 days; M5 as one pool."""
    names = [name for name in ("m5", "uci", "regions", "categories") if name in sets]
    chosen = [sets[name].as_one_store() if name == "m5" else sets[name] for name in names]
    print(f"{'left out':40s}", *(f"{panel.name:22s}" for panel in chosen))
    for part in PARTS:
        with without(part) as options:
            cells = [" / ".join(f"{s[0]:.4f}" for s in last_quarter(replay(panel, **options)).values()) for panel in chosen]
        print(f"{part:40s}", *cells, flush=True)


TABLES = {table.__name__: table for table in (results, others, young, starts, new, shifts, nowcast, ablation)}


def main() -> None:
    """Make the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=list(TABLES), help=f"some of {', '.join(TABLES)}; all without")
    parser.add_argument("--m5", type=Path)
    parser.add_argument("--uci", type=Path)
    parser.add_argument("--drug", type=Path)
    arguments = parser.parse_args()
    found = [panels.m5(arguments.m5)] if arguments.m5 else []
    found += [panels.uci(arguments.uci)] if arguments.uci else []
    found += [panels.drug(arguments.drug)] if arguments.drug else []
    found += [panels.regions(), *panels.cuts()]
    sets = {panel.name: panel for panel in found}
    sets["mailers"] = panels.mailed(sets["pairs"])
    for name in arguments.tables:
        print(f"\n{name}: {TABLES[name].__doc__}", flush=True)
        TABLES[name](sets)


if __name__ == "__main__":
    main()
