"""The documents in MongoDB: collections, ids and columns, so that those who write and those who read agree.

A name that came from outside (store, item) stands only in values and inside an `_id`, never in the name of a field.
"""

from typing import Any, Final

import msgspec

ITEM_MONTHS: Final = "item_months"
"""One document per (partition, store, item, month): `days` {"07": row of DAY_COLUMNS}, `total` (their sum, from day
`first` to `last`), `hours` (168 counts), `v`."""
STORE_MONTHS: Final = "store_months"
"""The same per (partition, store, month), over all items."""
FORECASTS: Final = "forecasts"
"""The newest forecast per (store, item): `close` for the days ahead, `today` for the running day."""
PLANS: Final = "plans"
"""The newest shelf plan per (store, shelf)."""
SCORES: Final = "scores"
"""One document per (store, horizon, origin): the sums, and `items` as one array for each of ITEM_SCORE_COLUMNS, all in
one order. No array holds arrays: not every server of MongoDB's protocol takes that."""
SCORE_MONTHS: Final = "score_months"
"""One document per (store, horizon, month of origin): `origins` {"07": row of SCORE_COLUMNS}, `total`."""
DRIFTS: Final = "drifts"
"""One document per drift event."""
PROGRESS: Final = "progress"
"""One document per reader and partition: what has been applied."""
LOG: Final = "log"
"""One document: the identity of the log all others were made from."""

COLLECTIONS: Final = (ITEM_MONTHS, STORE_MONTHS, FORECASTS, PLANS, SCORES, SCORE_MONTHS, DRIFTS, PROGRESS, LOG)

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
"""A day's row. Units and money are net of returns; `sales` counts lines sold, `returns` lines taken back."""

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


def units_of(thousandths: int) -> str:
    """Units as a decimal string, exact."""
    whole, rest = divmod(abs(thousandths), 1000)
    text = f"{whole}.{rest:03}".rstrip("0").rstrip(".")
    return f"-{text}" if thousandths < 0 else text
