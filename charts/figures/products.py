"""Products by sales and margin, and those whose sales moved most."""

from collections.abc import Sequence
from statistics import median

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from charts.figures import style, words

NAMED = 12
"""Products named in the picture: those that sell most."""
MOST_BARS = 20
COLOURS = {"stars": style.GREEN, "volume": style.BLUE, "niche": style.ORANGE, "laggards": style.REST}


def quadrants(rows: Sequence[tuple[str, float, float, str]], currency: str | None, period: str) -> Figure:
    """Revenue against margin, both axes split at the median. Rows: item, revenue, margin as a fraction, quadrant; largest first."""
    rows = [row for row in rows if row[1] > 0]
    if not rows:
        return style.empty_figure("Sales and margin", "No product with a known margin has sold.")
    if not any(quadrant for _, _, _, quadrant in rows):
        return style.empty_figure("Sales and margin", "All products have about the same margin, so that they fall into no quadrants.")
    stars = sum(quadrant == "stars" for _, _, _, quadrant in rows)
    figure = style.new_figure(
        f"{stars} of {len(rows)} products sell more and earn more than the median",
        f"Revenue {words.currency(currency)} and margin by product, {period}; lines: medians",
        4.6,
    )
    axes = style.add_body(figure, 0.95, 0.9)
    for name, colour in COLOURS.items():
        mine = [row for row in rows if row[3] == name]
        axes.scatter(
            [row[1] for row in mine], [row[2] for row in mine], s=34, color=colour, alpha=0.8, label=f"{name} ({len(mine)})", linewidths=0
        )
    axes.set_xscale("log")
    axes.axvline(median(row[1] for row in rows), color=style.QUIET, linewidth=0.8)
    axes.axhline(median(row[2] for row in rows), color=style.QUIET, linewidth=0.8)
    for place, (item, revenue, margin, _) in enumerate(rows[:NAMED]):
        axes.annotate(
            style.shortened(item, 22),
            (revenue, margin),
            xytext=(5, 5 if place % 2 else -9),
            textcoords="offset points",
            size=8,
            color=style.INK,
        )
    axes.xaxis.set_major_formatter(lambda value, _: words.short(value))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(color=style.GRID, linewidth=0.8)
    style.legend_above(axes)
    return figure


def movers(rows: Sequence[tuple[str, float]], currency: str | None, period: str, before: str) -> Figure:
    """Change of revenue of the products that moved most. Rows: item, change; largest change first, whatever its sign."""
    shown = sorted(rows[:MOST_BARS], key=lambda row: -row[1])
    if not shown:
        return style.empty_figure("Products that moved most", "No sales in these periods.")
    most = max(shown, key=lambda row: abs(row[1]))
    word = "rose" if most[1] > 0 else "fell"
    figure = style.new_figure(
        f"{style.shortened(most[0], 34)} {word} most: {most[1]:+,.0f}".replace("-", style.MINUS),
        f"Change of revenue by product {words.currency(currency)}, {period} against {before}",
        max(1.2, 0.31 * len(shown)),
    )
    labels = [style.shortened(item) for item, _ in shown]
    axes = style.add_body(figure, 0.45 + style.label_inches(labels), 0.95)
    spots = list(range(len(shown) - 1, -1, -1))
    axes.barh(
        spots, [change for _, change in shown], height=0.72, color=[style.BLUE if change >= 0 else style.VERMILLION for _, change in shown]
    )
    axes.set_yticks(spots, labels)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.axvline(0, color=style.QUIET, linewidth=0.8)
    axes.xaxis.set_major_formatter(lambda value, _: words.short(value))
    axes.grid(axis="x", color=style.GRID, linewidth=0.8)
    axes.locator_params(axis="x", nbins=7)
    for spot, (_, change) in zip(spots, shown, strict=True):
        style.label_bar(axes, spot, change, words.short(change))
    return figure
