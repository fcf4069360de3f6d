"""Messages out: an idempotent producer per worker, and the proof that all of them were delivered."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.contract import topics
from streams.contract.errors import DeliveryError
from streams.kafka_trouble import sentence_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from streams.contract.settings import KafkaSettings
    from streams.outputs import Outputs

log = logging.getLogger(__name__)

DELIVERY_SECONDS: Final = 120.0
"""How long a message is tried: longer than a broker's restart, so that an outage costs nothing but time."""

LINGER_MS: Final = 20
"""How long a message waits for others, to be sent with them."""

QUEUE_MESSAGES: Final = 400_000


class Outbox:
    """Sends a heart's outputs to the partition they came from.

    Delivery is proved by `wait`, which the worker calls before every snapshot: librdkafka reports only failures, so an
    empty queue without a reported failure means that every message was acknowledged by all in-sync replicas.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._failure: KafkaError | None = None
        config = kafka.client() | {
            "client.id": "shelfcast-worker",
            "enable.idempotence": True,
            "compression.type": "lz4",
            "delivery.timeout.ms": int(DELIVERY_SECONDS * 1000),
            "queue.buffering.max.messages": QUEUE_MESSAGES,
            "queue.buffering.max.kbytes": 262_144,
            "log.connection.close": False,
            "error_cb": self._on_error,
        }
        self._producer = Producer(config | {"linger.ms": LINGER_MS, "delivery.report.only.error": True}, logger=log)
        self._snapshots = Producer(config, logger=log)  # reports each delivery: its offset is needed

    def send(self, partition: int, outputs: Outputs) -> None:
        """Queue the messages; blocks while the queue is full. Raises DeliveryError when one could not be delivered."""
        for key, value in outputs.accepted:
            self._put(topics.ACCEPTED, value, key, partition)
        for key, value in outputs.forecasts:
            self._put(topics.FORECASTS, value, key, partition)
        for dead in outputs.rejected:
            headers: list[tuple[str, str | bytes | None]] = [
                ("reason", dead.reason.encode()),
                ("error", dead.sentence.encode(errors="replace")),
                ("source-topic", topics.EVENTS.encode()),
                ("source-partition", str(partition).encode()),
                ("source-offset", str(dead.offset).encode()),
            ]
            self._put(topics.REJECTED, dead.raw, dead.key, partition, headers)
        self._producer.poll(0)
        self.check()

    def send_snapshot(self, partition: int, chunks: list[bytes], snapshot_id: str) -> list[int]:
        """Write the chunks of a snapshot and wait until they are delivered; their offsets, ascending."""
        offsets: list[int] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is None:
                offset = message.offset()
                if offset is not None:
                    offsets.append(offset)

        for number, chunk in enumerate(chunks):
            key = f"{partition}/{snapshot_id}/{number}/{len(chunks)}".encode()
            self._snapshots.produce(topics.SNAPSHOTS, chunk, key, partition, delivered)
        _flush(self._snapshots, self.check)
        if len(offsets) != len(chunks):
            raise DeliveryError(f"Kafka took {len(offsets)} of {len(chunks)} chunks of a snapshot.")
        return sorted(offsets)

    async def room(self) -> None:
        """Let the event loop run; wait while the queue is half full, as when Kafka is away."""
        await asyncio.sleep(0)
        while len(self._producer) > QUEUE_MESSAGES // 2:
            self.check()
            await asyncio.sleep(0.05)

    def wait(self) -> None:
        """Wait until everything queued was acknowledged. Raises DeliveryError when something was not."""
        _flush(self._producer, self.check)

    def check(self) -> None:
        """Raise DeliveryError if a message could not be delivered."""
        if self._failure is not None:
            raise DeliveryError(f"Kafka did not take a message: {sentence_of(self._failure)}.")

    def _put(
        self, topic: str, value: bytes, key: bytes | None, partition: int, headers: list[tuple[str, str | bytes | None]] | None = None
    ) -> None:
        while True:
            try:
                if headers is None:
                    self._producer.produce(topic, value, key, partition, self._on_delivery)
                else:
                    self._producer.produce(topic, value, key, partition, self._on_delivery, headers=headers)
            except BufferError:
                self._producer.poll(0.1)
                self.check()
            except KafkaException as error:
                raise DeliveryError(f"Kafka did not take a message: {error.args[0].str()}.") from error
            else:
                return

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        del message
        if error is not None:
            self._failure = error

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._failure = error


def _flush(producer: Producer, check: Callable[[], None]) -> None:
    until = time.monotonic() + DELIVERY_SECONDS + 10
    while producer.flush(1.0) > 0:
        check()
        if time.monotonic() > until:
            raise DeliveryError(f"Kafka did not acknowledge {len(producer)} messages in {DELIVERY_SECONDS:.0f} s.")
    check()
