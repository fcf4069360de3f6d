"""Appends one topic to its table."""

import logging
import time
from collections import defaultdict

from consumers.archive.rows import Kept, Row, seq_before
from consumers.archive.table import ArchiveTable
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.sink import Record
from streams.contract.errors import LogTruncatedError, ServerError
from streams.kafka.ends import LogEnds
from streams.kafka.quiet_log import RateLimited

_logger = logging.getLogger(__name__)


class ArchiveSink:
    """Each message takes effect once: a batch and its progress are one commit, and the progress is read from the table at every start."""

    def __init__(self, table: ArchiveTable, metrics: ConsumerMetrics, compact_commits: int) -> None:
        self.name = f"archive-{table.kept.name}"
        self.topic = table.kept.topic
        self._table = table
        self._metrics = metrics
        self._compact_commits = compact_commits
        self._log = RateLimited(_logger)
        self._compacted: int | None = None
        self._progress: dict[int, tuple[int, int]] = {}

    @property
    def _kept(self) -> Kept:
        return self._table.kept

    @property
    def reached(self) -> dict[int, int]:
        """Where each partition that was read is read on."""
        return {partition: next_offset for partition, (next_offset, _) in self._progress.items()}

    def start(self, partition: int, ends: LogEnds) -> int:
        """The offset after the newest archived message. Raises ServerError, LogTruncatedError."""
        table = self._table.open(make=True)
        if self._compacted is None:
            self._compacted = table.version()
        next_offset, seq = self._table.progress(partition)
        if next_offset > ends.high:
            raise LogTruncatedError(
                f"{self.topic} partition {partition} ends at offset {ends.high}, but the archive holds what stood before offset "
                f"{next_offset}: it is another log. Name another SHELFCAST_ARCHIVE, or bring the old log back."
            )
        if 0 < next_offset < ends.low:
            raise LogTruncatedError(
                f"{self.topic} partition {partition} begins at offset {ends.low}, but the archive holds only what stood before offset "
                f"{next_offset}: retention has removed what lies between. Name another SHELFCAST_ARCHIVE, or restore the topic."
            )
        self._progress[partition] = max(next_offset, ends.low), seq
        return self._progress[partition][0]

    def write(self, records: list[Record]) -> None:
        """Append a batch, unless a commit that was not answered holds it already. Raises ServerError, ContendedError."""
        started = time.perf_counter()
        runs: defaultdict[int, list[Record]] = defaultdict(list)
        for record in records:
            runs[record.partition].append(record)
        self._table.open()
        rows: list[Row] = []
        after: dict[int, tuple[int, int]] = {}
        for partition, run in runs.items():
            before = self._table.progress(partition)
            new = [record for record in run if record.offset >= before[0]]
            if not new:
                self._progress[partition] = before
                continue
            made, seq = self._kept.rows(new, self._first_seq(before[1], new))
            rows += made
            after[partition] = new[-1].offset + 1, seq
        if after:
            self._table.append(rows, after)
            self._progress |= after
        self._count(records, len(rows), time.perf_counter() - started)

    def _first_seq(self, seq: int, new: list[Record]) -> int:
        """The `seq` before the first sale; where the beginning of the topic is gone, the table begins with the first there is."""
        if seq or not self._kept.numbered or not new[0].offset:
            return seq
        return seq_before(new)

    def _count(self, records: list[Record], rows: int, seconds: float) -> None:
        self._metrics.events.labels(self.name, "applied").inc(rows)
        self._metrics.events.labels(self.name, "repeated").inc(len(records) - rows)
        self._metrics.wrote(self.name, records, 0, rows, seconds)

    def tick(self) -> None:
        """Join small files when there are many."""
        if self._compacted is None:
            return
        try:
            version = self._table.open().version()
            if version - self._compacted >= self._compact_commits:
                self._compacted = version  # whatever comes of it: the next writes are due first
                self._table.compact()
        except ServerError as error:
            self._log.say(logging.WARNING, "compact", f"{error} Small files are joined later.")

    def forget(self) -> None:
        """Nothing is kept that another process may have changed: each batch asks the table."""
