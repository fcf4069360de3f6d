"""The service: reads `sales.forecasts` in its own group, writes purchase orders, then commits.

This is the pattern to copy. Each effect has its own name (store and day) and remembers the messages it holds, and it is written before the
offset is committed. So a message that is read again changes nothing, and one whose effect was not written is read again.
"""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from prometheus_client import CollectorRegistry, Counter

from consumers.replenishment import csv_file
from consumers.replenishment.order_pages import OrderPages
from consumers.replenishment.orders import Incomplete, OrderBook, Part
from consumers.replenishment.replenishment_settings import ReplenishSettings
from consumers.store.mongo import MongoDocuments
from streams.contract.codec import decode_output, printable
from streams.contract.errors import FileError, ServerError
from streams.contract.messages import PredictedSales, ShelfAllocation
from streams.contract.settings import KafkaSettings, MongoSettings
from streams.contract.topics import FORECASTS
from streams.kafka.clients import consumer
from streams.kafka.quiet_log import RateLimited
from streams.kafka.trouble import sentence_of
from streams.mongodb.client import connect

MESSAGES_AT_ONCE: Final = 1000
POLL_SECONDS: Final = 0.5
WAIT_SECONDS: Final = 1.0

_logger = logging.getLogger(__name__)


class ReplenishmentService:
    """Writes purchase orders until stopped."""

    def __init__(self, kafka: KafkaSettings, mongo: MongoSettings, settings: ReplenishSettings, registry: CollectorRegistry) -> None:
        self._settings = settings
        self._directory = Path(settings.directory)
        self._stopping = threading.Event()
        self._log = RateLimited(_logger)
        self._assigned_anew = False
        self._books: dict[int, OrderBook] = {}
        self._next: dict[int, int] = {}
        self._committed: dict[int, int] = {}
        outcomes = "Shelf plans by outcome: written, repeated (read again and dropped), or incomplete (parts are missing)."
        self._plans = Counter("shelfcast_replenishment_plans", outcomes, ["outcome"], registry=registry)
        self._unreadable = Counter("shelfcast_replenishment_unreadable", "Messages that could not be read.", registry=registry)
        self._client = connect(mongo, "shelfcast-replenishment")
        self._orders = OrderPages(MongoDocuments(self._client[mongo.database], mongo.shown))
        self._consumer = consumer(
            kafka,
            settings.group,
            {
                "client.id": settings.group,
                "auto.offset.reset": "earliest",
                "session.timeout.ms": int(settings.session_seconds * 1000),
                "heartbeat.interval.ms": int(settings.session_seconds * 300),
                "partition.assignment.strategy": "range",
                "topic.metadata.refresh.interval.ms": 5000,
                "fetch.wait.max.ms": 100,
                "error_cb": self._trouble,
            },
        )

    def stop(self) -> None:
        """Stop after the messages at hand. Safe to call from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Read until stopped."""
        self._consumer.subscribe([FORECASTS], on_assign=self._assign, on_revoke=self._revoke, on_lost=self._revoke)
        try:
            while not self._stopping.is_set():
                messages = self._consumer.consume(MESSAGES_AT_ONCE, timeout=POLL_SECONDS)
                if self._assigned_anew:
                    # These messages belong to the old assignment: they are read again from the last commit.
                    self._assigned_anew = False
                    self._consumer.resume(self._consumer.assignment())
                elif messages and self._taken(messages):
                    self._commit()
        finally:
            self._consumer.close()
            self._client.close()

    def _taken(self, messages: Sequence[Message]) -> bool:
        """Process messages; False if the partitions changed hands before all were processed."""
        for message in messages:
            error, partition, offset, raw = message.error(), message.partition(), message.offset(), message.value()
            if error is not None or partition is None or offset is None:
                if error is not None:
                    self._trouble(error)
                continue
            book = self._books.get(partition)
            if book is None or not self._take(book, raw or b"", partition, offset):
                return False
            self._next[partition] = offset + 1
        return True

    def _take(self, book: OrderBook, raw: bytes, partition: int, offset: int) -> bool:
        try:
            output = decode_output(raw)
        except ValueError as error:
            self._unreadable.inc()
            sentence = f"{FORECASTS} {partition} at {offset} cannot be read: {printable(str(error))}"
            self._log.say(logging.ERROR, "unreadable", sentence)
            return True
        if isinstance(output, PredictedSales):
            book.forecast(output, offset)
            for plan in book.take_given_up():
                self._give_up(plan)
        elif isinstance(output, ShelfAllocation) and (parts := book.plan(output, offset)):
            return self._insist(parts, partition)
        return True

    def _give_up(self, plan: Incomplete) -> None:
        self._plans.labels("incomplete").inc()
        named = f"{printable(plan.shelf)} in {printable(plan.store)}, closed on {plan.origin}"
        sentence = f"Nothing is ordered from the plan of {named}: only {plan.parts_there} of its {plan.parts} parts came."
        self._log.say(logging.ERROR, "incomplete", sentence)

    def _insist(self, parts: Sequence[Part], partition: int) -> bool:
        """Write a plan's parts, however long the servers are away; False if the partition went to another process."""
        new, store, origin = False, parts[0].store, parts[0].origin
        while True:
            try:
                for part in parts:
                    new |= self._orders.add(part)
                csv_file.write(self._directory, self._orders.order(store, origin))
            except (ServerError, FileError, OSError) as error:
                sentence = f"The order of {printable(store)} is not written yet; trying again: {error}"
                self._log.say(logging.WARNING, "write", sentence)
            else:
                self._plans.labels("written" if new else "repeated").inc()
                return True
            if self._stopping.is_set() or not self._waited(partition):
                return False

    def _waited(self, partition: int) -> bool:
        """Wait without leaving the group; returns whether the partition is still ours."""
        book = self._books.get(partition)
        assigned = self._consumer.assignment()
        self._consumer.pause(assigned)
        self._stopping.wait(WAIT_SECONDS)
        self._consumer.poll(0)
        still = self._books.get(partition) is book
        if not self._assigned_anew:
            self._consumer.resume(self._consumer.assignment())
        return still

    def _commit(self) -> None:
        """Tell the group from where a restart must read."""
        safe = {p: self._books[p].safe_offset(offset) for p, offset in self._next.items() if p in self._books}
        moved = [TopicPartition(FORECASTS, p, offset) for p, offset in safe.items() if offset != self._committed.get(p)]
        if not moved:
            return
        try:
            self._consumer.commit(offsets=moved, asynchronous=False)
        except KafkaException as error:
            # Reading these messages again would change nothing; the next commit covers them.
            self._log.say(logging.WARNING, "commit", f"Kafka did not take the commit: {sentence_of(error.args[0])}")
        else:
            self._committed |= safe

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._assigned_anew = True
        self._books = {each.partition: OrderBook(self._settings) for each in partitions}
        self._next, self._committed = {}, {}
        consumer.assign(partitions)
        consumer.pause(partitions)

    def _revoke(self, consumer: Consumer, _partitions: list[TopicPartition]) -> None:
        self._books, self._next, self._committed = {}, {}, {}
        consumer.unassign()

    def _trouble(self, error: KafkaError) -> None:
        self._log.say(logging.WARNING, str(error.code()), f"Kafka: {sentence_of(error)}; trying again")
