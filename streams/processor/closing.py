"""What a closed day leads to: forecasts, the shelf plan, scores and drift, as messages with deterministic ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.contract.codec import encode
from streams.contract.messages import (
    DriftDetected,
    ForecastScored,
    Horizon,
    HorizonForecast,
    ItemScore,
    OutputMessage,
    PredictedSales,
    ShelfAllocation,
)
from streams.processor.local_time import EPOCH_ORDINAL
from streams.processor.parts import in_parts
from streams.processor.shelving import Planner
from streams.processor.store import OpenDay, Shop

if TYPE_CHECKING:
    from online_model import DayClosed, Drift
    from online_model import HorizonForecast as ModelForecast
    from streams.processor.outputs import Outputs
    from streams.processor.processor import Heart

DAYS_AHEAD: Final = 28
OPENINGS_AHEAD: Final = 35
"""So far ahead the model asks for open days: those around the last day of a forecast count too."""
HORIZONS: Final[dict[str, tuple[Horizon, int]]] = {"day": ("day", 1), "7_days": ("7_days", 7), "28_days": ("28_days", 28)}
SILENT_AFTER_DAYS: Final = 14
"""A store that has sold nothing for longer is not forecast on every day that passes, until it sells again or its plan says when."""

NOWCAST_SHARE: Final = 0.1
NOWCAST_BAND: Final = 0.25
"""Today's total is said again only when it moved by these shares, of itself and of its P10-P90 band, and by a unit: less is noise."""

MAX_SCORED_ITEMS: Final = 1000
"""Items a score message lists, by units sold; its sums are over all."""


class DayReporter:
    """Closes days in the model and puts what follows into words."""

    def __init__(self, heart: Heart) -> None:
        self._heart = heart
        self.series: list[tuple[Shop, int]] = []  # series of the partition -> store, row
        self._planner = Planner()
        self._offset = -1
        self._number = 0

    def know(self, shops: Iterable[Shop]) -> None:
        """Learn the series of loaded stores."""
        pairs = {series: (shop, row) for shop in shops for row, series in enumerate(shop.series)}
        self.series = [pairs[series] for series in range(len(pairs))]

    def close(self, shop: Shop, day: int, at: float, offset: int, out: Outputs) -> None:
        """Close `day` (days since 1970) of a store at event time `at`; its messages carry `offset`."""
        n = len(shop.names)
        if n == 0:
            return
        sold = shop.days.get(day)
        opened = sold is not None
        if sold is None:
            sold = OpenDay()
        hours = sold.hours(n)
        told = shop.opening_told(day, OPENINGS_AHEAD)
        closed = self._heart.model.close(
            shop.index,
            day + EPOCH_ORDINAL,
            hours.sum(1),
            opened=opened,
            hours=hours,
            promotion=shop.promoted(day, DAYS_AHEAD),
            openings={d + EPOCH_ORDINAL: opens for d, opens in told.items()},
        )
        shop.take_profit(sold)
        shop.morning = _morning(closed.horizons["day"])
        sale_drift = self._heart.model.take_drift()
        if self._heart.observer is not None:
            self._heart.observer(shop, day, closed)
            return
        self._scores(shop, closed, offset, out)
        shop.closed_run = 0 if opened else shop.closed_run + 1
        if shop.closed_run <= SILENT_AFTER_DAYS or _reopens(told, day, closed):
            self._forecasts(shop, closed, day, at, offset, out)
        for drift in closed.drifts if sale_drift is None else (*closed.drifts, sale_drift):
            self._drift(drift, day, at, offset, out)

    def nowcast(self, shop: Shop, day: int, hour: float, at: float, offset: int, out: Outputs) -> None:
        """Say what today will bring by its end, for the items whose expectation moved."""
        n = len(shop.names)
        sold_today = shop.days.get(day)
        sold = sold_today.units(n) if sold_today is not None else np.zeros(n)
        expected = self._heart.model.nowcast(shop.index, day + EPOCH_ORDINAL, hour, sold)
        today, origin = self._heart.iso_date(day), self._heart.iso_date(day - 1)
        bands = _today(expected, sold, shop.morning)
        rows = self._moved(shop, expected, bands[:, 3] - bands[:, 1])
        for row, units, values in zip(rows.tolist(), sold[rows].tolist(), np.round(bands[rows], 3).tolist(), strict=True):
            mean, p10, p50, p90, baseline = values
            forecast = HorizonForecast(
                horizon="today",
                first_day=today,
                last_day=today,
                open_days=1,
                mean=mean,
                p10=p10,
                p50=p50,
                p90=p90,
                same_weekday_mean=baseline,
            )
            message = PredictedSales(
                id=self._id(offset),
                store=shop.name,
                item=shop.names[row],
                origin=origin,
                made_at=at,
                horizons=(forecast,),
                sold_so_far=round(units, 3),
                partition=self._heart.partition,
                offset=offset,
            )
            self._emit(shop, message, out)

    def _moved(self, shop: Shop, expected: NDArray[np.float64], band: NDArray[np.float64]) -> NDArray[np.intp]:
        """Rows of which today's total is to be said (again); they are remembered as said."""
        last = shop.nowcasts = np.append(shop.nowcasts, np.full(len(expected) - len(shop.nowcasts), np.nan))
        enough = np.maximum(np.maximum(1.0, NOWCAST_SHARE * last), NOWCAST_BAND * band)
        stayed = np.abs(expected - last) < enough  # false where nothing was said yet: last is NaN there
        rows = np.flatnonzero(~stayed & ~np.isnan(expected))
        last[rows] = expected[rows]
        return rows

    def _forecasts(self, shop: Shop, closed: DayClosed, day: int, at: float, offset: int, out: Outputs) -> None:
        """One predicted-sales message an item, then the store's shelf plan."""
        iso, path = self._heart.iso_date, np.round(np.nan_to_num(closed.path), 3).tolist()
        columns = [(*HORIZONS[name], forecast.open_days.tolist(), _columns(forecast)) for name, forecast in closed.horizons.items()]
        started = ~np.isnan(closed.horizons["day"].mean)
        partition = self._heart.partition
        first = iso(day + 1)
        for row in np.flatnonzero(started).tolist():
            horizons = tuple(
                HorizonForecast(
                    horizon=name,
                    first_day=first,
                    last_day=iso(day + length),
                    open_days=open_days[row],
                    mean=values[0][row],
                    p10=values[1][row],
                    p50=values[2][row],
                    p90=values[3][row],
                    same_weekday_mean=values[4][row],
                )
                for name, length, open_days, values in columns
            )
            message = PredictedSales(
                id=self._id(offset),
                store=shop.name,
                item=shop.names[row],
                origin=iso(day),
                made_at=at,
                horizons=horizons,
                path=tuple(path[row]),
                partition=partition,
                offset=offset,
            )
            self._emit(shop, message, out)
        self._heart.count("forecasts", int(started.sum()))
        if started.any():
            self._allocations(shop, closed, day, at, offset, out)

    def _allocations(self, shop: Shop, closed: DayClosed, day: int, at: float, offset: int, out: Outputs) -> None:
        header = {
            "id": "",
            "store": shop.name,
            "origin": self._heart.iso_date(day),
            "made_at": at,
            "partition": self._heart.partition,
            "offset": offset,
        }
        for message in self._planner.plans(shop, closed, day, header):
            self._emit_in_parts(shop, message, out)
            self._heart.count("allocations")

    def _scores(self, shop: Shop, closed: DayClosed, offset: int, out: Outputs) -> None:
        """A message for each horizon whose days have all closed."""
        iso = self._heart.iso_date
        for name, scored in closed.scored.items():
            if name not in HORIZONS or len(scored.rows) == 0:
                continue
            horizon, length = HORIZONS[name]
            origin = scored.origin_day - EPOCH_ORDINAL
            order = np.argsort(-scored.actual, kind="stable")[:MAX_SCORED_ITEMS]
            names = [shop.names[self.series[series][1]] for series in scored.rows[order].tolist()]
            lists = (scored.actual, scored.mean, scored.p10, scored.p90, scored.weekday_mean)
            values = zip(*(np.round(v[order], 3).tolist() for v in lists), strict=True)
            error = scored.mean - scored.actual
            message = ForecastScored(
                id="",
                store=shop.name,
                horizon=horizon,
                origin=iso(origin),
                first_day=iso(origin + 1),
                last_day=iso(origin + length),
                n=len(scored.rows),
                actual=_sum(scored.actual),
                absolute_error=_sum(np.abs(error)),
                absolute_error_same_weekday_mean=_sum(np.abs(scored.weekday_mean - scored.actual)),
                error=_sum(error),
                within_band=int(((scored.p10 <= scored.actual) & (scored.actual <= scored.p90)).sum()),
                items=tuple(
                    ItemScore(item=item, actual=a, mean=m, p10=lo, p90=hi, same_weekday_mean=w)
                    for item, (a, m, lo, hi, w) in zip(names, values, strict=True)
                ),
                partition=self._heart.partition,
                offset=offset,
            )
            self._emit_in_parts(shop, message, out)

    def _drift(self, drift: Drift, day: int, at: float, offset: int, out: Outputs) -> None:
        shop, row = self.series[drift.series] if drift.series is not None else (None, 0)
        since = drift.since_day - EPOCH_ORDINAL if drift.since_day else day
        message = DriftDetected(
            id=self._id(offset),
            store=shop.name if shop else None,
            item=shop.names[row] if shop else None,
            kind="level_shift" if drift.kind == "level_shift" else "sale_error",
            since=self._heart.iso_date(since),
            before=round(drift.before, 6),
            after=round(drift.after, 6),
            factor=round(drift.factor, 6),
            action=drift.action,
            made_at=at,
            partition=self._heart.partition,
            offset=offset,
        )
        self._emit(shop, message, out)
        self._heart.count("drifts")

    def _emit(self, shop: Shop | None, message: OutputMessage, out: Outputs) -> None:
        out.forecasts.append((shop.key if shop else b"", encode(message)))

    def _emit_in_parts(self, shop: Shop, message: ShelfAllocation | ForecastScored, out: Outputs) -> None:
        """Emit a message that grows with the store: each of its parts gets an id of its own."""
        for part in in_parts(message):
            self._emit(shop, msgspec.structs.replace(part, id=self._id(message.offset)), out)

    def _id(self, offset: int) -> str:
        if offset != self._offset:
            self._offset, self._number = offset, 0
        self._number += 1
        return f"{self._heart.partition}-{offset}-{self._number}"


def _reopens(told: dict[int, bool], day: int, closed: DayClosed) -> bool:
    """Whether a store that is silent has said that it opens within the days ahead, or that today's closure is one that ends by then."""
    if told.get(day) is False:
        return bool(closed.horizons["28_days"].open_days.any())
    return any(opens for d, opens in told.items() if day < d <= day + DAYS_AHEAD)


def _columns(forecast: ModelForecast) -> list[list[float]]:
    """Mean, p10, p50, p90 and the baseline, as lists; a demand is never negative."""
    values = (forecast.mean, forecast.p10, forecast.p50, forecast.p90, forecast.weekday_mean)
    return [np.round(np.maximum(np.nan_to_num(v), 0.0), 3).tolist() for v in values]


def _morning(forecast: ModelForecast) -> NDArray[np.float64]:
    """Mean, p10, p50, p90 and the baseline of the next day, [5, n]: what today's band is made from."""
    values = (forecast.mean, forecast.p10, forecast.p50, forecast.p90, forecast.weekday_mean)
    return np.maximum(np.nan_to_num(np.array(values)), 0.0)


def _today(expected: NDArray[np.float64], sold: NDArray[np.float64], morning: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean, p10, p50, p90 and the baseline of today's total, [n, 5].

    The morning's band around its mean shrinks with the root of what is still to come, as the spread of a sum of independent
    sales does; a quantile is never below what was sold.
    """
    n = len(expected)
    if morning.shape[1] != n:  # items met since the morning have no forecast of it
        morning = np.pad(morning, ((0, 0), (0, n - morning.shape[1])))
    mean = morning[0]
    rest = np.clip((expected - sold) / np.maximum(mean, 1e-9), 0.0, 1.0)
    band = np.maximum(expected + np.sqrt(rest) * (morning[1:4] - mean), np.maximum(sold, 0.0))
    return np.column_stack([np.maximum(expected, 0.0), *band, morning[4]])


def _sum(values: NDArray[np.float64]) -> float:
    return round(float(values.sum()), 3)
