"""Turns figures into bytes, PNG or SVG, one at a time, with our own settings."""

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

# matplotlib's settings are global to the process: whoever draws holds this lock.
_drawing = threading.Lock()


@cache
def _fonts() -> list[str]:
    known = set(font_manager.get_font_names())
    return [name for name in FONTS if name in known] or ["sans-serif"]


def drawn(make: Callable[[], Figure], form: Format) -> bytes:
    """The picture of a figure, as bytes. `make` builds the figure in here, because matplotlib reads settings while it does. Thread-safe.

    A dollar sign in a name stays a dollar sign and does not start a formula. Text in an SVG stays text, so that the reader's fonts can draw
    scripts for which this machine has no font; in a PNG such a character becomes a box.
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
