"""How a store's shelf is shared, beside each item's share of the expected sales."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from charts.figures import style, words
from charts.figures.bars import MOST_BARS
from charts.queries.forecasts import incomplete, share_of_shelf


def shelf_share(plan: Mapping[str, Any] | None, top: int = 20) -> Figure:
    """Shelf space as bars and expected sales as marks, both in per cent of the plan."""
    if plan is None or not plan["items"]:
        return style.empty_figure("Shelf plan", "No shelf plan yet: the first comes when a business day closes.")
    order = sorted(plan["items"], key=lambda one: (-share_of_shelf(one), one["item"]))
    expected = sum(one["predicted_sales"] for one in order)
    rows = [(style.shortened(one["item"]), share_of_shelf(one), one["predicted_sales"], style.BLUE) for one in order]
    shown = min(max(top, 1), MOST_BARS)
    if len(rows) > shown + 1:
        rest = rows[shown:]
        rows = [*rows[:shown], (f"the other {len(rest)} items", sum(r[1] for r in rest), sum(r[2] for r in rest), style.REST)]
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


def _draw(figure: Figure, rows: list[tuple[str, float, float, str]], expected: float) -> None:
    axes = style.add_body(figure, 0.45 + style.label_inches([row[0] for row in rows]), 2.2)
    places = list(range(len(rows) - 1, -1, -1))
    sales = [100 * row[2] / expected if expected > 0 else 0.0 for row in rows]
    longest = max(max(row[1], part) for row, part in zip(rows, sales, strict=True) if row[3] == style.BLUE)
    lengths = [style.cut(row[1], longest) if row[3] == style.REST else row[1] for row in rows]
    axes.barh(places, lengths, height=0.72, color=[row[3] for row in rows], label="shelf space")
    if expected > 0:
        # If the bar of the rest is cut, its mark would lie beyond the scale.
        marks = [(part, place) for part, place, row in zip(sales, places, rows, strict=True) if row[3] == style.BLUE or part < longest]
        axes.plot(
            *zip(*marks, strict=True), "D", color=style.ORANGE, markeredgecolor="white", markersize=6.5, label="share of expected sales"
        )
    axes.set_yticks(places, [row[0] for row in rows])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="x", color=style.GRID, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.locator_params(axis="x", nbins=7)
    for place, row, length, part in zip(places, rows, lengths, sales, strict=True):
        style.label_bar(
            axes,
            place,
            length,
            f"{row[1]:.1f}% of shelf, {part:.1f}% of sales",
            is_cut=length != row[1],
            beyond=part if part < longest or row[3] == style.BLUE else 0.0,
        )
    style.legend_above(axes, first_bars=True)
