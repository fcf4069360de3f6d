"""Each accepted sale of a partition once and in order, whatever repeats and rests of zombies the topic holds.

`SaleAccepted.seq` numbers the sales of a partition 1, 2, 3, without gaps. A worker that was killed writes some again
(seq not above the last applied: repeated). A worker that lost its partition without knowing may write some ahead of
its successor (seq more than one above: a gap); the successor writes all of those again in order, so they are passed over.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from streams.contract.messages import SaleAccepted


@dataclass(frozen=True, slots=True)
class Admitted:
    """The sales of a run that are next in order, the seq after them, and what was passed over."""

    sales: list[SaleAccepted]
    seq: int
    repeated: int
    ahead: int
    waiting_at_end: bool
    """Whether the run ended with sales ahead of their turn: a gap that nothing has filled yet."""


def admit(sales: Iterable[SaleAccepted], seq: int) -> Admitted:
    """The sales that come next after `seq`, in order, each once."""
    taken: list[SaleAccepted] = []
    repeated = ahead = 0
    waiting = False
    for sale in sales:
        if sale.seq == seq + 1:
            taken.append(sale)
            seq += 1
            waiting = False
        elif sale.seq <= seq:
            repeated += 1
        else:
            ahead += 1
            waiting = True
    return Admitted(taken, seq, repeated, ahead, waiting)
