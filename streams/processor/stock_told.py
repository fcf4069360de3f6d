"""The messages about stock: what the ledger says, and what empty shelves cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streams.contract.stock_messages import KNOWS, RunsOutExpected, ShelfSilent, StockStated, WrittenOff
from streams.processor.lost_sales import lost_sales

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.results import LostSales
    from streams.contract.stock_messages import Cause
    from streams.processor.day_messages import DayMessages
    from streams.processor.local_time import Dates
    from streams.processor.outputs import Outputs
    from streams.processor.shelf_watch import RunOut, Silence
    from streams.processor.store import Store


class StockMessages:
    """Writes what is told of stock, with ids of the same numbering as the other messages about days."""

    def __init__(self, days: DayMessages, partition: int, dates: Dates) -> None:
        self._days = days
        self._partition = partition
        self._iso = dates.iso

    def stated(self, store: Store, row: int, cause: Cause, day: int, at: float, offset: int, out: Outputs, missing: float | None) -> None:
        """Write what the ledger says of a row. missing: units missing at this count."""
        if store.ledger is None:
            return
        line = store.ledger.lines[row]
        message = StockStated(
            id=self._days.next_id(offset),
            store=store.name,
            item=store.names[row],
            business_date=self._iso(day),
            made_at=at,
            cause=cause,
            units=line.units,
            knows=KNOWS[line.knows],
            counted_at=_moment(line.counted_at),
            agreed_at=_moment(line.agreed_at),
            out_since=store.ledger.out_since(row),
            wrong_at=_moment(line.wrong_at),
            wrong=line.wrong,
            counts=line.counts,
            shrink=line.shrink,
            shrink_now=missing,
            received=line.received,
            written_off=tuple(WrittenOff(reason, units) for reason, units in line.written_off.items()),
            partition=self._partition,
            offset=offset,
        )
        self._days.emit(store, message, out)

    def lost(self, store: Store, lost: LostSales, price: NDArray[np.float64], day: int, at: float, offset: int, out: Outputs) -> None:
        """Write what the hours without stock cost. price: usual price per unit of the rows in `lost`, `[m]`."""
        n = len(store.names)
        profit = store.unit_profit(n)[lost.rows] if (store.units_kept > 0).any() else None
        header: dict[str, object] = {"id": "", "store": store.name, "business_date": self._iso(day), "made_at": at}
        message = lost_sales(store, lost, price, profit, header | {"partition": self._partition, "offset": offset})
        if message is not None:
            self._days.emit_in_parts(store, message, out)

    def silent(self, store: Store, silence: Silence, price: float, day: int, now: tuple[float, float], offset: int, out: Outputs) -> None:
        """Write that an item is silent. price: usual one per unit. now: epoch seconds, and the local hour."""
        row = silence.row
        message = ShelfSilent(
            id=self._days.next_id(offset),
            store=store.name,
            item=store.names[row],
            business_date=self._iso(day),
            made_at=now[0],
            silent_since=_at(silence.since, now),
            probability=round(silence.chance, 6),
            units_per_hour=round(max(silence.units_per_hour, 0.0), 3),
            revenue_per_hour=round(max(silence.units_per_hour, 0.0) * price, 4),
            stock=None if store.ledger is None or not store.ledger.knows(row) else store.ledger.units(row),
            partition=self._partition,
            offset=offset,
        )
        self._days.emit(store, message, out)

    def runs_out(self, store: Store, run_out: RunOut, day: int, now: tuple[float, float], offset: int, out: Outputs) -> None:
        """Write that an item will probably be gone before closing. now: epoch seconds, and the local hour."""
        message = RunsOutExpected(
            id=self._days.next_id(offset),
            store=store.name,
            item=store.names[run_out.row],
            business_date=self._iso(day),
            made_at=now[0],
            stock=run_out.left,
            probability=round(run_out.probability, 4),
            expected_at=None if run_out.about is None else _at(run_out.about, now),
            bring=run_out.bring,
            partition=self._partition,
            offset=offset,
        )
        self._days.emit(store, message, out)


def _at(hour: float, now: tuple[float, float]) -> float:
    """Epoch seconds of a local hour of the day, rounded to seconds."""
    at, now_hour = now
    return float(round(at + (hour - now_hour) * 3600))


def _moment(seconds: float) -> float | None:
    return seconds if seconds == seconds else None  # noqa: PLR0124  NaN: never
