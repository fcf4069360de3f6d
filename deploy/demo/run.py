"""The demo, step by step: start servers and processes, replay, wait until everything is learned, sum up, draw charts, show a day live."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from rich.console import Console

from charts.figures.export import export_charts
from charts.figures.gallery import Question
from charts.queries import forecasts, sales
from charts.queries.database import ReadOnlyDatabase
from charts.web.pages.clock import ReplayedClock
from deploy.connection import servers
from deploy.demo import processes
from deploy.demo.figures import WorkerFigures, read_worker
from deploy.demo.memory import MemoryWatch
from deploy.demo.replaying import Replaying
from deploy.demo.screen import Screen, View
from deploy.demo.source import DemoSource, open_source
from deploy.groups import everybody
from producers.announcements.known_ahead import NOTHING_AHEAD, KnownAhead
from producers.publisher import Publisher
from producers.replay.live import LiveDay, last_day, times_in
from producers.replay.replay import Replay, ReplayOptions, ReplayProgress, ReplayResult
from streams.contract.errors import ServerError, ShelfcastError
from streams.contract.horizons import DAY
from streams.contract.money import amounts_shown, decimal_of
from streams.contract.settings import WorkerSettings
from streams.kafka.brokers import check_topics
from streams.kafka.lag import LagMeter
from streams.runtime.countries import countries_of

MAX_LAG: Final = 60_000
"""How many sales the replay may be ahead: the embedded broker keeps about 5 MB per partition."""

READ_TRIES: Final = 6
SETTLE_SECONDS: Final = 120.0
"""How long consumers that lag may make no progress before the demo gives up on them."""
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to replay, and where to put the results."""

    data_dir: Path
    out: Path
    sales: Path | None = None
    mapping: Path | None = None
    timezone: str | None = None
    country: str | None = None
    limit: int | None = None
    web_port: int | None = None
    store_countries: Path | None = None
    known_ahead: KnownAhead = NOTHING_AHEAD
    pace: float | None = None
    """Shop seconds a second of the last day, which is shown live; None: it is replayed like the others."""


class Demo:
    """One run of the demo. `run` replays and returns the summary, `live` shows the last day; the processes run on until `close`."""

    def __init__(self, options: DemoOptions, console: Console) -> None:
        self.options = options
        self.console = console
        self.view = View()
        self._started = time.monotonic()
        self._memory = MemoryWatch()
        self._stop = threading.Event()
        self._processes: processes.Processes | None = None
        self._database: ReadOnlyDatabase | None = None
        self._rate: list[tuple[float, int]] = []
        self._open = ExitStack()
        self._live: LiveDay | None = None
        self._replaying: Replaying | None = None

    def run(self) -> dict[str, Any]:
        """Replay everything, or what comes before the day that is shown live; returns the summary that `--json` writes."""
        file = str(self.options.store_countries) if self.options.store_countries else None
        # Checked before anything starts: the worker would stop with the same sentence, but only in its log.
        countries_of(WorkerSettings.read(timezone=self.options.timezone, country=self.options.country, store_countries=file))
        source = open_source(self.options.sales, self.options.mapping, self.options.timezone, self.options.data_dir)
        self.options.known_ahead.check(source.mapping)
        for sentence in source.about:
            self.console.print(sentence, highlight=False)
        kafka, mongo = servers(self.options.data_dir)
        check_topics(kafka)
        self._live = self._live_day(source)
        self._processes = processes.start(
            self.options.data_dir, source.timezone, self.options.country or source.country, file, self.options.web_port
        )
        self.view.page = self._processes.page
        self._database = ReadOnlyDatabase(mongo)
        publisher = self._open.enter_context(Publisher(kafka))
        meter = self._open.enter_context(closing(LagMeter(kafka, everybody())))
        began = time.monotonic()
        self._replaying = self._open.enter_context(Replaying(self._replay(source, publisher, meter), self._stop))
        with Screen(self.console) as screen:
            self.view.phase = "replaying"
            self._follow(screen, lambda: self._live is not None and self._live.reached.is_set() and not publisher.waiting)
            self._settle(meter, screen)
        return self._summary(self._replaying.result(), time.monotonic() - began)

    def live(self) -> None:
        """Let the last day run to its end, if there is one to be shown."""
        live, replaying, running = self._live, self._replaying, self._processes
        if live is None or replaying is None or running is None or not replaying.runs:
            return
        day = live.day
        running.keep_time(ReplayedClock(time.time(), day.opens, live.pace, day.ends))
        live.begin()
        minutes = (day.ends - day.opens) / live.pace / 60
        self.console.print(
            f"\nThe last day runs now, {live.pace:g} times as fast as it was: {minutes:.0f} minutes. "
            f"Watch it at [link]{self.view.page}[/link]; Ctrl-C ends it.",
            highlight=False,
        )
        with Screen(self.console) as screen:
            self._follow(screen, lambda: False)

    def close(self) -> None:
        """Stop the processes."""
        self._open.close()
        if self._processes is not None:
            self._processes.supervisor.stop()
        if self._database is not None:
            self._database.close()
        self._memory.stop()

    # ------------------------------------------------------------------ steps

    def _live_day(self, source: DemoSource) -> LiveDay | None:
        if self.options.pace is None:
            return None
        times = times_in(source.rows, source.mapping, latest=time.time(), limit=self.options.limit)
        day = last_day(times, source.timezone)
        return None if day is None else LiveDay(day, self.options.pace)

    def _replay(self, source: DemoSource, publisher: Publisher, meter: LagMeter) -> Replay:
        return Replay(
            source.rows,
            source.mapping,
            publisher,
            options=ReplayOptions(
                limit=self.options.limit,
                max_lag=MAX_LAG,
                lateness_seconds=WorkerSettings.read().lateness_minutes * 60,
                sort_folder=self.options.data_dir,
                known_ahead=self.options.known_ahead,
                timezone=source.timezone,
            ),
            lag=meter,
            until=None if self._live is None else self._live.until,
            progress=self._progressed,
            say=lambda sentence: self.console.print(sentence, highlight=False, markup=False),
            stop=self._stop,
        )

    def _follow(self, screen: Screen, enough: Callable[[], bool]) -> None:
        """Show the replay until it has ended, or `enough` is true."""
        while self._replaying is not None and self._replaying.runs and not enough():
            time.sleep(0.4)
            self._look()
            screen.show(self.view)

    def _settle(self, meter: LagMeter, screen: Screen) -> None:
        """Wait until worker and consumers have processed everything, as long as they make progress."""
        self.view.phase = "settling"
        until = time.monotonic() + SETTLE_SECONDS
        quiet, before = 0, {"": -1}
        while quiet < 2:
            self._look()
            screen.show(self.view)
            lag = meter.by_group()
            quiet = quiet + 1 if not any(lag.values()) else 0
            if lag != before:
                # In a file of daily totals every sale closes a store's day, so catching up with the replay takes minutes.
                before, until = lag, time.monotonic() + SETTLE_SECONDS
            if time.monotonic() > until:
                logs = self.options.data_dir / "logs"
                raise ServerError(f"The consumers lag and made no progress in {SETTLE_SECONDS:.0f} s: see the logs in {logs}.")
            time.sleep(0.4)

    def _progressed(self, progress: ReplayProgress) -> None:
        view = self.view
        view.rows, view.total, view.published = progress.rows, progress.total, progress.published
        phase = "replaying" if self._live is None or not self._live.runs else "the last day"
        view.phase = f"waiting for {progress.waiting_for}" if progress.waiting_for and not progress.published else phase
        if progress.at > 0:
            view.at = datetime.fromtimestamp(progress.at, UTC).strftime("%Y-%m-%d %H:%M")
        self._rate = [(at, n) for at, n in self._rate if time.monotonic() - at < 10] + [(time.monotonic(), progress.published)]
        first_at, first = self._rate[0]
        view.rate = (progress.published - first) / max(time.monotonic() - first_at, 0.5)

    def _look(self) -> None:
        """Get the newest figures from the worker and from MongoDB."""
        running, view = self._processes, self.view
        if running is None or self._database is None:
            return
        running.check()
        view.restarts = running.supervisor.restarts
        figures = read_worker(running.worker_metrics_port)
        if figures is not None:
            view.worker = figures
            error = figures.error(DAY.name)
            if error is not None:
                view.history.append(error)
        try:
            self._look_at_database(self._database)
        except ShelfcastError:
            return  # busy or not there yet: try again next time

    def _look_at_database(self, database: ReadOnlyDatabase) -> None:
        view = self.view
        sums = sales.totals(database)
        profit = sums.profit_micros
        view.profit = "in several currencies" if profit is None else decimal_of(profit)
        plans = forecasts.newest_plans(database, limit=1)
        if plans:
            plan = plans[0]
            items = sorted(plan["items"], key=lambda entry: -entry["shelf_space_percentage"])[:7]
            view.plan = [(i["item"], i["predicted_sales"], i["shelf_space_percentage"]) for i in items]
            view.plan_of = f"{plan['store']}, after {plan['origin']}"
        view.drifts = [
            f"{d['since']} {d.get('store') or 'all'} {d.get('item') or ''}: {d['kind']} x{d['factor']:.2f}"
            for d in forecasts.newest_drifts(database, 6)
        ]

    # ------------------------------------------------------------------ what came of it

    def _summary(self, replayed: ReplayResult, replay_seconds: float) -> dict[str, Any]:
        database = self._database
        if database is None or self._processes is None:
            raise ShelfcastError("The demo has not run.")
        figures = read_worker(self._processes.worker_metrics_port) or WorkerFigures()
        sums = _insist(lambda: sales.totals(database))
        scores = _insist(lambda: forecasts.score_totals(database))
        charts = _insist(lambda: [str(file) for file in export_charts(database, self.options.out, Question())])
        log = figures.log
        seconds: dict[str, float] = {"replay": round(replay_seconds, 1), "total": round(time.monotonic() - self._started, 1)}
        installed = Path(".venv/.install-seconds")
        if installed.is_file():
            seconds["install"] = float(installed.read_text())
        return {
            "events": {
                "published": replayed.published,
                "plans": replayed.plans,
                "accepted": log.get("accepted", 0),
                "rejected": log.get("rejected", 0),
                "duplicates": log.get("duplicates", 0),
                "learned": log.get("learned", 0),
                "late": log.get("late", 0),
                "bad_rows": replayed.bad,
                "skipped_rows": replayed.skipped,
            },
            "forecasts": log.get("forecasts", 0),
            "allocations": log.get("allocations", 0),
            "drifts": log.get("drifts", 0),
            "scores": {horizon: score.shown() for horizon, score in scores.items()},
            "totals": {
                "units": f"{sums.units:.3f}",
                **amounts_shown(sums.money),
                **({"profit": decimal_of(sums.profit_micros)} if sums.profit_micros is not None else {}),
                "sales": sums.sales,
            },
            "charts": charts,
            "seconds": seconds,
            "peak_rss_mb": round(self._memory.peak_mb, 1),
            "restarts": self._processes.supervisor.restarts,
        }


def _insist(ask: Callable[[], Answer]) -> Answer:
    """Query a database several times if needed: right after heavy writing it can be slow to answer."""
    for _ in range(READ_TRIES - 1):
        try:
            return ask()
        except ServerError:
            time.sleep(1.0)
    return ask()
