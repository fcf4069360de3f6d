"""Sends the rows of a source to Kafka in order of time, at full speed or on an accelerated clock.

A replay can be resumed, and can be kept from running ahead of its consumers. A source that is not in order of time is sorted first; the
ledger notes that, so that a resumed replay counts the same runs.

Each run of rows is built, handed over in slices, and settled slice by slice in the order sent, once Kafka has acknowledged the slice.
What a kill left sent but not settled is sent again under the same event ids, and the worker drops it.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from producers.announcements.known_ahead import NOTHING_AHEAD, AnnouncementFinder, KnownAhead, with_announcements
from producers.delivery import Delivery
from producers.publisher import Publisher
from producers.replay.ledger import BadRows, Ledger, Standing
from producers.replay.sorting import HOLD_BYTES, Order, behind_seconds, sorted_by_time
from producers.sources.building import Built
from producers.sources.mapping import Mapping
from producers.sources.rows import Source
from producers.sources.wire import builder_of
from streams.contract.codec import encode
from streams.contract.errors import UsageError
from streams.contract.messages import ClockTicked
from streams.contract.pseudonyms import Pseudonyms
from streams.processor.local_time import DAY_SECONDS, LocalTime

SLICE: Final = 5_000
_IN_FLIGHT: Final = 16
_SETTLE_SECONDS: Final = 0.5
_AHEAD: Final = 2.0 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """How to replay.

    speed: event seconds a second, None for all that goes. limit: stop after so many events. close_days: end with a tick
    for every store a day and the allowed lateness after the newest event: the last day closes, and none after it that
    saw no sales. max_lag: messages that consumers may be behind (needs a `lag` to ask). lateness_seconds: how much older than one
    before it a row may be without the rows being sorted. hold_bytes: of events sorted in memory; more go to files in `sort_folder`.
    known_ahead: announce what these columns tell of business days in `timezone`.
    """

    speed: float | None = None
    limit: int | None = None
    close_days: bool = True
    lateness_seconds: float = 3600.0
    max_lag: int | None = None
    hold_bytes: int = HOLD_BYTES
    sort_folder: Path | None = None
    known_ahead: KnownAhead = NOTHING_AHEAD
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """The state of a replay under way. total: number of rows, if known. at: event time, epoch seconds."""

    rows: int
    published: int
    bad: int
    skipped: int
    total: int | None
    at: float
    waiting_for: str = ""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a replay did, together with the stopped ones that it continued. finished: whether it reached the end of the source.

    by_time: the rows were sorted. plans: how many of the published events are announcements.
    late: events that were older by more than the lateness than one before them.
    """

    rows: int
    published: int
    bad: int
    skipped: dict[str, int]
    stores: int
    ticks: int
    finished: bool
    seconds: float
    by_time: bool = False
    late: int = 0
    plans: int = 0


class Replay:
    """One replay of one source; call `run` once.

    lag: returns by how many messages the consumers lag (see `LagMeter`); asked only with `max_lag`.
    until: is told the time of the next event, and says up to which time events may go now (see `LiveDay`).
    progress: called a few times a second from the same thread. say: called with sentences for people.
    stop: once it is set, `run` settles what it has sent and returns. pseudonyms: what replaces the names of people.
    """

    def __init__(
        self,
        source: Source,
        mapping: Mapping,
        publisher: Publisher,
        *,
        options: ReplayOptions | None = None,
        ledger: Ledger | None = None,
        lag: Callable[[], int] | None = None,
        until: Callable[[float], float] | None = None,
        progress: Callable[[ReplayProgress], None] | None = None,
        say: Callable[[str], None] = lambda _: None,
        stop: threading.Event | None = None,
        pseudonyms: Pseudonyms | None = None,
    ) -> None:
        self.source, self.publisher = source, publisher
        self.options = options or ReplayOptions()
        self._latest = time.time() + _AHEAD
        self._builder = builder_of(source, mapping, self._latest, pseudonyms)
        self._ledger, self._lag, self._until, self._progress, self._say = ledger, lag, until, progress, say
        self._stop = stop or threading.Event()
        self._sent: deque[tuple[Delivery, Standing]] = deque()
        self._settled = self._ahead = ledger.read() if ledger else Standing()
        self._bad: BadRows | None = ledger.bad_rows(self._settled.bad_bytes) if ledger else None
        self._stores: dict[bytes, None] = {name.encode(): None for name in self._settled.stores}
        self._written = self._told = self._asked_lag = 0.0
        self._started, self._ticks, self._ended = time.monotonic(), 0, False
        self._allowance = 0
        self._clock: tuple[float, float] | None = None
        self._total = source.count()
        self._read = 0
        self._finder: AnnouncementFinder | None = None
        if self.options.known_ahead:
            if source.once:
                raise UsageError(
                    "Plans are found by looking through the source first, and a query is not run twice: replay a file of its rows."
                )
            self._finder = AnnouncementFinder(mapping, LocalTime(self.options.timezone), self.options.known_ahead, self._latest)

    def run(self) -> ReplayResult:
        """Replay to the end of the source, the limit, or `stop`.

        Raises DeliveryError when Kafka did not take an event in time, and what the source and the mapping raise.
        """
        self._started = time.monotonic()
        ended = self._settled.closed or self._rows()
        self._settle(everything=True)
        if ended and self.options.close_days and not self._settled.closed:
            self._ticks = self._close_days()
        if self._ledger and (ended or self._settled.begun):
            self._ledger.write(self._settled)
        self._ended, self._told = ended, 0.0
        self._tell("")
        return self.result

    @property
    def result(self) -> ReplayResult:
        """What it has done, as far as Kafka has acknowledged it; also while it runs."""
        done = self._settled
        return ReplayResult(
            done.rows,
            done.published,
            done.bad,
            dict(done.skipped),
            len(done.stores),
            self._ticks,
            self._ended,
            time.monotonic() - self._started,
            done.by_time,
            done.late,
            done.plans,
        )

    def _rows(self) -> bool:
        """Send run after run; whether the end was reached."""
        resumed = self._settled
        if not resumed.begun or self._finder is not None:
            must_sort = self._first_look()
            if not resumed.begun:
                self._ahead = msgspec.structs.replace(self._ahead, by_time=must_sort)
        for number, built in enumerate(self._runs()):
            if self._stop.is_set():
                return False
            if self._reached():
                return True
            if self._ahead.by_time and not built.raws:
                self._tell(f"the rows to be sorted by time, {self._read:,} read")
            if number < resumed.runs:
                self._tell("the rows already sent")
                continue
            if number >= resumed.begun:
                self._begin(built, number)
            first = resumed.events if number == resumed.runs else 0
            if not self._send(built, first):
                return not self._stop.is_set()
            self._ahead = msgspec.structs.replace(
                self._ahead, runs=number + 1, events=0, rows=self._ahead.rows + built.rows, mark=built.mark or self._ahead.mark
            )
            self._mark(Delivery(0))
        return True

    def _first_look(self) -> bool:
        """Whether a row is older than the worker waits for, by the times alone; it ends at the first such row unless all are wanted."""
        if self.source.once:
            return False
        order, broken, finder = Order(self._builder.mapping, self.options.lateness_seconds, self._latest), False, self._finder
        for rows in self.source.read():
            if self._stop.is_set():
                return False
            older = None if broken else order.broken_by(rows)
            if older is not None:
                self._say(
                    f"{self.source.name} is not in the order of time: row {older.row:,} is {_lasting(older.seconds)} older than one "
                    "before it, which would come too late; so the sales are sorted by time before they are sent."
                )
                broken = True
            if finder is not None and len(rows):
                finder.note(rows)
            elif broken:
                return True
            self._tell("a first look at the rows")
        return broken

    def _runs(self) -> Iterator[Built]:
        """What is built of the rows: run by run as the source has them, or sorted; announcements among them."""
        built = self._built()
        if self._ahead.by_time:
            built = sorted_by_time(built, self.options.hold_bytes, self.options.sort_folder)
        return built if self._finder is None else with_announcements(built, self._finder.announcements())

    def _built(self) -> Iterator[Built]:
        for rows in self.source.read():
            self._read += len(rows)
            yield self._builder.build(rows)

    def _begin(self, built: Built, number: int) -> None:
        """Count a run's bad, skipped and late rows, once."""
        if self._bad:
            self._bad.add(built.bad)
        skipped = dict(self._ahead.skipped)
        for reason, count in built.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + count
        behind = behind_seconds(built.times, self._ahead.newest)
        late = int((behind > self.options.lateness_seconds).sum())
        if late and not self._ahead.late:
            self._say(
                f"{self.source.name} is not in the order of time: a row is {_lasting(float(behind.max()))} older than one before it. "
                "Sales of days that have closed come too late to be learned in their place: stop, and ORDER BY the time of the sales."
            )
        self._ahead = msgspec.structs.replace(
            self._ahead,
            begun=number + 1,
            bad=self._ahead.bad + len(built.bad),
            bad_bytes=self._bad.size if self._bad else 0,
            skipped=skipped,
            late=self._ahead.late + late,
            plans=self._ahead.plans + built.plans,
        )

    def _send(self, built: Built, first: int) -> bool:
        """Send a run's events from `first` on; False when stopped, or when the limit was reached within the run."""
        place = first
        newest = np.maximum.accumulate(built.times) if len(built.times) else built.times
        while place < len(built.raws) and not self._reached():
            if self._stop.is_set():
                return False
            end = min(self._due(newest, place), place + self._room(), len(built.raws))
            if end == place:
                self._settle()
                time.sleep(0.01)
                continue
            delivery = self.publisher.publish_all(
                built.keys[place:end], built.raws[place:end], wait_seconds=self.publisher.settings.delivery_timeout_seconds
            )
            self._stores.update(dict.fromkeys(built.keys[place:end]))
            self._ahead = msgspec.structs.replace(
                self._ahead,
                events=end,
                published=self._ahead.published + end - place,
                stores=[key.decode() for key in self._stores],
                newest=max(self._ahead.newest, float(newest[end - 1])),
            )
            self._mark(delivery)
            self._allowance -= end - place
            place = end
        return place == len(built.raws)

    def _reached(self) -> bool:
        return self.options.limit is not None and self._ahead.published >= self.options.limit

    def _due(self, newest: "np.ndarray[tuple[int], np.dtype[np.float64]]", place: int) -> int:
        """The place after the last event whose time has come on the accelerated clock."""
        speed, now = self.options.speed, math.inf
        if self._until is not None:
            now = self._until(float(newest[place]))
        if speed is not None:
            if self._clock is None:
                self._clock = (time.monotonic(), float(newest[place]))
            began, at = self._clock
            now = min(now, at + (time.monotonic() - began) * speed)
        return len(newest) if now == math.inf else int(np.searchsorted(newest, now, side="right"))

    def _room(self) -> int:
        """Events that may go now."""
        room = SLICE
        if self.options.limit is not None:
            room = min(room, self.options.limit - self._ahead.published)
        if len(self._sent) >= _IN_FLIGHT:
            return 0
        if self._lag is None or self.options.max_lag is None:
            return room
        if self._allowance <= 0 and time.monotonic() - self._asked_lag > 0.05:
            self._allowance = max(0, self.options.max_lag - self._lag() - self.publisher.waiting)
            self._asked_lag = time.monotonic()
            if not self._allowance:
                self._tell("the consumers to catch up")
        return min(room, max(0, self._allowance))

    def _mark(self, delivery: Delivery) -> None:
        self._sent.append((delivery, self._ahead))
        self._settle()

    def _settle(self, *, everything: bool = False) -> None:
        """Take note of what Kafka has acknowledged, in the order sent. Raises DeliveryError."""
        while self._sent and (everything or self._sent[0][0].done):
            delivery, standing = self._sent[0]
            delivery.wait(self.publisher.settings.delivery_timeout_seconds + 5)
            self._settled = standing
            self._sent.popleft()
        now = time.monotonic()
        if self._ledger and now - self._written > _SETTLE_SECONDS and self._settled.begun:
            self._ledger.write(self._settled)
            self._written = now
        self._tell("")

    def _tell(self, waiting_for: str) -> None:
        now = time.monotonic()
        if self._progress and now - self._told > 0.1:
            self._told = now
            at = self._settled
            rows = max(at.rows, at.published + at.bad + sum(at.skipped.values()))
            self._progress(ReplayProgress(rows, at.published, at.bad, sum(at.skipped.values()), self._total, at.newest, waiting_for))

    def _close_days(self) -> int:
        """A tick for every store, so long after the newest event that its day has closed; never in the future."""
        stores = self._settled.stores
        if stores:
            at = min(self._settled.newest + DAY_SECONDS + self.options.lateness_seconds, time.time())
            raws = [encode(ClockTicked(store=store, at=at)) for store in stores]
            timeout = self.publisher.settings.delivery_timeout_seconds
            self.publisher.publish_all([store.encode() for store in stores], raws, wait_seconds=timeout).wait(timeout + 5)
        self._settled = msgspec.structs.replace(self._settled, closed=True)
        return len(stores)


def _lasting(seconds: float) -> str:
    """A time as a person says it."""
    return next(
        (f"{seconds / unit:,.0f} {name}" for unit, name in ((DAY_SECONDS, "days"), (3600.0, "hours")) if seconds >= 2 * unit),
        f"{seconds / 60:,.0f} minutes",
    )
