"""Reads, writes and commits until it is told to stop, through every outage."""

import logging
import threading
from collections.abc import Callable
from typing import Final, Protocol

from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.sink import Record, Sink
from consumers.store.port import ContendedError
from streams.contract.errors import ServerError
from streams.kafka.ends import LogEnds
from streams.kafka.quiet_log import RateLimited

FIRST_WAIT_SECONDS: Final = 0.2
LONGEST_WAIT_SECONDS: Final = 5.0
_logger = logging.getLogger(__name__)


class Source(Protocol):
    """Where records come from; see KafkaSource."""

    generation: int

    def position(self, start: Callable[[int, LogEnds], int]) -> None:
        """Seek the newly assigned partitions."""

    def reposition(self) -> None:
        """Go back to where the database says."""

    def batch(self, messages: int, seconds: float, stopping: Callable[[], bool]) -> list[Record]:
        """What came."""
        ...

    def serve(self, seconds: float) -> None:
        """Wait without reading."""

    def resume(self) -> None:
        """Go on reading."""

    def commit(self) -> None:
        """Tell the group how far we have come."""

    def lag(self) -> dict[int, int]:
        """Messages not read."""
        ...

    def close(self) -> None:
        """Leave."""


class ReadingLoop:
    """Moves records from one source to one sink. After `stop`, `run` returns once it has written what it had read.

    away: what the sink writes to, in the words of the log, and as the kind of its errors in the metrics.
    """

    def __init__(
        self,
        source: Source,
        sink: Sink,
        metrics: ConsumerMetrics,
        batch_messages: int,
        batch_seconds: float,
        away: tuple[str, str] = ("MongoDB", "mongodb"),
    ) -> None:
        self._source = source
        self._sink = sink
        self._metrics = metrics
        self._batch_messages = batch_messages
        self._batch_seconds = batch_seconds
        self._away = away
        self._log = RateLimited(_logger)
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Stop after the batch at hand. Safe to call from any thread."""
        self._stopping.set()

    def run(self) -> None:
        """Read and write until stopped. Raises LogTruncatedError; an unforeseen error ends it too."""
        try:
            while not self._stopping.is_set():
                self._round()
        finally:
            self._source.close()

    def _round(self) -> None:
        if not self._positioned():
            return
        records = self._source.batch(self._batch_messages, self._batch_seconds, self._stopping.is_set)
        if records and self._written(records):
            self._source.commit()
        self._sink.tick()
        for partition, lag in self._source.lag().items():
            self._metrics.lag.labels(self._sink.name, partition).set(lag)

    def _positioned(self) -> bool:
        try:
            self._source.position(self._sink.start)
        except ServerError as error:
            self._say(error)
            self._source.serve(FIRST_WAIT_SECONDS * 5)
            return False
        return True

    def _written(self, records: list[Record]) -> bool:
        """Write a batch, however long the database is away; False if it is no longer ours to write."""
        generation = self._source.generation
        wait = FIRST_WAIT_SECONDS
        waited = False
        while True:
            try:
                self._sink.write(records)
            except ContendedError:
                self._metrics.errors.labels(self._sink.name, "contended").inc()
                self._sink.forget()
                self._source.reposition()
                return False
            except ServerError as error:
                self._metrics.errors.labels(self._sink.name, self._away[1]).inc()
                self._sink.forget()
                self._say(error)
                if self._stopping.is_set():
                    return False
                waited = True
                self._source.serve(wait)
                wait = min(2 * wait, LONGEST_WAIT_SECONDS)
                if self._source.generation != generation:
                    return False
            else:
                if waited:
                    self._source.resume()
                    _logger.info("%s: %s is back; reading continues.", self._sink.name, self._away[0])
                return True

    def _say(self, error: ServerError) -> None:
        self._log.say(logging.WARNING, "waiting", f"{self._sink.name}: {error} Waiting; nothing is lost, Kafka keeps it.")
