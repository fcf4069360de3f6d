"""Both readers in one process: statistics and forecasts, each in its own thread."""

import logging
import threading
from typing import Final

from prometheus_client import CollectorRegistry

from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.consumer_settings import ConsumeSettings
from consumers.runtime.identity import cluster_id, settle_identity
from consumers.runtime.loop import ReadingLoop
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.sink import Sink
from consumers.runtime.source import KafkaSource
from consumers.statistics.statistics import StatisticsSink
from consumers.store.mongo import MongoDocuments
from streams.contract.errors import ServerError
from streams.contract.settings import KafkaSettings, MongoSettings
from streams.kafka.quiet_log import RateLimited
from streams.mongodb.client import connect

_WAIT_SECONDS: Final = 1.0
_logger = logging.getLogger(__name__)


class ConsumerService:
    """Writes sales.accepted and sales.forecasts to MongoDB until stopped.

    log_id: name of the log; None takes the id of the Kafka cluster. drop_other_log: see `settle_identity`.
    """

    def __init__(
        self,
        kafka: KafkaSettings,
        mongo: MongoSettings,
        settings: ConsumeSettings,
        registry: CollectorRegistry,
        *,
        log_id: str | None = None,
        drop_other_log: bool = False,
    ) -> None:
        self._kafka = kafka
        self._mongo = mongo
        self._settings = settings
        self._metrics = ConsumerMetrics(registry)
        self._log_id = log_id
        self._drop_other_log = drop_other_log
        self._stopping = threading.Event()
        self._loops: list[ReadingLoop] = []
        self._failure: BaseException | None = None
        self._log = RateLimited(_logger)

    def stop(self) -> None:
        """Stop both readers once they have written what they read. Safe to call from a signal handler."""
        self._stopping.set()
        for loop in list(self._loops):
            loop.stop()

    def run(self) -> None:
        """Read until stopped. Raises what ended a reader."""
        client = connect(self._mongo, "shelfcast")
        try:
            documents = MongoDocuments(client[self._mongo.database], self._mongo.shown)
            if not self._prepared(documents):
                return
            threads = [
                self._started(StatisticsSink(documents, self._metrics, self._settings.gap_alarm_seconds), self._settings.statistics_group),
                self._started(ForecastsSink(documents, self._metrics), self._settings.forecasts_group),
            ]
            if self._stopping.is_set():
                self.stop()
            for thread in threads:
                thread.join()
        finally:
            client.close()
        if self._failure is not None:
            raise self._failure

    def _prepared(self, documents: MongoDocuments) -> bool:
        """Check the identity of the log and make the indexes, however long the servers are away; False if stopped."""
        while not self._stopping.is_set():
            try:
                settle_identity(documents, self._log_id or cluster_id(self._kafka), drop_other=self._drop_other_log)
                documents.prepare()
            except ServerError as error:
                self._log.say(logging.WARNING, "start", f"{error} Waiting for it.")
                self._stopping.wait(_WAIT_SECONDS)
            else:
                return True
        return False

    def _started(self, sink: Sink, group: str) -> threading.Thread:
        errors = self._metrics.errors.labels(sink.name, "kafka")
        source = KafkaSource(self._kafka, sink.topic, group, errors.inc)
        loop = ReadingLoop(source, sink, self._metrics, self._settings.batch_messages, self._settings.batch_seconds)
        self._loops.append(loop)
        thread = threading.Thread(target=self._guarded, args=(loop,), name=sink.name, daemon=True)
        thread.start()
        return thread

    def _guarded(self, loop: ReadingLoop) -> None:
        try:
            loop.run()
        except BaseException as error:  # noqa: BLE001 - whatever ends one reader ends the process
            self._failure = self._failure or error
            self.stop()
