"""Why an item's forecast is what it is, as a page tells it: cause by cause, from its usual level to what is expected."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from charts.queries.explained import Explained
from charts.web.pages import marks
from charts.web.pages.speech import Speech

_SEEN: Final = 0.002
"""A cause below this share of the forecast is left out."""


@dataclass(frozen=True, slots=True)
class Step:
    """A cause and its units, as text, and the bar from the sum before it to the sum with it."""

    name: str
    units: str
    up: bool
    bar: Markup


def steps(told: Explained, say: Speech) -> list[Step]:
    """A step for each cause that can be seen, the usual level first; empty: the causes are not known."""
    if not told.parts:
        return []
    top = max(told.p90, told.mean, *(part.sum for part in told.parts))
    found, before = [], 0.0
    for part in told.parts:
        first = part is told.parts[0]
        if first or abs(part.units) >= max(_SEEN * told.mean, 0.0005):
            units = say.number(part.units, 1) if first else f"{'+' if part.units > 0 else ''}{say.number(part.units, 1)}"
            look = "a" if first else "up" if part.units > 0 else "down"
            found.append(Step(_name(part.name, told, say), units, part.units >= 0, marks.step(before, part.sum, top, look)))
        before = part.sum
    return found


def _name(part: str, told: Explained, say: Speech) -> str:
    if part == "weekday":
        return say.day(told.day, "EEEE")
    if part == "holiday" and told.holiday:
        return told.holiday
    names = {
        "usual_level": say.gettext("Usual level"),
        "season": say.gettext("Season and month"),
        "holiday": say.gettext("Holiday"),
        "promotion": say.gettext("Promotion"),
        "price": say.gettext("Price"),
        "trend": say.gettext("Trend of late"),
        "store_day": say.gettext("The whole store's day"),
        "bias": say.gettext("Correction of late errors"),
        "rounding": say.gettext("Rounding"),
    }
    return names.get(part, part)
