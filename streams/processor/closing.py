"""The close of a day, and the forecast of a running one: what the model learns, what the store keeps, what is published."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from online_model import Moment
from streams.contract.horizons import BAND, DAY, DAYS_AHEAD, LONGEST, QUANTILE_NAMES
from streams.processor.day_messages import VALUES, DayMessages, Today
from streams.processor.local_time import EPOCH_ORDINAL
from streams.processor.shelf_watch import ShelfWatch
from streams.processor.shelving import Planner
from streams.processor.stock_told import StockMessages
from streams.processor.store import OpenDay, Store

if TYPE_CHECKING:
    from online_model import DayClosed, Forecaster
    from online_model import HorizonForecast as ModelForecast
    from online_model.today.moment import RunningTotals
    from streams.contract.stock_messages import Cause
    from streams.processor.local_time import Dates
    from streams.processor.outputs import Outputs
    from streams.processor.rules import Rules
    from streams.processor.shelf_watch import RunOut, Silence
    from streams.processor.tally import Tally

    Floats = NDArray[np.float64]

OPENINGS_AHEAD: Final = DAYS_AHEAD + 7
"""How far ahead the model wants to know open days: those just after the last forecast day matter too."""
SILENT_AFTER_DAYS: Final = 14
"""A store that has sold nothing for longer gets no more daily forecasts until it sells again or announces when it reopens."""

FOLLOW_LINES, FOLLOW_LINES_AN_ITEM = 32, 0.25
"""Lines after which the model follows a running day at the next quarter of an hour: the work grows with the number of items."""
NOWCAST_SHARE: Final = 0.1
NOWCAST_BAND: Final = 0.25
"""Today's total is published again only if it moved by at least these shares of itself and of its P10-P90 band, and by one unit. Smaller
moves are noise."""
_LOW, _HIGH = (QUANTILE_NAMES.index(name) for name in BAND)


class Observer(Protocol):
    """Receives each closed day as the model returned it, instead of the messages about it; a backtest uses one.

    It is called after the store has learned the day, and must not change anything: with it, the state and all later days are the same.
    """

    def __call__(self, store: Store, day: int, closed: DayClosed) -> None:
        """Take a store's closed day; `day` counts from 1970-01-01."""
        ...


class Watcher(Protocol):
    """Receives what there is to say about running days, instead of the messages about them; a backtest uses one. It must change nothing."""

    def running(self, store: Store, day: int, hour: float, values: NDArray[np.float64]) -> None:
        """Take the forecast of a running day's total, `VALUES` of each item, `[n, values]`; NaN where there is none."""
        ...

    def silent(self, store: Store, day: int, silence: Silence, hour: float) -> None:
        """Take a silence that was noticed at a local hour."""
        ...

    def runs_out(self, store: Store, day: int, run_out: RunOut, hour: float) -> None:
        """Take an expected stock-out that was noticed at a local hour."""
        ...


class DayCloser:
    """Closes the days of a partition's stores in the model.

    model: the partition's forecaster. tally: counts closes and what they lead to. rules: say when something is said of a shelf.
    """

    def __init__(self, model: Forecaster, partition: int, dates: Dates, tally: Tally, rules: Rules) -> None:
        self.observer: Observer | None = None
        self.watcher: Watcher | None = None
        self._model = model
        self._parts = rules.forecast_parts
        self._partition = partition
        self._iso = dates.iso
        self._tally = tally
        self._messages = DayMessages(partition, dates)
        self._stock = StockMessages(self._messages, partition, dates)
        self._planner = Planner()
        self._shelves = ShelfWatch(model, rules)
        self._series: list[tuple[Store, int]] = []  # series of the partition -> store, row

    def __len__(self) -> int:
        """Number of series."""
        return len(self._series)

    def know(self, stores: Iterable[Store]) -> None:
        """Take over the series of loaded stores."""
        pairs = {series: (store, row) for store in stores for row, series in enumerate(store.series)}
        self._series = [pairs[series] for series in range(len(pairs))]

    def add(self, store: Store, row: int) -> None:
        """Add the partition's next series."""
        self._series.append((store, row))

    def close(self, store: Store, day: int, at: float, offset: int, out: Outputs) -> None:
        """Close a store's `day` at event time `at`; the messages carry `offset`."""
        n = len(store.names)
        if n == 0:
            return
        sold = store.days.get(day)
        opened = sold is not None
        if sold is None:
            sold = OpenDay()
        hours = sold.hours(n)
        told = store.opening_told(day, OPENINGS_AHEAD)
        closed = self._model.close(
            store.index,
            day + EPOCH_ORDINAL,
            hours.sum(1),
            opened=opened,
            hours=hours,
            promotion=store.promoted(day, DAYS_AHEAD),
            openings={d + EPOCH_ORDINAL: opens for d, opens in told.items()},
            out_of_stock=None if store.ledger is None else store.ledger.close(day, n),
            silent=None if (alarms := store.alarms.pop(day, None)) is None else alarms.still_silent(hours),
            parts=self._parts and self.observer is None,
        )
        store.take_profit(sold)
        store.morning = _morning(closed.horizons[DAY.name])
        store.quiet_day, store.quiet = day + 1, self._shelves.quiet(store, day + 1)
        store.closed_run = 0 if opened else store.closed_run + 1
        sale_drift = self._model.take_drift()
        if sale_drift is not None:
            closed.drifts.append(sale_drift)
        self._publish(store, closed, day, at, offset, out, forecast=store.closed_run <= SILENT_AFTER_DAYS or _reopens(told, day, closed))
        if closed.lost is not None:
            self._tally.count("lost_sales")
            if self.observer is None:
                prices = self._model.sales.usual_prices([store.series[row] for row in closed.lost.rows.tolist()])
                self._stock.lost(store, closed.lost, prices, day, at, offset, out)
        if store.ledger is not None:
            for row in store.ledger.take_moved():
                self.state_stock(store, row, "close", day, at, offset, out)
        if self.observer is not None:
            self.observer(store, day, closed)

    def _publish(self, store: Store, closed: DayClosed, day: int, at: float, offset: int, out: Outputs, *, forecast: bool) -> None:
        """Plan the shelves, count, and write the messages; with an observer there are no messages."""
        silent, forecast = self.observer is not None, forecast and bool(closed.started.any())
        if not silent:
            self._messages.scores(store, closed.scored, self._names_of(closed), offset, out)
        if forecast:
            self._tally.count("forecasts", int(closed.started.sum()))
            plans = self._planner.decide(store, closed, day)
            self._tally.count("allocations", max(len(plans), 1))
            if not silent:
                self._messages.forecasts(store, closed, day, at, offset, out)
                header = {"id": "", "store": store.name, "origin": self._iso(day), "made_at": at}
                place = {"partition": self._partition, "offset": offset}
                self._messages.plans(store, self._planner.plans(store, closed, plans, header | place), out)
        for drift in closed.drifts:
            self._tally.count("drifts")
            if not silent:
                of, row = self._series[drift.series] if drift.series is not None else (None, 0)
                self._messages.drift(of, of.names[row] if of else None, drift, day, at, offset, out)

    def state_stock(
        self, store: Store, row: int, cause: Cause, day: int, at: float, offset: int, out: Outputs, missing: float | None = None
    ) -> None:
        """Tell what the ledger says of a row. missing: units missing at this count."""
        if self.observer is None:
            self._stock.stated(store, row, cause, day, at, offset, out, missing)

    def _names_of(self, closed: DayClosed) -> dict[int, str]:
        """Names of the items whose series were scored."""
        scored = (series for of_horizon in closed.scored.values() for series in of_horizon.rows.tolist())
        return {series: store.names[row] for series in scored for store, row in (self._series[series],)}

    def follow(self, store: Store, day: int, hour: float) -> None:
        """Teach the model the stretch of the running day that has ended, if enough was sold in it to be worth the work."""
        sold = store.days.get(day)
        if sold is not None and sold.lines >= worth_following(store):
            sold.lines = 0
            self._model.follow(store.index, _moment(store, sold, day, hour))

    def nowcast(self, store: Store, day: int, hour: float, at: float, offset: int, out: Outputs) -> None:
        """Forecast today's totals: of the items, and of the store and its categories, as far as they have moved."""
        n = len(store.names)
        sold = store.days.get(day) or OpenDay()
        sold.lines = 0
        told = _moment(store, sold, day, hour)
        found = self._model.today(store.index, told)
        weekday_mean, more = store.morning[-1], n - store.morning.shape[1]
        if more:  # items first sold today have none
            weekday_mean = np.pad(weekday_mean, (0, more))
        if self.watcher is not None:
            self.watcher.running(store, day, hour, _values(found.items.mean, found.items.quantiles(), weekday_mean))
            self._watch_shelves(store, day, hour, at, offset, out)
            return
        store.nowcasts, moved = _moved(store.nowcasts, found.items)
        if moved is not None:
            rows, mean, quantiles = moved
            values = _values(mean, quantiles, weekday_mean[rows])
            self._messages.today(store, day, at, Today(rows, told.sold[rows], values), offset, out)
        store.totals, moved = _moved(store.totals, found.totals)
        if moved is not None:
            rows, mean, quantiles = moved
            values = _values(mean, quantiles, told.sums(weekday_mean)[rows])
            self._messages.totals(store, day, at, Today(rows, found.totals.sold[rows], values), offset, out)
        self._watch_shelves(store, day, hour, at, offset, out)

    def _watch_shelves(self, store: Store, day: int, hour: float, at: float, offset: int, out: Outputs) -> None:
        """Tell of shelves that are silent or will soon be empty."""
        opened = store.days.get(day)
        if opened is None:
            return
        for silence in self._shelves.silences(store, day, hour, opened):
            self._tally.count("silences")
            if self.watcher is not None:
                self.watcher.silent(store, day, silence, hour)
            else:
                price = float(self._model.sales.usual_prices([store.series[silence.row]])[0])
                self._stock.silent(store, silence, price, day, (at, hour), offset, out)
        for run_out in self._shelves.run_outs(store, day, hour, opened):
            self._tally.count("run_outs")
            if self.watcher is not None:
                self.watcher.runs_out(store, day, run_out, hour)
            else:
                self._stock.runs_out(store, run_out, day, (at, hour), offset, out)


def worth_following(store: Store) -> float:
    """Number of a day's newest lines from which it is worth the work to follow the day at the next quarter of an hour."""
    return FOLLOW_LINES + len(store.names) * FOLLOW_LINES_AN_ITEM


def _moment(store: Store, sold: OpenDay, day: int, hour: float) -> Moment:
    n = len(store.names)
    return Moment(day + EPOCH_ORDINAL, hour, sold.units(n), float(sold.receipts), store.groups_of(n), len(store.categories))


def _values(mean: Floats, quantiles: Floats, weekday_mean: Floats) -> Floats:
    """`VALUES` of today's totals, `[n, values]`; a demand is never negative."""
    out = np.empty((len(mean), len(VALUES)))
    out[:, 0], out[:, 1:-1], out[:, -1] = mean, quantiles.T, weekday_mean
    return np.maximum(out, 0.0, out=out)


def _moved(last: Floats, found: RunningTotals) -> tuple[Floats, tuple[NDArray[np.intp], Floats, Floats] | None]:
    """The newest published totals; and the rows that are to be published now, with their means and quantiles, None if there are none.

    last: totals as they were published before, NaN where none was. The band of what has not moved is not asked for.
    """
    expected = found.mean
    if len(last) < len(expected):
        last = np.append(last, np.full(len(expected) - len(last), np.nan))
    moved = np.abs(expected - last)
    rows = np.flatnonzero(~(moved < np.maximum(1.0, NOWCAST_SHARE * last)))  # true where nothing was published yet: last is NaN there
    if not len(rows):
        return last, None
    quantiles = found.quantiles(rows)
    beyond = ~(moved[rows] < NOWCAST_BAND * (quantiles[_HIGH] - quantiles[_LOW]))
    rows, quantiles = rows[beyond], quantiles[:, beyond]
    if not len(rows):
        return last, None
    mean = expected[rows]
    last = last.copy()  # a snapshot may still hold the other array
    last[rows] = mean
    return last, (rows, mean, quantiles)


def _reopens(told: dict[int, bool], day: int, closed: DayClosed) -> bool:
    """Whether a silent store has announced that it opens within the days ahead, or that today's closure ends by then."""
    if told.get(day) is False:
        return bool(closed.horizons[LONGEST.name].open_days.any())
    return any(opens for d, opens in told.items() if day < d <= day + DAYS_AHEAD)


def _morning(forecast: ModelForecast) -> NDArray[np.float64]:
    """`VALUES` of the next day, `[values, n]`: the basis of that day's band while it runs."""
    values = (forecast.mean, *forecast.quantiles, forecast.weekday_mean)
    return np.asarray(np.maximum(np.nan_to_num(np.array(values)), 0.0))
