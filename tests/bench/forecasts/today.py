r"""The forecast of the running day, by the hour, beside what the day's own sales alone say; the tables of docs/forecasting.md on it.

    python -m tests.bench.forecasts.today [hours] [moved] [frozen] [--uci FILE] [--fresh FILE] [--only SET ...]

Days run by the hour: each hour of a store teaches, and its totals are forecast at 11, 15, 17 and 19 o'clock. `hours` compares the errors
with n + m (1 - F) + gain (n - m F), and says how many days the band held and how wide it was. `moved` thins, or adds to, the sales of one
day in twenty of each store from 10 o'clock on. `frozen` stops the learning of today after day 60. The files are described in
docs/forecasting.md.
"""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd

from online_model import Moment
from online_model.today.band import TodayBand
from online_model.today.nowcast import Nowcast
from online_model.today.rest_of_day import RestOfDay
from online_model.today.served import Served
from online_model.today.surprise import UsualSize
from online_model.today.trust import Trust
from tests.bench.forecasts import panels
from tests.bench.forecasts.alone import own_sales_alone
from tests.bench.forecasts.replay import replay

HOURS = (11, 15, 17, 19)
FROM_HOUR, EVERY, FACTORS = 10, 20, (0.6, 1.6)
FREEZE_AFTER = 60
LEARNING = (
    (RestOfDay, "learn_stretch"), (Trust, "learn"), (TodayBand, "learn"), (Served, "learn_spread"), (UsualSize, "learn"),
    (Nowcast, "learn"),
)  # fmt: skip


def fresh(file: Path):
    """A Parquet file of groceries by store, product and day with the units of each hour (store_id, product_id, dt, hours_sale)."""
    rows = pd.read_parquet(file)
    key = pd.MultiIndex.from_frame(rows[["store_id", "product_id"]].astype(str))
    series, days = key.unique(), pd.to_datetime(rows["dt"])
    day = (days - days.min()).dt.days.to_numpy()
    hours = np.zeros((len(series), day.max() + 1, 24))
    hours[series.get_indexer(key), day] = np.stack(rows["hours_sale"].to_numpy())
    stores, items = zip(*series, strict=True)
    return panels.Panel("fresh", hours.sum(2), list(stores), list(items), days.min().toordinal(), "CN", None, hours)


def uci_lines(file: Path):
    """Lines of the 300 items in most invoices of the United Kingdom: store, item, at, quantity, UnitPrice."""
    rows = pd.read_csv(file, parse_dates=["InvoiceDate"], dtype={"StockCode": str, "InvoiceNo": str})
    rows = rows[(rows["Country"] == "United Kingdom") & (rows["Quantity"] > 0)]
    rows = rows[rows["StockCode"].isin(rows.groupby("StockCode")["InvoiceNo"].nunique().nlargest(300).index)]
    names = {"Country": "store", "StockCode": "item", "InvoiceDate": "at", "Quantity": "quantity"}
    return rows.rename(columns=names)


def uci(file: Path):
    """The same by the hour."""
    return panels.of_lines("uci", uci_lines(file), "GB", hours=True)


def moved(panel, factor, first):
    """The panel with the sales from 10 o'clock thinned, or added to, on one day in twenty of each store from `first` on; which days."""
    rng, hours = np.random.default_rng(1), panel.hours.copy()
    stores = {store: place for place, store in enumerate(dict.fromkeys(panel.stores))}
    phase = np.array([stores[store] for store in panel.stores])
    days = np.arange(panel.units.shape[1])
    chosen = ((days + 3 * phase[:, None]) % EVERY == 0) & (days >= first)
    part = hours[chosen][:, FROM_HOUR:]
    share = factor if factor < 1 else factor - 1
    if np.array_equal(part, np.round(part)):
        drawn = rng.binomial(part.astype(int), share).astype(float)
    else:
        drawn = part * (rng.random(part.shape) < share)
    changed = hours[chosen]
    changed[:, FROM_HOUR:] = drawn if factor < 1 else part + drawn
    hours[chosen] = changed
    return replace(panel, units=hours.sum(2), hours=hours), chosen


class Scores:
    """By hour and forecaster (today's model, the day's own sales): units, absolute error, error; of items without a sale; the band."""

    def __init__(self, first, chosen=None):
        self.first, self.chosen = first, chosen
        self.sums = np.zeros((len(HOURS), 2, 6))
        self.band = np.zeros((len(HOURS), 4))
        self.totals = np.zeros((len(HOURS), 4))
        self.forecasts = []

    def add(self, place, days, told, ours, own, actual):
        no = told.sold <= 0
        for which, forecast in enumerate((ours.items.mean, own)):
            error = forecast - actual
            self.sums[place, which] += actual.sum(), np.abs(error).sum(), error.sum(), actual[no].sum(), forecast[no].sum(), 1
        low, _, high = ours.items.quantiles()
        self.band[place] += ((low <= actual) & (actual <= high)).sum(), len(actual), (high - low).sum(), actual.sum()
        low, _, high = ours.totals.quantiles()[:, 0]
        self.totals[place] += low <= actual.sum() <= high, 1, high - low, actual.sum()


def run(panel, scores, freeze=None, hooks=()):
    """Replay a panel; each day is followed by the hour."""

    def at_close(partition, place, own, t, closed):
        if freeze is not None and t == freeze[1]:
            for owner, name in LEARNING:
                freeze[0].enter_context(patch.object(owner, name, lambda *_: None))
        day, hours = t + 1, panel.hours[own, t + 1]
        if not hours.any():
            return
        for hour in range(1, 24):
            sold = hours[:, :hour].sum(1)
            told = Moment(panel.first_day + day, float(hour), sold)
            if hour not in HOURS:
                partition.follow(place, told)
                continue
            ours = partition.today(place, told)
            counts = day >= scores.first and (scores.chosen is None or scores.chosen[own[0], day])
            if counts:
                scores.add(HOURS.index(hour), day, told, ours, own_sales_alone(partition, place, told), panel.units[own, day])

    replay(panel, at_close=at_close)
    return scores


def show(name, scores):
    for place, hour in enumerate(HOURS):
        (units, error, bias, none, none_said, _), (_, error2, bias2, _, none_alone, _) = scores.sums[place]
        b, t = scores.band[place], scores.totals[place]
        print(
            f"{name:18s} {hour}: {error / units:.4f} (alone {error2 / units:.4f}, ratio {error / error2:.3f}) bias {bias / units:+.3f} "
            f"({bias2 / units:+.3f}) band {b[0] / b[1]:.3f} width {b[2] / b[3]:.2f} store {t[0] / t[1]:.3f} width {t[2] / t[3]:.2f} "
            f"| no sale: {none_said / max(none, 1e-9):.2f} ({none_alone / max(none, 1e-9):.2f})",
            flush=True,
        )


def hours(sets):
    for name, (panel, first) in sets.items():
        show(name, run(panel, Scores(int(panel.units.shape[1] * first))))


def moves(sets):
    for name, (panel, _) in sets.items():
        first = panel.units.shape[1] // 2
        for factor in FACTORS:
            changed, chosen = moved(panel, factor, first)
            scores = run(changed, Scores(first, chosen))
            (units, error, bias, none, said, _), (_, error2, bias2, _, said2, _) = scores.sums[1]
            print(
                f"{name:18s} x {factor}: at 15, items without a sale {said / none:.3f} (alone {said2 / none:.3f}); all: "
                f"WAPE {error / units:.3f} ({error2 / units:.3f}) bias {bias / units:+.3f} ({bias2 / units:+.3f})",
                flush=True,
            )


def frozen(sets):
    for name, (panel, _) in sets.items():
        first = FREEZE_AFTER + 1
        learning = run(panel, Scores(first)).sums
        with ExitStack() as stack:
            still = run(panel, Scores(first), freeze=(stack, FREEZE_AFTER)).sums
        ratio = still[:, 0, 1] / learning[:, 0, 1]
        print(f"{name:18s} frozen after day {FREEZE_AFTER}, WAPE relative to learning:", *(f"{r:.3f}" for r in ratio), flush=True)


TABLES = {"hours": hours, "moved": moves, "frozen": frozen}


def main() -> None:
    """Make the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=list(TABLES))
    parser.add_argument("--uci", type=Path)
    parser.add_argument("--fresh", type=Path)
    parser.add_argument("--only", nargs="*")
    arguments = parser.parse_args()
    shops = [cut for cut in panels.MAIN if cut[1] == "all"]
    makers = {f"{cut[0]} {clock}": (lambda cut=cut, zone=zone: panels.cuts([cut], zone)[0], first)
              for clock, zone, first in (("utc", "UTC", 0.25), ("local", panels.ZONE, 0.75)) for cut in shops[::-1]}  # fmt: skip
    if arguments.uci:
        makers["uci"] = (lambda: uci(arguments.uci), 0.25)
    if arguments.fresh:
        makers["fresh"] = (lambda: fresh(arguments.fresh), 0.25)
    chosen = arguments.only or list(makers)
    sets = {name: (makers[name][0](), makers[name][1]) for name in chosen}
    for name in arguments.tables:
        print(f"\n{name}", flush=True)
        TABLES[name](sets)


if __name__ == "__main__":
    main()
