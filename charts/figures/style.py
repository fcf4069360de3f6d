"""How every figure looks: one font, one palette that everyone can tell apart, the finding as title, the facts below it."""

import unicodedata
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

# The palette of Okabe and Ito (2008), which people with any colour vision can tell apart.
BLUE: Final = "#0072B2"
SKY: Final = "#56B4E9"
ORANGE: Final = "#E69F00"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
MINUS: Final = "\N{MINUS SIGN}"
INK: Final = "#1f2a33"
QUIET: Final = "#5c6b77"
REST: Final = "#9aa7b1"
GRID: Final = "#e3e8ec"

FONTS: Final = (
    "DejaVu Sans",
    "Noto Sans",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Emoji",
)
"""Tried in this order for each character; fonts that the machine lacks are left out."""

WIDTH: Final = 10.0
"""Inches."""
HEAD: Final = 1.02
"""Inches for the title and the line below it."""
FOOT: Final = 0.58
SIDE: Final = 0.3
SMALLEST: Final = 0.8
"""How far a line that is too long may shrink before it is cut."""
LONGEST_LABEL: Final = 34
"""Most columns of a name; a wide character takes two."""


def shortened(name: str, columns: int = LONGEST_LABEL) -> str:
    """A name that fits on one line, without characters that would reverse or hide the text around it."""
    kept: list[str] = []
    used = 0
    for character in name:
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"):
            continue
        width = 0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used + width > columns - 1:
            return "".join(kept).rstrip() + "…"
        kept.append(character)
        used += width
    return "".join(kept) or "(blank)"


def new_figure(title: str, subtitle: str, body_inches: float) -> Figure:
    """A figure with its head; `add_body` fills the body below."""
    height = HEAD + body_inches + FOOT
    figure = Figure(figsize=(WIDTH, height), facecolor="white")
    canvas = FigureCanvasAgg(figure)
    for text, top, size, colour, weight in ((title, 0.26, 15.0, INK, "bold"), (subtitle, 0.64, 10.0, QUIET, "normal")):
        drawn = figure.text(SIDE / WIDTH, 1 - top / height, text, size=size, weight=weight, color=colour, va="top", ha="left")
        _fit(drawn, canvas)
    return figure


def add_body(figure: Figure, left_inches: float, right_inches: float = 0.35, share: tuple[float, float] = (0.0, 1.0)) -> Axes:
    """Add the axes of a body between head and foot; `share` is the part of its width, from and to, 0 to 1."""
    height = figure.get_figheight()
    start, end = left_inches / WIDTH, 1 - right_inches / WIDTH
    width = end - start
    axes = figure.add_axes((start + share[0] * width, FOOT / height, (share[1] - share[0]) * width, (height - HEAD - FOOT) / height))
    axes.set_axisbelow(True)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(length=0, labelsize=9.5, labelcolor=INK)
    axes.tick_params(axis="x", labelcolor=QUIET, pad=6)
    return axes


def label_inches(labels: list[str], size: float = 9.5) -> float:
    """About how wide the widest of these labels will be."""
    columns = max((sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in label) for label in labels), default=0)
    return columns * size * 0.62 / 72


def cut(value: float, longest: float) -> float:
    """How long to draw the bar of the rest: it is cut if it would dwarf all others, and `label_bar` shows that."""
    return min(value, 1.12 * longest) if longest > 0 else value


def label_bar(axes: Axes, place: float, length: float, text: str, *, is_cut: bool = False, beyond: float = 0.0) -> None:
    """Write the value of a horizontal bar to the right of it and of a mark at `beyond`; a cut bar gets a break."""
    if is_cut:
        axes.text(0.965 * length, place, "//", size=15, weight="bold", color="white", va="center", ha="center")
        text += " (cut)"
    axes.annotate(
        text, (max(length, beyond, 0.0), place), xytext=(8 if beyond else 4, 0), textcoords="offset points",
        va="center", size=9, color=INK,
    )  # fmt: skip


def legend_above(axes: Axes, columns: int = 4, *, first_bars: bool = False) -> None:
    """Add a legend between head and body, where it hides nothing."""
    inches = axes.get_position().height * axes.get_figure(root=True).get_figheight()  # type: ignore[union-attr]
    axes.set_position(axes.get_position().shrunk(1, 1 - 0.27 / inches))
    handles, labels = axes.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda place: isinstance(handles[place], Line2D) and first_bars)
    axes.legend(
        [handles[place] for place in order],
        [labels[place] for place in order],
        loc="lower left", bbox_to_anchor=(0, 1.0), ncols=columns, frameon=False, fontsize=9, borderpad=0.2,
        borderaxespad=0.3, handlelength=1.6, columnspacing=1.6, labelcolor=INK,
    )  # fmt: skip


def empty_figure(title: str, sentence: str) -> Figure:
    """An empty figure that says why it is empty."""
    figure = new_figure(title, "", 1.6)
    figure.text(0.5, 0.45, sentence, size=12, color=QUIET, va="center", ha="center", wrap=True)
    return figure


def _fit(text: Text, canvas: FigureCanvasAgg) -> None:
    """Shrink a line, and finally cut it, until it fits the width of the figure."""
    allowed = (WIDTH - 2 * SIDE) * canvas.figure.dpi
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    wide = text.get_window_extent(renderer).width
    if wide <= allowed:
        return
    text.set_fontsize(float(text.get_fontsize()) * max(0.98 * allowed / wide, SMALLEST))
    while len(text.get_text()) > 2 and text.get_window_extent(renderer).width > allowed:
        text.set_text(text.get_text()[: -(len(text.get_text()) // 40 + 2)].rstrip() + "…")
