"""The one way in which shelfcast writes CSV for people, who open it in a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_text(header: Iterable[str], rows: Iterable[Iterable[str | float]]) -> str:
    """Rows as CSV. Text is data: an apostrophe precedes what a spreadsheet would take for a formula."""
    out = io.StringIO(newline="")
    lines = csv.writer(out)
    lines.writerow(header)
    lines.writerows([_cell(value) for value in row] for row in rows)
    return out.getvalue()


def _cell(value: str | float) -> str | float:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
