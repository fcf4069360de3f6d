"""How a store's shelf is shared, beside each item's share of the expected sales."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from charts.figures import style, words
from charts.figures.bars import MOST_BARS
from charts.queries.forecasts import incomplete, share_of_shelf


class _Row(NamedTuple):
    """A bar: percent of the shelf, and units that are expected to sell on the next business day."""

    label: str
    space: float
    units: float
    is_rest: bool = False


def shelf_share(plan: Mapping[str, Any] | None, top: int = 20) -> Figure:
    """Shelf space as bars and expected sales as marks, both in per cent of the plan."""
    if plan is None or not plan["items"]:
        return style.empty_figure("Shelf plan", "No shelf plan yet: the first comes when a business day closes.")
    order = sorted(plan["items"], key=lambda one: (-share_of_shelf(one), one["item"]))
    expected = sum(one["predicted_sales"] for one in order)
    rows = [_Row(style.shortened(one["item"]), share_of_shelf(one), one["predicted_sales"]) for one in order]
    shown = min(max(top, 1), MOST_BARS)
    if len(rows) > shown + 1:
        rest = rows[shown:]
        others = _Row(f"the other {len(rest)} items", sum(r.space for r in rest), sum(r.units for r in rest), is_rest=True)
        rows = [*rows[:shown], others]
    half = _items_for_half([share_of_shelf(one) for one in order])
    figure = style.new_figure(
        f"{half} of {len(order)} items take half of the shelf",
        f"Store {style.shortened(plan['store'], 30)}, shelf {style.shortened(plan['shelf'], 20)}, planned at the close of "
        f"{plan['origin']}, percent of the shelf; "
        f"{words.count(expected)} units expected on the next business day"
        f"{'; INCOMPLETE: parts of the plan are not there' if incomplete(plan) else ''}",
        max(1.5, 0.31 * len(rows) + 0.27),
    )
    _draw(figure, rows, expected)
    return figure


def _items_for_half(percentages: list[float]) -> int:
    taken = 0.0
    for number, share in enumerate(percentages, start=1):
        taken += share
        if taken >= 50:
            return number
    return len(percentages)


def _draw(figure: Figure, rows: list[_Row], expected: float) -> None:
    axes = style.add_body(figure, 0.45 + style.label_inches([row.label for row in rows]), 2.2)
    places = list(range(len(rows) - 1, -1, -1))
    sales = [100 * row.units / expected if expected > 0 else 0.0 for row in rows]
    longest = max(max(row.space, part) for row, part in zip(rows, sales, strict=True) if not row.is_rest)
    lengths = [style.cut(row.space, longest) if row.is_rest else row.space for row in rows]
    axes.barh(places, lengths, height=0.72, color=[style.REST if row.is_rest else style.BLUE for row in rows], label="shelf space")
    if expected > 0:
        # The mark of a rest that is cut would stand off the scale.
        marks = [(part, place) for part, place, row in zip(sales, places, rows, strict=True) if not row.is_rest or part < longest]
        axes.plot(
            *zip(*marks, strict=True), "D", color=style.ORANGE, markeredgecolor="white", markersize=6.5, label="share of expected sales"
        )
    axes.set_yticks(places, [row.label for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="x", color=style.GRID, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.locator_params(axis="x", nbins=7)
    for place, row, length, part in zip(places, rows, lengths, sales, strict=True):
        style.label_bar(
            axes,
            place,
            length,
            f"{row.space:.1f}% of shelf, {part:.1f}% of sales",
            is_cut=length != row.space,
            beyond=part if part < longest or not row.is_rest else 0.0,
        )
    style.legend_above(axes, first_bars=True)
