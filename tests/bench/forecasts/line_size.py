r"""Whether the regressor of line sizes earns its place: as an expert of the mix, and as a signal of drift; tables of docs/forecasting.md.

    python -m tests.bench.forecasts.line_size [expert] [drift] [--uci FILE]

`expert`: units of a usual line x expected lines, beside the same without lines and beside the mix, on the days of the last quarter; with
the best share of it in the mix that hindsight can find. `drift`: changes planted in all lines of a shop at five different days; alarms by
the error of line sizes and by the daily level, both through ADWIN: how many changes are found in 28 days, and how many alarms are right.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from online_model.lines.adwin import Adwin
from online_model.lines.sale_regressor import MIN_CHANGE, SaleRegressor
from tests.bench.forecasts import panels, today
from tests.bench.forecasts.replay import replay

WEEKS, FIRST_DAYS, FOUND_WITHIN, QUIET_DAYS = 8, 60, 28, 14
PLANTED = 5
CHANGES = {
    "lines half as large": (0.5, 1.0), "lines twice as large": (2.0, 1.0),
    "half of the lines": (1.0, 0.5), "half as many lines again": (1.0, 1.5), "nothing": (1.0, 1.0),
}  # fmt: skip


@dataclass(frozen=True)
class Lines:
    """Lines in the order of their sale: series, day, hour, quantity, price; the panel of their days."""

    series: np.ndarray
    day: np.ndarray
    hour: np.ndarray
    quantity: np.ndarray
    price: np.ndarray
    panel: panels.Panel


def lines_of(panel, frame):
    """Lines of a frame with store, item, at, quantity, price whose series are in a panel."""
    frame = frame.sort_values("at", kind="stable")
    key = pd.MultiIndex.from_arrays([frame["store"].astype(str), frame["item"].astype(str)])
    series = pd.MultiIndex.from_arrays([panel.stores, panel.items]).get_indexer(key)
    day = (frame["at"].dt.normalize() - frame["at"].min().normalize()).dt.days.to_numpy()
    return Lines(series, day, frame["at"].dt.hour.to_numpy(), frame["quantity"].to_numpy(float), frame["price"].to_numpy(float), panel)


def wholesale(file: Path) -> Lines:
    """UCI Online Retail: the 300 items in most invoices of the United Kingdom."""
    frame = today.uci_lines(file).rename(columns={"UnitPrice": "price"})
    return lines_of(panels.of_lines("uci", frame, "GB"), frame)


def retail() -> Lines:
    """The 100 largest categories of completejourney, all shops as one."""
    sold = panels.lines_sold()
    sold = sold[sold["product_category"].isin(sold["product_category"].value_counts().index[:100])]
    frame = sold.rename(columns={"all": "store", "product_category": "item"})
    frame["price"] = frame["sales_value"] / frame["quantity"]
    return lines_of(panels.of_lines("categories", frame, "US"), frame)


def usual_sizes(lines: Lines):
    """Units of a usual line of each series at the end of each day, `[series, days]`, and the days of the regressor's alarms."""
    model, days = SaleRegressor(), lines.panel.units.shape[1]
    n = len(lines.panel.units)
    model.add_series(n - 1)
    out, alarms = np.ones((n, days)), []
    order = np.searchsorted(lines.day, np.arange(days + 1))
    columns = (lines.series, lines.quantity, lines.price, lines.hour, lines.day)
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    for day in range(days):
        for series, quantity, price, hour, at in rows[order[day] : order[day + 1]]:
            if quantity > 0:
                model.step(series, quantity, price, False, hour, (lines.panel.first_day + at - 1) % 7)
        if model.take_drift() is not None:
            alarms.append(day)
        out[:, day] = model._usual[:n]
    return out, alarms


def weekday_mean(values):
    """Mean of the last eight same weekdays on which anything was sold, for the day after each, `[n, days]`."""
    n, days = values.shape
    opened, out = values.any(0), np.full((n, days), np.nan)
    for day in range(FIRST_DAYS, days - 1):
        same = [d for d in range(day + 1 - 7, -1, -7) if opened[d]][:WEEKS]
        out[:, day] = values[:, same].mean(1) if same else 0.0
    return out


def expert(found):
    """Errors of the day, last quarter."""
    for lines in found:
        panel = lines.panel
        counts = np.zeros_like(panel.units)
        np.add.at(counts, (lines.series, lines.day), 1)
        run = replay(panel)
        sizes = usual_sizes(lines)[0]
        actual, mix = run.actual["day"], run.forecasts["day"][0]
        ours, plain = weekday_mean(counts) * sizes, weekday_mean(panel.units)
        days = slice(int(panel.units.shape[1] * 0.75) - 1, None)
        known = np.isfinite(actual[:, days]) & np.isfinite(mix[:, days]) & np.isfinite(ours[:, days])

        def wape(forecast, days=days, known=known, actual=actual):
            return np.abs(forecast[:, days] - actual[:, days])[known].sum() / actual[:, days][known].sum()

        shares = np.arange(0, 0.55, 0.05)
        best = min(shares, key=lambda share: wape((1 - share) * mix + share * ours))
        other = min(shares, key=lambda share: wape((1 - share) * mix + share * plain))
        print(
            f"{panel.name:12s} day: mix {wape(mix):.4f}; usual line x lines {wape(ours):.4f}, units {wape(plain):.4f}; best share in the "
            f"mix {best:.2f}: {wape((1 - best) * mix + best * ours):.4f} (of units {other:.2f}: "
            f"{wape((1 - other) * mix + other * plain):.4f})",
            flush=True,
        )


def changed(lines: Lines, at: int, size: float, number: float, rng) -> Lines:
    """The lines with another size from a day on, and some of them missing or repeated."""
    after = lines.day >= at
    quantity = np.where(after, np.maximum(np.round(lines.quantity * size), 1), lines.quantity) if size != 1 else lines.quantity
    times = np.ones(len(quantity), int)
    times[after] = int(number) + (rng.random(after.sum()) < number - int(number))
    columns = [np.repeat(column, times) for column in (lines.series, lines.day, lines.hour, quantity, lines.price)]
    units = np.zeros_like(lines.panel.units)
    np.add.at(units, (columns[0], columns[1]), columns[3])
    panel = panels.Panel(lines.panel.name, units, lines.panel.stores, lines.panel.items, lines.panel.first_day, lines.panel.country)
    return Lines(*columns, panel)


def level_alarms(panel):
    """Days on which ADWIN cuts the ratio of a day's units to the mean of its last eight same weekdays."""
    total = panel.units.sum(0, keepdims=True)
    expected, adwin, alarms, quiet = weekday_mean(total)[0], Adwin(), [], 0
    reference = None
    for day in range(FIRST_DAYS, total.shape[1] - 1):
        if not total[0, day + 1] or not expected[day]:
            continue
        adwin.update(min(total[0, day + 1] / expected[day], 3) / 3)
        quiet = max(quiet - 1, 0)
        reference = reference or adwin.estimation
        if adwin.drift_detected and not quiet and abs(adwin.estimation / reference - 1) >= MIN_CHANGE:
            alarms.append(day + 1)
            reference, quiet = adwin.estimation, QUIET_DAYS
    return alarms


def drift(found):
    """Alarms after planted changes."""
    for lines in found:
        days = lines.panel.units.shape[1]
        moments = np.linspace(days * 0.4, days - FOUND_WITHIN - 2, PLANTED).astype(int)
        for name, (size, number) in CHANGES.items():
            tally = np.zeros((2, 3))
            for seed, at in enumerate(moments.tolist()):
                shop = changed(lines, at, size, number, np.random.default_rng(seed))
                for place, alarms in enumerate((usual_sizes(shop)[1], level_alarms(shop.panel))):
                    right = [day for day in alarms if at <= day <= at + FOUND_WITHIN and name != "nothing"]
                    tally[place] += bool(right), len(right), sum(day > FIRST_DAYS for day in alarms)
                if name == "nothing":
                    tally *= PLANTED
                    break
            cells = (
                f"{what} found {t[0]:.0f}/{PLANTED}, right {t[1]:.0f} of {t[2]:.0f}"
                for what, t in zip(("line size", "level"), tally, strict=True)
            )
            print(f"{lines.panel.name:12s} {name:26s}", "; ".join(cells), flush=True)


def main() -> None:
    """Make the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=["expert", "drift"])
    parser.add_argument("--uci", type=Path)
    arguments = parser.parse_args()
    found = [wholesale(arguments.uci)] if arguments.uci else []
    found.append(retail())
    for name in arguments.tables:
        {"expert": expert, "drift": drift}[name](found)


if __name__ == "__main__":
    main()
