"""Turns accepted sales into statistics: decode, put in order, fold, write, remember how far it has come."""

import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from consumers.customers import fold as people
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.progress import Progress, read_progress, write_progress
from consumers.runtime.sequence import Admitted, admit
from consumers.runtime.sink import Record
from consumers.statistics.fold import Key, applied, by_item, by_store, collection_of, empty, hour_of_week_base, id_of
from consumers.store.cache import CachedDocuments
from consumers.store.port import Change, Documents
from streams.contract.codec import decode_accepted, name_is_clean, printable
from streams.contract.documents import CASHIER_MONTHS, CUSTOMER_YEARS
from streams.contract.messages import SaleAccepted
from streams.contract.topics import ACCEPTED
from streams.kafka.ends import LogEnds
from streams.kafka.quiet_log import RateLimited

NAME: Final = "statistics"
_logger = logging.getLogger(__name__)


def readable_sale(raw: bytes) -> SaleAccepted:
    """The accepted sale in a message. Raises ValueError that says what is wrong."""
    sale = decode_accepted(raw)
    hour_of_week_base(sale.business_date)
    named = (sale.store, sale.item, sale.order_id, sale.customer, sale.cashier, sale.category)
    if b"\\" in raw and not all(name_is_clean(name) for name in named if name is not None):
        raise msgspec.ValidationError("a name has a control character or a lone surrogate")
    return sale


def _note_change(changes: list[Change], before: Mapping[str, Any] | None, after: dict[str, Any]) -> None:
    if after is not before:
        changes.append(Change(after, before["v"] if before else None))


class StatisticsSink:
    """Keeps units, money and counts per item, store and day, per customer and day, and per cashier and hour."""

    name = NAME
    topic = ACCEPTED

    def __init__(
        self,
        documents: Documents,
        metrics: ConsumerMetrics,
        gap_alarm_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._documents = documents
        self._cache = CachedDocuments(documents)
        self._people = CachedDocuments(documents)  # of its own: thousands of customers would drive out the items
        self._metrics = metrics
        self._gap_alarm_seconds = gap_alarm_seconds
        self._clock = clock
        self._log = RateLimited(_logger, clock=clock)
        self._alarms = RateLimited(_logger, seconds=60.0, clock=clock)
        self._progress: dict[int, Progress] = {}
        self._gap_since: dict[int, float] = {}

    def start(self, partition: int, ends: LogEnds) -> int:
        """The offset after the last applied message; at first, the beginning of the log."""
        progress = read_progress(self._documents, self.name, self.topic, partition, ends)
        if progress.seq is None:
            _logger.warning(
                "%s partition %d begins at offset %d: the statistics begin there too, earlier sales are gone.",
                self.topic, partition, ends.low,
            )  # fmt: skip
        self._progress[partition] = progress
        self._metrics.gap_seconds.labels(partition).set_function(lambda: self._gap_seconds(partition))
        return progress.next_offset

    def write(self, records: list[Record]) -> None:
        """Apply a batch of messages. Raises ServerError."""
        started = time.perf_counter()
        runs: defaultdict[int, list[SaleAccepted]] = defaultdict(list)
        ends: dict[int, int] = {}
        unreadable = 0
        for record in records:
            ends[record.partition] = record.offset + 1
            try:
                runs[record.partition].append(readable_sale(record.value))
            except ValueError as error:
                unreadable += 1
                self._say_unreadable(record, error)
        admitted = {p: self._admit(p, runs[p]) for p in ends}
        sales = [sale for one in admitted.values() for sale in one.sales]
        written = self._write_groups(by_item(sales)) + self._write_groups(by_store(sales)) + self._write_people(sales)
        before = [self._progress[p] for p in ends]
        after = [self._progress[p].moved(ends[p], self._seq_after(p, admitted[p])) for p in ends]
        write_progress(self._documents, self.name, before, after)
        self._progress |= {progress.partition: progress for progress in after}
        for partition, one in admitted.items():
            self._note_gap(partition, one)
        self._measure(records, admitted.values(), unreadable, written, time.perf_counter() - started)

    def tick(self) -> None:
        """Raise the alarm about sales that have waited too long for earlier ones."""
        for partition in self._gap_since:
            seconds = self._gap_seconds(partition)
            if seconds >= self._gap_alarm_seconds:
                self._alarms.say(
                    logging.ERROR,
                    f"gap {partition}",
                    f"{self.topic} partition {partition}: sale {(self._progress[partition].seq or 0) + 1} has not come for "
                    f"{seconds:.0f} s, though later ones have. See that the worker of this partition runs; what it writes "
                    "will be taken in order.",
                )

    def forget(self) -> None:
        """Keep nothing in memory: the next batch reads the database."""
        self._cache.forget()
        self._people.forget()

    def _admit(self, partition: int, sales: list[SaleAccepted]) -> Admitted:
        seq = self._progress[partition].seq
        if seq is None:
            seq = sales[0].seq - 1 if sales else 0
        return admit(sales, seq)

    def _seq_after(self, partition: int, admitted: Admitted) -> int | None:
        return admitted.seq if admitted.sales or self._progress[partition].seq is not None else None

    def _write_groups(self, groups: dict[Key, list[SaleAccepted]]) -> int:
        """Fold groups of one collection into its documents; returns how many were written."""
        if not groups:
            return 0
        collection = collection_of(next(iter(groups)))
        ids = {key: id_of(key) for key in groups}
        read = self._cache.read(collection, ids.values())
        changes: list[Change] = []
        for key, sales in groups.items():
            before = read.get(ids[key])
            _note_change(changes, before, applied(before or empty(key), sales))
        self._cache.write(collection, changes)
        return len(changes)

    def _write_people(self, sales: list[SaleAccepted]) -> int:
        """Fold sales into the documents of the customers and cashiers they name; returns how many were written."""
        written = 0
        for collection in (CUSTOMER_YEARS, CASHIER_MONTHS):
            groups = {key: mine for key, mine in people.by_person(sales).items() if key.collection == collection}
            ids = {key: people.id_of(key) for key in groups}
            read = self._people.read(collection, ids.values())
            changes: list[Change] = []
            for key, mine in groups.items():
                before = read.get(ids[key])
                _note_change(changes, before, people.applied(before or people.empty(key), mine))
            self._people.write(collection, changes)
            written += len(changes)
        return written

    def _note_gap(self, partition: int, admitted: Admitted) -> None:
        if admitted.ahead:
            self._log.say(
                logging.WARNING,
                f"ahead {partition}",
                f"{self.topic} partition {partition}: {admitted.ahead} sales came ahead of their turn (a worker that had lost the "
                "partition wrote them); its successor writes them again in order.",
            )
        if not admitted.waiting_at_end:
            if admitted.sales:
                self._gap_since.pop(partition, None)
        elif admitted.sales or partition not in self._gap_since:
            self._gap_since[partition] = self._clock()

    def _gap_seconds(self, partition: int) -> float:
        since = self._gap_since.get(partition)
        return 0.0 if since is None else self._clock() - since

    def _say_unreadable(self, record: Record, error: ValueError) -> None:
        self._log.say(
            logging.ERROR,
            "unreadable",
            f"{self.topic} partition {record.partition} offset {record.offset} is not an accepted sale and was passed over: "
            f"{printable(str(error))}",
        )

    def _measure(self, records: list[Record], admitted: Iterable[Admitted], unreadable: int, written: int, seconds: float) -> None:
        metrics, name = self._metrics, self.name
        for one in admitted:
            metrics.events.labels(name, "applied").inc(len(one.sales))
            metrics.events.labels(name, "repeated").inc(one.repeated)
            metrics.events.labels(name, "gap").inc(one.ahead)
        metrics.events.labels(name, "unreadable").inc(unreadable)
        metrics.wrote(name, records, unreadable, written, seconds)
