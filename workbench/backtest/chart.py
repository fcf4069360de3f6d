"""The backtest as a picture: errors by horizon and contender, and a good, a typical and a bad series."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib import dates as mdates
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from charts.figures.draw import drawn
from charts.figures.style import BLUE, GRID, HEAD, INK, MINUS, ORANGE, QUIET, REST, SIDE, SKY, WIDTH, new_figure, shortened
from streams.contract.horizons import BAND, HORIZONS, QUANTILE_NAMES
from streams.processor.local_time import EPOCH_ORDINAL
from workbench.backtest.evaluation import Evaluation
from workbench.backtest.live import Live
from workbench.backtest.panel import Contender, Windows
from workbench.backtest.report import BAR, OURS, TITLES

BAR_INCHES: Final = 0.23
PANEL_INCHES: Final = 1.75
GAP_INCHES: Final = 0.62
SHOWN_DAYS: Final = 90
FEWEST_WINDOWS: Final = 10
LABEL_INCHES: Final = 2.1
LENGTHS: Final = {horizon.name: horizon.length for horizon in HORIZONS}


@dataclass(frozen=True, slots=True)
class _Picked:
    row: int
    kind: str
    wape: float


def draw(live: Live, contenders: list[Contender], evaluation: Evaluation) -> bytes:
    """The picture as PNG."""
    return drawn(lambda: _figure(live, contenders[0], evaluation), "png")


def _figure(live: Live, ours: Contender, evaluation: Evaluation) -> Figure:
    horizon, window = next(iter(live.windows.items()))
    picked = _picked(window, ours.forecasts[horizon].mean, live)
    most = max(len(by_contender) for by_contender in evaluation.scores.values())
    bars_inches = BAR_INCHES * most + 0.2
    body = bars_inches + GAP_INCHES + len(picked) * (PANEL_INCHES + GAP_INCHES) - 0.35
    figure = new_figure(_title(evaluation), f"{evaluation.series:,} series, every day of the last {evaluation.days:,} as origin", body)
    _bars(figure, evaluation, bars_inches)
    for place, one in enumerate(picked):
        top = HEAD + bars_inches + GAP_INCHES + place * (PANEL_INCHES + GAP_INCHES) + 0.2
        axes = _axes(figure, SIDE + 0.45, top, WIDTH - 2 * SIDE - 0.45, PANEL_INCHES)
        _series(axes, live, ours, horizon, one, legend=place == 0)
    return figure


def _title(evaluation: Evaluation) -> str:
    parts = []
    for name, by_contender in evaluation.scores.items():
        ours, bar = by_contender[OURS].wape, by_contender[BAR].wape
        if ours is not None and bar:
            parts.append(f"{MINUS if ours <= bar else '+'}{abs(1 - ours / bar):.0%} ({LENGTHS[name]})")
    return "Error against the same-weekday mean: " + ", ".join(parts) if parts else "Nothing was sold in the scored days"


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a position in inches from the figure's upper left corner."""
    total = figure.get_figheight()
    axes = figure.add_axes((left / WIDTH, 1 - (top + height) / total, width / WIDTH, height / total))
    axes.set_axisbelow(True)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=9, labelcolor=QUIET)
    return axes


def _bars(figure: Figure, evaluation: Evaluation, inches: float) -> None:
    """One group of bars for each horizon, side by side; contenders in the order of their error at the first one."""
    first = next(iter(evaluation.scores.values()))
    order = sorted({c for found in evaluation.scores.values() for c in found}, key=lambda c: _wape(first.get(c)))
    names = list(evaluation.scores)
    width = (WIDTH - 2 * SIDE - LABEL_INCHES) / len(names)
    for place, name in enumerate(names):
        axes = _axes(figure, SIDE + LABEL_INCHES + place * width, HEAD + 0.12, width - 0.2, inches)
        values = [_wape(evaluation.scores[name].get(c)) for c in order]
        known = [v for v in values if np.isfinite(v)]
        best = min(known, default=0.0)
        colours = [BLUE if c == OURS else ORANGE if c == BAR else REST for c in order]
        axes.barh(range(len(order)), [v if np.isfinite(v) else 0 for v in values], height=0.66, color=colours)
        for y, value in enumerate(values):
            if np.isfinite(value):
                weight = "bold" if value == best else "normal"
                axes.annotate(
                    f"{value:.3f}", (value, y), xytext=(4, 0), textcoords="offset points", va="center", size=8.5, color=INK, weight=weight
                )
        axes.set_xlim(0, 1.25 * max(known, default=1.0))
        axes.set_ylim(len(order) - 0.4, -0.6)
        axes.set_xticks([])
        axes.set_yticks(range(len(order)), [c.replace("_", " ") for c in order] if place == 0 else [""] * len(order), color=INK)
        axes.set_title(f"WAPE, {TITLES[name]}", loc="left", size=9.5, color=QUIET, pad=4)


def _wape(found: object) -> float:
    value = getattr(found, "wape", None)
    return float("inf") if value is None else float(value)


def _picked(window: Windows, mean: np.ndarray[tuple[int, int], np.dtype[np.float64]], live: Live) -> list[_Picked]:
    """The series at the 10th, 50th and 90th percentile of error among the larger half: neither lucky nor freak ones."""
    started = live.panel.started[:, window.origins] & np.isfinite(mean)
    sold = np.where(started, np.abs(window.actual), 0).sum(1)
    enough = np.flatnonzero((started.sum(1) >= FEWEST_WINDOWS) & (sold > 0))
    if not len(enough):
        return []
    large = enough[sold[enough] >= np.median(sold[enough])]
    error = np.where(started, np.abs(mean - window.actual), 0).sum(1)[large] / sold[large]
    order = np.argsort(error, kind="stable")
    shares = (("A good series", 0.1), ("A typical series", 0.5), ("A bad series", 0.9))
    chosen: dict[int, _Picked] = {}
    for kind, share in shares:
        at = int(order[round(share * (len(order) - 1))])
        chosen.setdefault(int(large[at]), _Picked(int(large[at]), kind, float(error[at])))
    return list(chosen.values())


def _series(axes: Axes, live: Live, ours: Contender, horizon: str, one: _Picked, *, legend: bool) -> None:
    """Plot actual and forecast sums by the last day of their window, with the band."""
    window, forecast = live.windows[horizon], ours.forecasts[horizon]
    part = slice(max(len(window.origins) - SHOWN_DAYS, 0), None)
    days = [dt.date.fromordinal(live.panel.first_day + int(origin) + window.span + EPOCH_ORDINAL) for origin in window.origins[part]]
    x = np.array(mdates.date2num(days))  # type: ignore[no-untyped-call]
    if forecast.quantiles is not None:
        low, high = (forecast.quantiles[QUANTILE_NAMES.index(name), one.row, part] for name in BAND)
        axes.fill_between(x, low, high, color=SKY, alpha=0.35, linewidth=0, label=" to ".join(BAND))
    axes.plot(x, window.actual[one.row, part], color=INK, linewidth=1.1, marker="o", markersize=2.6, label="sold")
    axes.plot(x, forecast.mean[one.row, part], color=BLUE, linewidth=1.6, label="forecast")
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_xlim(x[0] - 0.5, x[-1] + 0.5)
    axes.set_ylim(bottom=min(0.0, float(window.actual[one.row, part].min())))
    axes.xaxis.set_major_locator(mdates.AutoDateLocator(minticks=4, maxticks=9))  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(mdates.DateFormatter("%-d %b %Y"))  # type: ignore[no-untyped-call]
    name = f"{shortened(live.panel.stores[one.row], 30)}, {shortened(live.panel.items[one.row], 30)}"
    axes.set_title(f"{one.kind}: {name}. Units, {TITLES[horizon]}; WAPE {one.wape:.3f}", loc="left", size=9.5, color=INK, pad=5)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace("-", MINUS))
    if legend:
        axes.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=3, frameon=False, fontsize=8.5, borderpad=0, borderaxespad=0.2,
            handlelength=1.4, columnspacing=1.2, labelcolor=INK,
        )  # fmt: skip
