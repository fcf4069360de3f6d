"""Writes forecasts, shelf plans, scores and drift to MongoDB; from each batch, only the newest of each name."""

import logging
import time
from typing import Final

from consumers.forecasts.newest import (
    CLOSE,
    Slot,
    drift_document,
    forecast_slot,
    is_newer,
    newest_said,
    number_of,
    plan_id,
    plan_slot,
    said,
    score_document,
    score_id,
    score_row,
    slot_name,
)
from consumers.forecasts.stock import StockBatch
from consumers.forecasts.totals import TotalsBatch
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.progress import Progress, read_progress, write_progress
from consumers.runtime.sink import Record
from consumers.store.cache import CachedDocuments
from consumers.store.port import Change, Document, Documents
from streams.contract import documents as names
from streams.contract.codec import decode_output, printable
from streams.contract.documents import document_id
from streams.contract.messages import DriftDetected, ForecastScored, OutputMessage, PredictedSales, ShelfAllocation, TotalsPredicted
from streams.contract.stock_messages import StockOutput
from streams.contract.topics import FORECASTS
from streams.kafka.ends import LogEnds
from streams.kafka.quiet_log import RateLimited

NAME: Final = "forecasts"
_logger = logging.getLogger(__name__)


class Batch:
    """What remains of a batch of messages before the database is asked."""

    def __init__(self) -> None:
        self.forecasts: dict[tuple[str, str, str], PredictedSales] = {}
        self.said: dict[tuple[str, str], dict[str, str]] = {}
        self.plans: dict[tuple[str, str, int], ShelfAllocation] = {}
        self.scores: dict[str, ForecastScored] = {}
        self.drifts: dict[str, DriftDetected] = {}
        self.stock = StockBatch()
        self.totals = TotalsBatch()
        self.superseded = 0

    def add(self, message: OutputMessage) -> None:
        """Add a message; the newest of each name stays."""
        if type(message) is PredictedSales:
            self._forecast(message)
        elif type(message) is ShelfAllocation:
            plan_key = (message.store, message.shelf, message.part)
            if self._is_newer(message, self.plans.get(plan_key)):
                self.plans[plan_key] = message
        elif type(message) is ForecastScored:
            self.scores[score_id(message)] = message
        elif type(message) is DriftDetected:
            self.drifts[message.id] = message
        elif type(message) is TotalsPredicted:
            self.totals.add(message)
        elif isinstance(message, StockOutput):
            self.stock.add(message)

    def _forecast(self, message: PredictedSales) -> None:
        key = (message.store, message.item, slot_name(message))
        if message.parts is not None:
            self.said.setdefault(key[:2], {}).update(said(message, message.parts))
        if self._is_newer(message, self.forecasts.get(key)):
            self.forecasts[key] = message

    def _is_newer(self, message: PredictedSales | ShelfAllocation, known: PredictedSales | ShelfAllocation | None) -> bool:
        if known is not None:
            self.superseded += 1
        return known is None or _order(message) >= _order(known)


def _order(message: PredictedSales | ShelfAllocation) -> tuple[int, int]:
    return message.offset, number_of(message.id)


class ForecastsSink:
    """Keeps the newest forecasts, totals, plans and stock, and the history of scores, drift, lost sales and alarms about shelves."""

    name = NAME
    topic = FORECASTS

    def __init__(self, documents: Documents, metrics: ConsumerMetrics) -> None:
        self._documents = documents
        self._cache = CachedDocuments(documents)
        self._metrics = metrics
        self._log = RateLimited(_logger)
        self._progress: dict[int, Progress] = {}

    def start(self, partition: int, ends: LogEnds) -> int:
        """The offset after the last applied message; at first, the beginning of the log."""
        self._progress[partition] = read_progress(self._documents, self.name, self.topic, partition, ends)
        return self._progress[partition].next_offset

    def write(self, records: list[Record]) -> None:
        """Apply a batch of messages. Raises ServerError."""
        started = time.perf_counter()
        batch, unreadable = self._decode(records)
        repeated, written = self._write_forecasts(batch)
        more_repeated, more_written = self._write_plans(batch)
        written += more_written + self._write_scores(batch)
        self._documents.merge(names.DRIFTS, {key: drift_document(message) for key, message in batch.drifts.items()})
        stock_repeated, stock_written = batch.stock.write(self._documents, self._cache)
        written += stock_written + batch.totals.write(self._cache)
        ends = {record.partition: record.offset + 1 for record in records}
        before = [self._progress[p] for p in ends]
        after = [self._progress[p].moved(ends[p], None) for p in ends]
        write_progress(self._documents, self.name, before, after)
        self._progress |= {progress.partition: progress for progress in after}
        superseded = batch.superseded + batch.stock.superseded
        counts = {"repeated": repeated + more_repeated + stock_repeated, "superseded": superseded, "unreadable": unreadable}
        counts["applied"] = len(records) - sum(counts.values())
        self._measure(records, counts, written + len(batch.drifts), time.perf_counter() - started)

    def tick(self) -> None:
        """Do nothing: no forecast waits for another one."""

    def forget(self) -> None:
        """Keep nothing in memory: the next batch reads the database."""
        self._cache.forget()

    def _decode(self, records: list[Record]) -> tuple[Batch, int]:
        batch = Batch()
        unreadable = 0
        for record in records:
            try:
                batch.add(decode_output(record.value))
            except ValueError as error:
                unreadable += 1
                self._log.say(
                    logging.ERROR,
                    "unreadable",
                    f"{self.topic} partition {record.partition} offset {record.offset} is not a forecast and was skipped: "
                    f"{printable(str(error))}",
                )
        return batch, unreadable

    def _write_forecasts(self, batch: Batch) -> tuple[int, int]:
        """Write the forecasts; returns how many were out of date, and how many documents were written."""
        ids = {key: document_id(key[0], key[1]) for key in batch.forecasts}
        read = self._cache.read(names.FORECASTS, dict.fromkeys(ids.values()))
        after: dict[str, Document] = {}
        repeated = 0
        for key, message in batch.forecasts.items():
            name = ids[key]
            slot = forecast_slot(message)
            document = after.get(name) or read.get(name) or {"_id": name, "v": -1, "store": key[0], "item": key[1]}
            if is_newer(slot, document.get(key[2])):
                after[name] = document | {key[2]: slot}
            else:
                repeated += 1
        for series, days in batch.said.items():
            name = ids[(*series, CLOSE)]
            document = after.get(name) or read[name]
            if (kept := newest_said(document.get("said", {}), days)) != document.get("said"):
                after[name] = document | {"said": kept}
        return repeated, self._write_revised(names.FORECASTS, after, read)

    def _write_plans(self, batch: Batch) -> tuple[int, int]:
        """Write the plans, with further parts before the first: whoever finds a new first part finds the others too."""
        further = {key: message for key, message in batch.plans.items() if message.part > 1}
        first = {key: message for key, message in batch.plans.items() if message.part == 1}
        # A store's parts can take many megabytes and are written once a day, so they bypass the cache.
        repeated, written = self._write_newest_plans(names.PLAN_PARTS, further, self._documents)
        more_repeated, more_written = self._write_newest_plans(names.PLANS, first, self._cache)
        return repeated + more_repeated, written + more_written

    def _write_newest_plans(
        self, collection: str, plans: dict[tuple[str, str, int], ShelfAllocation], through: Documents | CachedDocuments
    ) -> tuple[int, int]:
        """Write the newest plans; returns how many were out of date, and how many documents were written."""
        if not plans:
            return 0, 0
        ids = {key: plan_id(*key) for key in plans}
        read = through.read(collection, list(ids.values()))
        after: dict[str, Document] = {}
        repeated = 0
        for key, message in plans.items():
            slot: Slot = plan_slot(message)
            store, shelf, part = key
            named = {"store": store, "shelf": shelf} | ({"part": part} if part > 1 else {})
            document = read.get(ids[key]) or {"_id": ids[key], "v": -1, **named}
            if is_newer(slot, document.get("plan")):
                after[ids[key]] = document | {"plan": slot}
            else:
                repeated += 1
        return repeated, self._write_revised(collection, after, read, through)

    def _write_scores(self, batch: Batch) -> int:
        """Write the scores. The id of a score determines its content, so writing it again changes nothing."""
        self._documents.merge(names.SCORES, {key: score_document(message) for key, message in batch.scores.items()})
        months: dict[str, list[ForecastScored]] = {}
        for message in batch.scores.values():
            months.setdefault(document_id(message.store, message.horizon, message.origin[:7]), []).append(message)
        read = self._cache.read(names.SCORE_MONTHS, months)
        after: dict[str, Document] = {}
        for name, messages in months.items():
            first = messages[0]
            document = read.get(name) or {
                "_id": name, "v": -1, "store": first.store, "horizon": first.horizon, "month": first.origin[:7], "origins": {},
            }  # fmt: skip
            rows = {message.origin[8:]: score_row(message) for message in messages}
            if any(document["origins"].get(day) != row for day, row in rows.items()):
                origins = document["origins"] | rows
                after[name] = document | {"origins": origins, "total": [sum(column) for column in zip(*origins.values(), strict=True)]}
        return len(batch.scores) + self._write_revised(names.SCORE_MONTHS, after, read)

    def _write_revised(
        self, collection: str, after: dict[str, Document], read: dict[str, Document], through: Documents | CachedDocuments | None = None
    ) -> int:
        """Write documents whose `v` counts revisions."""
        changes = [
            Change(document | {"v": document["v"] + 1}, read[name]["v"] if name in read else None) for name, document in after.items()
        ]
        (through or self._cache).write(collection, changes)
        return len(changes)

    def _measure(self, records: list[Record], counts: dict[str, int], written: int, seconds: float) -> None:
        metrics, name = self._metrics, self.name
        for outcome, count in counts.items():
            metrics.events.labels(name, outcome).inc(count)
        metrics.wrote(name, records, counts["unreadable"], written, seconds)
