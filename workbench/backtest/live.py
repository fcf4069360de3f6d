"""Our own forecasts: runs a file's log through the same processor as the worker."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from producers.sources.wire import WireEvents
from streams.contract.codec import decode_accepted
from streams.contract.horizons import QUANTILE_NAMES
from streams.processor.local_time import LocalTime
from streams.processor.outputs import Outputs
from streams.processor.processor import Processor
from streams.processor.quarantine import Decisions, deciding
from streams.processor.rules import Rules
from streams.processor.store import Store
from workbench.backtest.event_log import Counts, SalesLog
from workbench.backtest.memory import MemoryPeak
from workbench.backtest.panel import SPANS, Contender, Flags, Forecasts, Panel, Windows, windows
from workbench.backtest.running import RunningDays, applied, look_times
from workbench.backtest.source import Sales
from workbench.backtest.survey import Survey

if TYPE_CHECKING:
    from online_model import DayClosed
    from streams.processor.closing import Observer

BASELINES: Final = {"same_weekday_mean": "weekday_mean", "seasonal_naive": "seasonal_naive", "smoothing": "smoothing"}
"""Contenders that run beside every forecast, and their names in the model."""
VALUES: Final = ("mean", *QUANTILE_NAMES, *BASELINES.values())
NO_NOWCASTS: Final = float("inf")
"""Seconds between forecasts of the running day: none, because they are not scored here and teach nothing."""


@dataclass(frozen=True, slots=True)
class Live:
    """What the processor forecast, beside what was sold.

    expected_open: by horizon, the days of each window on which the store was expected to open, `[series, origins]`.
    states: of the processor of each partition at the end, as `Processor.load` takes it.
    """

    panel: Panel
    windows: dict[str, Windows]
    contenders: list[Contender]
    expected_open: dict[str, NDArray[np.float64]]
    counts: Counts
    rejected: dict[str, int]
    rules: Rules
    running: RunningDays | None = None
    """Of a file of events: scores of the running days, and the demand of days without stock."""
    states: tuple[bytes, ...] = ()


class _Collector:
    """Keeps the forecasts of the scored origins as the processor makes them."""

    def __init__(self, first_origin: int) -> None:
        self.first_origin = first_origin
        self.closes: list[tuple[str, list[str], int, NDArray[np.float32]]] = []

    def __call__(self, store: Store, day: int, closed: DayClosed) -> None:
        """Keep the values of a close, `[horizons, values + 1, n]`; demand is never negative."""
        if day < self.first_origin:
            return
        kept = np.empty((len(SPANS), len(VALUES) + 1, len(closed.rows)), np.float32)
        for place, name in enumerate(SPANS):
            forecast = closed.horizons[name]
            baselines = [getattr(forecast, value) for value in BASELINES.values()]
            kept[place, :-1] = np.maximum(np.vstack([forecast.mean, forecast.quantiles, *baselines]), 0.0)
            kept[place, -1] = forecast.open_days
        self.closes.append((store.name, store.names, day, kept))


def run(
    sales: Sales,
    survey: Survey,
    *,
    scored_days: int,
    horizons: list[str],
    partitions: int = 1,
    keep_demand: bool = False,
    read: Callable[[int], None] = lambda _: None,
) -> Live:
    """Feed the file's log to one processor per partition, in order of events, and match its forecasts with what was sold.

    A sale at which the program fails is put aside, as in the worker, and the file is read again without it.
    """

    def over_the_file(decisions: Mapping[int, Decisions]) -> Live:
        return _run(sales, survey, scored_days, horizons, partitions, read, decisions, keep_demand=keep_demand)

    return deciding(over_the_file)


def _run(
    sales: Sales,
    survey: Survey,
    scored_days: int,
    horizons: list[str],
    partitions: int,
    read: Callable[[int], None],
    decisions: Mapping[int, Decisions],
    *,
    keep_demand: bool,
) -> Live:
    rules = Rules(timezone=sales.timezone, country=sales.country, nowcast_seconds=NO_NOWCASTS, store_countries=sales.store_countries)
    collector = _Collector(survey.last_day - scored_days)
    running = RunningDays(survey.last_day - scored_days + 1, keep_demand) if isinstance(sales.rows, WireEvents) else None
    looks = [look_times(LocalTime(sales.timezone), survey.first_day, survey.last_day) if running else deque() for _ in range(partitions)]
    processors = [Processor(rules, partition, partitions) for partition in range(partitions)]
    for processor in processors:
        processor.observe(collector if running is None else _both(collector, running))
        if running is not None:
            processor.watch(running)
        processor.quarantine.decide(decisions.get(processor.partition, {}).items(), 0)
    log = SalesLog(sales, survey, partitions, rules.lateness_seconds)
    sold: defaultdict[tuple[str, str], defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    began = time.perf_counter()
    with MemoryPeak() as memory:
        for partition_runs in log.runs(read):
            for processor, records, due in zip(processors, partition_runs, looks, strict=True):
                for out in applied(processor, records, due):
                    _count(out, sold)
    seconds = time.perf_counter() - began
    panel = _panel(survey, sold, {} if running is None else running.out_of_stock)
    found = windows(panel, scored_days, horizons)
    contenders, expected_open = _contenders(collector, panel, found)
    ours = Contender(contenders[0].name, contenders[0].forecasts, seconds, memory.megabytes)
    rejected = {reason: n for processor in processors for reason, n in processor.counts.items() if reason.startswith("rejected_")}
    states = tuple(bytes(processor.dump()) for processor in processors)
    return Live(panel, found, [ours, *contenders[1:]], expected_open, log.counts, rejected, rules, running, states)


def _both(collector: _Collector, running: RunningDays) -> Observer:
    def observe(store: Store, day: int, closed: DayClosed) -> None:
        collector(store, day, closed)
        running.closed(store, day, closed)

    return observe


def _count(out: Outputs, sold: defaultdict[tuple[str, str], defaultdict[str, float]]) -> None:
    """Sum the accepted sales by business date; forecasts are compared with these."""
    for _, raw in out.accepted:
        sale = decode_accepted(raw)
        sold[sale.store, sale.item][sale.business_date] += sale.quantity


def _panel(
    survey: Survey, sold: dict[tuple[str, str], defaultdict[str, float]], out_of_stock: Mapping[tuple[str, str], list[int]]
) -> Panel:
    days = survey.last_day - survey.first_day + 1
    dates = {str(np.datetime64(survey.first_day + place, "D")): place for place in range(days)}
    units = np.zeros((len(sold), days))
    for row, by_date in enumerate(sold.values()):
        for date, quantity in by_date.items():
            if date in dates:
                units[row, dates[date]] += quantity
    promoted, out = (_marked(marks, list(sold), survey.first_day, days) for marks in (survey.promoted, out_of_stock))
    stores = [store for store, _ in sold]
    told_open = _told_open(survey, stores, days) if survey.opening else None
    return Panel(survey.first_day, stores, [item for _, item in sold], units, promoted, told_open, out)


def _marked(marks: Mapping[tuple[str, str], list[int]], series: list[tuple[str, str]], first_day: int, days: int) -> Flags | None:
    """The marked days of each series, `[series, days]`; None if none is marked."""
    if not marks:
        return None
    found = np.zeros((len(series), days), bool)
    for row, one in enumerate(series):
        found[row, [day - first_day for day in marks.get(one, ()) if 0 <= day - first_day < days]] = True
    return found


def _told_open(survey: Survey, stores: list[str], days: int) -> Flags:
    """Days on which each series' store should open as announced; days without an announcement count as open."""
    told = np.ones((len(stores), days), bool)
    for row, store in enumerate(stores):
        for first, last, opens in survey.opening.get(store, ()):
            told[row, first - survey.first_day : last - survey.first_day + 1] = opens
    return told


def _contenders(collector: _Collector, panel: Panel, found: dict[str, Windows]) -> tuple[list[Contender], dict[str, NDArray[np.float64]]]:
    """Our forecasts and the baselines as contenders; by horizon, the expected open days, `[series, origins]`."""
    rows = {series: row for row, series in enumerate(zip(panel.stores, panel.items, strict=True))}
    first = collector.first_origin - panel.first_day
    width = panel.units.shape[1] - first
    values = np.full((len(SPANS), len(VALUES) + 1, len(rows), width), np.nan, np.float32)
    for store, names, day, kept in collector.closes:
        column = day - panel.first_day - first
        if column < width:
            known = [(place, rows[store, item]) for place, item in enumerate(names[: kept.shape[2]]) if (store, item) in rows]
            places, targets = np.array(known, np.intp).reshape(-1, 2).T
            values[:, :, targets, column] = kept[:, :, places]
    ours: dict[str, Forecasts] = {}
    beside: dict[str, dict[str, Forecasts]] = {name: {} for name in BASELINES}
    expected_open: dict[str, NDArray[np.float64]] = {}
    for name, window in found.items():
        # The first scored origin is the collector's first column.
        of = values[list(SPANS).index(name)][:, :, window.origins - first].astype(np.float64)
        by = dict(zip(VALUES, of, strict=False))
        ours[name] = Forecasts(by["mean"], np.stack([by[name] for name in QUANTILE_NAMES]))
        for baseline, value in BASELINES.items():
            beside[baseline][name] = Forecasts(by[value])
        expected_open[name] = of[-1]
    return [Contender("shelfcast", ours), *(Contender(name, forecasts) for name, forecasts in beside.items())], expected_open
