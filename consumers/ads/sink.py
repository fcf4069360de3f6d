"""Applies reports of ads: advice first to Kafka, then the accounts to MongoDB, each with the offset that it has applied.

A crash between the two makes the same advice again, with the same id and bytes; one between two accounts repeats only what an account
has not applied yet. So the documents are those of an undisturbed run, whatever was killed when.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from consumers.ads.ledger import Ledger, RepeatedError
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.progress import Progress, read_progress, write_progress
from consumers.runtime.sink import Record
from consumers.store.port import Change, Documents
from streams.contract.ad_messages import AdReported, AdsAdvised
from streams.contract.codec import name_is_clean, printable
from streams.contract.documents import AD_ACCOUNTS, document_id
from streams.contract.errors import RejectedEvent
from streams.contract.topics import AD_EVENTS
from streams.kafka.ends import LogEnds
from streams.kafka.quiet_log import RateLimited

NAME: Final = "ads"
MOST_KEPT: Final = 500
"""Accounts kept in memory; those used longest ago are read again."""
_logger = logging.getLogger(__name__)
_reports: Final = msgspec.json.Decoder(AdReported)


class AdsSink:
    """Keeps the accounts of ads. deliver: sends advice, and returns when Kafka has it; raises ServerError."""

    name = NAME
    topic = AD_EVENTS

    def __init__(self, documents: Documents, metrics: ConsumerMetrics, deliver: Callable[[Sequence[AdsAdvised]], None]) -> None:
        self._documents = documents
        self._metrics = metrics
        self._deliver = deliver
        self._log = RateLimited(_logger)
        self._progress: dict[int, Progress] = {}
        self._ledgers: dict[str, tuple[Ledger, int | None]] = {}
        """By id, with the `v` that the database holds."""

    def start(self, partition: int, ends: LogEnds) -> int:
        """The offset after the last applied report; at first, the beginning of the log."""
        self._progress[partition] = read_progress(self._documents, self.name, self.topic, partition, ends)
        return self._progress[partition].next_offset

    def write(self, records: list[Record]) -> None:
        """Apply a batch. Raises ServerError."""
        started = time.perf_counter()
        counts = {"applied": 0, "repeated": 0, "refused": 0, "unreadable": 0}
        reports = [(record, report) for record in records if (report := self._read(record, counts)) is not None]
        touched = self._opened([document_id(record.partition, report.account) for record, report in reports])
        advised: list[AdsAdvised] = []
        for record, report in reports:
            found = self._applied(touched, record, report, counts)
            if found is not None:
                advised.append(found)
        if advised:
            self._deliver(advised)
        self._write(touched)
        ends = {record.partition: record.offset + 1 for record in records}
        before = [self._progress[p] for p in ends]
        after = [self._progress[p].moved(ends[p], None) for p in ends]
        write_progress(self._documents, self.name, before, after)
        self._progress |= {progress.partition: progress for progress in after}
        for outcome, count in counts.items():
            self._metrics.events.labels(self.name, outcome).inc(count)
        self._metrics.wrote(self.name, records, counts["unreadable"], len(touched), time.perf_counter() - started)

    def tick(self) -> None:
        """Do nothing: no report waits for another one."""

    def forget(self) -> None:
        """Keep nothing in memory: the next batch reads the database."""
        self._ledgers.clear()

    def _read(self, record: Record, counts: dict[str, int]) -> AdReported | None:
        try:
            report = _reports.decode(record.value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._refuse(record, "unreadable", str(error), counts)
            return None
        texts = (report.event_id, report.account, report.campaign, report.audience, report.ad)
        if not all(text is None or name_is_clean(text) for text in texts):
            self._refuse(record, "unreadable", "A name has a control character.", counts)
            return None
        return report

    def _opened(self, ids: Sequence[str]) -> dict[str, tuple[Ledger, int | None]]:
        """The accounts of a batch that exist, taken out of memory until they are written."""
        wanted = list(dict.fromkeys(ids))
        found = {key: self._ledgers.pop(key) for key in wanted if key in self._ledgers}
        missing = [key for key in wanted if key not in found]
        if missing:
            read = self._documents.read(AD_ACCOUNTS, missing)
            found |= {key: (Ledger.load(document), int(document["v"])) for key, document in read.items()}
        return found

    def _applied(
        self, touched: dict[str, tuple[Ledger, int | None]], record: Record, report: AdReported, counts: dict[str, int]
    ) -> AdsAdvised | None:
        key = document_id(record.partition, report.account)
        if key not in touched:
            touched[key] = (Ledger(record.partition, report.account), None)
        ledger, _ = touched[key]
        if record.offset <= ledger.v:
            counts["repeated"] += 1
            return None
        try:
            advised = ledger.apply(report, record.offset, record.timestamp)
        except RepeatedError:
            counts["repeated"] += 1
            return None
        except RejectedEvent as error:
            self._refuse(record, "refused", str(error), counts)
            return None
        counts["applied"] += 1
        return advised

    def _write(self, touched: dict[str, tuple[Ledger, int | None]]) -> None:
        changed = {key: (ledger, v) for key, (ledger, v) in touched.items() if ledger.v != v}
        self._documents.write(AD_ACCOUNTS, [Change(ledger.document(), v) for ledger, v in changed.values()])
        self._ledgers |= {key: (ledger, ledger.v) for key, (ledger, _) in touched.items()}
        while len(self._ledgers) > MOST_KEPT:
            del self._ledgers[next(iter(self._ledgers))]

    def _refuse(self, record: Record, outcome: str, why: str, counts: dict[str, int]) -> None:
        counts[outcome] += 1
        sentence = f"{self.topic} partition {record.partition} offset {record.offset} is no report of an ad and was skipped: "
        self._log.say(logging.ERROR, outcome, sentence + printable(why))
