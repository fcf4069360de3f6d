"""The log that a file would have become: sales in the order of their times, clock ticks at each day's end, announcements."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from producers.sources.wire import builder_of
from streams.contract.codec import encode
from streams.contract.messages import ClockTicked
from streams.contract.topics import partition_of
from streams.processor.local_time import DAY_SECONDS, LocalTime
from workbench.backtest.source import Sales
from workbench.backtest.survey import Survey

AT_ONCE: Final = 20_000
DAYS_AFTER: Final = 1


class Record(NamedTuple):
    """A message of the log in the form that the processor takes."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes


@dataclass(slots=True)
class Counts:
    """What became of the file's rows."""

    sales: int = 0
    bad: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    first_bad: str = ""


class SalesLog:
    """Runs of records by partition, in order of event time.

    At the end of each business day, plus the lateness, every store that has sold gets a tick, as the gateway would send it. Otherwise a
    quiet day would stay open until the store's next sale, while other stores have already taught the model later days.
    """

    def __init__(self, sales: Sales, survey: Survey, partitions: int, lateness_seconds: float) -> None:
        self.counts = Counts()
        self._sales, self._survey, self._partitions = sales, survey, partitions
        local = LocalTime(sales.timezone)
        days = range(survey.first_day, survey.last_day + DAYS_AFTER)
        self._closes = np.array([local.end_of_day(day) + lateness_seconds for day in days])
        self._next_close = self._next_announcement = 0
        self._stores: dict[bytes, int] = {}  # key -> partition
        self._offsets = [0] * partitions
        self._run: list[list[Record]] = []

    def runs(self, read: Callable[[int], None] = lambda _: None) -> Iterator[list[list[Record]]]:
        """The runs of the log, each a list of records by partition."""
        for keys, raws, times in self._in_order(read):
            self._run = [[] for _ in range(self._partitions)]
            self._merge(keys, raws, times)
            yield self._run
        self._run = [[] for _ in range(self._partitions)]
        while self._next_close < len(self._closes):
            self._close_day()
        yield self._run

    def _in_order(self, read: Callable[[int], None]) -> Iterator[tuple[list[bytes], list[bytes], NDArray[np.float64]]]:
        """Runs of sales in order of time; a file that is not in order is sorted in memory."""
        builder = builder_of(self._sales.rows, self._sales.mapping, time.time() + 2 * DAY_SECONDS)
        keys: list[bytes] = []
        raws: list[bytes] = []
        times: list[NDArray[np.float64]] = []
        for rows in self._sales.rows.read():
            built = builder.build(rows)
            self.counts.sales += len(built.raws)
            self.counts.bad += len(built.bad)
            self.counts.skipped += built.skipped
            if built.bad and not self.counts.first_bad:
                self.counts.first_bad = f"row {built.bad[0].row}: {built.bad[0].sentence}"
            if self._survey.in_order:
                read(len(rows))
                yield built.keys, built.raws, built.times
                continue
            keys += built.keys
            raws += built.raws
            times.append(built.times)
        if not times:
            return
        every = np.concatenate(times)
        order = np.argsort(every, kind="stable")
        for first in range(0, len(order), AT_ONCE):
            part = order[first : first + AT_ONCE]
            read(round(len(part) * self._survey.rows / len(order)))
            yield [keys[i] for i in part], [raws[i] for i in part], every[part]

    def _merge(self, keys: list[bytes], raws: list[bytes], times: NDArray[np.float64]) -> None:
        places = np.searchsorted(times, self._closes[self._next_close :])
        last = 0
        for place in places[places < len(times)].tolist():
            self._sell(keys[last:place], raws[last:place], times[last:place])
            self._close_day()
            last = place
        self._sell(keys[last:], raws[last:], times[last:])

    def _sell(self, keys: list[bytes], raws: list[bytes], times: NDArray[np.float64]) -> None:
        stores = self._stores
        for key, raw, at in zip(keys, raws, times.tolist(), strict=True):
            if key not in stores:
                stores[key] = partition_of(key.decode(), self._partitions)
            self._append(key, raw, at)

    def _close_day(self) -> None:
        """Announce what is due on the day that ends, then tick."""
        at, day = float(self._closes[self._next_close]), self._survey.first_day + self._next_close
        self._next_close += 1
        announcements = self._survey.announcements
        while self._next_announcement < len(announcements) and announcements[self._next_announcement].on_day <= day:
            announcement = announcements[self._next_announcement]
            self._next_announcement += 1
            if announcement.key in self._stores:
                self._append(announcement.key, announcement.raw, at)
        for key in self._stores:
            self._append(key, encode(ClockTicked(store=key.decode(), at=at)), at)

    def _append(self, key: bytes, raw: bytes, at: float) -> None:
        partition = self._stores[key]
        offset = self._offsets[partition]
        self._offsets[partition] = offset + 1
        self._run[partition].append(Record(offset, int(at * 1000), key, raw))
