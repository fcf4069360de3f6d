"""Figures of the file itself: boxes, pairs, correlations, funnel, and conversions per spend by each kind. The finding is the title."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy.stats import gamma

from charts.figures import words
from charts.figures.style import (
    BLUE,
    FOOT,
    GRID,
    HEAD,
    INK,
    ORANGE,
    QUIET,
    REST,
    SIDE,
    SKY,
    WIDTH,
    add_body,
    label_inches,
    new_figure,
    shortened,
)
from workbench.ads.advice import gamma_prior
from workbench.ads.kinds import kinds_of
from workbench.ads.table import Ads

Floats = NDArray[np.float64]

NAMES: Final = {
    "impressions": "impressions",
    "clicks": "clicks",
    "spend": "spend",
    "conversions": "conversions",
    "approved": "approved conversions",
}
LONGEST_UPRIGHT: Final = 6
_GAP: Final = 0.55
_MOST_BOXES: Final = 8
_MOST_BARS: Final = 45
_MOST_DOTS: Final = 3000
_ON_WHITE: Final = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}


def boxes(ads: Ads) -> Figure:
    """How the measures of single ads spread, by the first kind of the advice."""
    by = next(iter(kinds_of(ads)), None)
    labels = ["all"] if by is None else list(ads.frame[by].value_counts().index[:_MOST_BOXES])
    labels.sort(key=lambda label: (len(label), label))
    parts = [ads.frame if by is None else ads.frame[ads.frame[by] == label] for label in labels]
    target = ads.measures[-1]
    medians = [float(part["spend"].median()) for part in parts]
    most, least = int(np.argmax(medians)), int(np.argmin(medians))
    if by is not None and medians[least] > 0 and most != least:
        times = medians[most] / medians[least]
        title = f"The usual ad of {by} {labels[most]} costs {times:,.1f} times one of {labels[least]}"
    elif by is not None and most != least:
        title = f"The usual ad of {by} {labels[most]} costs {medians[most]:,.2f}, one of {labels[least]} nothing"
    else:
        title = f"Half of all ads cost less than {ads.frame['spend'].median():,.2f}"
    none = float((ads.frame[target] == 0).mean())
    subtitle = f"{len(ads.frame):,} ads; box: middle half, line: median, whiskers: 5 to 95 %; {none:.0%} have no {NAMES[target]}"
    figure = new_figure(title, subtitle, 3.6)
    for place, name in enumerate(ads.measures):
        axes = _panel(figure, place, len(ads.measures), 0.5)
        axes.boxplot(
            [np.log1p(part[name].to_numpy(float)) for part in parts], whis=(5, 95), showfliers=False, widths=0.6, patch_artist=True,
            boxprops={"facecolor": SKY, "edgecolor": BLUE}, medianprops={"color": INK, "linewidth": 2},
            whiskerprops={"color": BLUE}, capprops={"color": BLUE},
        )  # fmt: skip
        axes.set_xticks(range(1, len(labels) + 1), [shortened(label, 12) for label in labels], **turned(labels, 4))
        _log_ticks(axes, float(np.log1p(ads.frame[name].max())))
        axes.set_title(NAMES[name], loc="left", size=9.5, color=QUIET)
        axes.grid(axis="y", color=GRID)
        axes.set_axisbelow(True)
    return figure


def turned(labels: Sequence[str], most: int) -> dict[str, Any]:
    """How labels below bars stand: upright while few and short, else slanted, so that none covers the next."""
    if len(labels) < most and max(map(len, labels), default=0) <= LONGEST_UPRIGHT:
        return {}
    return {"rotation": 40, "ha": "right", "rotation_mode": "anchor"}


def pairs(ads: Ads) -> Figure:
    """Each measure against each other, on logarithmic scales."""
    names = ads.measures
    ranks = ads.frame[names].corr(method="spearman").to_numpy()
    i, j = max(((i, j) for i in range(len(names)) for j in range(i)), key=lambda pair: ranks[pair])
    title = f"{NAMES[names[j]].capitalize()} and {NAMES[names[i]]} say nearly the same: rank correlation {ranks[i, j]:.2f}"
    if ranks[i, j] < 0.8:
        title = f"{NAMES[names[j]].capitalize()} and {NAMES[names[i]]} go together most: rank correlation {ranks[i, j]:.2f}"
    figure = new_figure(title, f"{len(ads.frame):,} ads, logarithmic scales; diagonal: how many ads have which value", 8.0)
    sample = ads.frame if len(ads.frame) <= _MOST_DOTS else ads.frame.sample(_MOST_DOTS, random_state=1)
    data = np.log1p(sample[names].to_numpy(float))
    inches = (WIDTH - 2 * SIDE - 0.5) / len(names)
    tall = 8.0 / len(names)
    random = np.random.default_rng(1)
    for row in range(len(names)):
        for column in range(len(names)):
            axes = _axes(figure, SIDE + 0.5 + column * inches, HEAD + row * tall, inches - 0.12, tall - 0.12)
            if row == column:
                axes.hist(data[:, row], bins=24, color=SKY)
            else:
                jitter = random.uniform(-0.04, 0.04, (2, len(data)))
                axes.plot(data[:, column] + jitter[0], data[:, row] + jitter[1], ".", color=BLUE, markersize=2.2, alpha=0.35)
            axes.set_yticks([])
            axes.set_xticks([])
            if row == len(names) - 1:
                axes.set_xlabel(NAMES[names[column]], size=9, color=INK)
            if column == 0:
                axes.set_ylabel(NAMES[names[row]], size=9, color=INK)
    return figure


def correlation(ads: Ads) -> Figure:
    """Rank correlations of the measures as a map of colours."""
    names = ads.measures
    ranks = ads.frame[names].corr(method="spearman").to_numpy()
    target = len(names) - 1
    others = [place for place in range(target) if names[place] not in ("conversions", "approved")] or list(range(target))
    best = max(others, key=lambda place: ranks[target, place])
    title = f"{NAMES[names[target]].capitalize()} follow {NAMES[names[best]]} most closely of what is bought: {ranks[target, best]:.2f}"
    figure = new_figure(title, f"Rank correlation (Spearman) over {len(ads.frame):,} ads", 4.4)
    axes = _axes(figure, 2.6, HEAD + 0.1, 5.4, 4.2)
    axes.imshow(ranks, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    labels = [NAMES[name].replace(" ", "\n") for name in names]
    axes.set_xticks(range(len(names)), labels, color=INK)
    axes.set_yticks(range(len(names)), [NAMES[name] for name in names], color=INK)
    for i in range(len(names)):
        for j in range(len(names)):
            axes.text(j, i, f"{ranks[i, j]:.2f}", ha="center", va="center", size=11, color="white" if ranks[i, j] > 0.6 else INK)
    return figure


def funnel(ads: Ads) -> Figure:
    """From impressions to approved conversions."""
    names = [name for name in ads.measures if name != "spend"]
    totals = [float(ads.sums[name]) for name in names]
    steps = [(f"1 in {a / b:,.0f}" if a >= b > 0 else "") for a, b in pairwise(totals)]
    spent = float(ads.sums["spend"])
    price = spent / totals[-1] if totals[-1] else float("nan")
    title = (
        f"One {NAMES[names[-1]].removesuffix('s')} takes {totals[0] / max(totals[-1], 1):,.0f} {NAMES[names[0]]} and {price:,.2f} of spend"
    )
    figure = new_figure(title, f"{len(ads.frame):,} ads, {spent:,.2f} spent; logarithmic scale", 0.62 * len(names) + 0.2)
    axes = add_body(figure, SIDE + 1.9, 2.2)
    axes.barh(range(len(names)), [np.log10(total + 1) for total in totals], color=BLUE, height=0.62)
    for place, total in enumerate(totals):
        step = f"   {steps[place - 1]} {NAMES[names[place - 1]]}" if place and steps[place - 1] else ""
        axes.annotate(
            f"{total:,.0f}{step}", (np.log10(total + 1), place), xytext=(5, 0), textcoords="offset points", va="center", color=INK
        )
    axes.set_yticks(range(len(names)), [NAMES[name] for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xticks([])
    return figure


def by_kind(ads: Ads, name: str) -> Figure:
    """Conversions per 1,000 of spend by the values of a kind, drawn towards the mean, with 80 % intervals."""
    target = ads.targets[0]
    sums = ads.frame.groupby(name)[["spend", target]].sum()
    sums = sums[sums["spend"] > 0].nlargest(_MOST_BARS, "spend")
    spent, sold = sums["spend"].to_numpy(float), sums[target].to_numpy(float)
    shape, scale = gamma_prior(sold, spent)
    mean = 1000 * (shape + sold) / (scale + spent)
    low, high = (1000 * gamma.ppf(q, shape + sold, scale=1 / (scale + spent)) for q in (0.1, 0.9))
    order = np.argsort(-mean, kind="stable")
    overall = 1000 * sold.sum() / spent.sum()
    first, last = order[0], order[-1]
    apart = low[first] > high[last]
    labels = [str(label) for label in sums.index]
    if apart:
        title = f"{name} {labels[first]} earns {mean[first] / mean[last]:.1f} times as much per spend as {labels[last]}"
    else:
        title = f"No value of {name} clearly earns more per spend than another"
    what = f"{NAMES[target].capitalize()} per 1,000 spent"
    subtitle = f"{what}, small kinds drawn towards the mean, bars: 80 % intervals; dashed: all ads {overall:,.1f}"
    bar = 0.34 if len(order) < 16 else 0.2
    figure = new_figure(title, subtitle, bar * len(order) + 0.3)
    shown = [shortened(labels[i], 26) for i in order]
    axes = add_body(figure, SIDE + label_inches(shown) + 0.15, 1.9)
    y = np.arange(len(order))
    axes.barh(y, mean[order], color=[BLUE if low[i] > overall else REST if high[i] >= overall else ORANGE for i in order], height=0.66)
    axes.errorbar(mean[order], y, xerr=[mean[order] - low[order], high[order] - mean[order]], fmt="none", ecolor=INK, elinewidth=1.2)
    axes.axvline(overall, color=INK, linestyle="--", linewidth=1)
    for place, i in enumerate(order):
        note = f"{mean[i]:,.1f}  ({words.short(sold[i])} for {words.short(spent[i])})"
        axes.annotate(note, (high[i], place), xytext=(6, 0), textcoords="offset points", va="center", size=8.5, color=INK, bbox=_ON_WHITE)
    axes.set_yticks(y, shown)
    axes.set_ylim(len(order) - 0.5, -0.5)
    axes.set_axisbelow(True)
    axes.grid(axis="x", color=GRID)
    return figure


def over_time(ads: Ads) -> Figure:
    """Spend and conversions by week or day."""
    target = ads.targets[0]
    days = ads.frame.groupby(pd.DatetimeIndex(ads.frame["date"]))[["spend", target]].sum().sort_index()
    days = days.asfreq("D").fillna(0.0) if len(days) > 1 else days
    smooth = days.rolling(7, min_periods=1).sum()
    rate = (1000 * smooth[target] / smooth["spend"].where(smooth["spend"] > 0)).to_numpy(float)
    known = rate[np.isfinite(rate)]
    first, last = (float(np.mean(known[:14])), float(np.mean(known[-14:]))) if len(known) else (0.0, 0.0)
    title = f"{NAMES[target].capitalize()} per 1,000 spent went from {first:,.1f} to {last:,.1f}"
    figure = new_figure(title, "Sums of seven days; mean of the first and of the last two weeks in the title", 3.2)
    axes = add_body(figure, SIDE + 0.6)
    axes.plot(days.index.to_numpy(), rate, color=BLUE, linewidth=1.6)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=GRID)
    figure.autofmt_xdate(rotation=0, ha="center")
    return figure


def _panel(figure: Figure, place: int, of: int, left: float) -> Axes:
    width = (WIDTH - SIDE - left) / of
    tall = figure.get_figheight() - HEAD - FOOT - 0.25
    return _axes(figure, left + place * width + 0.25, HEAD + 0.2, width - _GAP, tall)


def _axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    total = figure.get_figheight()
    axes = figure.add_axes((left / WIDTH, 1 - (top + height) / total, width / WIDTH, height / total))
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=8.5, labelcolor=QUIET)
    axes.set_axisbelow(True)
    return axes


def _log_ticks(axes: Axes, top: float) -> None:
    values = [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
    kept = [value for value in values if np.log1p(value) <= top + 0.3]
    axes.set_yticks([float(np.log1p(value)) for value in kept], [words.short(value) for value in kept])
