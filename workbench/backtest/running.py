"""Scores of running days: what was forecast of today's total by the hour, and the demand of days with hours without stock."""

from __future__ import annotations

import csv
import io
from bisect import bisect_left
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from streams.contract.horizons import BAND
from streams.processor.day_messages import VALUES
from streams.processor.local_time import DAY_SECONDS, iso_date

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from online_model import DayClosed
    from streams.processor.local_time import LocalTime
    from streams.processor.outputs import Outputs
    from streams.processor.processor import Processor
    from streams.processor.shelf_watch import RunOut, Silence
    from streams.processor.store import Store
    from workbench.backtest.event_log import Record

    Floats = NDArray[np.float64]

SCORED_HOURS: Final = (11, 15, 17, 19)
LOOKS: Final = range(7, 23)
"""Hours at which the running day is looked at, as a worker does about once an hour."""
DEMAND_COLUMNS: Final = ("store", "item", "date", "sold", "estimated_demand", "p10", "p90", "hours_out", "runs_out_said")
_MEAN, _LOW, _HIGH = VALUES.index("mean"), VALUES.index(BAND[0]), VALUES.index(BAND[1])


@dataclass(slots=True)
class HourScore:
    """Sums over item-days that were in stock all day: forecasts of the day's total made at one hour, beside those of the morning."""

    n: int = 0
    actual: float = 0.0
    error: float = 0.0
    morning_error: float = 0.0
    within: int = 0

    def shown(self) -> dict[str, float | int | None]:
        """As JSON."""
        return {
            "wape": self.error / self.actual if self.actual > 0 else None,
            "wape_morning": self.morning_error / self.actual if self.actual > 0 else None,
            "coverage": self.within / self.n if self.n else None,
            "n": self.n,
        }


@dataclass(slots=True)
class Demand:
    """A series' closed day."""

    store: str
    item: str
    day: int
    sold: float
    demand: float
    p10: float
    p90: float
    hours_out: int
    runs_out_said: float | None


@dataclass(slots=True)
class RunningDays:
    """Watches and observes a processor.

    first_day: the first scored one, days since 1970-01-01. keep: whether to keep `demands`, one for each series and day. out_of_stock: days
    with hours without stock, by store and item.
    """

    first_day: int
    keep: bool = False
    hours: dict[int, HourScore] = field(default_factory=lambda: {hour: HourScore() for hour in SCORED_HOURS})
    lost_units: float = 0.0
    days_censored: int = 0
    silences: int = 0
    run_outs: int = 0
    demands: list[Demand] = field(default_factory=list)
    out_of_stock: defaultdict[tuple[str, str], list[int]] = field(default_factory=lambda: defaultdict(list))
    _told: defaultdict[tuple[str, int], dict[int, tuple[Floats, Floats]]] = field(default_factory=lambda: defaultdict(dict))
    _said: dict[tuple[str, int, int], float] = field(default_factory=dict)

    def running(self, store: Store, day: int, hour: float, values: Floats) -> None:
        """Keep a forecast of the running day until it can be scored."""
        if round(hour) in self.hours and day >= self.first_day:
            self._told[store.name, day][round(hour)] = (values, store.morning[_MEAN].copy())

    def runs_out(self, store: Store, day: int, run_out: RunOut, hour: float) -> None:
        """Note that a stock-out was said at a local hour."""
        self._said.setdefault((store.name, day, run_out.row), hour)
        self.run_outs += 1

    def silent(self, store: Store, day: int, silence: Silence, hour: float) -> None:
        """Count a silence."""
        del store, day, silence, hour
        self.silences += 1

    def closed(self, store: Store, day: int, closed: DayClosed) -> None:
        """Score a closed day."""
        opened = store.days.get(day)
        told = self._told.pop((store.name, day), {})
        if opened is None:
            return
        n = len(closed.rows)
        sold, censored = opened.units(n), np.zeros(n, bool)
        if closed.lost is not None:
            censored[closed.lost.rows] = True
            self.lost_units += float(closed.lost.lost[0].sum())
            self.days_censored += len(closed.lost.rows)
            for row in closed.lost.rows.tolist():
                self.out_of_stock[store.name, store.names[row]].append(day)
        for hour, (values, morning) in told.items():
            _score(self.hours[hour], values, morning, sold, censored)
        if self.keep:
            self._keep(store, day, closed, sold)

    def _keep(self, store: Store, day: int, closed: DayClosed, sold: Floats) -> None:
        estimate = np.stack((sold, sold, sold))
        hours_out = np.zeros(len(sold), np.int64)
        if (lost := closed.lost) is not None:
            estimate[:, lost.rows] = lost.demand, lost.p10, lost.p90
            hours_out[lost.rows] = lost.hours_out
        for row in np.flatnonzero(closed.started).tolist():
            said = self._said.pop((store.name, day, row), None)
            mean, low, high = estimate[:, row].tolist()
            self.demands.append(Demand(store.name, store.names[row], day, float(sold[row]), mean, low, high, int(hours_out[row]), said))

    def shown(self) -> dict[str, Any]:
        """As JSON: `today` by hour, and `stock`."""
        return {
            "today": {str(hour): one.shown() for hour, one in self.hours.items()},
            "stock": {"lost_units": round(self.lost_units, 3), "days_censored": self.days_censored},
        }

    def as_csv(self) -> str:
        """The demands as a CSV file, by day, store and item."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(DEMAND_COLUMNS)
        for one in sorted(self.demands, key=lambda one: (one.day, one.store, one.item)):
            numbers = (round(value, 3) for value in (one.sold, one.demand, one.p10, one.p90))
            said = "" if one.runs_out_said is None else f"{int(one.runs_out_said):02}:{round(one.runs_out_said % 1 * 60):02}"
            writer.writerow((one.store, one.item, iso_date(one.day), *numbers, one.hours_out, said))
        return out.getvalue()


def _score(score: HourScore, values: Floats, morning: Floats, sold: Floats, censored: NDArray[np.bool_]) -> None:
    n = min(len(values), len(morning), len(sold))
    counts = np.flatnonzero(~np.isnan(values[:n, _MEAN]) & ~censored[:n])
    actual, told = sold[counts], values[counts]
    score.n += len(counts)
    score.actual += float(actual.sum())
    score.error += float(np.abs(told[:, _MEAN] - actual).sum())
    score.morning_error += float(np.abs(morning[counts] - actual).sum())
    score.within += int(((told[:, _LOW] <= actual) & (actual <= told[:, _HIGH])).sum())


def look_times(local: LocalTime, first_day: int, last_day: int) -> deque[float]:
    """The moments at which running days are looked at, epoch seconds."""
    times = (day * DAY_SECONDS + hour * 3600 for day in range(first_day, last_day + 1) for hour in LOOKS)
    return deque(at - local.offset(at - local.offset(at)) for at in times)


def applied(processor: Processor, records: Sequence[Record], looks: deque[float]) -> Iterator[Outputs]:
    """Apply records in order of time, and look at the running days in between, as often as their time comes."""
    times = [record.timestamp for record in records]
    first = 0
    while looks and times and looks[0] * 1000 <= times[-1]:
        at = looks.popleft()
        place = bisect_left(times, at * 1000, first)
        yield processor.apply(records[first:place])
        processor.look(at)
        first = place
    yield processor.apply(records[first:])
