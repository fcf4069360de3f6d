"""Figures into bytes: PNG and SVG, one at a time, with settings that are ours alone."""

import io
import logging
import threading
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any, Final, Literal

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.figure import Figure

from charts.figures.style import FONTS

Format = Literal["png", "svg"]
FORMATS: Final[tuple[Format, ...]] = ("png", "svg")
DPI: Final = 110

# matplotlib's settings are global to the process: whoever draws holds this.
_drawing = threading.Lock()


@cache
def _fonts() -> list[str]:
    known = set(font_manager.get_font_names())
    return [name for name in FONTS if name in known] or ["sans-serif"]


def drawn(make: Callable[[], Figure], form: Format) -> bytes:
    """The picture of a figure. `make` builds it: matplotlib reads its settings then already. May be called in any thread.

    A dollar in a name is a dollar, not mathematics. The text of an SVG stays text, so that the reader's own fonts draw
    scripts this machine has no font for; in a PNG such a character is a box.
    """
    settings: Any = {
        "font.family": _fonts(),
        "text.parse_math": False,
        "axes.unicode_minus": False,
        "svg.fonttype": "none",
        "svg.hashsalt": "shelfcast",
        "path.simplify": True,
    }
    out = io.BytesIO()
    with _drawing, mpl.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        warnings.filterwarnings("ignore", message="Matplotlib currently does not support .* natively")
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        figure = make()
        figure.savefig(out, format=form, dpi=DPI, metadata={"Software": "shelfcast"} if form == "png" else {"Date": None})
    return out.getvalue()
