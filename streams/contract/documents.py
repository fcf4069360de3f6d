"""The documents in MongoDB: collections, ids and columns, on which writers and readers agree.

Names from outside (store, item) appear only in values and inside an `_id`, never as the name of a field.
"""

from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

ITEM_MONTHS: Final = "item_months"
"""One document per (partition, store, item, month): `days` {"07": row of DAY_COLUMNS}, `total` (their sum, from day
`first` to `last`), `hours` (168 counts), `v`; `currency` and `others`, see `money_of`; `newest_sale`, the latest moment of a sale in epoch
seconds; `category`, the one named last. Documents that were written before these two existed lack them until their next sale."""
STORE_MONTHS: Final = "store_months"
"""The same per (partition, store, month), over all items."""
FORECASTS: Final = "forecasts"
"""The newest forecast per (store, item): `close` for the days ahead, `today` for the running day. `said`: by forecast day, the parts of
the newest next-day forecasts, as JSON."""
RUNNING_TOTALS: Final = "running_totals"
"""One document per store and per (store, category): `total`, the newest forecast of the running day's total."""
PLANS: Final = "plans"
"""The newest shelf plan per (store, shelf); of a plan in several parts, the first part."""
PLAN_PARTS: Final = "plan_parts"
"""The further parts of long plans, the newest per (store, shelf, part). A part belongs to the first one if partition, offset and origin
agree; otherwise it is left from an older plan."""
SCORES: Final = "scores"
"""One document per (store, horizon, origin): the sums, and `items` as one array for each of ITEM_SCORE_COLUMNS, all in the same order.
There are no arrays of arrays, which some servers of MongoDB's protocol refuse. Further parts of long scores have documents of their own,
(store, horizon, origin, part)."""
SCORE_MONTHS: Final = "score_months"
"""One document per (store, horizon, month of origin): `origins` {"07": row of SCORE_COLUMNS}, `total`."""
DRIFTS: Final = "drifts"
"""One document per drift event."""
STOCK: Final = "stock"
"""One document per (store, item): `ledger`, the newest word on its stock."""
LOST_SALES: Final = "lost_sales"
"""One document per (store, business date) with hours out of stock: the sums, `money` by currency, and `items` as one array for each of
LOST_ITEM_COLUMNS, all in the same order. Further parts have documents of their own, (store, business date, part)."""
SILENCES: Final = "silences"
"""One document per silent shelf."""
RUN_OUTS: Final = "run_outs"
"""One document per expected stock-out."""
PROGRESS: Final = "progress"
"""One document per reader and partition: how far it has applied the topic."""
PURCHASE_ORDERS: Final = "purchase_orders"
"""One document per (store, origin) with the lines of its order, and more of them for long orders; see `consumers.replenishment`. They are
a record of what was ordered, and stay when the other documents are made anew from another log."""
LOG: Final = "log"
"""One document: the identity of the log from which all others were made."""

COLLECTIONS: Final = (
    ITEM_MONTHS, STORE_MONTHS, FORECASTS, RUNNING_TOTALS, PLANS, PLAN_PARTS, SCORES, SCORE_MONTHS, DRIFTS, STOCK, LOST_SALES, SILENCES,
    RUN_OUTS, PROGRESS, LOG,
)  # fmt: skip
"""What is made from the log, and goes with it."""

DESK_PLANS: Final = "desk_plans"
"""One document per promotion or opening day that was announced on the pages: kind, store, item, first_day, last_day, active, at. They
are what people decided, and stay when the other documents are made anew."""
USERS: Final = "users"
"""One document per user of the page, `_id` the name: role, stores, the password's hash, its wrong tries."""
WEB_KEYS: Final = "web_keys"
"""One document, `session`: the key that signs the cookies of the page."""
AUDIT: Final = "audit"
"""One document per change that somebody made through the page or to its users: at, who, did, status, address."""

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
"""The columns of a day's row. Units and money are net of returns; `sales` counts lines sold, `returns` lines taken back.

The money and `profit_lines` cover the lines in the document's `currency`, that of its first sale; all other columns cover all lines.
`others` holds the money in other currencies: [{"currency", "days": {"07": row of MONEY_COLUMNS}, "total"}].
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
"""Most currencies in a document, so that no input can make it too large; lines in further currencies count as without a currency."""

SCORE_COLUMNS: Final = (
    "n",
    "actual",
    "absolute_error",
    "absolute_error_same_weekday_mean",
    "error",
    "within_band",
)
LOST_ITEM_COLUMNS: Final = (
    "item", "category", "hours_out", "sold", "demand", "p10", "p90", "revenue", "profit", "currency",
)  # fmt: skip
ITEM_SCORE_COLUMNS: Final = ("item", "actual", "mean", "p10", "p90", "same_weekday_mean")

HOURS_A_WEEK: Final = 168

_INT64 = 1 << 63


def document_id(*parts: str | int) -> str:
    """A JSON array as `_id`, so that no choice of names can make two ids equal."""
    return msgspec.json.encode(parts).decode()


def stored(number: int) -> int | str:
    """An exact integer for MongoDB: as a number if it fits 64 bits, else as decimal text."""
    return number if -_INT64 <= number < _INT64 else str(number)


def exact(value: Any) -> int:
    """The integer that `stored` wrote."""
    return int(value)


def group_of(currency: str | None, groups: Collection[str | None]) -> str | None:
    """The currency under which a document with `groups` counts a line's money; None: without a currency."""
    return currency if currency in groups or len(groups) < MOST_CURRENCIES else None


def mixed_to(document: Mapping[str, Any]) -> int:
    """The source offset up to which a document adds all money under its `currency`, as the first format did; -1: none."""
    before: int = document.get("mixed_to", -1) if "others" in document else document["v"]
    return before


def money_of(document: Mapping[str, Any], day: str | None = None) -> dict[str | None, list[int]]:
    """The money of a day, or of the whole month, by currency: rows of MONEY_COLUMNS. The key None holds lines without a currency.

    Currencies without lines are left out. The document must have `currency`, `others`, and `days` or `total`.
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
    """Thousandths of units as an exact decimal string."""
    whole, rest = divmod(abs(thousandths), 1000)
    text = f"{whole}.{rest:03}".rstrip("0").rstrip(".")
    return f"-{text}" if thousandths < 0 else text
