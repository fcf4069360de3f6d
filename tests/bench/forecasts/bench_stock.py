r"""The tables of docs/hidden-demand.md, on fresh groceries whose hours without stock are known.

    python -m tests.bench.forecasts.bench_stock FILE.parquet [days] [hidden] [runs_out] [radar] [ablation] [--stores odd]

FILE is described in `fresh.py`. Without names of tables all of them. All stores are one pool; the tables say how it went in each split of
`Fresh.splits` too. `--stores` takes every other store only. Two replays make all tables but the ablation, which has one a part, of six odd
stores.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from online_model.stock.censored import out_hours, seen_of, sold_hours, store_surprise
from online_model.stock.silence import ALARM_BELOW
from tests.bench.forecasts.fresh import Fresh, read
from tests.bench.forecasts.fresh_parts import PARTS, without
from tests.bench.forecasts.fresh_replay import Day, replay

LAST_DAYS = 14
HIDDEN_FROM, RUNS_FROM, RADAR_FROM = 28, 28, 28
HIDE_AT = range(9, 20)
ASK_AT = (9, 11, 13, 15, 17)
PROMISED = ((0.0, 0.1), (0.1, 0.3), (0.3, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 1.0))
ABLATED_STORES = 6
RADAR_AT = range(9, 22)
SELLS_AN_HOUR = 2.0
LEVELS = (0.1, 0.01, ALARM_BELOW, 0.0001)


def of_days(fresh: Fresh, told: np.ndarray, rows: np.ndarray, last: int = LAST_DAYS) -> dict[str, float]:
    """Scores of the last days of some series, on days in stock."""
    where = slice(fresh.hours.shape[1] - last, None)
    mean, p10, p90, bar = told[:, rows, where]
    actual = fresh.hours[rows, where].sum(2)
    known = fresh.in_stock[rows, where] & np.isfinite(mean)
    total = actual[known].sum()
    return {
        "bias": (mean - actual)[known].sum() / total,
        "wape": np.abs(mean - actual)[known].sum() / total,
        "coverage": ((p10 <= actual) & (actual <= p90))[known].mean(),
        "bar_bias": (bar - actual)[known].sum() / total,
        "bar_wape": np.abs(bar - actual)[known].sum() / total,
        "n": int(known.sum()),
    }


def show_days(fresh: Fresh, told: dict[bool, np.ndarray]) -> None:
    """Forecasts of the last 14 days, on days wholly in stock: the model that knows no stock, and the one that does."""
    for split, rows in fresh.splits().items():
        scores = {known: of_days(fresh, told[known], rows) for known in told}
        for known, score in scores.items():
            name = f"{split}, {'stock known' if known else 'no stock known'}"
            print(
                f"{name:28s} bias {score['bias']:+.3f} WAPE {score['wape']:.4f} coverage {score['coverage']:.3f} n {score['n']}", end="; "
            )
            print(f"same-weekday mean: bias {score['bar_bias']:+.3f} WAPE {score['bar_wape']:.4f}", flush=True)
        print(f"{split}: WAPE of the one over that of the other {scores[True]['wape'] / scores[False]['wape']:.3f}")


class Hidden:
    """Days in stock of which everything after an hour is hidden: sums of what the estimates miss, by series and hour."""

    names = ("n / F", "n + m (1 - F)", "estimate")

    def __init__(self, fresh: Fresh, first: int) -> None:
        self.fresh, self.first = fresh, first
        shape = (2, len(HIDE_AT), len(fresh.items))  # all days, and the last ones
        self.absolute, self.error = np.zeros((3, *shape)), np.zeros((3, *shape))
        self.units, self.n, self.inside = np.zeros(shape), np.zeros(shape), np.zeros(shape)

    def __call__(self, day: Day) -> None:
        if day.number < self.first:
            return
        late = slice(None) if day.number >= self.fresh.hours.shape[1] - LAST_DAYS else slice(1)
        shown = self.fresh.in_stock[day.rows, day.number]
        hours, place, pool = self.fresh.hours[day.rows, day.number], day.model._stores[day.place], day.model._pool
        morning = place.morning(day.ordinal, pool, len(day.rows))
        actual = hours.sum(1)
        usual = (morning.mean > 0) & shown
        for i, hour in enumerate(HIDE_AT):
            masks = np.where(shown, np.uint32((1 << 24) - (1 << hour)), self.fresh.masks[day.rows, day.number])
            out, sold = out_hours(masks), sold_hours(hours)
            seen = seen_of(morning, sold, out, store_surprise(morning, sold, out))
            unseen = pool.rest.expect(morning, seen)
            n = hours[:, :hour].sum(1)
            share = np.maximum(morning.usual[:hour].sum(0), 1e-3)
            told = np.stack([n / share, n + morning.mean * (1 - share), n + unseen.mean])
            off = (told - actual) * usual
            low, high = n + unseen.ends()
            self.absolute[:, late, i, day.rows] += np.moveaxis(np.abs(off)[None], 0, 1)
            self.error[:, late, i, day.rows] += np.moveaxis(off[None], 0, 1)
            self.units[late, i, day.rows] += actual * usual
            self.n[late, i, day.rows] += usual
            self.inside[late, i, day.rows] += (low <= actual) & (actual <= high) & usual

    def show(self) -> None:
        splits = self.fresh.splits()
        for late, name in enumerate((f"from day {self.first} on", f"the last {LAST_DAYS} days")):
            print(f"{name}:")
            for i, hour in enumerate(HIDE_AT):
                self._line(f"after {hour} h", splits["all"], late, slice(i, i + 1))
            for split, rows in splits.items():
                self._line(f"9 to 19 h, {split}", rows, late, slice(None))

    def of(self, rows: np.ndarray, late: int, of: slice) -> dict[str, np.ndarray]:
        absolute, error, units = (a[..., late, of, :][..., rows].sum((-1, -2)) for a in (self.absolute, self.error, self.units))
        inside, n = (a[late, of][:, rows].sum() for a in (self.inside, self.n))
        return {"wape": absolute / units, "bias": error / units, "inside": inside / n}

    def _line(self, name: str, rows: np.ndarray, late: int, of: slice) -> None:
        score = self.of(rows, late, of)
        wape, bias = score["wape"], score["bias"]
        wapes = ", ".join(f"{what} {value:.4f}" for what, value in zip(self.names, wape, strict=True))
        print(f"{name:24s} {wapes}; ratios {wape[2] / wape[0]:.3f}, {wape[2] / wape[1]:.3f}", end="; ")
        print(f"bias {bias[2]:+.3f} (n + m (1 - F) {bias[1]:+.3f}), band {score['inside']:.3f}", flush=True)


class RunsOutTable:
    """Days in stock with a planted stock, at random between nothing and twice what the rest of the day should take."""

    def __init__(self, fresh: Fresh) -> None:
        self.fresh, self.rng = fresh, np.random.default_rng(11)
        self.told: dict[str, list[np.ndarray]] = {"said": [], "came": [], "hour": [], "early": [], "early_came": [], "row": []}

    def __call__(self, day: Day) -> None:
        if day.number < RUNS_FROM:
            return
        hours = self.fresh.hours[day.rows, day.number]
        for hour in ASK_AT:
            so_far = np.where(np.arange(24) < hour, hours, 0.0)
            rest = day.model.runs_out(day.place, day.ordinal, hour, so_far, np.ones(len(day.rows)))
            left = rest.rest * self.rng.uniform(0, 2, len(day.rows))
            answer = day.model.runs_out(day.place, day.ordinal, hour, so_far, left)
            shown = self.fresh.in_stock[day.rows, day.number] & (answer.rest > 0) & (left > 0)
            came = hours[:, hour:].sum(1) >= left
            soon = hours[:, hour : hour + 3].sum(1) >= left
            for name, value in (
                ("said", answer.by_close), ("came", came), ("hour", np.full(len(left), hour)),
                ("early", answer.probability[:, 2]), ("early_came", soon), ("row", day.rows),
            ):  # fmt: skip
                self.told[name].append(value[shown])

    def show(self) -> None:
        told = {name: np.concatenate(values) for name, values in self.told.items()}
        for said, came, what in (("said", "came", "by closing"), ("early", "early_came", "within 3 hours")):
            for low, high in PROMISED:
                here = (told[said] >= low) & (told[said] < high + (high == 1))
                print(f"{what} {low:.0%} to {high:.0%}: said {told[said][here].mean():.3f}, came {told[came][here].mean():.3f}", end=", ")
                by_hour = (told[came][here & (told["hour"] == hour)].mean() for hour in ASK_AT)
                print(f"n {here.sum()}; asked at {ASK_AT}:", *(f"{value:.2f}" for value in by_hour), end="; ")
                for split, rows in self.fresh.splits().items():
                    print(f"{split} {told[came][here & rows[told['row']]].mean():.3f}", end=" ")
                print(flush=True)


class Radar:
    """Alarms of the radar at each full hour, one a silence, beside the hours that really were without stock."""

    def __init__(self, fresh: Fresh) -> None:
        self.fresh, self.out = fresh, fresh.out
        shape = (len(LEVELS), *fresh.masks.shape)
        self.first = np.full((*shape, 24), -1)  # the hour of the alarm, at the hour in which the silence began
        self.rate = np.full(fresh.hours.shape, np.nan)

    def __call__(self, day: Day) -> None:
        hours = self.fresh.hours[day.rows, day.number]
        morning = day.model._stores[day.place].morning(day.ordinal, day.model._pool, len(day.rows))
        self.rate[day.rows, day.number] = (morning.mean * morning.usual).T
        for hour in RADAR_AT:
            so_far = np.where(np.arange(24) < hour, hours, 0.0)
            chance, _ = day.model.silence(day.place, day.ordinal, float(hour), so_far)
            sold = so_far > 0
            since = np.where(sold.any(1), 24 - np.argmax(sold[:, ::-1], 1), 0)
            for i, level in enumerate(LEVELS):
                at = self.first[i, day.rows, day.number, since]
                self.first[i, day.rows, day.number, since] = np.where((chance < level) & (at < 0), hour, at)

    def show(self) -> None:
        for split, rows in self.fresh.splits().items():
            print(f"{split}:")
            self._show(rows, LEVELS if split == "all" else (ALARM_BELOW,))

    def _show(self, rows: np.ndarray, levels: tuple[float, ...]) -> None:
        days = slice(RADAR_FROM, None)
        out, rate, in_stock = self.out[rows, days], self.rate[rows, days], self.fresh.in_stock[rows, days]
        began = out[:, :, 9:20] & ~out[:, :, 8:19]
        for level in levels:
            alarm = self.first[LEVELS.index(level)][rows, days]
            told = alarm >= 0
            right = np.take_along_axis(out, np.clip(alarm - 1, 0, 23), 2) & told
            false = told[in_stock].sum() / in_stock.sum()
            print(f"chance below {level:g}: {told.sum()} alarms, right {right.sum() / max(told.sum(), 1):.3f}", end=", ")
            print(f"{100 * false:.2f} alarms per 100 item-days in stock", end="; found within 1, 2, 3, 4 hours")
            for least in (SELLS_AN_HOUR, 1.0, 0.5):
                chosen = began & (rate[:, :, 9:20] >= least)
                found = [self._found(alarm, chosen, delay) for delay in (1, 2, 3, 4)]
                print(f", of {chosen.sum()} stock-outs of items at {least:g} an hour:", *(f"{value:.2f}" for value in found), end="")
            print(flush=True)

    @staticmethod
    def _found(alarm: np.ndarray, chosen: np.ndarray, delay: int) -> float:
        hits = 0
        for place, hour in enumerate(range(9, 20)):
            at = alarm[chosen[:, :, place]]
            hits += ((at > hour) & (at <= hour + delay)).any(1).sum()
        return hits / max(chosen.sum(), 1)


def measure(fresh: Fresh, names: list[str]) -> None:
    """Make and show the tables but the ablation: one replay that knows the stock, one that does not."""
    known = [table for name, table in (("hidden", Hidden(fresh, HIDDEN_FROM)), ("runs_out", RunsOutTable(fresh))) if name in names]
    radar = [Radar(fresh)] if "radar" in names else []
    told = {}
    if radar or "days" in names:
        told[False] = replay(fresh, stock=False, before_close=_each(radar))
    for table in radar:
        _show(table)
    if known or "days" in names:
        told[True] = replay(fresh, stock=True, before_close=_each(known))
    if "days" in names:
        print(f"\ndays: {show_days.__doc__}")
        show_days(fresh, told)
    for table in known:
        _show(table)


def _each(tables: list[Hidden | RunsOutTable | Radar]) -> Callable[[Day], None]:
    def each(day: Day) -> None:
        for table in tables:
            table(day)

    return each


def _show(table: Hidden | RunsOutTable | Radar) -> None:
    print(f"\n{type(table).__name__}: {table.__doc__}", flush=True)
    table.show()


def ablation(fresh: Fresh) -> None:
    """With one part left out: the last 14 days in stock, and the hidden hours; six odd stores."""
    fresh = fresh.of_stores(np.unique(fresh.stores[fresh.stores % 2 == 1])[:ABLATED_STORES])
    rows = np.ones(len(fresh.items), bool)
    for part in PARTS:
        with without(part):
            table = Hidden(fresh, HIDDEN_FROM)
            score = of_days(fresh, replay(fresh, stock=True, before_close=table), rows)
        hid = table.of(rows, 0, slice(None))
        print(f"{part:45s} days: bias {score['bias']:+.3f} WAPE {score['wape']:.4f} coverage {score['coverage']:.3f}", end="; hidden: ")
        print(f"WAPE {hid['wape'][2]:.4f} bias {hid['bias'][2]:+.3f} band {hid['inside']:.3f}", flush=True)


TABLES = ("days", "hidden", "runs_out", "radar", "ablation")


def main() -> None:
    """Make the tables that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("tables", nargs="*", default=list(TABLES), help=f"some of {', '.join(TABLES)}; all without")
    parser.add_argument("--stores", choices=("all", "even", "odd"), default="all")
    arguments = parser.parse_args()
    fresh = read(arguments.file)
    if arguments.stores != "all":
        fresh = fresh.of_stores(np.flatnonzero(np.arange(fresh.stores.max() + 1) % 2 == (arguments.stores == "odd")))
    measure(fresh, arguments.tables)
    if "ablation" in arguments.tables:
        print(f"\nablation: {ablation.__doc__}", flush=True)
        ablation(fresh)


if __name__ == "__main__":
    main()
