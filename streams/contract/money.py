"""Exact money: a line's amount is rounded once, to whole micro-units (millionths of the currency); only integers are summed.

The rule: a quantity counts with 3 decimals, a price with 4, an amount with 6, each rounded half to even from the number as sent. So
quantity x price is an exact multiple of 10^-7, which is rounded half to even to 10^-6.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from streams.contract.documents import MONEY_LINES, MONEY_PROFIT, MONEY_PROFIT_LINES, MONEY_REVENUE

MICROS: Final = 1_000_000


def micros(amount: float) -> int:
    """An amount of money in micro-units."""
    return round(amount * 1e6)


def line_micros(quantity: float, unit_price: float) -> int:
    """Quantity x unit_price in micro-units."""
    tenths = round(quantity * 1e3) * round(unit_price * 1e4)
    whole, rest = divmod(tenths, 10)
    if rest > 5 or (rest == 5 and whole & 1):
        return whole + 1
    return whole


def decimal_of(amount_micros: int, places: int = 2) -> str:
    """Micro-units as a decimal string with `places` decimals, rounded half to even."""
    exact = Decimal(amount_micros).scaleb(-6)
    return str(exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN))


def amounts_shown(money: Mapping[str | None, Sequence[int]]) -> dict[str, Any]:
    """Money by currency (rows of MONEY_COLUMNS) as JSON with two decimals; profit is None if no line had one.

    With several currencies, `revenue` and `profit` are None and `by_currency` lists each currency, most lines first: amounts of different
    currencies are never added. Lines without a currency form a group of their own.
    """
    rows = sorted(money.items(), key=lambda pair: (-pair[1][MONEY_LINES], pair[0] or ""))
    each = [
        {
            "currency": currency,
            "revenue": decimal_of(row[MONEY_REVENUE]),
            "profit": decimal_of(row[MONEY_PROFIT]) if row[MONEY_PROFIT_LINES] else None,
        }
        for currency, row in rows
    ]
    if len(each) > 1:
        return {"revenue": None, "profit": None, "by_currency": each}
    return {"revenue": each[0]["revenue"], "profit": each[0]["profit"]} if each else {"revenue": decimal_of(0), "profit": None}
