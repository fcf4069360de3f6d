"""Figures of the results: models side by side, what drives conversions, and the advice. The finding is the title."""

from __future__ import annotations

from typing import Final

import numpy as np
from matplotlib.figure import Figure

from charts.figures.style import BLUE, FOOT, GRID, HEAD, INK, QUIET, REST, SIDE, WIDTH, add_body, label_inches, new_figure, shortened
from workbench.ads.advice import BUDGET, Advice
from workbench.ads.drivers import Dependence, Importance
from workbench.ads.evaluation import Judged
from workbench.ads.explore_figures import NAMES, turned
from workbench.ads.features import AMOUNTS

_MOST_SHOWN: Final = 12
_PANELS: Final = (("deviance", "deviance (less is better)"), ("rmse", "RMSE (less is better)"), ("r2", "R2 (more is better)"))


def models(judged: Judged) -> Figure:
    """Deviance, RMSE and R2 of all models with their intervals."""
    order = judged.order
    title = f"{NAMES[judged.target].capitalize()}: {_plain(order[0])} forecasts best"
    title += f", ahead of {_plain(order[1])} in {judged.lead:.0%} of draws" if judged.lead < 0.95 else ""
    figure = new_figure(title, f"{judged.split}; bars: 90 % intervals from whole groups drawn again", 0.36 * len(order) + 0.5)
    labels = [_plain(name) for name in order]
    left = SIDE + label_inches(labels) + 0.15
    for place, (metric, heading) in enumerate(_PANELS):
        axes = add_body(figure, left, share=(place / 3, (place + 0.94) / 3))
        y = np.arange(len(order))
        values = np.array([getattr(judged.scores[name], metric) for name in order])
        bounds = np.array([judged.scores[name].intervals[metric] for name in order])
        axes.errorbar(values, y, xerr=np.abs(bounds.T - values), fmt="o", color=BLUE, ecolor=REST, elinewidth=3, markersize=6, zorder=3)
        for at, value in enumerate(values.tolist()):
            axes.annotate(f"{value:.2f}", (value, at), xytext=(0, 6), textcoords="offset points", ha="center", size=8, color=INK)
        axes.set_yticks(y, labels if place == 0 else [""] * len(order))
        axes.set_ylim(len(order) - 0.4, -0.7)
        axes.set_title(heading, loc="left", size=9.5, color=QUIET)
        axes.grid(axis="x", color=GRID)
        axes.tick_params(axis="x", labelsize=8)
    return figure


def drivers(found: list[Importance], judged: Judged) -> Figure:
    """How much worse the best model gets when an input is shuffled."""
    shown = found[:_MOST_SHOWN]
    singles = [one for one in shown if " together" not in one.name]
    title = f"What drives {NAMES[judged.target]} most: {NAMES.get(singles[0].name, singles[0].name)}"
    subtitle = f"Growth of the deviance of held-out ads when an input is shuffled ({_plain(judged.best_batch)}); bars: spread over folds"
    figure = new_figure(title, subtitle, 0.34 * len(shown) + 0.3)
    labels = [shortened(NAMES.get(one.name, one.name), 28) for one in shown]
    axes = add_body(figure, SIDE + label_inches(labels) + 0.15, 0.9)
    y = np.arange(len(shown))
    shares = np.array([one.share for one in shown])
    axes.barh(y, shares, color=[REST if " together" in one.name else BLUE for one in shown], height=0.62)
    axes.errorbar(shares, y, xerr=[one.spread for one in shown], fmt="none", ecolor=INK, elinewidth=1.2)
    for place, one in enumerate(shown):
        axes.annotate(
            f"{one.share:+.0%}", (max(one.share, 0) + one.spread, place), xytext=(5, 0), textcoords="offset points", va="center", size=9
        )
    axes.set_yticks(y, labels)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(axis="x", color=GRID)
    return figure


def dependence(found: list[Dependence], judged: Judged) -> Figure:
    """Expected conversions by the values of the inputs that matter most."""
    first = max(found, key=lambda one: float(one.mean.max() - one.mean.min()))
    low, high = float(first.mean.min()), float(first.mean.max())
    moves = "move" if first.name in ("clicks", "impressions") else "moves"
    title = f"{NAMES.get(first.name, first.name).capitalize()} {moves} an ad from {low:.2f} to {high:.2f} {NAMES[judged.target]}"
    figure = new_figure(
        title, f"Partial dependence of {_plain(judged.best_batch)}: expected if all ads had this value, all else as it is", 3.0
    )
    top = max(float(one.mean.max()) for one in found) * 1.1
    width = (WIDTH - 2 * SIDE - 0.2) / len(found)
    total = figure.get_figheight()
    for place, one in enumerate(found):
        left = SIDE + 0.3 + place * width
        axes = figure.add_axes((left / WIDTH, (FOOT + 0.25) / total, (width - 0.45) / WIDTH, (total - HEAD - FOOT - 0.6) / total))
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=8, labelcolor=QUIET)
        if one.name in AMOUNTS:
            axes.plot(np.log1p(np.asarray(one.values, float)), one.mean, color=BLUE, linewidth=2)
            low, high = float(np.min(np.asarray(one.values, float))), float(np.max(np.asarray(one.values, float)))
            reach = [value for value in (0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7) if 0.5 * low <= value <= high]
            axes.set_xticks([float(np.log1p(value)) for value in reach], [_tick(value) for value in reach])
        else:
            labels = [shortened(str(value), 12) for value in one.values]
            axes.bar(range(len(labels)), one.mean, color=BLUE, width=0.7)
            step = -(-len(labels) // 8)
            axes.set_xticks(range(0, len(labels), step), labels[::step], **turned(labels, 5))
        axes.set_ylim(0, top)
        axes.set_title(NAMES.get(one.name, one.name), loc="left", size=9.5, color=INK)
        axes.set_axisbelow(True)
        axes.grid(axis="y", color=GRID)
    return figure


def advice(found: Advice) -> Figure:
    """What the next budget brings, by kind."""
    shown = found.segments[:_MOST_SHOWN]
    best = shown[0]
    sure = "almost certainly" if best.best > 0.9 else "probably" if best.best > 0.5 else "perhaps"
    title = f"The next {BUDGET:,.0f} earn {sure} most with {best.name}"
    subtitle = (
        f"{NAMES[found.target].capitalize()} that the next {BUDGET:,.0f} bring; bars: 80 % of what may come; observational, so try it first"
    )
    figure = new_figure(title, subtitle, 0.36 * len(shown) + 0.3)
    labels = [shortened(one.name, 34) for one in shown]
    axes = add_body(figure, SIDE + label_inches(labels) + 0.15, 2.0)
    y = np.arange(len(shown))
    expected = np.array([one.expected for one in shown])
    low, high = np.array([one.low for one in shown]), np.array([one.high for one in shown])
    axes.barh(y, expected, color=[BLUE, *[REST] * (len(shown) - 1)], height=0.64)
    axes.errorbar(expected, y, xerr=[np.maximum(expected - low, 0), np.maximum(high - expected, 0)], fmt="none", ecolor=INK, elinewidth=1.2)
    for place, one in enumerate(shown):
        note = f"{one.expected:,.1f}; best with {one.best:.0%}"
        axes.annotate(note, (max(one.high, one.expected), place), xytext=(6, 0), textcoords="offset points", va="center", size=8.5)
    axes.set_yticks(y, labels)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.grid(axis="x", color=GRID)
    return figure


def _plain(name: str) -> str:
    return name.replace("_", " ").replace("poisson", "Poisson").replace("adaboost", "AdaBoost")


def _tick(value: float) -> str:
    return f"{value:,.0f}" if value < 1000 else f"{value / 1000:,.0f} k" if value < 1e6 else f"{value / 1e6:,.0f} M"
