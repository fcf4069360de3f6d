"""The steps as a picture: what each reads, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from charts.figures.style import BLUE, GREEN, INK, QUIET, REST, SIDE, add_body, new_figure, shortened
from workbench.pipeline.steps import DATA, Pipeline

COLOURS: Final = {"ran": BLUE, "kept": REST, "same": GREEN}
_WIDE: Final = 0.74
_TALL: Final = 0.62


def graph(pipeline: Pipeline, states: Mapping[str, str]) -> Figure:
    """Inputs at the left, then steps, each to the right of those it waits for."""
    depth: dict[str, int] = {}
    for step in pipeline.steps:
        depth[step.name] = 1 + max((depth[name] for name in step.after), default=0)
    inputs = list(dict.fromkeys(name for step in pipeline.steps for name in step.inputs))
    columns: list[list[str]] = [inputs, *([name for name, d in depth.items() if d == at] for at in range(1, max(depth.values()) + 1))]
    place = {(x, name): (float(x), float(y)) for x, names in enumerate(columns) for y, name in enumerate(names)}
    ran = sum(state != "kept" for state in states.values())
    title = f"{pipeline.name}: {ran} of {len(pipeline.steps)} steps ran, {len(pipeline.steps) - ran} were kept"
    tallest = max(map(len, columns))
    figure = new_figure(
        title, "Blue: ran; green: ran again with the same files; grey: kept, as nothing it reads has changed", 0.9 * tallest + 0.2
    )
    axes = add_body(figure, SIDE, SIDE)
    for step in pipeline.steps:
        x, y = place[depth[step.name], step.name]
        for name in step.inputs:
            _arrow(axes, place[0, name], (x, y))
        for name in step.after:
            _arrow(axes, place[depth[name], name], (x, y))
    for (x, name), (left, top) in place.items():
        _box(axes, left, top, shortened(_shown(pipeline, name), 24), QUIET if x == 0 else COLOURS[states[name]], filled=x > 0)
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_ylim(tallest - 0.5, -0.5)
    axes.set_axis_off()
    return figure


def _shown(pipeline: Pipeline, name: str) -> str:
    return pipeline.data.name if name == DATA and pipeline.data is not None else name


def _box(axes: Axes, x: float, y: float, text: str, colour: str, *, filled: bool) -> None:
    shape = FancyBboxPatch(
        (x - _WIDE / 2, y - _TALL / 2), _WIDE, _TALL, boxstyle="round,pad=0,rounding_size=0.08", edgecolor=colour,
        facecolor=colour if filled else "white", linewidth=1.4,
    )  # fmt: skip
    axes.add_patch(shape)
    axes.text(x, y, text, ha="center", va="center", size=10, color="white" if filled else INK)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "",
        (end[0] - _WIDE / 2, end[1]),
        (start[0] + _WIDE / 2, start[1]),
        arrowprops={"arrowstyle": "-|>", "color": QUIET, "linewidth": 1.2},
    )
