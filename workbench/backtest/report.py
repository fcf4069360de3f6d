"""The tables that people read: one for each horizon, the smallest error first."""

from __future__ import annotations

from typing import Final

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from streams.contract.horizons import HORIZONS, QUANTILE_NAMES
from workbench.backtest.differences import Difference
from workbench.backtest.evaluation import Evaluation
from workbench.backtest.running import RunningDays
from workbench.backtest.scores import Score

TITLES: Final = {horizon.name: horizon.title if horizon.days == 1 else f"sum of {horizon.length}" for horizon in HORIZONS}
OURS: Final = "shelfcast"
BAR: Final = "same_weekday_mean"
SIGNIFICANT: Final = 0.05
FOOTNOTE: Final = (
    "WAPE: sum of |error| over units sold. RMSSE: root mean squared error over that of the naive forecast (the window before) "
    "on the days before the scored ones, mean of the series. Bias: over units sold. "
    f"WQL: weighted quantile loss of {', '.join(QUANTILE_NAMES)}. "
    "In band: actuals within p10 to p90, 80 % if calibrated. n: forecasts scored; days without a sale count. "
    "s, MB: wall seconds and memory, all horizons together. "
    "90 %: block bootstrap of the origins. To ours: its error to shelfcast's on windows that both forecast; p: Diebold-Mariano."
)


def show(evaluation: Evaluation, console: Console, notes: tuple[str, ...] = ()) -> None:
    """Print the tables, then what the columns mean."""
    for name, by_contender in evaluation.scores.items():
        console.print(_table(name, by_contender, evaluation))
    for name, differences in evaluation.differences.items():
        console.print(_who_beats_whom(name, differences))
    console.print(FOOTNOTE, style="dim", highlight=False)
    for note in notes:
        console.print(note, style="dim", highlight=False, markup=False)
    for name, by_contender in evaluation.scores.items():
        console.print(_verdict(name, by_contender), highlight=False)


def show_running(running: RunningDays, console: Console) -> None:
    """Print the scores of today's totals by the hour at which they were forecast, and what was estimated of hours without stock."""
    table = Table(
        title="today's total, item-days in stock", title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0)
    )
    for heading in ("at", "WAPE", "WAPE of the morning", "in band", "n"):
        table.add_column(heading, justify="right", no_wrap=True)
    for hour, score in running.hours.items():
        shown = score.shown()
        coverage = shown["coverage"]
        inside = "" if coverage is None else f"{coverage:.1%}"
        table.add_row(f"{hour} h", _number(shown["wape"]), _number(shown["wape_morning"]), inside, f"{score.n:,}")
    console.print(table)
    if running.days_censored:
        console.print(
            f"{running.days_censored:,} item-days had hours without stock: no forecast is scored on them, "
            f"and about {running.lost_units:,.0f} units were lost on them.",
            highlight=False,
        )
    if running.silences or running.run_outs:
        console.print(
            f"Said while days ran: {running.silences:,} silent shelves, {running.run_outs:,} expected stock-outs.", highlight=False
        )


def _table(name: str, by_contender: dict[str, Score], evaluation: Evaluation) -> Table:
    about = f"{evaluation.series:,} series, the last {evaluation.days:,} days"
    table = Table(title=f"{TITLES[name]}: {about}", title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("forecast", no_wrap=True)
    for heading in ("WAPE", "RMSSE", "bias", "WQL", "in band", "n", "s", "MB"):
        table.add_column(heading, justify="right", no_wrap=True)
    for contender, found in sorted(by_contender.items(), key=lambda pair: pair[1].wape if pair[1].wape is not None else float("inf")):
        table.add_row(
            f"[bold]{contender}[/]" if contender == OURS else contender,
            _number(found.wape),
            _number(found.rmsse, 3),
            "" if found.bias is None else f"{found.bias:+.1%}",
            _number(found.wql),
            "" if found.coverage is None else f"{found.coverage:.1%}",
            f"{found.n:,}",
            _whole(evaluation.seconds.get(contender)),
            _whole(evaluation.megabytes.get(contender)),
        )
    return table


def _who_beats_whom(name: str, differences: dict[str, Difference]) -> Table:
    table = Table(title=f"{TITLES[name]}: is it chance?", title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("forecast", no_wrap=True)
    for heading in ("WAPE, 90 %", "to ours", "p", "better"):
        table.add_column(heading, justify="right", no_wrap=True)
    for contender, found in differences.items():
        band = "" if found.low is None or found.high is None else f"{found.low:.4f} to {found.high:.4f}"
        if contender == OURS:
            table.add_row(f"[bold]{contender}[/]", band, "", "", "")
            continue
        change = "" if found.change is None else f"{found.change:+.1%}"
        better = OURS if (found.change or 0) > 0 else contender
        sure = "" if found.p is None else better if found.p < SIGNIFICANT else "may be chance"
        table.add_row(contender, band, change, "" if found.p is None else f"{found.p:.3f}", sure)
    return table


def _verdict(name: str, by_contender: dict[str, Score]) -> str:
    """One sentence that compares our error with the same-weekday mean's and with the best other one."""
    ours = by_contender[OURS].wape
    others = {other: found.wape for other, found in by_contender.items() if other != OURS and found.wape}
    if ours is None or not others:
        return f"{TITLES[name]}: nothing was sold in the scored days that were in stock, so there is no error to compare."
    best = min(others, key=lambda other: others[other])
    bar = by_contender[BAR].wape
    against = f"{ours / bar:.2f} of the same-weekday mean's" if bar else "not comparable with the same-weekday mean's"
    return f"{TITLES[name]}: the error of shelfcast is {against}, {ours / others[best]:.2f} of that of the best other, {best}."


def _number(value: float | None, decimals: int = 4) -> str:
    return "" if value is None else f"{value:.{decimals}f}"


def _whole(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 10 else f"{value:.1f}"
