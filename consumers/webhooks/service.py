"""The process: for each hook a thread and a consumer group, so that a hook that is away holds up no other.

A message is sent, then its offset is committed. A crash between the two sends it again, with the same id.
"""

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from prometheus_client import CollectorRegistry, Counter, Gauge

from consumers.webhooks.courier import GAVE_UP, GONE, LEFT, OTHER, Courier
from consumers.webhooks.hooks import Hook
from consumers.webhooks.sending import Connection
from streams.contract.settings import KafkaSettings
from streams.contract.topics import FORECASTS
from streams.kafka.clients import consumer
from streams.kafka.quiet_log import RateLimited
from streams.kafka.trouble import sentence_of

_AT_ONCE: Final = 200
_POLL_SECONDS: Final = 0.5
_ASK_SECONDS: Final = 10.0
_logger = logging.getLogger(__name__)


class WebhookMetrics:
    """The metrics of one process, on the registry that it is given."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.messages = Counter(
            "shelfcast_webhook_messages", "Messages by outcome: sent, repeated, gave_up, gone.", ["hook", "outcome"], registry=registry
        )
        self.failures = Counter("shelfcast_webhook_failures", "Attempts that failed.", ["hook"], registry=registry)
        self.waiting = Gauge("shelfcast_webhook_waiting", "1: a message is being tried again.", ["hook"], registry=registry)


class HookReader:
    """Reads `sales.forecasts` for one hook, in its own group, from now on or from where the group has come."""

    def __init__(self, kafka: KafkaSettings, hook: Hook, metrics: WebhookMetrics, patience_seconds: float) -> None:
        self._hook, self._metrics = hook, metrics
        self._stopping = threading.Event()
        self._generation = 0
        self._connection = Connection()
        self._courier = Courier(hook, self._connection, self._waited, patience_seconds)
        self._log = RateLimited(_logger)
        more = {
            "auto.offset.reset": "latest",
            "session.timeout.ms": 6_000,
            "heartbeat.interval.ms": 2_000,
            "error_cb": self._trouble,
            "fetch.wait.max.ms": 100,
        }
        self._consumer = consumer(kafka, f"shelfcast-webhook-{hook.name}", more | {"client.id": f"webhook-{hook.name}"})

    def stop(self) -> None:
        """Stop after the message at hand. Safe to call from any thread."""
        self._stopping.set()

    def run(self) -> None:
        """Read and send until stopped, or until the hook is gone."""
        self._consumer.subscribe([FORECASTS], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke)
        try:
            while not self._stopping.is_set():
                generation = self._generation
                messages = self._consumer.consume(_AT_ONCE, timeout=_POLL_SECONDS)
                if generation != self._generation:
                    # These messages belong to the old assignment; the new one has waited for this.
                    self._consumer.resume(self._consumer.assignment())
                elif not self._brought(messages):
                    break
        finally:
            self._consumer.close()
            self._connection.close()

    def _brought(self, messages: Sequence[Message]) -> bool:
        """Bring messages and commit them; False if the hook is gone."""
        generation, done = self._generation, dict[int, int]()
        for message in messages:
            error, partition, offset = message.error(), message.partition(), message.offset()
            if error is not None or partition is None or offset is None:
                if error is not None:
                    self._trouble(error)
                continue
            outcome = self._bring(message.value() or b"")
            if outcome == GONE:
                self._commit(done)
                _logger.error("Webhook %s answered 410: it gets nothing more until this process starts again.", self._hook.name)
                return False
            if outcome == LEFT or generation != self._generation:
                break
            done[partition] = offset + 1
        if generation == self._generation:
            self._commit(done)
        return True

    def _bring(self, raw: bytes) -> str:
        brought = self._courier.bring(raw)
        name = self._hook.name
        self._metrics.failures.labels(name).inc(brought.attempts)
        self._metrics.waiting.labels(name).set(0)
        if brought.outcome not in (OTHER, LEFT):
            self._metrics.messages.labels(name, brought.outcome).inc()
        if brought.outcome == GAVE_UP:
            self._log.say(
                logging.ERROR, "gave up", f"Webhook {name} did not take a message in {brought.attempts} attempts; it is passed over."
            )
        return brought.outcome

    def _waited(self, seconds: float) -> bool:
        """Wait without leaving the group; returns whether the partitions are still ours."""
        generation = self._generation
        self._metrics.waiting.labels(self._hook.name).set(1)
        self._log.say(logging.WARNING, "waiting", f"Webhook {self._hook.name} did not take a message; it is tried again.")
        self._consumer.pause(self._consumer.assignment())
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and generation == self._generation and not self._stopping.is_set():
            self._consumer.poll(min(left, 0.2))
        self._consumer.resume(self._consumer.assignment())
        return generation == self._generation and not self._stopping.is_set()

    def _commit(self, done: dict[int, int]) -> None:
        if not done:
            return
        try:
            places = [TopicPartition(FORECASTS, partition, offset) for partition, offset in done.items()]
            self._consumer.commit(offsets=places, asynchronous=False)
        except KafkaException as error:
            # These messages may be sent again, with the same ids; the next commit covers them.
            self._log.say(logging.WARNING, "commit", f"Kafka did not take the commit: {sentence_of(error.args[0])}")

    def _assign(self, reader: Consumer, partitions: list[TopicPartition]) -> None:
        """Go on where the group has come; a partition that it has never read begins now, and this is committed at once."""
        self._generation += 1
        places = reader.committed(partitions, timeout=_ASK_SECONDS)
        for place in places:
            if place.offset < 0:
                place.offset = reader.get_watermark_offsets(place, timeout=_ASK_SECONDS)[1]
        reader.assign(places)
        reader.pause(places)
        self._commit({place.partition: place.offset for place in places})

    def _revoke(self, reader: Consumer, _partitions: list[TopicPartition]) -> None:
        self._generation += 1
        reader.unassign()

    def _trouble(self, error: KafkaError) -> None:
        self._log.say(logging.WARNING, str(error.code()), f"Kafka: {sentence_of(error)}; trying again")


class WebhookService:
    """All hooks, each in a thread, until stopped."""

    def __init__(self, kafka: KafkaSettings, hooks: Sequence[Hook], patience_seconds: float, registry: CollectorRegistry) -> None:
        metrics = WebhookMetrics(registry)
        self._readers = [HookReader(kafka, hook, metrics, patience_seconds) for hook in hooks]
        self._failure: BaseException | None = None

    def stop(self) -> None:
        """Stop all. Safe to call from a signal handler."""
        for reader in self._readers:
            reader.stop()

    def run(self) -> None:
        """Send until stopped. Raises what ended a thread."""
        threads = [threading.Thread(target=self._guarded, args=(reader,), daemon=True) for reader in self._readers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self._failure is not None:
            raise self._failure

    def _guarded(self, reader: HookReader) -> None:
        try:
            reader.run()
        except BaseException as error:  # noqa: BLE001 - whatever ends one thread ends the process
            self._failure = self._failure or error
            self.stop()
