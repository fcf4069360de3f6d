"""The only way into Kafka: idempotent, acknowledged by all replicas, keyed by store, with a bounded buffer."""

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

from confluent_kafka import KafkaError, KafkaException, Producer

from producers.delivery import Delivery
from streams.contract.errors import DeliveryError
from streams.contract.settings import FromEnvironment, KafkaSettings, setting
from streams.contract.topics import EVENTS, PARTITIONER
from streams.kafka.clients import producer
from streams.kafka.quiet_log import RateLimited
from streams.kafka.trouble import sentence_of

LINGER_MS: Final = 20
_POLL_SECONDS: Final = 0.1
_LOG_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)

Headers = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class PublisherSettings(FromEnvironment):
    """How much, and for how long, a producer holds while the broker is away."""

    delivery_timeout_seconds: float = setting(
        "SHELFCAST_DELIVERY_TIMEOUT_SECONDS", "How long a message is tried before it counts as undelivered.", 120.0, low=1, high=3600
    )
    buffer_messages: int = setting(
        "SHELFCAST_BUFFER_MESSAGES", "Messages held for Kafka; beyond it new ones are refused.", 200_000, low=100, high=10_000_000
    )
    buffer_mb: int = setting("SHELFCAST_BUFFER_MB", "Megabytes held for Kafka; beyond it new ones are refused.", 64, low=1, high=2048)


class Publisher:
    """Sends messages to Kafka from any thread; a `Delivery` knows when Kafka has stored them.

    Each message is retried for `delivery_timeout_seconds`, in order and without duplicates. If librdkafka reports a fatal error, a new
    producer replaces the old one; what the old one held counts as undelivered.
    """

    def __init__(self, kafka: KafkaSettings, settings: PublisherSettings | None = None, *, topic: str = EVENTS) -> None:
        self.settings = settings or PublisherSettings()
        self.topic = topic
        self._kafka = kafka
        self._closing = threading.Event()
        self._broken = False
        self._said = RateLimited(_log, seconds=_LOG_SECONDS)
        self.last_acknowledged = 0.0
        self._producer = self._open()
        self._poller = threading.Thread(target=self._poll, name="kafka-delivery-reports", daemon=True)
        self._poller.start()

    def publish(
        self, store: str | None, raw: bytes, timestamp: float | None = None, *, headers: Headers | None = None, topic: str | None = None
    ) -> Delivery:
        """Hand over one message. `timestamp` is that of the record, in epoch seconds; None: now.

        Raises DeliveryError if the buffer is full.
        """
        delivery = Delivery(1)
        try:
            self._producer.produce(
                topic or self.topic,
                raw,
                None if store is None else store.encode(),
                on_delivery=delivery.report,
                timestamp=0 if timestamp is None else int(timestamp * 1000),
                headers=list(headers.items()) if headers else [],
            )
        except (BufferError, KafkaException) as error:
            raise DeliveryError(_refusal(error)) from None
        return delivery

    def publish_all(
        self,
        keys: Sequence[bytes],
        raws: Sequence[bytes],
        timestamps: Sequence[float] | None = None,
        *,
        wait_seconds: float = 0.0,
        headers: Headers | None = None,
    ) -> Delivery:
        """Hand over many messages, key and bytes of each; all have the same headers.

        With `wait_seconds`, each message waits up to that long for room in a full buffer. Without it, DeliveryError is raised if not all
        fit, before the first one is handed over. A message refused later counts as failed in the delivery.
        """
        if not wait_seconds and len(self._producer) + len(raws) > self.settings.buffer_messages:
            raise DeliveryError(_refusal(BufferError()))
        delivery = Delivery(len(raws))
        topic, report = self.topic, delivery.report
        carried: dict[str, Any] = {"headers": list(headers.items())} if headers else {}
        for place, (key, raw) in enumerate(zip(keys, raws, strict=True)):
            at = 0 if timestamps is None else int(timestamps[place] * 1000)
            try:
                self._producer.produce(topic, raw, key, on_delivery=report, timestamp=at, **carried)
            except BufferError as error:
                if not self._insist(raw, key, delivery, at, wait_seconds, carried):
                    delivery.refuse(len(raws) - place, _refusal(error))
                    break
            except KafkaException as error:
                delivery.refuse(len(raws) - place, _refusal(error))
                break
        return delivery

    @property
    def waiting(self) -> int:
        """Number of messages handed over and not yet answered."""
        return len(self._producer)

    @property
    def full(self) -> bool:
        """Whether the buffer holds as many messages as it may."""
        return self.waiting >= self.settings.buffer_messages

    def reachable(self, timeout_seconds: float = 2.0) -> bool:
        """Whether a broker answers."""
        try:
            self._producer.list_topics(self.topic, timeout=timeout_seconds)
        except KafkaException:
            return False
        return True

    def flush(self, timeout_seconds: float) -> int:
        """Wait until no message is waiting; returns the number of those still waiting."""
        end = time.monotonic() + timeout_seconds
        while self.waiting and time.monotonic() < end:
            # The poll thread handles the reports; flush only hurries batches that linger.
            self._producer.flush(min(0.2, max(0.0, end - time.monotonic())))
        return self.waiting

    def close(self, timeout_seconds: float = 10.0) -> int:
        """Flush and stop; returns the number of messages that Kafka did not answer."""
        left = self.flush(timeout_seconds)
        self._closing.set()
        self._poller.join(timeout=2.0)
        if left:
            _log.error("%d messages were not acknowledged by Kafka before the end; send them again", left)
            self._producer.purge()
            self._producer.flush(1.0)
        return left

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open(self) -> Producer:
        config = {
            "partitioner": PARTITIONER,
            "linger.ms": LINGER_MS,
            "batch.size": 500_000,
            "delivery.timeout.ms": int(self.settings.delivery_timeout_seconds * 1000),
            "queue.buffering.max.messages": self.settings.buffer_messages,
            "queue.buffering.max.kbytes": self.settings.buffer_mb * 1024,
            "reconnect.backoff.max.ms": 2000,
            "topic.metadata.refresh.interval.ms": 60_000,
            "error_cb": self._trouble,
        }
        return producer(self._kafka, "shelfcast-producer", config)

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._producer.poll(_POLL_SECONDS)
            if self._broken:
                self._replace()

    def _replace(self) -> None:
        old, self._producer, self._broken = self._producer, self._open(), False
        old.purge()
        old.flush(1.0)

    def _trouble(self, error: KafkaError) -> None:
        self._broken = self._broken or error.fatal()
        self._said.say(logging.WARNING, "", f"Kafka: {sentence_of(error)}. Messages are held and tried again.")

    def _insist(self, raw: bytes, key: bytes, delivery: Delivery, at: int, wait_seconds: float, carried: dict[str, Any]) -> bool:
        """Try again while the buffer is full; returns whether the message got in."""
        end = time.monotonic() + wait_seconds
        while time.monotonic() < end:
            time.sleep(0.002)
            try:
                self._producer.produce(self.topic, raw, key, on_delivery=delivery.report, timestamp=at, **carried)
            except BufferError:
                continue
            return True
        return False


def _refusal(error: Exception) -> str:
    if isinstance(error, BufferError):
        return "the buffer for Kafka is full: Kafka is away or slower than what is sent. Try again later."
    return f"Kafka's client refused the message: {error}."
