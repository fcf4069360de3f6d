"""A thread and a consumer group for each table, until stopped, or until what stood in the topics at the start is archived."""

import threading
import time
from typing import Final

from prometheus_client import CollectorRegistry

from consumers.archive.archive_settings import ArchiveSettings
from consumers.archive.rows import TABLES
from consumers.archive.sink import ArchiveSink
from consumers.archive.table import ArchiveTable
from consumers.runtime.loop import ReadingLoop
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.source import KafkaSource
from streams.contract.settings import KafkaSettings
from streams.kafka.reading import TopicReader

_LOOK_SECONDS: Final = 0.2
_ONCE_SECONDS: Final = 1.0
"""How long a batch gathers where the end of the topics is waited for."""


class ArchiveService:
    """Writes all topics to the archive."""

    def __init__(self, kafka: KafkaSettings, settings: ArchiveSettings, registry: CollectorRegistry) -> None:
        self._kafka, self._settings = kafka, settings
        self._metrics = ConsumerMetrics(registry)
        self._sinks: list[ArchiveSink] = []
        self._loops: list[ReadingLoop] = []
        self._stopping = threading.Event()
        self._failure: BaseException | None = None

    def stop(self) -> None:
        """Stop once everything that was read is written. Safe to call from a signal handler."""
        self._stopping.set()

    def run(self, *, once: bool = False) -> None:
        """Archive until stopped; with `once`, what stands in the topics now. Raises what ended a thread."""
        ends = self._ends() if once else {}
        threads = [self._started(number, _ONCE_SECONDS if once else self._settings.batch_seconds) for number in range(len(TABLES))]
        while not self._stopping.is_set() and not (once and self._has_reached(ends)):
            time.sleep(_LOOK_SECONDS)
        for loop in self._loops:
            loop.stop()
        for thread in threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _started(self, number: int, seconds: float) -> threading.Thread:
        kept = TABLES[number]
        sink = ArchiveSink(ArchiveTable(self._settings.place, kept), self._metrics, self._settings.compact_commits)
        errors = self._metrics.errors.labels(sink.name, "kafka")
        source = KafkaSource(self._kafka, kept.topic, f"{self._settings.group}-{kept.name}", errors.inc, whole=True, gather=True)
        loop = ReadingLoop(
            source,
            sink,
            self._metrics,
            self._settings.batch_messages,
            min(seconds, self._settings.batch_seconds),
            ("The archive", "archive"),
        )
        self._sinks.append(sink)
        self._loops.append(loop)
        thread = threading.Thread(target=self._guarded, args=(loop,), name=sink.name, daemon=True)
        thread.start()
        return thread

    def _ends(self) -> dict[str, dict[int, int]]:
        with TopicReader(self._kafka, self._settings.group) as reader:
            return {kept.topic: {p: ends.high for p, ends in reader.ends(kept.topic).items()} for kept in TABLES}

    def _has_reached(self, ends: dict[str, dict[int, int]]) -> bool:
        return all(sink.reached.get(p, 0) >= end for sink in self._sinks for p, end in ends[sink.topic].items())

    def _guarded(self, loop: ReadingLoop) -> None:
        try:
            loop.run()
        except BaseException as error:  # noqa: BLE001 - whatever ends one thread ends the process
            self._failure = self._failure or error
            self.stop()
