"""A forecast as a waterfall: from the usual level, cause by cause, to what is expected."""

from datetime import date
from typing import Final

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from charts.figures import style, words
from charts.queries.explained import Explained

TITLES: Final = {
    "usual_level": "usual level",
    "weekday": "weekday",
    "season": "season and month",
    "holiday": "holiday",
    "promotion": "promotion",
    "price": "price",
    "trend": "trend of late",
    "store_day": "the store's day",
    "bias": "correction of late errors",
    "rounding": "rounding",
}
"""What people read for each part."""
_WIDTH: Final = 0.62


def waterfall(told: Explained | None) -> Figure:
    """The parts of a forecast, one bar each, up or down from the sum of those before it; then the forecast with its band, and what came."""
    if told is None or not told.parts:
        name = style.shortened(told.item) if told else "the forecast"
        return style.empty_figure(f"Why {name}", "There is no forecast that says what it is made of.")
    figure = style.new_figure(_title(told), _facts(told), 3.7)
    axes = style.add_body(figure, 0.6, 0.3)
    axes.axhline(0, color=style.REST, linewidth=0.9)
    axes.grid(axis="y", color=style.GRID, linewidth=0.8)
    shown = [part for part in told.parts if part.name == "usual_level" or abs(part.units) >= _least(told)]
    end = 0.0
    for place, part in enumerate(shown):
        start = end
        end = part.sum
        colour = style.BLUE if part.name == "usual_level" else style.GREEN if part.units > 0 else style.VERMILLION
        axes.bar(place, end - start, _WIDTH, bottom=start, color=colour)
        axes.plot([place - _WIDTH / 2, place + 1 + _WIDTH / 2], [end, end], color=style.REST, linewidth=0.8, zorder=1)
        _label(axes, place, max(start, end), words.count(part.units) if place == 0 else _signed(part.units))
    _forecast(axes, told, len(shown))
    labels = [_name(told, part.name) for part in shown] + ["forecast"] + (["sold"] if told.sold is not None else [])
    axes.set_xticks(range(len(labels)), labels, rotation=0, size=8.6)
    axes.tick_params(axis="x", labelcolor=style.INK)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_ylim(
        min(0.0, *(part.sum for part in shown)) * 1.05, 1.14 * max(told.mean, told.p90, told.sold or 0.0, *(p.sum for p in shown))
    )
    axes.set_ylabel("units", color=style.QUIET, size=9.5)
    return figure


def _least(told: Explained) -> float:
    """Parts below this are not drawn: half a thousandth of a unit, or what the eye does not see."""
    return max(0.0005, 0.002 * told.mean)


def _forecast(axes: Axes, told: Explained, place: int) -> None:
    axes.bar(place, told.mean, _WIDTH, color=style.ORANGE)
    axes.plot([place] * 2, [told.p10, told.p90], color=style.INK, linewidth=1.4, solid_capstyle="butt")
    _label(axes, place, max(told.p90, told.mean), words.count(told.mean))
    if told.sold is not None:
        axes.bar(place + 1, told.sold, _WIDTH, color=style.INK)
        _label(axes, place + 1, max(told.sold, 0.0), words.count(told.sold))


def _label(axes: Axes, place: float, top: float, text: str) -> None:
    axes.annotate(text, (place, top), xytext=(0, 3), textcoords="offset points", ha="center", va="bottom", size=9, color=style.INK)


def _signed(units: float) -> str:
    return f"{'+' if units >= 0 else style.MINUS}{words.count(abs(units))}"


def _name(told: Explained, part: str) -> str:
    if part == "weekday":
        return f"{date.fromisoformat(told.day):%A}"
    name = TITLES[part]
    if part == "holiday" and told.holiday:
        name = style.shortened(told.holiday, 18)
    first, _, rest = name.partition(" ") if len(name) > 11 else (name, "", "")
    return f"{first}\n{rest}" if rest else first


def _title(told: Explained) -> str:
    about = f"{style.shortened(told.item)}: why {words.count(told.mean)} units on {date.fromisoformat(told.day):%A} {told.day}"
    return about if told.sold is None else f"{about}, {words.count(told.sold)} sold"


def _facts(told: Explained) -> str:
    facts = [f"store {style.shortened(told.store, 24)}", f"P10 to P90: {words.count(told.p10)} to {words.count(told.p90)}"]
    if told.of_late.wape is not None:
        facts.append(f"error of late {words.percent(told.of_late.wape)} ({told.of_late.n} days)")
    if told.expert:
        facts.append(f"the expert {told.expert} weighs most")
    return "; ".join([*facts, f"knows sales up to {told.origin}"])
