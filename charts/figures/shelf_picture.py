"""Draws a shelf as it should stand: levels and facings to scale, coloured by profit per width, changes marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from charts.figures import style
from online_model.shelf import Block, Shelf, arrange

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

SIDE: Final = 0.35
"""Inches on the left and right of the shelf."""
LEVEL: Final = 1.25
"""Height of a level in inches."""
LEGEND: Final = 0.62
KEY_LINE: Final = 0.19
KEY_COLUMNS: Final = 4
BOX: Final = 0.86
"""Share of a level's height that goods take; shares of that height for the ticks between facings and for the mark of a change."""
TICK: Final = 0.11
BADGE: Final = 0.2
SIZES: Final = (10.0, 9.0, 8.0, 7.0)
"""Font sizes of names; the largest that fits is used."""
LETTER: Final = 0.62
CAPITAL: Final = 0.76
"""Width of a letter over its font size, a cautious estimate."""

COLOURS: Final = LinearSegmentedColormap.from_list("shelf", ["#f1f5f8", "#b5d6ea", "#5aa9d6", "#0f6fae", "#0a3a66"])


@dataclass(frozen=True, slots=True, eq=False)
class ShelfPlan:
    """What to draw. Arrays are `[n]` in the order of the shelf's items.

    Attributes
    ----------
    previous
        Facings before the plan; None: there was no plan, and nothing is marked.
    profit_per_day
        In the currency; None: unknown, and all items get the same colour.
    to_scale
        False if widths are made up from percentages; the picture then says so.

    """

    store: str
    name: str
    shelf: Shelf
    facings: Ints
    previous: Ints | None = None
    profit_per_day: Floats | None = None
    origin: str = ""
    to_scale: bool = True


def shelf_picture(plan: ShelfPlan) -> Figure:
    """The figure of a plan. Blocks too narrow for a name carry a number, which the key below explains."""
    blocks = arrange(plan.shelf, plan.facings)
    if not blocks:
        return style.empty_figure(f"Shelf {style.shortened(plan.name)}", "Nothing stands on this shelf.")
    points = (style.WIDTH - 2 * SIDE) * 72 / plan.shelf.level_width
    names = [style.shortened(item, 40) for item in plan.shelf.items]
    labels = [_label(names[b.item], b.facings * plan.shelf.width[b.item] * points, marked=_is_marked(plan, b)) for b in blocks]
    unnamed = [b for b, label in zip(blocks, labels, strict=True) if label is None]
    numbered = list(dict.fromkeys(b.item for b in sorted(unnamed, key=lambda b: (-b.level, b.left))))
    number = {item: place + 1 for place, item in enumerate(numbered)}
    gone = _gone(plan)
    lines = -(-len(numbered) // KEY_COLUMNS)
    foot = (lines + 1.5) * KEY_LINE if lines else 0.0
    foot += KEY_LINE * 1.5 if gone else 0.0
    figure = style.new_figure(_title(plan), _subtitle(plan), plan.shelf.levels * LEVEL + LEGEND + foot)
    axes = _axes(figure, plan.shelf, foot)
    colour = _colours(plan)
    telling = _telling(blocks)
    for block, named in zip(blocks, labels, strict=True):
        _draw_block(axes, plan, block, colour[block.item], points, tells=block in telling)
        wide = block.facings * float(plan.shelf.width[block.item]) * points
        label = named or _number(str(number[block.item]), wide)
        _write(axes, plan, block, label, colour[block.item])
    _legend(figure, plan)
    _key(figure, [(number[item], names[item]) for item in numbered], gone)
    return figure


def _title(plan: ShelfPlan) -> str:
    return f"{style.shortened(plan.name)} in {style.shortened(plan.store)}: {_finding(plan)}"


def _finding(plan: ShelfPlan) -> str:
    if plan.previous is None:
        return f"{int(plan.facings.sum())} facings of {int((plan.facings > 0).sum())} items"
    changed = int((plan.facings != plan.previous).sum())
    return "nothing moves" if not changed else f"{changed} item{'s' if changed > 1 else ''} to move"


def _subtitle(plan: ShelfPlan) -> str:
    parts = [f"plan made from sales to {plan.origin}"] if plan.origin else []
    if plan.profit_per_day is not None:
        parts.append(f"expected profit {plan.profit_per_day.sum():,.2f} a day")
    parts.append("widths to scale" if plan.to_scale else "widths from percentages, levels assumed: name the shelf file for scale")
    return " · ".join(parts)


def _axes(figure: Figure, shelf: Shelf, foot: float) -> Axes:
    """The axes of the shelf: x in its unit of width, y in levels from the bottom."""
    height = figure.get_figheight()
    bottom = (style.FOOT + foot) / height
    axes = figure.add_axes((SIDE / style.WIDTH, bottom, 1 - 2 * SIDE / style.WIDTH, shelf.levels * LEVEL / height))
    axes.set_xlim(0, shelf.level_width)
    axes.set_ylim(-0.04, shelf.levels)
    axes.axis("off")
    for level in range(shelf.levels):
        axes.add_patch(Rectangle((0, level - 0.045), shelf.level_width, 0.045, color="#8a7a66", linewidth=0, clip_on=False))
    return axes


def _colours(plan: ShelfPlan) -> list[tuple[float, float, float, float]]:
    """The colour of each item, by profit per day over the width that it takes."""
    if plan.profit_per_day is None:
        return [COLOURS(0.35)] * len(plan.facings)
    norm = _norm(plan)
    return [COLOURS(float(norm(value))) for value in _density(plan)]


def _density(plan: ShelfPlan) -> Floats:
    width = plan.facings * plan.shelf.width
    profit = np.zeros(len(width)) if plan.profit_per_day is None else plan.profit_per_day
    return np.divide(profit, width, out=np.zeros(len(width)), where=width > 0)


def _norm(plan: ShelfPlan) -> Normalize:
    """The range of colours: from 0 to the 95th percentile, so that one star item does not make all others pale."""
    density = _density(plan)[plan.facings > 0]
    return Normalize(0.0, max(float(np.quantile(density, 0.95)), 1e-9), clip=True)


def _is_marked(plan: ShelfPlan, block: Block) -> bool:
    return plan.previous is not None and bool(plan.facings[block.item] != plan.previous[block.item])


def _telling(blocks: Sequence[Block]) -> set[Block]:
    """The largest block of each item, the upper one of equal blocks; an item on several levels shows its change only there."""
    largest: dict[int, Block] = {}
    for block in blocks:
        if block.item not in largest or (block.facings, block.level) > (largest[block.item].facings, largest[block.item].level):
            largest[block.item] = block
    return set(largest.values())


def _draw_block(
    axes: Axes, plan: ShelfPlan, block: Block, colour: tuple[float, float, float, float], points: float, *, tells: bool
) -> None:
    """Draw one item's facings on a level: a box, ticks between the facings, and the mark of a change on top.

    tells: whether the mark spells out the change.
    """
    width = float(plan.shelf.width[block.item])
    whole = block.facings * width
    inset = min(1.6 / points, 0.08 * width)
    marked = _is_marked(plan, block)
    text, edge = _mark(plan, block) if marked else ("", style.QUIET)
    place, size = (block.left + inset / 2, block.level), whole - inset
    axes.add_patch(Rectangle(place, size, BOX, facecolor=colour, edgecolor=edge, linewidth=1.4 if marked else 0.7))
    tick = "white" if _is_dark(colour) else style.QUIET
    for facing in range(1, block.facings):
        x = block.left + facing * width
        axes.plot([x, x], [block.level + 0.01, block.level + TICK], color=tick, linewidth=0.9, solid_capstyle="butt")
    if marked:
        top = block.level + BOX - BADGE
        axes.add_patch(Rectangle((place[0], top), size, BADGE, facecolor=edge, edgecolor=edge, linewidth=1.4))
        if not tells:
            return
        if block.facings < plan.facings[block.item] and (len(text) + 7) * 8.5 * LETTER < whole * points:
            text += " in all"
        letters = max(min(8.5, whole * points / (len(text) * LETTER)), 4.0)
        axes.text(
            block.left + whole / 2, top + BADGE / 2, text, size=letters, weight="bold", color="white",
            ha="center", va="center_baseline",
        )  # fmt: skip


def _is_dark(colour: tuple[float, float, float, float]) -> bool:
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] < 0.55


def _mark(plan: ShelfPlan, block: Block) -> tuple[str, str]:
    """Text and colour of a change; the sign says the same as the colour."""
    before = 0 if plan.previous is None else int(plan.previous[block.item])
    change = int(plan.facings[block.item]) - before
    if before == 0:
        return "new", style.GREEN
    return (f"+{change}", style.GREEN) if change > 0 else (f"−{-change}", style.VERMILLION)  # noqa: RUF001 - a minus sign


def _label(name: str, points: float, *, marked: bool) -> tuple[str, float, bool] | None:
    """The name, its font size and whether it is turned, so that it fits a block of this width; None if it cannot fit."""
    high = (BOX - TICK - (BADGE if marked else 0)) * LEVEL * 72 - 4
    letter = CAPITAL if name.isupper() else LETTER
    for glued in (True, False):
        for size in SIZES:
            lines = _wrapped(name, int((points - 4) / (size * letter)), glued=glued)
            if lines is not None and len(lines) * size * 1.25 <= high:
                return "\n".join(lines), size, False
        for size in SIZES[2:]:
            lines = _wrapped(name, int(high / (size * letter)), glued=glued)
            if lines is not None and len(lines) * size * 1.25 <= points - 3:
                return "\n".join(lines), size, True
    return None


def _number(text: str, points: float) -> tuple[str, float, bool]:
    """The label of a block too narrow for its name: its number in the key, turned if it would be too small to read."""
    across = points / (len(text) * LETTER)
    if across >= SIZES[-1]:
        return text, min(8.0, across), False
    return text, min(8.0, max(points * 0.9, 4.0)), True


def _wrapped(name: str, columns: int, *, glued: bool) -> list[str] | None:
    """A name in lines of at most this many columns, broken between words; None if a word is longer.

    glued: a word of one or two letters, such as a unit, stays with the word before it.
    """
    words: list[str] = []
    for word in name.split():
        if glued and words and len(word) <= 2:
            words[-1] += f" {word}"
        else:
            words.append(word)
    lines: list[str] = []
    for word in words:
        if len(word) > columns:
            return None
        if lines and len(lines[-1]) + 1 + len(word) <= columns:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _write(axes: Axes, plan: ShelfPlan, block: Block, label: tuple[str, float, bool], colour: tuple[float, float, float, float]) -> None:
    text, size, turned = label
    low = TICK if block.facings > 1 else 0.0
    high = BOX - (BADGE if _is_marked(plan, block) else 0.0)
    axes.text(
        block.left + block.facings * float(plan.shelf.width[block.item]) / 2, block.level + (low + high) / 2, text,
        size=size, color="white" if _is_dark(colour) else style.INK, ha="center", va="center",
        rotation=90 if turned else 0, linespacing=1.1,
    )  # fmt: skip


def _legend(figure: Figure, plan: ShelfPlan) -> None:
    """Draw the colour scale and the meaning of the marks, between head and shelf."""
    height = figure.get_figheight()
    middle = 1 - (style.HEAD + LEGEND / 2 - 0.06) / height
    left = SIDE / style.WIDTH
    if plan.profit_per_day is not None:
        axes = figure.add_axes((left, middle - 0.07 / height, 0.2, 0.14 / height))
        bar = figure.colorbar(ScalarMappable(_norm(plan), COLOURS), cax=axes, orientation="horizontal", extend="max")
        bar.ax.tick_params(labelsize=8, length=2, labelcolor=style.QUIET)
        bar.locator = MaxNLocator(4)
        bar.update_ticks()
        figure.text(left + 0.215, middle, "profit a day per width", size=9, color=style.QUIET, va="center")
    if plan.previous is not None and (plan.facings != plan.previous).any():
        figure.text(0.62, middle, "+2", size=9, weight="bold", color=style.GREEN, va="center")
        figure.text(0.648, middle, "facings more,", size=9, color=style.QUIET, va="center")
        figure.text(0.757, middle, "−1", size=9, weight="bold", color=style.VERMILLION, va="center")  # noqa: RUF001 - a minus sign
        figure.text(0.785, middle, "facings fewer than now", size=9, color=style.QUIET, va="center")


def _gone(plan: ShelfPlan) -> list[str]:
    if plan.previous is None:
        return []
    left = np.flatnonzero((plan.previous > 0) & (plan.facings == 0)).tolist()
    return [style.shortened(plan.shelf.items[i]) for i in left]


def _key(figure: Figure, numbered: list[tuple[int, str]], gone: list[str]) -> None:
    """Write the names of the numbered blocks in columns, and which items leave the shelf."""
    height = figure.get_figheight()
    lines = -(-len(numbered) // KEY_COLUMNS)
    column = (style.WIDTH - 2 * SIDE) / KEY_COLUMNS
    extra = 1.5 * KEY_LINE if gone else 0.0
    for place, (number, name) in enumerate(numbered):
        x = (SIDE + (place // lines) * column) / style.WIDTH
        y = (0.3 + extra + (lines - 1 - place % lines) * KEY_LINE) / height
        figure.text(x + 0.022, y, str(number), size=8, weight="bold", color=style.INK, ha="right")
        figure.text(x + 0.029, y, style.shortened(name, 30), size=8, color=style.QUIET)
    if gone:
        told = ", ".join(gone[:4]) + (f" and {len(gone) - 4} more" if len(gone) > 4 else "")
        figure.text(SIDE / style.WIDTH, 0.3 / height, f"Leaves the shelf: {told}", size=9, color=style.VERMILLION)
