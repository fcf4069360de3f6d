"""Sends messages with one idempotent producer per worker, and proves that all of them were delivered."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from typing import TYPE_CHECKING, Final

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from streams.contract import topics
from streams.contract.codec import printable
from streams.contract.errors import DeliveryError
from streams.kafka import clients
from streams.kafka.trouble import sentence_of
from streams.processor.letters import letter_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from streams.contract.settings import KafkaSettings
    from streams.processor.outputs import Outputs

log = logging.getLogger(__name__)

DELIVERY_SECONDS: Final = 120.0
"""How long a message is tried: longer than a broker's restart, so that an outage costs nothing but time."""

LINGER_MS: Final = 5
"""How long a message waits for others, to be sent with them."""

QUEUE_MESSAGES: Final = 400_000

SNAPSHOT_QUEUE_KB: Final = 32_768
"""How much of a snapshot waits in the producer: enough to keep it busy, and little beside the state itself."""

_TYPE: Final = re.compile(rb'"type":"([a-z0-9.-]{1,60})"')

Headers = list[tuple[str, str | bytes | None]]


class Outbox:
    """Sends a processor's outputs to the partition of the events that led to them.

    The worker calls `wait` before every snapshot, which proves delivery: librdkafka reports only failures, so an empty queue without a
    reported failure means that all in-sync replicas have acknowledged every message.
    """

    def __init__(self, kafka: KafkaSettings) -> None:
        self._failure: str | None = None
        config = {
            "delivery.timeout.ms": int(DELIVERY_SECONDS * 1000),
            "queue.buffering.max.messages": QUEUE_MESSAGES,
            "queue.buffering.max.kbytes": 262_144,
            "error_cb": self._on_error,
        }
        self._producer = clients.producer(
            kafka, "shelfcast-worker", config | {"linger.ms": LINGER_MS, "delivery.report.only.error": True}, logger=log
        )
        # Reports each delivery: its offset is needed.
        self._snapshots = clients.producer(
            kafka, "shelfcast-worker", config | {"queue.buffering.max.kbytes": SNAPSHOT_QUEUE_KB}, logger=log
        )

    def send(self, partition: int, outputs: Outputs) -> None:
        """Queue the messages; blocks while the queue is full. Raises DeliveryError when one could not be delivered."""
        for key, value in outputs.accepted:
            self._put(topics.ACCEPTED, value, key, partition)
        for key, value in outputs.forecasts:
            self._put(topics.FORECASTS, value, key, partition)
        for dead in outputs.rejected:
            letter = letter_of(dead, partition)
            self._put(topics.REJECTED, letter.value, letter.key, partition, letter.headers)
        self._producer.poll(0)
        self.check()

    def send_snapshot(self, partition: int, chunks: Iterable[bytes], total: int, snapshot_id: str) -> list[int]:
        """Write the `total` chunks of a snapshot and wait until they are delivered; their offsets, ascending.

        However large the state, no more of it waits in the producer than `SNAPSHOT_QUEUE_KB`. Raises DeliveryError.
        """
        offsets: list[int] = []
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            offset = message.offset()
            if error is not None:
                failures.append(error)
            elif offset is not None:
                offsets.append(offset)

        def go_on() -> None:
            self.check()
            if failures:
                raise DeliveryError(f"Kafka did not take a chunk of a snapshot of {total} chunks: {failures[0].str()}.")

        for number, chunk in enumerate(chunks):
            key = f"{partition}/{snapshot_id}/{number}/{total}".encode()
            self._produce(self._snapshots, go_on, topics.SNAPSHOTS, chunk, key, partition, delivered)
        _flush(self._snapshots, go_on)
        if len(offsets) != total:
            raise DeliveryError(f"Kafka took {len(offsets)} of {total} chunks of a snapshot.")
        return sorted(offsets)

    async def room(self) -> None:
        """Let the event loop run; wait while the queue is half full, as when Kafka is away."""
        await asyncio.sleep(0)
        while len(self._producer) > QUEUE_MESSAGES // 2:
            self.check()
            await asyncio.sleep(0.05)

    def wait(self) -> None:
        """Wait until everything queued was acknowledged; nothing may be sent meanwhile. Raises DeliveryError when something was not."""
        _flush(self._producer, self.check)

    def check(self) -> None:
        """Raise DeliveryError if a message could not be delivered."""
        if self._failure is not None:
            raise DeliveryError(self._failure)

    def _put(self, topic: str, value: bytes, key: bytes | None, partition: int, headers: Headers | None = None) -> None:
        self._produce(self._producer, self.check, topic, value, key, partition, self._on_delivery, headers)

    def _produce(
        self,
        producer: Producer,
        go_on: Callable[[], None],
        topic: str,
        value: bytes,
        key: bytes | None,
        partition: int,
        report: Callable[[KafkaError | None, Message], None],
        headers: Headers | None = None,
    ) -> None:
        """Queue a message; while the queue is full wait for as long as `go_on` does not raise."""
        while True:
            try:
                if headers is None:
                    producer.produce(topic, value, key, partition, report)
                else:
                    producer.produce(topic, value, key, partition, report, headers=headers)
            except BufferError:
                producer.poll(0.1)
                go_on()
            except KafkaException as error:
                raise DeliveryError(_refusal(error.args[0], topic, partition, value, key)) from error
            else:
                return

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is not None and self._failure is None:
            self._failure = f"Kafka did not take a message for {message.topic()}, partition {message.partition()}: {sentence_of(error)}."

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal() and self._failure is None:
            self._failure = f"The producer cannot go on: {sentence_of(error)}."


def _refusal(error: KafkaError, topic: str, partition: int, value: bytes, key: bytes | None) -> str:
    """Which message Kafka's client did not take: enough to find what made it."""
    message_type = _TYPE.search(value[:500])
    return (
        f"Kafka did not take a message of {len(value)} bytes for {topic}, partition {partition}, "
        f"type {message_type[1].decode() if message_type else 'unknown'}, "
        f"key {printable((key or b'').decode('utf-8', 'replace'), 80)!r}: {error.str()}."
    )


def _flush(producer: Producer, check: Callable[[], None]) -> None:
    """Wait until nothing is queued; librdkafka itself gives every message up after DELIVERY_SECONDS."""
    until, left = time.monotonic() + DELIVERY_SECONDS + 10, len(producer)
    while (waiting := producer.flush(1.0)) > 0:
        check()
        if waiting < left:
            until, left = time.monotonic() + DELIVERY_SECONDS + 10, waiting
        if time.monotonic() > until:
            raise DeliveryError(f"Kafka did not acknowledge {waiting} messages in {DELIVERY_SECONDS:.0f} s.")
    check()
