"""Small pictures within a line of text or a cell. They repeat what stands beside them in words, so they are hidden from readers."""

from collections.abc import Sequence

from markupsafe import Markup


def bar(value: float | None, largest: float, look: str = "a") -> Markup:
    """A bar as long as its value; nothing where there is none."""
    if value is None or value <= 0 or largest <= 0:
        return Markup('<svg class="bar" aria-hidden="true" width="100%" height="5"></svg>')
    return Markup(
        '<svg class="bar" aria-hidden="true" width="100%" height="5"><rect class="fill-{}" width="{}%" height="5" rx="2"/></svg>'
    ).format(look, round(min(100 * value / largest, 100), 2))


def day(sold: float, band: tuple[float, float, float] | None, before: float | None, top: float) -> Markup:
    """How a day goes: sold so far as a bar, the band of its close behind it, a mark for most likely and one for last week."""
    top = max(top, 1e-9)
    parts = [
        Markup('<svg class="day" aria-hidden="true" width="100%" height="22"><rect class="track" y="6" width="100%" height="10" rx="3"/>')
    ]

    def place(amount: float) -> float:
        return round(max(0.0, min(100 * amount / top, 100)), 2)

    if band is not None:
        low, likely, high = band
        parts.append(
            Markup('<rect class="fill-band" x="{}%" y="6" width="{}%" height="10"/>').format(place(low), max(place(high) - place(low), 0.4))
        )
    parts.append(Markup('<rect class="fill-a" y="6" width="{}%" height="10" rx="3"/>').format(place(sold)))
    if band is not None:
        parts.append(Markup('<line class="likely" x1="{0}%" x2="{0}%" y1="3" y2="19"/>').format(place(likely)))
    if before is not None:
        parts.append(Markup('<line class="before" x1="{0}%" x2="{0}%" y1="1" y2="21"/>').format(place(before)))
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def strip(shares: Sequence[tuple[float, str]]) -> Markup:
    """Parts of a whole, side by side. shares: percent and look of each."""
    parts, left = [Markup('<svg class="bar" aria-hidden="true" width="100%" height="10">')], 0.0
    for percent, look in shares:
        parts.append(Markup('<rect class="fill-{}" x="{}%" width="{}%" height="10"/>').format(look, round(left, 2), round(percent, 2)))
        left += percent
    parts.append(Markup("</svg>"))
    return Markup("").join(parts)


def step(start: float, end: float, top: float, look: str) -> Markup:
    """A bar from one amount to another on a scale from 0 to `top`: a step of a waterfall. look: a fill of the style sheet."""
    low, high = sorted((max(start, 0.0), max(end, 0.0)))
    left, width = 100 * low / max(top, 1e-9), 100 * (high - low) / max(top, 1e-9)
    return Markup(
        '<svg class="bar" aria-hidden="true" width="100%" height="14"><rect class="fill-{}" x="{}%" width="{}%" height="14"/></svg>'
    ).format(look, round(min(left, 100.0), 2), round(max(min(width, 100.0), 0.3), 2))
