"""How wrong the recent forecasts were, beside the same-weekday mean, by horizon."""

from collections.abc import Mapping
from typing import NamedTuple

from matplotlib.figure import Figure

from charts.figures import style, words
from charts.figures.dates import day_number, show_dates
from charts.queries.forecasts import ErrorSums, score_sums
from streams.contract.horizons import HORIZONS, Horizon

WINDOW_DAYS = 28


class Running(NamedTuple):
    """Errors over the window that ends at a day, as fractions of what was sold."""

    day: float
    ours: float
    baseline: float


def running(origins: Mapping[str, ErrorSums]) -> list[Running]:
    """At each origin, the errors over the last 28 origins; origins without any sales in them are left out."""
    order = sorted(origins)
    line = []
    for end in range(len(order)):
        window = [origins[day] for day in order[max(0, end + 1 - WINDOW_DAYS) : end + 1]]
        actual = sum(one.actual for one in window)
        if actual > 0:
            line.append(
                Running(
                    day_number(order[end]),
                    sum(one.absolute_error for one in window) / actual,
                    sum(one.absolute_error_same_weekday_mean for one in window) / actual,
                )
            )
    return line


def running_error(by_origin: Mapping[str, Mapping[str, ErrorSums]], store: str | None) -> Figure:
    """One panel a horizon: our error and the baseline's over the last 28 days of forecasts."""
    lines = {horizon.name: running(by_origin.get(horizon.name, {})) for horizon in HORIZONS}
    shown = [horizon for horizon in HORIZONS if lines[horizon.name]]
    if not shown:
        return style.empty_figure(
            "Forecast error", f"No forecast of {words.scope(store)} has come due yet: the first does when the next business day closes."
        )
    whole = score_sums({horizon.name: dict(by_origin[horizon.name]) for horizon in shown})
    days = sorted(day for horizon in shown for day in by_origin[horizon.name])
    figure = style.new_figure(
        _finding(whole, shown),
        f"Sum of |forecast - sold| / sum of sold, over the last {WINDOW_DAYS} days of forecasts, {words.scope(store)}, "
        f"{words.span(days[0], days[-1])}",
        3.3,
    )
    for place, horizon in enumerate(shown):
        _panel(figure, horizon, lines[horizon.name], whole[horizon.name], place=place, panels=len(shown))
    return figure


def _panel(figure: Figure, horizon: Horizon, line: list[Running], whole: ErrorSums, *, place: int, panels: int) -> None:
    gap = 0.045 if panels > 1 else 0.0
    width = (1 - gap * (panels - 1)) / panels
    start = place * (width + gap)
    axes = style.add_body(figure, 0.6, 0.3, (start, start + width))
    axes.set_position(axes.get_position().shrunk(1, 0.87))
    axes.grid(axis="y", color=style.GRID, linewidth=0.8)
    days = [one.day for one in line]
    mark = "o" if len(line) == 1 else None
    axes.plot(days, [one.baseline for one in line], marker=mark, color=style.ORANGE, linewidth=1.6, label="same-weekday mean")
    axes.plot(days, [one.ours for one in line], marker=mark, color=style.BLUE, linewidth=2.2, label="shelfcast")
    # The first days divide by small numbers; they must not flatten all that follow.
    settled = line[len(line) // 10 :]
    axes.set_ylim(0, 1.25 * max(max(one.ours, one.baseline) for one in settled) or 1.0)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.locator_params(axis="y", nbins=6)
    show_dates(axes, 2, 5)
    axes.set_title(horizon.title.capitalize(), loc="left", size=11, weight="bold", color=style.INK, pad=20)
    ours, baseline = whole.wape, whole.wape_same_weekday_mean
    if ours is not None and baseline is not None:
        axes.text(
            0,
            1.03,
            f"{words.percent(ours)} against {words.percent(baseline)} over all",
            transform=axes.transAxes,
            size=9,
            color=style.QUIET,
        )
    if place == 0:
        axes.legend(loc="lower left", frameon=False, fontsize=9, handlelength=1.6, labelcolor=style.INK)


def _finding(whole: Mapping[str, ErrorSums], shown: list[Horizon]) -> str:
    parts = []
    for horizon in shown:
        ours, baseline = whole[horizon.name].wape, whole[horizon.name].wape_same_weekday_mean
        if ours is not None and baseline:
            change = ours / baseline - 1
            parts.append(f"{style.MINUS if change < 0 else '+'}{words.percent(abs(change))} ({horizon.length})")
    return "Error against the same-weekday mean: " + ",  ".join(parts) if parts else "Forecast error"
