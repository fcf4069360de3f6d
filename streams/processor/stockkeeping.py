"""Books the events about stock in a store's ledger."""

from typing import NamedTuple

from xxhash import xxh3_64_intdigest

from streams.contract.messages import StockCounted
from streams.contract.stock_messages import Cause, StockReceived, StockWrittenOff
from streams.processor.ledger import Ledger

StockEvent = StockCounted | StockReceived | StockWrittenOff


class Booked(NamedTuple):
    """What a movement led to: why its line is worth telling, and the units missing at a count."""

    cause: Cause | None
    missing: float | None = None


def stock_fingerprint(event: StockEvent, seconds: float) -> int:
    """32 bits of an event's meaning, never 0, like `fingerprint` of a sale: a retry may write its JSON in another order."""
    reason = event.reason if isinstance(event, StockWrittenOff) else ""
    parts = (type(event).__name__, event.store, event.item, repr(event.units + 0.0), repr(seconds), reason)
    return xxh3_64_intdigest("\0".join(parts).encode()) & 0xFFFFFFFF or 1


def book(ledger: Ledger, event: StockEvent, row: int, seconds: float, local: float) -> Booked:
    """Book an event of the ledger's store. seconds, local: when it happened, epoch and local seconds."""
    if isinstance(event, StockCounted):
        return Booked(*ledger.counted(row, event.units, seconds, local))
    if isinstance(event, StockReceived):
        return Booked(ledger.received(row, event.units, seconds, local))
    return Booked(ledger.written_off(row, event.units, event.reason, seconds, local))
