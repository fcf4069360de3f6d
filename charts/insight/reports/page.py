"""The report as one HTML page that works offline and prints."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from charts.insight.reports.report import Report, Table

TITLES: Final = {
    "totals": ("The whole", "Money less returns. Change against the period before."),
    "causes": (
        "Why revenue changed",
        "Parts that add up to the change exactly. They divide it; they do not prove what made customers buy.",
    ),
    "places": (
        "Places",
        (
            "Open days are days with a sale or return. a day low to high: 95 % interval of the difference a day to the period before; "
            "if it contains 0, the store differs by no more than its days differ anyway."
        ),
    ),
    "products": (
        "Products",
        (
            "91 days up to yesterday; recent: the newest 28. ABC by revenue (80 and 95 %), XYZ by steadiness of weekly units. "
            "Stars and volume sell at least the median revenue, stars and niche earn at least the median margin."
        ),
    ),
    "movers": ("Products that moved most", "Revenue of the period against the one before."),
    "margin_eaters": ("Margin eaters", "What a product would have earned at the margin of the whole, less what it earned, in 91 days."),
    "decisions": (
        "Decisions",
        (
            "High: the products that make the first half of the next 28 days' predicted revenue; Medium: up to 80 %; Low: the rest. "
            "The first rule that applies decides. At stake: the money of 28 days that the reason is about."
        ),
    ),
    "weekdays": (
        "Weekdays",
        "91 days up to yesterday, days with sales. interval: 95 %, of a day against all other days.",
    ),
    "errors": (
        "How good the forecasts were",
        "WAPE: sum of errors over what was sold, beside the same-weekday mean; coverage: of the P10 to P90 band.",
    ),
}
PICTURES: Final = {"places": ("places", "places_over_time"), "products": ("quadrants",), "movers": ("movers",)}
_ONLY_IN_FILES: Final = {
    "places": ("year_before", "profit", "share_of_change"),
    "products": ("profit", "units", "returns", "recent_units", "recent_profit", "change"),
}
"""Columns for which a printed page has no room."""
_RATIOS: Final = ("margin", "return_rate", "share_of_change", "wape", "wape_same_weekday_mean", "bias", "coverage")
_ENVIRONMENT: Final = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def page(report: Report, pictures: Mapping[str, bytes]) -> str:
    """The page. pictures: PNG files by name."""
    template = _ENVIRONMENT.from_string(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
    balanced = report.books["balanced"]
    return template.render(
        period=_span(report.period.first, report.period.last),
        before=_span(report.before.first, report.before.last),
        year=_span(report.year.first, report.year.last),
        scope=", ".join(report.stores) or "All stores",
        money=f"Money in {report.currency}." if report.currency else "Money in the stores' currency.",
        sentences=report.sentences,
        notes=report.notes,
        tables=[_table(name, rows, pictures) for name, rows in report.tables.items()],
        watermark=report.watermark,
        books="Items and stores add up." if balanced else "Items and stores do NOT add up: run shelfcast verify.",
    )


def _span(first: str | None, last: str | None) -> str:
    return f"{first} to {last}"


def _table(name: str, rows: Table, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    title, note = TITLES[name]
    columns = [column for column in (rows[0] if rows else {}) if column not in _ONLY_IN_FILES.get(name, ())]
    numbers = {column for column in columns if any(isinstance(row[column], (int, float)) for row in rows)}
    return {
        "name": name,
        "title": title,
        "note": note,
        "columns": [{"title": column.replace("_", " "), "number": column in numbers} for column in columns],
        "rows": [[_cell(row, column, is_number=column in numbers) for column in columns] for row in rows],
        "pictures": [
            {"title": picture.replace("_", " "), "data": base64.b64encode(pictures[picture]).decode()}
            for picture in PICTURES.get(name, ()) if picture in pictures
        ],
    }  # fmt: skip


def _cell(row: Mapping[str, Any], column: str, *, is_number: bool) -> dict[str, str]:
    value = row[column]
    if value is None:
        return {"text": "-" if is_number else "", "kind": "number" if is_number else ""}
    if not isinstance(value, (int, float)):
        return {"text": str(value), "kind": ""}
    is_ratio = column in _RATIOS or (column in ("now", "before", "year_before") and row.get("measure") == "margin")
    text = (
        f"{value:.1%}"
        if is_ratio
        else f"{value:,}"
        if isinstance(value, int)
        else f"{value:,.1f}"
        if "percent" in column
        else f"{value:,.2f}"
    )
    return {"text": text, "kind": "number minus" if value < 0 else "number"}
