"""When a store sells, by the hour of the week."""

from collections.abc import Sequence

from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from charts.figures import style, words
from charts.queries.sales import Period

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def busiest_hours(hours: Sequence[int], store: str | None, period: Period) -> Figure:
    """Lines sold by weekday and hour; `hours` are 168 counts from Monday 0 h."""
    whole = sum(hours)
    if not whole:
        return style.empty_figure("Busiest hours", f"No sales in {words.scope(store)} {words.asked(period)}.")
    busiest = max(range(len(hours)), key=lambda hour: hours[hour])
    figure = style.new_figure(
        f"{DAYS[busiest // 24]} at {busiest % 24} h is the busiest hour: {words.percent(hours[busiest] / whole)} of sales",
        f"Times sold by hour of the week in the stores' own time, {words.scope(store)}, {words.asked(period)} (whole months)",
        2.9,
    )
    axes = style.add_body(figure, 1.25, 0.35)
    shades = LinearSegmentedColormap.from_list("blues", ("#f4f8fb", style.SKY, style.BLUE, "#00304d"))
    grid = [list(hours[24 * day : 24 * day + 24]) for day in range(7)]
    axes.pcolormesh(grid, cmap=shades, edgecolors="white", linewidth=1.2, vmin=0)
    axes.invert_yaxis()
    axes.set_yticks([day + 0.5 for day in range(7)], DAYS)
    axes.set_xticks([hour + 0.5 for hour in range(0, 24, 2)], [f"{hour} h" for hour in range(0, 24, 2)])
    return figure
