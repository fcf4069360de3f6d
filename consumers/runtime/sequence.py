"""Admits each accepted sale of a partition once and in order, whatever repeats and leftovers of zombies the topic holds.

`SaleAccepted.seq` numbers the sales of a partition 1, 2, 3, without gaps. A worker restarted after a kill writes some sales again; their
seq is not above the last applied one: they are repeated. A zombie, a worker that has lost its partition without noticing, may write some
before its successor does; their seq is more than one above: a gap. The successor writes all of those again in order, so they are skipped.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from streams.contract.messages import SaleAccepted


@dataclass(frozen=True, slots=True)
class Admitted:
    """The sales of a run that come next in order, the seq after them, and how many were skipped."""

    sales: list[SaleAccepted]
    seq: int
    repeated: int
    ahead: int
    waiting_at_end: bool
    """Whether the run ended with sales that came too early: a gap that nothing has filled yet."""


def admit(sales: Iterable[SaleAccepted], seq: int) -> Admitted:
    """The sales that follow `seq`, in order, each once."""
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
