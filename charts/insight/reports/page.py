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
    "segments": (
        "Customer segments",
        (
            "By recency and frequency: quintiles of days since the last purchase and of days with a purchase in 365. Spend "
            "is expected in the next 90 days (BG/NBD and Gamma-Gamma); low to high: 80 % of what may come, of the segment as a whole."
        ),
    ),
    "segment_lifts": (
        "What segments buy more than others",
        (
            "Share of a category in the segment's lines over its share in the lines of all other customers, with a 99 % interval above 1, "
            "from 30 lines on."
        ),
    ),
    "segment_moves": ("Movements between segments", "From the end of the period before to the end of this one, by the same yardstick."),
    "customers": (
        "Customers",
        (
            "By expected spend of the next 90 days; low to high: 80 % of what may come. As often as so far: the baseline, "
            "purchases in proportion to the time since the first."
        ),
    ),
    "customer_test": (
        "How good such forecasts were",
        "Fitted on the first three quarters of the days and tested on the rest. Mean error: purchases a customer, without sign.",
    ),
    "cashiers": (
        "Cashiers",
        (
            "By the difference of revenue an hour of presence to what the other cashiers take in the same store, weekday and hour. "
            "low to high: its interval, which holds for all cashiers together with 95 %; with 0 in it the cashier does as expected. "
            "Presence is what receipts show: shifts, other work and who takes returns back are not known. "
            "Nobody with fewer than 5 orders is shown."
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
    "segments": ("share_of_customers", "purchases", "purchases_low", "purchases_high"),
    "customers": ("rfm", "purchases_low", "purchases_high", "first_day", "days_bought"),
    "cashiers": ("units", "profit", "orders_a_day"),
    "products": ("profit", "units", "returns", "recent_units", "recent_profit", "change"),
}
"""Columns for which a printed page has no room."""
_RATIOS: Final = (
    "margin",
    "share_of_customers",
    "share_of_revenue",
    "still_active",
    "off_by",
    "return_rate",
    "share_of_change",
    "wape",
    "wape_same_weekday_mean",
    "bias",
    "coverage",
)
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
