"""Says whether messages that were handed to Kafka together have been acknowledged."""

import asyncio
import contextlib
import threading
from collections.abc import Callable

from confluent_kafka import KafkaError, Message

from streams.contract.errors import DeliveryError
from streams.kafka.trouble import sentence_of


class Delivery:
    """Counts the acknowledgements of `expected` messages.

    Only the publisher's poll thread calls `report`, and only the sending thread calls `refuse`, so neither needs a lock per message.
    """

    __slots__ = ("_callbacks", "_done", "_failed", "_lock", "_refused", "_why", "acknowledged", "expected")

    def __init__(self, expected: int) -> None:
        self.expected = expected
        self.acknowledged = 0
        self._failed = 0
        self._refused = 0
        self._why = ""
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._callbacks: list[Callable[[], None]] = []
        if expected == 0:
            self._finish()

    @property
    def done(self) -> bool:
        """Whether Kafka has answered for every message."""
        return self._done.is_set()

    @property
    def failed(self) -> int:
        """Messages that were not stored, or of which it is unknown."""
        return self._failed + self._refused

    def report(self, error: KafkaError | None, _message: Message | None) -> None:
        """The delivery report of one message, as confluent-kafka calls it."""
        if error is None:
            self.acknowledged += 1
        else:
            self._failed += 1
            self._why = sentence_of(error)
        if self.acknowledged + self._failed + self._refused == self.expected:
            self._finish()

    def refuse(self, messages: int, why: str) -> None:
        """Note that this many messages never reached the buffer."""
        self._refused += messages
        self._why = why
        if self.acknowledged + self._failed + self._refused == self.expected:
            self._finish()

    def check(self) -> None:
        """Raise DeliveryError unless every message was acknowledged."""
        if self.acknowledged != self.expected:
            raise DeliveryError(
                f"Kafka acknowledged {self.acknowledged} of {self.expected} messages"
                f"{': ' + self._why if self._why else ' in time'}. "
                "See that the broker is up (`shelfcast doctor`), then send the rest again."
            )

    def wait(self, timeout_seconds: float) -> None:
        """Block until every message is acknowledged. Raises DeliveryError."""
        self._done.wait(timeout_seconds)
        self.check()

    async def arrived(self, timeout_seconds: float) -> None:
        """The same for asyncio. Raises DeliveryError."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self.when_done(lambda: _tell(loop, future))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(future, timeout_seconds)
        self.check()

    def when_done(self, callback: Callable[[], None]) -> None:
        """Call back once, from the poll thread or immediately; the callback must not raise."""
        with self._lock:
            if not self._done.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def _finish(self) -> None:
        with self._lock:
            self._done.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()


def _tell(loop: asyncio.AbstractEventLoop, future: asyncio.Future[None]) -> None:
    # If the loop has closed meanwhile, nobody waits for the answer.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(lambda: None if future.done() else future.set_result(None))
