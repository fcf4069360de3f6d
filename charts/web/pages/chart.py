"""Charts as SVG within a page: lines, bands and dots over days. They stretch with the page while their letters keep their size.

Places across are percentages and the lines stand in a picture of their own that is stretched, so no script and no style attribute is
needed. Colours come from the page's style, so a chart follows the dark theme.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

HEIGHT: Final = 240
_TOP, _FOOT = 18, 24
"""Pixels above and below the plot."""
_LABELS: Final = 5
_STEPS: Final = (1, 2, 2.5, 5, 10)

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Line:
    """A line over the places of a chart; None leaves a gap. look: a class of the style sheet."""

    name: str
    values: Values
    look: str = "a"


@dataclass(frozen=True, slots=True)
class Band:
    """The area between two values at each place."""

    name: str
    low: Values
    high: Values
    look: str = "a"


@dataclass(frozen=True, slots=True)
class Dots:
    """Single marks."""

    name: str
    values: Values
    look: str = "ink"


def drawn(
    title: str,
    places: Sequence[str],
    marks: Sequence[Line | Band | Dots],
    axis: Sequence[tuple[float, str]],
    tips: Sequence[str] = (),
    parted_at: int | None = None,
) -> Markup:
    """A chart with its legend.

    places: the label of each place. axis: values and labels of the grid, from 0 to the top, see `grid`. tips: what a pointer over a place
    is told. parted_at: the first place after a dividing line, as between past and future.
    """
    top, count = max(axis[-1][0], 1e-9), len(places)
    plot = HEIGHT - _TOP - _FOOT
    parts = [Markup('<svg class="chart" role="img" aria-label="{}" width="100%" height="{}">').format(title, HEIGHT)]
    for value, _ in axis:
        y = round(_TOP + plot * (1 - value / top), 1)
        parts.append(Markup('<line class="grid" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(y))
    if parted_at is not None and count:
        parts.append(
            Markup('<line class="parting" x1="{0}%" x2="{0}%" y1="{1}" y2="{2}"/>').format(_edge(parted_at, count), 4, HEIGHT - _FOOT)
        )
    parts.append(
        Markup('<svg x="0" y="{}" width="100%" height="{}" viewBox="0 0 1000 1000" preserveAspectRatio="none">').format(_TOP, plot)
    )
    parts += [_area(mark, count, top) for mark in marks if isinstance(mark, Band)]
    parts += [_path(mark, count, top) for mark in marks if isinstance(mark, Line)]
    parts.append(Markup("</svg>"))
    for value, label in axis:  # above the lines, so that they stay legible
        parts.append(Markup('<text class="tick" x="2" y="{}">{}</text>').format(round(_TOP + plot * (1 - value / top) - 3, 1), label))
    for mark in marks:
        if isinstance(mark, Dots):
            parts += [
                Markup('<circle class="dot-{}" cx="{}%" cy="{}" r="2.6"/>').format(
                    mark.look, _middle(n, count), round(_TOP + plot * (1 - min(value, top) / top), 1)
                )
                for n, value in enumerate(mark.values)
                if value is not None
            ]
    parts += _labels(places)
    for n, tip in enumerate(tips):
        parts.append(
            Markup('<rect class="hit" x="{}%" y="0" width="{}%" height="{}"><title>{}</title></rect>').format(
                _edge(n, count), round(100 / count, 3), HEIGHT - _FOOT, tip
            )
        )
    parts.append(Markup("</svg>"))
    return Markup("").join([_legend(marks), *parts])


def grid(values: Values, least: float = 1.0) -> list[float]:
    """Round values for the grid of an axis from 0 to above the largest value."""
    largest = max((value for value in values if value is not None), default=least)
    largest = max(largest, least)
    step = largest / 4
    power = 10 ** math.floor(math.log10(step))
    step = next(power * one for one in _STEPS if power * one >= step * 0.999)
    return [step * n for n in range(math.ceil(largest / step - 1e-9) + 1)]


def _middle(n: int, count: int) -> float:
    return round(100 * (n + 0.5) / max(count, 1), 3)


def _edge(n: int, count: int) -> float:
    return round(100 * n / max(count, 1), 3)


def _point(n: int, value: float, count: int, top: float) -> str:
    return f"{10 * _middle(n, count):.1f} {1000 * (1 - min(value, 1.02 * top) / top):.1f}"


def _path(line: Line, count: int, top: float) -> Markup:
    pieces, pen_up = [], True
    for n, value in enumerate(line.values):
        if value is None:
            pen_up = True
            continue
        pieces.append(f"{'M' if pen_up else 'L'}{_point(n, value, count, top)}")
        pen_up = False
    return Markup('<path class="line-{}" d="{}"/>').format(line.look, "".join(pieces))


def _area(band: Band, count: int, top: float) -> Markup:
    there = [n for n, (low, high) in enumerate(zip(band.low, band.high, strict=True)) if low is not None and high is not None]
    runs: list[list[int]] = []
    for n in there:
        if runs and runs[-1][-1] == n - 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    pieces = []
    for run in runs:
        upper = [_point(n, band.high[n] or 0.0, count, top) for n in run]
        lower = [_point(n, band.low[n] or 0.0, count, top) for n in reversed(run)]
        pieces.append(f"M{'L'.join(upper + lower)}Z")
    return Markup('<path class="band-{}" d="{}"/>').format(band.look, "".join(pieces))


def _labels(places: Sequence[str]) -> list[Markup]:
    """The labels of some places, evenly apart, so that they fit a phone."""
    count = len(places)
    step = max(1, math.ceil(count / _LABELS))
    found = []
    for n in range(step // 2, count, step):
        x = _middle(n, count)
        found.append(Markup('<text class="tick middle" x="{}%" y="{}">{}</text>').format(x, HEIGHT - 7, places[n]))
    return found


def _legend(marks: Sequence[Line | Band | Dots]) -> Markup:
    kinds = {Line: "line", Band: "band", Dots: "dot"}
    entries = [
        Markup('<li><svg width="22" height="10" aria-hidden="true">{}</svg>{}</li>').format(
            _sample(kinds[type(mark)], mark.look), escape(mark.name)
        )
        for mark in marks
        if mark.name
    ]
    return Markup('<ul class="legend">{}</ul>').format(Markup("").join(entries))


def _sample(kind: str, look: str) -> Markup:
    if kind == "line":
        return Markup('<path class="line-{}" d="M1 5L21 5"/>').format(look)
    if kind == "band":
        return Markup('<path class="band-{}" d="M1 1L21 1L21 9L1 9Z"/>').format(look)
    return Markup('<circle class="dot-{}" cx="11" cy="5" r="2.6"/>').format(look)
