"""The worker's metrics for Prometheus. Labels are outcomes, reasons, horizons and contenders, never an item or a store."""

from __future__ import annotations

import contextlib
import math
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from online_model import Scores
from streams.processor.quarantine import REASON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from streams.processor.outputs import Outputs
    from streams.processor.processor import Processor

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_EVENT_SECONDS = (5e-6, 1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 1e-1)
_CONTENDERS = {"weekday_mean": "same_weekday_mean"}
"""Contenders that the messages and metrics call otherwise than the model."""

OUTCOMES = (
    "accepted", "learned", "rejected", "duplicates", "late", "ticks", "plans", "days", "days_leapt_over", "drifts", "forecasts",
    "allocations", "lost_sales", "silences", "run_outs",
)  # fmt: skip
"""What `log_events` tells from the start, of a worker that has counted nothing yet too."""


class WorkerMetrics:
    """The metrics of one worker, on the registry it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, about: str, labels: tuple[str, ...] = ()) -> Counter:
            return Counter(f"shelfcast_{name}", about, labels, registry=registry)

        def gauge(name: str, about: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"shelfcast_{name}", about, labels, registry=registry)

        def histogram(name: str, about: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"shelfcast_{name}", about, buckets=buckets, registry=registry)

        self.registry = registry
        self._held: set[int] = set()
        self.events = counter("events", "Events taken from the log, by outcome.", ("outcome",))
        self.dead_letters = counter("dead_letters", "Events rejected, by reason.", ("reason",))
        self.dead_letters.labels(REASON)  # there from the start, so that the first one is an increase
        self.messages = counter("messages", "Messages published, by topic.", ("topic",))
        self.drifts = counter("drift_events", "Drifts detected.")
        self.days = counter("days_closed", "Business days closed, counted by store.")
        self.late = counter("late_sales", "Sales that came after their day was closed.")
        self.event_seconds = histogram("event_seconds", "Work on an event: mean of its run.", _EVENT_SECONDS)
        self.end_to_end = histogram("end_to_end_seconds", "From the record's timestamp to its outputs being queued.", _SECONDS)
        self.lag = gauge("lag_events", "Events in the log that were not taken yet, by partition.", ("partition",))
        self.watermark_delay = gauge("watermark_delay_seconds", "Wall clock less the watermark, by partition.", ("partition",))
        self.partitions = gauge("partitions", "Partitions this worker holds.")
        self.snapshot_time = histogram("snapshot_seconds", "Time to take, write and commit a snapshot.", _SECONDS)
        self.snapshot_bytes = gauge("snapshot_bytes", "Size of the newest snapshot, by partition.", ("partition",))
        self.snapshot_at = gauge("snapshot_timestamp_seconds", "When the newest snapshot was committed, by partition.", ("partition",))
        self.recoveries = counter("recoveries", "States recovered, by source.", ("source",))
        self.log_events = gauge("log_events", "Events of the log so far, by outcome, as the states tell: survives restarts.", ("outcome",))
        self.wape = gauge("wape", "Decayed WAPE by horizon and contender.", ("horizon", "contender"))
        self.scored = gauge("scored_forecasts", "Forecasts scored so far, by horizon.", ("horizon",))
        self.stores = gauge("stores", "Stores this worker knows.")
        self.series = gauge("series", "Series (store, item) this worker forecasts.")
        self.stalls = counter("stalls", "Times the watchdog found lag without progress.")

    def applied(
        self, before: Mapping[str, int], processor: Processor, outputs: Outputs, events: int, seconds: float, written_ms: int
    ) -> None:
        """Count a run of the log. `before`: the processor's counts before it."""
        for name, count in processor.counts.items():
            new = count - before.get(name, 0)
            if not new:
                continue
            if name.startswith("rejected_"):
                self.dead_letters.labels(name.removeprefix("rejected_")).inc(new)
                self.events.labels("rejected").inc(new)
            elif name == "duplicates":
                self.events.labels("duplicate").inc(new)
            elif name in ("ticks", "plans"):
                self.events.labels(name.removesuffix("s")).inc(new)
            elif name == "drifts":
                self.drifts.inc(new)
            elif name == "days":
                self.days.inc(new)
            elif name == "late":
                self.late.inc(new)
        self.events.labels("accepted").inc(len(outputs.accepted))
        self.messages.labels("sales.accepted").inc(len(outputs.accepted))
        self.messages.labels("sales.forecasts").inc(len(outputs.forecasts))
        self.messages.labels("sales.rejected").inc(len(outputs.rejected))
        if events:
            self.event_seconds.observe(seconds / events)
            self.end_to_end.observe(max(time.time() - written_ms / 1000, 0.0))

    def read(self, processors: Iterable[Processor]) -> None:
        """Take the gauges from the states; called every few seconds, not per event."""
        processors = list(processors)
        self._forget({processor.partition for processor in processors})
        self.partitions.set(len(processors))
        self.stores.set(sum(processor.stores for processor in processors))
        self.series.set(sum(processor.series for processor in processors))
        for outcome, count in _log_events(processors).items():
            self.log_events.labels(outcome).set(count)
        for processor in processors:
            if processor.watermark > 0:
                self.watermark_delay.labels(processor.partition).set(time.time() - processor.watermark)
        if not processors:
            return
        scores = Scores.of_all(processor.model.scores for processor in processors)
        for horizon, since_ever in scores.read(decayed=False).items():
            self.scored.labels(horizon).set(since_ever["shelfcast"].n)
        for horizon, of_late in scores.read().items():
            for contender, score in of_late.items():
                if not math.isnan(score.wape):
                    self.wape.labels(horizon, _CONTENDERS.get(contender, contender)).set(score.wape)

    def _forget(self, held: set[int]) -> None:
        """Drop the gauges of partitions that another worker has now: what they said last would raise false alarms."""
        for partition in self._held - held:
            for gauge in (self.lag, self.watermark_delay, self.snapshot_bytes, self.snapshot_at):
                with contextlib.suppress(KeyError):
                    gauge.remove(partition)
        self._held = held


def _log_events(processors: Iterable[Processor]) -> dict[str, int]:
    """Events by outcome since the beginning of the log."""
    found = dict.fromkeys(OUTCOMES, 0)
    for processor in processors:
        found["accepted"] += processor.seq
        found["learned"] += processor.model.sales.n
        for name, count in dict(processor.counts).items():  # a copy: events are applied on another thread
            outcome = "rejected" if name.startswith("rejected_") else name
            found[outcome] = found.get(outcome, 0) + count
    return found
