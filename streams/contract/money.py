"""Exact money: a line's amount is rounded once to an integer of micro-units; only integers are summed.

The rule: a quantity counts with 3 decimals, a price with 4, an amount with 6, each rounded half to even from the
number as sent. quantity x price is then an exact integer of 10^-7, rounded half to even to 10^-6.
"""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

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
    """Micro-units as a decimal string with a currency's places, rounded half to even."""
    exact = Decimal(amount_micros).scaleb(-6)
    return str(exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN))
