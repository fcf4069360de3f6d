"""The data card and the model card of a backtest: one page each, for people who were not there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from streams.contract.codec import printable
from streams.processor.local_time import iso_date
from workbench.backtest.evaluation import Evaluation
from workbench.backtest.live import Live
from workbench.backtest.panel import Flags, Windows
from workbench.backtest.scores import naive_squared, score, scored_windows
from workbench.tracking.findings import environment

STORES_SHOWN: Final = 8
LIMITS: Final = (
    "It learns from sales: what was not offered, or out of stock without a stock count, looks like no demand.",
    "A new item begins like the same item in other stores, else like its store's others; its first weeks are the least certain.",
    "An announced promotion is known ahead; one that is not announced looks like chance, and prices teach nothing else.",
    "Bands are of single series and horizons; sums of several series have other bands.",
)


def data_card(name: str, live: Live, fingerprint: str) -> str:
    """What the sales are, and what was left out; Markdown."""
    panel, started = live.panel, live.panel.started
    days = panel.units.shape[1]
    sold = panel.units.sum(1)
    zeros = float((panel.units[started] == 0).mean()) if started.any() else 0.0
    lines = [f"# Data: {printable(name, 80)}", ""]
    if fingerprint:
        lines += [f"SHA-256 `{fingerprint}`.", ""]
    lines += [
        f"- {iso_date(panel.first_day)} to {iso_date(panel.first_day + days - 1)}: {days:,} days in {live.rules.timezone}",
        f"- {len(set(panel.stores)):,} stores, {len(set(panel.items)):,} items, {len(sold):,} series",
        f"- {sold.sum():,.0f} units, net of returns; {zeros:.0%} of days since a series' first sale have none",
        f"- half of the series sold at most {np.median(sold):,.0f} units, the largest {sold.max():,.0f}",
        (f"- promotions known ahead: {_known(panel.promoted)}; openings: {_known(panel.told_open)}; hours without stock: "
        f"{_known(panel.out_of_stock)}"),
        "", "## Left out", "",
    ]  # fmt: skip
    out = [f"- {n:,} rows: {printable(reason)}" for reason, n in live.counts.skipped.items()]
    out += [f"- {n:,} sales: {reason.removeprefix('rejected_')}" for reason, n in live.rejected.items()]
    if live.counts.bad:
        out.append(f"- {live.counts.bad:,} rows are not sales; the first: {printable(live.counts.first_bad or '')}")
    return "\n".join([*lines, *(out or ["Nothing."])]) + "\n"


def model_card(name: str, live: Live, result: Evaluation) -> str:
    """What the model is, how good it is beside the others and by slice, and its limits; Markdown."""
    lines = [
        "# Model: shelfcast, online", "",
        (f"The worker's own model, fed {printable(name, 80)} day by day; scored are the last {result.days:,} days, each forecast from the "
        "days before it."), "",
        ("Inputs: units by item, store and day; weekday, season, holidays, announced promotions and openings. Mixed experts, bands from "
        "its own past errors (docs/forecasting.md)."), "",
    ]  # fmt: skip
    for horizon, by_contender in result.scores.items():
        lines += [f"## {horizon}", "", "| method | WAPE | RMSSE | bias | WQL | in band | n |", "|---|---|---|---|---|---|---|"]
        for method, found in sorted(by_contender.items(), key=lambda pair: np.inf if pair[1].wape is None else pair[1].wape):
            cells = (found.wape, found.rmsse, found.bias, found.wql, found.coverage)
            lines.append(f"| {method} | {' | '.join(map(_number, cells))} | {found.n:,} |")
        lines += ["", "| shelfcast on | WAPE | bias | in band | n |", "|---|---|---|---|---|", *_slices(live, horizon, result), ""]
    lines += ["## Limits", "", *(f"- {limit}" for limit in LIMITS), "", "## Made with", ""]
    return "\n".join([*lines, *(f"- {library} {number}" for library, number in environment().items())]) + "\n"


def _slices(live: Live, horizon: str, result: Evaluation) -> Iterator[str]:
    """Rows of our scores by store and by how much a series sells."""
    window, ours = live.windows[horizon], live.contenders[0].forecasts[horizon]
    counts = scored_windows(live.panel, window, ours, live.expected_open[horizon])
    scale = naive_squared(live.panel, window, live.panel.units.shape[1] - result.days)
    for label, rows in _parts(live, window):
        found = score(window, ours, counts & rows[:, None], scale)
        if found.n:
            yield f"| {label} | {_number(found.wape)} | {_number(found.bias)} | {_number(found.coverage)} | {found.n:,} |"


def _parts(live: Live, window: Windows) -> Iterator[tuple[str, Flags]]:
    stores, sold = np.array(live.panel.stores), live.panel.units.sum(1)
    largest = sorted(set(live.panel.stores), key=lambda store: (-float(sold[stores == store].sum()), store))[:STORES_SHOWN]
    for store in largest:
        yield f"store {printable(store, 40).replace('|', '/')}", stores == store
    mean = window.actual.mean(1) if window.actual.size else np.zeros(len(stores))
    low, high = np.quantile(mean, [1 / 3, 2 / 3])
    yield "series that sell least", mean <= low
    yield "series in the middle", (mean > low) & (mean <= high)
    yield "series that sell most", mean > high


def _known(flags: Flags | None) -> str:
    return "no" if flags is None else f"{flags.mean():.1%} of series' days"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
