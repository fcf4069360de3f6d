"""The documents in MongoDB: collections, ids and columns, so that those who write and those who read agree.

A name that came from outside (store, item) stands only in values and inside an `_id`, never in the name of a field.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

ITEM_MONTHS: Final = "item_months"
"""One document per (partition, store, item, month): `days` {"07": row of DAY_COLUMNS}, `total` (their sum, from day
`first` to `last`), `hours` (168 counts), `v`; `currency` and `others`, see `money_of`."""
STORE_MONTHS: Final = "store_months"
"""The same per (partition, store, month), over all items."""
FORECASTS: Final = "forecasts"
"""The newest forecast per (store, item): `close` for the days ahead, `today` for the running day."""
PLANS: Final = "plans"
"""The newest shelf plan per (store, shelf); of one in several parts the first."""
PLAN_PARTS: Final = "plan_parts"
"""The further parts of long plans, the newest per (store, shelf, part). One that agrees with the first part in partition,
offset and origin belongs to it; others are of an older plan."""
SCORES: Final = "scores"
"""One document per (store, horizon, origin): the sums, and `items` as one array for each of ITEM_SCORE_COLUMNS, all in
one order. No array holds arrays: not every server of MongoDB's protocol takes that. Further parts of long ones have
documents of their own, (store, horizon, origin, part)."""
SCORE_MONTHS: Final = "score_months"
"""One document per (store, horizon, month of origin): `origins` {"07": row of SCORE_COLUMNS}, `total`."""
DRIFTS: Final = "drifts"
"""One document per drift event."""
PROGRESS: Final = "progress"
"""One document per reader and partition: what has been applied."""
LOG: Final = "log"
"""One document: the identity of the log all others were made from."""

COLLECTIONS: Final = (ITEM_MONTHS, STORE_MONTHS, FORECASTS, PLANS, PLAN_PARTS, SCORES, SCORE_MONTHS, DRIFTS, PROGRESS, LOG)

DAY_COLUMNS: Final = (
    "units_thousandths",
    "revenue_micros",
    "profit_micros",
    "sales",
    "returns",
    "returned_thousandths",
    "orders",
    "profit_lines",
)
"""A day's row. Units and money are net of returns; `sales` counts lines sold, `returns` lines taken back.

The money and `profit_lines` are of the lines in the document's `currency`, which is that of its first sale; all else is
of all lines. `others` has the money of the other currencies: [{"currency", "days": {"07": row of MONEY_COLUMNS}, "total"}].
"""
DAY_UNITS: Final = DAY_COLUMNS.index("units_thousandths")
DAY_REVENUE: Final = DAY_COLUMNS.index("revenue_micros")
DAY_PROFIT: Final = DAY_COLUMNS.index("profit_micros")
DAY_SALES: Final = DAY_COLUMNS.index("sales")
DAY_RETURNS: Final = DAY_COLUMNS.index("returns")
DAY_RETURNED: Final = DAY_COLUMNS.index("returned_thousandths")
DAY_ORDERS: Final = DAY_COLUMNS.index("orders")
DAY_PROFIT_LINES: Final = DAY_COLUMNS.index("profit_lines")

MONEY_COLUMNS: Final = ("revenue_micros", "profit_micros", "profit_lines", "lines")
"""A day's money in one currency; `lines` counts the lines sold and taken back in it."""
MONEY_REVENUE: Final = MONEY_COLUMNS.index("revenue_micros")
MONEY_PROFIT: Final = MONEY_COLUMNS.index("profit_micros")
MONEY_PROFIT_LINES: Final = MONEY_COLUMNS.index("profit_lines")
MONEY_LINES: Final = MONEY_COLUMNS.index("lines")

MOST_CURRENCIES: Final = 200
"""A document holds no more groups than this, so that no input outgrows it; lines of a further code count as without one."""

SCORE_COLUMNS: Final = (
    "n",
    "actual",
    "absolute_error",
    "absolute_error_same_weekday_mean",
    "error",
    "within_band",
)
ITEM_SCORE_COLUMNS: Final = ("item", "actual", "mean", "p10", "p90", "same_weekday_mean")

HOURS_A_WEEK: Final = 168

_INT64 = 1 << 63


def document_id(*parts: str | int) -> str:
    """An `_id` that no choice of names can make equal to another's: a JSON array."""
    return msgspec.json.encode(parts).decode()


def stored(number: int) -> int | str:
    """An exact integer for MongoDB, which holds 64 bits: what does not fit is kept as decimal text."""
    return number if -_INT64 <= number < _INT64 else str(number)


def exact(value: Any) -> int:
    """The integer that `stored` wrote."""
    return int(value)


def group_of(currency: str | None, groups: Collection[str | None]) -> str | None:
    """The currency that a line's money counts under in a document that holds `groups`; None: without a currency."""
    return currency if currency in groups or len(groups) < MOST_CURRENCIES else None


def mixed_to(document: Mapping[str, Any]) -> int:
    """The source offset up to which a document adds all money up under its `currency`, as the first format did; -1: none."""
    before: int = document.get("mixed_to", -1) if "others" in document else document["v"]
    return before


def money_of(document: Mapping[str, Any], day: str | None = None) -> dict[str | None, list[int]]:
    """The money of a day, or of the whole month, by currency: rows of MONEY_COLUMNS. None is the lines that named none.

    A currency without lines is left out. Needs `currency`, `others`, and `days` or `total`.
    """
    row = document["total"] if day is None else document["days"][day]
    lines = row[DAY_SALES] + row[DAY_RETURNS]
    others: dict[str | None, list[int]] = {}
    for other in document.get("others", ()):
        money = other["total"] if day is None else other["days"].get(day)
        if money is not None:
            others[other["currency"]] = [exact(number) for number in money]
            lines -= money[MONEY_LINES]
    own = [exact(row[DAY_REVENUE]), exact(row[DAY_PROFIT]), row[DAY_PROFIT_LINES], lines]
    return {document["currency"]: own, **others} if lines else others


def units_of(thousandths: int) -> str:
    """Units as a decimal string, exact."""
    whole, rest = divmod(abs(thousandths), 1000)
    text = f"{whole}.{rest:03}".rstrip("0").rstrip(".")
    return f"-{text}" if thousandths < 0 else text
