"""A sale's content as a number: two events under one id are a repeat when it is the same, else a conflict."""

from struct import Struct
from typing import Final

from xxhash import xxh3_64_intdigest

from streams.contract.messages import SaleRecorded

_PACKED: Final = Struct("<IIB6d").pack
UNKNOWN: Final = 0
"""In the place of a fingerprint: the id was seen, its content was hashed in another way and can be compared with nothing."""


def fingerprint(sale: SaleRecorded, store: int, row: int, seconds: float) -> int:
    """32 bits of what a sale says, never `UNKNOWN`. Of its bytes it knows nothing: a retry may write its JSON in another order.

    store, row: numbers of its store in the partition and of its item in the store; a name has one number for ever.
    """
    price, amount, profit, cost = sale.unit_price, sale.amount, sale.profit, sale.unit_cost
    # Which of the four are there is packed beside them: no number stands for "absent". Adding 0.0 makes -0.0 of a value 0.0.
    there = (price is not None) | (amount is not None) << 1 | (profit is not None) << 2 | (cost is not None) << 3
    content = _PACKED(
        store, row, there, sale.quantity, seconds, (price or 0.0) + 0.0, (amount or 0.0) + 0.0, (profit or 0.0) + 0.0, (cost or 0.0) + 0.0
    )
    return xxh3_64_intdigest(content) & 0xFFFFFFFF or 1
