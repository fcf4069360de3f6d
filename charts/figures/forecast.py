"""One item: past forecasts with their band, what was sold, and what is expected next."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from charts.figures import style, words
from charts.figures.dates import day_number, show_dates
from charts.queries.forecasts import PastForecast, days_ahead, horizon_of
from streams.contract.horizons import DAY, LONGEST


def forecast_against_actual(store: str, item: str, past: Sequence[PastForecast], close: Mapping[str, Any] | None) -> Figure:
    """Day-ahead forecasts with their p10 to p90 band, beside what was sold, and the path of the days ahead."""
    name, place = style.shortened(item), f"store {style.shortened(store, 30)}"
    if not past and not (close and close["path"]):
        return style.empty_figure(f"Forecast of {name}, {place}", "No forecast yet: the first comes when a business day closes.")
    figure = style.new_figure(_finding(name, past, close), f"{place[0].upper()}{place[1:]}; {_facts(past)}", 3.9)
    axes = style.add_body(figure, 0.75, 0.3)
    axes.spines["bottom"].set_visible(True)
    axes.spines["bottom"].set_color(style.REST)
    axes.grid(axis="y", color=style.GRID, linewidth=0.8)
    if past:
        days = [day_number(one.day) for one in past]
        axes.fill_between(
            days, [one.p10 for one in past], [one.p90 for one in past], color=style.SKY, alpha=0.35, linewidth=0,
            label="forecast band, p10 to p90",
        )  # fmt: skip
        axes.plot(days, [one.mean for one in past], color=style.BLUE, linewidth=1.8, label="forecast of the day before")
        axes.plot(days, [one.actual for one in past], "o", color=style.INK, markersize=3.4, label="sold")
    if close and close["path"]:
        path = days_ahead(dict(close))
        ahead = [day_number(day) for day, _ in path]
        axes.axvline(ahead[0] - 0.5, color=style.REST, linewidth=0.9)
        axes.plot(ahead, [units for _, units in path], color=style.ORANGE, linewidth=1.8, label=f"expected, {LONGEST.title}")
        tomorrow = horizon_of(dict(close), DAY.name)
        if tomorrow:
            axes.plot([ahead[0]] * 2, [tomorrow["p10"], tomorrow["p90"]], color=style.ORANGE, linewidth=5, alpha=0.35)
    axes.set_ylim(0, _top(past, close))
    axes.margins(x=0.015)
    show_dates(axes, 4, 9)
    axes.set_ylabel("units a day", color=style.QUIET, size=9.5)
    style.legend_above(axes)
    return figure


def _top(past: Sequence[PastForecast], close: Mapping[str, Any] | None) -> float:
    """The top of the axis, chosen so that the wide band of the first week does not flatten the rest."""
    bands = sorted(one.p90 for one in past)
    marks = [one.actual for one in past] + [one.mean for one in past] + (list(close["path"]) if close else [])
    return 1.15 * max([*marks, *bands[: len(bands) * 3 // 4 + 1]], default=1.0) or 1.0


def _finding(name: str, past: Sequence[PastForecast], close: Mapping[str, Any] | None) -> str:
    tomorrow = horizon_of(dict(close), DAY.name) if close else None
    if tomorrow:
        longest = horizon_of(dict(close), LONGEST.name) if close else None
        later = f", {words.count(longest['mean'])} in {LONGEST.length}" if longest else ""
        return f"{name}: about {words.count(tomorrow['mean'])} units on {tomorrow['first_day']}{later}"
    within = sum(one.p10 <= one.actual <= one.p90 for one in past)
    return f"{name}: {within} of {len(past)} days within the band"


def _facts(past: Sequence[PastForecast]) -> str:
    facts = []
    if past:
        sold = sum(one.actual for one in past)
        within = sum(one.p10 <= one.actual <= one.p90 for one in past)
        facts.append(f"{words.span(past[0].day, past[-1].day)}: {words.count(sold)} units sold")
        if sold > 0:
            ours = sum(abs(one.mean - one.actual) for one in past) / sold
            theirs = sum(abs(one.same_weekday_mean - one.actual) for one in past) / sold
            facts.append(f"error {words.percent(ours)} (same-weekday mean {words.percent(theirs)})")
        facts.append(f"{within} of {len(past)} days within the band")
    return "; ".join(facts) or "no forecast has come due yet"
