"""Stores beside each other, and over time."""

from collections.abc import Mapping, Sequence
from itertools import cycle

from matplotlib.figure import Figure

from charts.figures import dates, style, words

MOST_BARS = 30
MOST_LINES = 6
MOST_MONTHS = 12


def places_ranked(rows: Sequence[tuple[str, float, float]], currency: str | None, period: str, before: str) -> Figure:
    """Revenue of each store as a bar, with a mark where it stood in the period before. Rows: store, now, before; largest first."""
    if not rows:
        return style.empty_figure("Revenue by store", "No sales in this period.")
    shown = list(rows[:MOST_BARS])
    title = f"{style.shortened(shown[0][0], 30)} sold most: {words.short(shown[0][1])}"
    rest = f", the {MOST_BARS} largest of {len(rows)}" if len(rows) > MOST_BARS else ""
    figure = style.new_figure(
        title, f"Revenue by store {words.currency(currency)}, {period}; mark: {before}{rest}", max(1.2, 0.31 * len(shown))
    )
    labels = [style.shortened(store) for store, _, _ in shown]
    axes = style.add_body(figure, 0.45 + style.label_inches(labels), 0.95)
    spots = list(range(len(shown) - 1, -1, -1))
    colours = [style.VERMILLION if now < 0 else style.BLUE for _, now, _ in shown]
    axes.barh(spots, [now for _, now, _ in shown], height=0.72, color=colours, label="this period")
    axes.scatter(
        [before_amount for _, _, before_amount in shown],
        spots,
        marker="|",
        s=190,
        linewidths=2.2,
        color=style.INK,
        label="before",
        zorder=3,
    )
    axes.set_yticks(spots, labels)
    axes.set_ylim(-0.6, len(shown) - 0.4)
    axes.xaxis.set_major_formatter(lambda value, _: words.short(value))
    axes.grid(axis="x", color=style.GRID, linewidth=0.8)
    axes.locator_params(axis="x", nbins=7)
    for spot, (_, now, earlier) in zip(spots, shown, strict=True):
        style.label_bar(axes, spot, now, words.short(now), beyond=max(now, earlier))
    style.legend_above(axes, first_bars=True)
    return figure


def places_over_time(months: Mapping[str, Mapping[str, float]], currency: str | None, running: str) -> Figure:
    """Revenue of the largest stores by month. `running`: the newest month, which is left out because it has not ended."""
    whole = {store: {month: amount for month, amount in row.items() if month < running} for store, row in months.items()}
    whole = {store: row for store, row in whole.items() if row}
    known = sorted({month for row in whole.values() for month in row})
    if len(known) < 2:
        return style.empty_figure("Revenue by month", "There are not two whole months yet.")
    largest = sorted(whole, key=lambda store: (-sum(whole[store].values()), store))
    shown = largest[:MOST_LINES]
    rest = f", the {MOST_LINES} largest of {len(largest)}" if len(largest) > MOST_LINES else ""
    newest = sum(row.get(known[-1], 0.0) for row in whole.values())
    title = f"All stores sold {words.short(newest)} in {known[-1]}"
    figure = style.new_figure(title, f"Revenue by month and store {words.currency(currency)}, whole months{rest}", 3.4)
    axes = style.add_body(figure, 0.95, 0.45)
    colours = cycle((style.BLUE, style.ORANGE, style.GREEN, style.VERMILLION, style.SKY, style.QUIET))
    for store, colour in zip(shown, colours, strict=False):
        spots = [dates.day_number(f"{month}-01") for month in whole[store]]
        axes.plot(
            spots, list(whole[store].values()), color=colour, linewidth=2, marker="o", markersize=3.5, label=style.shortened(store, 16)
        )
    axes.set_ylim(bottom=min(0.0, *(amount for store in shown for amount in whole[store].values())))
    axes.yaxis.set_major_formatter(lambda value, _: words.short(value))
    axes.grid(axis="y", color=style.GRID, linewidth=0.8)
    step = -(-len(known) // MOST_MONTHS)
    axes.set_xticks([dates.day_number(f"{month}-01") for month in known[::step]], known[::step])
    style.legend_above(axes, columns=6)
    return figure
