"""The process: reads `ads.events`, writes MongoDB, sends `ads.advice`, until it is stopped."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from typing import Final

from confluent_kafka import KafkaError, KafkaException, Message
from prometheus_client import CollectorRegistry

from consumers.ads.ads_settings import AdsSettings
from consumers.ads.sink import AdsSink
from consumers.runtime.identity import cluster_id, settle_identity
from consumers.runtime.loop import ReadingLoop
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.source import KafkaSource
from consumers.store.mongo import MongoDocuments
from streams.contract.ad_messages import AdsAdvised
from streams.contract.codec import encode
from streams.contract.errors import ServerError
from streams.contract.settings import KafkaSettings, MongoSettings
from streams.contract.topics import AD_ADVICE, AD_TOPICS, PARTITIONER
from streams.kafka.brokers import ensure_topics
from streams.kafka.clients import producer
from streams.kafka.quiet_log import RateLimited
from streams.kafka.trouble import sentence_of
from streams.mongodb.client import connect

DELIVERY_SECONDS: Final = 30.0
BATCH_MESSAGES: Final = 5000
BATCH_SECONDS: Final = 1.0
_WAIT_SECONDS: Final = 1.0
_logger = logging.getLogger(__name__)


class AdviceSender:
    """Sends advice and waits until all replicas have it."""

    def __init__(self, kafka: KafkaSettings) -> None:
        more = {"partitioner": PARTITIONER, "delivery.timeout.ms": int(DELIVERY_SECONDS * 1000), "linger.ms": 5}
        self._producer = producer(kafka, "shelfcast-ads", more, logger=_logger)
        self._failed: list[str] = []

    def deliver(self, advised: Sequence[AdsAdvised]) -> None:
        """Send. Raises ServerError if Kafka does not have all of it in time."""
        self._failed.clear()
        try:
            for one in advised:
                self._producer.produce(AD_ADVICE, encode(one), one.account.encode(), on_delivery=self._report)
                self._producer.poll(0)
        except (BufferError, KafkaException) as error:
            self._failed.append(str(error))
        if self._producer.flush(DELIVERY_SECONDS + 5) or self._failed:
            raise ServerError(f"Kafka did not take the advice: {self._failed[0] if self._failed else 'no answer in time'}.")

    def _report(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(sentence_of(error))


class AdsService:
    """Live ads, until stopped. log_id, drop_other_log: as for ConsumerService."""

    def __init__(
        self,
        kafka: KafkaSettings,
        mongo: MongoSettings,
        settings: AdsSettings,
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
        self._loop: ReadingLoop | None = None
        self._log = RateLimited(_logger)

    def stop(self) -> None:
        """Stop after the batch at hand. Safe to call from a signal handler."""
        self._stopping.set()
        if self._loop is not None:
            self._loop.stop()

    def run(self) -> None:
        """Read until stopped."""
        client = connect(self._mongo, "shelfcast-ads")
        try:
            documents = MongoDocuments(client[self._mongo.database], self._mongo.shown)
            if not self._prepared(documents):
                return
            sink = AdsSink(documents, self._metrics, AdviceSender(self._kafka).deliver)
            source = KafkaSource(self._kafka, sink.topic, self._settings.group, self._metrics.errors.labels(sink.name, "kafka").inc)
            self._loop = ReadingLoop(source, sink, self._metrics, BATCH_MESSAGES, BATCH_SECONDS)
            if self._stopping.is_set():
                self._loop.stop()
            self._loop.run()
        finally:
            client.close()

    def _prepared(self, documents: MongoDocuments) -> bool:
        """Make the topics if they are missing, check the identity of the log, however long the servers are away; False if stopped."""
        while not self._stopping.is_set():
            try:
                ensure_topics(self._kafka, None, topics=AD_TOPICS)
                settle_identity(documents, self._log_id or cluster_id(self._kafka), drop_other=self._drop_other_log)
            except ServerError as error:
                self._log.say(logging.WARNING, "start", f"{error} Waiting for it.")
                self._stopping.wait(_WAIT_SECONDS)
            else:
                return True
        return False
