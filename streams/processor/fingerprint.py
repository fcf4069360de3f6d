"""A sale's content as a number: two events with one id are a repeat if the numbers agree, else a conflict."""

from struct import Struct
from typing import Final

from xxhash import xxh3_64_intdigest

from streams.contract.messages import SaleRecorded

_PACKED: Final = Struct("<IIB6d").pack
UNKNOWN: Final = 0
"""Stands for the fingerprint of an id whose content an earlier release hashed differently: it cannot be compared."""


def fingerprint(sale: SaleRecorded, store: int, row: int, seconds: float) -> int:
    """32 bits of a sale's meaning, never `UNKNOWN`. It does not depend on the bytes: a retry may write its JSON in another order.

    store, row: number of the store in the partition, and of the item in the store; they never change.
    """
    price, amount, profit, cost = sale.unit_price, sale.amount, sale.profit, sale.unit_cost
    # Which of the four are given is packed beside them, as no number can stand for "absent". Adding 0.0 turns -0.0 into 0.0.
    there = (price is not None) | (amount is not None) << 1 | (profit is not None) << 2 | (cost is not None) << 3
    content = _PACKED(
        store, row, there, sale.quantity, seconds, (price or 0.0) + 0.0, (amount or 0.0) + 0.0, (profit or 0.0) + 0.0, (cost or 0.0) + 0.0
    )
    return xxh3_64_intdigest(content) & 0xFFFFFFFF or 1
