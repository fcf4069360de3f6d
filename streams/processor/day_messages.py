"""The messages about a closed or a running day, with deterministic ids: forecasts, shelf plans, scores and drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.contract.codec import encode
from streams.contract.horizons import HORIZONS, QUANTILE_NAMES
from streams.contract.messages import (
    DriftDetected,
    ForecastScored,
    HorizonForecast,
    ItemScore,
    OutputMessage,
    PredictedSales,
    ShelfAllocation,
    TotalForecast,
    TotalsPredicted,
)
from streams.contract.stock_messages import LostSalesEstimated
from streams.processor.forecast_parts import parts_of
from streams.processor.local_time import EPOCH_ORDINAL
from streams.processor.parts import in_parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from online_model import DayClosed, Drift, Scored
    from online_model import HorizonForecast as ModelForecast
    from streams.processor.local_time import Dates
    from streams.processor.outputs import Outputs
    from streams.processor.store import Store

MAX_SCORED_ITEMS: Final = 1000
"""Most items that a score message lists, those that sold most; its sums cover all items."""

VALUES: Final = ("mean", *QUANTILE_NAMES, "same_weekday_mean")
"""The numbers of a forecast, in the order of every array that has an axis for them."""
_SENT: Final = tuple(name for name in HorizonForecast.__struct_fields__ if name in VALUES)
_AS_SENT: Final = [VALUES.index(name) for name in _SENT]
"""Places of `VALUES` in the order of the message's last fields."""


@dataclass(frozen=True, slots=True)
class Today:
    """What is to be published about a running day.

    Attributes
    ----------
    rows
        Items, `[m]`; of totals 0 for the store, then 1 + the number of a category.
    sold
        Units sold so far, `[m]`.
    values
        `VALUES` of the day's total, `[m, values]`.

    """

    rows: NDArray[np.intp]
    sold: NDArray[np.float64]
    values: NDArray[np.float64]


class DayMessages:
    """Writes the model's results as messages. An id names the event that caused the message, and the message's number at that event."""

    def __init__(self, partition: int, dates: Dates) -> None:
        self._partition = partition
        self._iso = dates.iso
        self._offset = -1
        self._number = 0

    def today(self, store: Store, day: int, at: float, told: Today, offset: int, out: Outputs) -> None:
        """Write one message for each item whose total of the running day is to be published."""
        first, origin = self._iso(day), self._iso(day - 1)
        for row, units, values in zip(told.rows.tolist(), told.sold.tolist(), np.round(told.values[:, _AS_SENT], 3).tolist(), strict=True):
            forecast = HorizonForecast("today", first, first, 1, *values)
            message = PredictedSales(
                id=self.next_id(offset),
                store=store.name,
                item=store.names[row],
                origin=origin,
                made_at=at,
                horizons=(forecast,),
                sold_so_far=round(units, 3),
                partition=self._partition,
                offset=offset,
            )
            self.emit(store, message, out)

    def totals(self, store: Store, day: int, at: float, told: Today, offset: int, out: Outputs) -> None:
        """Write the message about those totals of the running day that are to be published."""
        names = [None, *store.categories]
        numbers = np.round(told.values[:, _AS_SENT], 3).tolist()
        totals = tuple(
            TotalForecast(category=names[row], sold_so_far=round(units, 3), **dict(zip(_SENT, values, strict=True)))
            for row, units, values in zip(told.rows.tolist(), told.sold.tolist(), numbers, strict=True)
        )
        message = TotalsPredicted(
            id=self.next_id(offset),
            store=store.name,
            day=self._iso(day),
            made_at=at,
            totals=totals,
            partition=self._partition,
            offset=offset,
        )
        self.emit(store, message, out)

    def forecasts(self, store: Store, closed: DayClosed, day: int, at: float, offset: int, out: Outputs) -> None:
        """Write one message for each item that has sold yet."""
        iso, path = self._iso, np.round(np.nan_to_num(closed.path), 3).tolist()
        columns = [
            (horizon.name, iso(day + horizon.days), closed.horizons[horizon.name].open_days.tolist(), _rows(closed.horizons[horizon.name]))
            for horizon in HORIZONS
        ]
        first = iso(day + 1)
        parts = parts_of(closed)
        for row in np.flatnonzero(closed.started).tolist():
            horizons = tuple(HorizonForecast(name, first, last, open_days[row], *values[row]) for name, last, open_days, values in columns)
            message = PredictedSales(
                id=self.next_id(offset),
                store=store.name,
                item=store.names[row],
                origin=iso(day),
                made_at=at,
                horizons=horizons,
                path=tuple(path[row]),
                partition=self._partition,
                offset=offset,
                parts=parts[row] if parts else None,
            )
            self.emit(store, message, out)

    def plans(self, store: Store, plans: Iterable[ShelfAllocation], out: Outputs) -> None:
        """Write the store's shelf plans, which come with an empty id."""
        for message in plans:
            self.emit_in_parts(store, message, out)

    def scores(self, store: Store, scored_by_horizon: dict[str, Scored], names: Mapping[int, str], offset: int, out: Outputs) -> None:
        """Write one message for each horizon whose days have all closed; `names` maps series to items."""
        iso = self._iso
        for horizon in HORIZONS:
            scored = scored_by_horizon.get(horizon.name)
            if scored is None or len(scored.rows) == 0:
                continue
            origin = scored.origin_day - EPOCH_ORDINAL
            order = np.argsort(-scored.actual, kind="stable")[:MAX_SCORED_ITEMS]
            listed = [names[series] for series in scored.rows[order].tolist()]
            lists = (scored.actual, scored.mean, scored.p10, scored.p90, scored.weekday_mean)
            values = zip(*(np.round(v[order], 3).tolist() for v in lists), strict=True)
            error = scored.mean - scored.actual
            message = ForecastScored(
                id="",
                store=store.name,
                horizon=horizon.name,
                origin=iso(origin),
                first_day=iso(origin + 1),
                last_day=iso(origin + horizon.days),
                n=len(scored.rows),
                actual=_sum(scored.actual),
                absolute_error=_sum(np.abs(error)),
                absolute_error_same_weekday_mean=_sum(np.abs(scored.weekday_mean - scored.actual)),
                error=_sum(error),
                within_band=int(((scored.p10 <= scored.actual) & (scored.actual <= scored.p90)).sum()),
                out_of_stock=scored.out_of_stock,
                items=tuple(
                    ItemScore(item=item, actual=a, mean=m, p10=lo, p90=hi, same_weekday_mean=w)
                    for item, (a, m, lo, hi, w) in zip(listed, values, strict=True)
                ),
                partition=self._partition,
                offset=offset,
            )
            self.emit_in_parts(store, message, out)

    def drift(self, store: Store | None, item: str | None, drift: Drift, day: int, at: float, offset: int, out: Outputs) -> None:
        """Write a change that the model noticed; `store` is None if it concerns all sales."""
        since = drift.since_day - EPOCH_ORDINAL if drift.since_day else day
        message = DriftDetected(
            id=self.next_id(offset),
            store=store.name if store else None,
            item=item,
            kind="level_shift" if drift.kind == "level_shift" else "sale_error",
            since=self._iso(since),
            before=round(drift.before, 6),
            after=round(drift.after, 6),
            factor=round(drift.factor, 6),
            action=drift.action,
            made_at=at,
            partition=self._partition,
            offset=offset,
        )
        self.emit(store, message, out)

    def emit(self, store: Store | None, message: OutputMessage, out: Outputs) -> None:
        """Write a message of a store; None: of the whole partition."""
        out.forecasts.append((store.key if store else b"", encode(message)))

    def emit_in_parts(self, store: Store, message: ShelfAllocation | ForecastScored | LostSalesEstimated, out: Outputs) -> None:
        """Emit a message that grows with the store, in parts that each get an id of their own."""
        for part in in_parts(message):
            self.emit(store, msgspec.structs.replace(part, id=self.next_id(message.offset)), out)

    def next_id(self, offset: int) -> str:
        """The id of the next message that the event at `offset` leads to."""
        if offset != self._offset:
            self._offset, self._number = offset, 0
        self._number += 1
        return f"{self._partition}-{offset}-{self._number}"


def _rows(forecast: ModelForecast) -> list[list[float]]:
    """The numbers of each item as they are sent; a demand is never negative."""
    values = np.array((forecast.mean, *forecast.quantiles, forecast.weekday_mean))[_AS_SENT]
    rows: list[list[float]] = np.round(np.maximum(np.nan_to_num(values), 0.0), 3).T.tolist()
    return rows


def _sum(values: NDArray[np.float64]) -> float:
    return round(float(values.sum()), 3)
