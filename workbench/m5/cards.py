"""The data card and the model card of the M5 protocol, and its figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.figure import Figure

from charts.figures.style import BLUE, GREEN, GRID, INK, ORANGE, QUIET, REST, SIDE, SKY, VERMILLION, add_body, label_inches, new_figure
from workbench.m5.data import HORIZON, M5
from workbench.tracking.findings import environment

if TYPE_CHECKING:
    from workbench.m5.run import Scored

LIMITS: Final = (
    "One origin: another month may order the contenders otherwise.",
    "shelfcast sees no prices here; LightGBM does.",
    "Quantiles of every contender are made from its own errors in the two windows before the origin.",
    "In the data of one store, several of the twelve levels hold the same series.",
)
_COLOURS: Final = (ORANGE, GREEN, VERMILLION, SKY, QUIET, REST)


def data_card(data: M5, fingerprint: str) -> str:
    """What the tables hold; Markdown."""
    units, days = data.units, data.units.shape[1]
    started = np.maximum.accumulate(units > 0, axis=1)
    lines = ["# Data: M5", "", f"SHA-256 `{fingerprint}`.", ""]
    lines += [f"- {data.dates[0].date()} to {data.dates[days - 1].date()}: {days:,} days, of which the last {HORIZON} are forecast"]
    lines += [f"- {data.keys[name].nunique():,} {words}" for name, words in (("item_id", "items"), ("dept_id", "departments"))]
    lines += [
        f"- {data.keys['store_id'].nunique():,} stores, {len(units):,} series",
        f"- {units.sum():,.0f} units; {(units[started] == 0).mean():.0%} of days since a series' first sale have none",
        f"- a price is known on {np.isfinite(data.prices[:, :days]).mean():.0%} of days; no price: not on sale",
        f"- {(data.events[:days] > 0).sum():,} days have an event, {data.snap[:, :days].mean():.0%} of series' days are SNAP days",
    ]
    return "\n".join(lines) + "\n"


def model_card(scores: Mapping[str, Scored], origin: str) -> str:
    """All contenders by level, ours among them, and the limits; Markdown."""
    order = _order(scores)
    lines = [
        "# Model: shelfcast, online, by the M5 protocol", "",
        (f"The worker's own model, day by day up to {origin}; then {HORIZON} daily values of each series. SNAP days are food promotions, "
        "known ahead."), "",
        f"| WRMSSE | {' | '.join(order)} |", "|---" * (len(order) + 1) + "|",
    ]  # fmt: skip
    lines += [f"| {level} | {' | '.join(f'{scores[name].wrmsse[level]:.3f}' for name in order)} |" for level in scores[order[0]].wrmsse]
    for label, values in (
        ("mean", [scores[name].mean_wrmsse for name in order]),
        ("scaled pinball loss", [scores[name].mean_wspl for name in order]),
    ):
        lines.append(f"| **{label}** | {' | '.join(f'{value:.3f}' for value in values)} |")
    lines += [f"| bias | {' | '.join(f'{scores[name].bias:+.1%}' for name in order)} |", "", "## Limits", ""]
    lines += [*(f"- {limit}" for limit in LIMITS), "", "## Made with", ""]
    return "\n".join([*lines, *(f"- {library} {number}" for library, number in environment().items())]) + "\n"


def levels(scores: Mapping[str, Scored], origin: str) -> Figure:
    """WRMSSE by level of all contenders: how it grows from the total to the single item."""
    order = _order(scores)
    names = list(scores[order[0]].wrmsse)
    ours, rival = scores["shelfcast"], scores[next(name for name in order if name != "shelfcast")]
    ahead = [name for name in names if ours.wrmsse[name] < rival.wrmsse[name]]
    other = _plain(next(name for name in order if name != "shelfcast"))
    title = (
        f"M5: WRMSSE {ours.mean_wrmsse:.3f} of shelfcast, {rival.mean_wrmsse:.3f} of {other}; nearer on {len(ahead)} of {len(names)} levels"
    )
    figure = new_figure(title, f"Weighted scaled error by level, {HORIZON} days after {origin}; less is better", 0.34 * len(names) + 0.5)
    axes = add_body(figure, SIDE + label_inches(names) + 0.15, 0.4)
    for place, name in enumerate(order):
        colour = BLUE if name == "shelfcast" else _COLOURS[(place - (place > order.index("shelfcast"))) % len(_COLOURS)]
        values = [scores[name].wrmsse[level] for level in names]
        marker = "o" if name == "shelfcast" else "Ds^vPX<>"[place % 8]
        axes.plot(values, np.arange(len(names)), marker, color=colour, markersize=8 if name == "shelfcast" else 6, label=_plain(name))
    axes.set_yticks(np.arange(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.grid(axis="x", color=GRID)
    axes.tick_params(axis="x", labelsize=8, colors=INK)
    axes.legend(loc="upper right", fontsize=8.5, frameon=True, facecolor="white", edgecolor="none")
    return figure


def _order(scores: Mapping[str, Scored]) -> list[str]:
    return sorted(scores, key=lambda name: scores[name].mean_wrmsse)


def _plain(name: str) -> str:
    return name.replace("_", " ")
