"""Publishes a simulation to Kafka, on its own clock or as fast as possible."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Final

from producers.delivery import Delivery
from producers.publisher import Publisher
from producers.simulate.simulator import Simulated

_SLICE: Final = 2_000
_IN_FLIGHT: Final = 16


def publish(
    messages: Iterable[Simulated],
    publisher: Publisher,
    *,
    speed: float | None = None,
    max_lag: int | None = None,
    lag: Callable[[], int] | None = None,
    progress: Callable[[int, float], None] | None = None,
    stop: threading.Event | None = None,
) -> bool:
    """Publish every message, with its event time as the record's time; returns whether it reached the end before `stop`.

    speed: event seconds per second, None: as fast as possible. progress: called with the number of events so far and their time.
    Raises DeliveryError if Kafka does not take a message in time.
    """
    stop = stop or threading.Event()
    timeout = publisher.settings.delivery_timeout_seconds
    sent: deque[Delivery] = deque()
    source = iter(messages)
    clock: tuple[float, float] | None = None
    count = 0
    while not stop.is_set():
        part = list(islice(source, _SLICE if speed is None else 100))
        if not part:
            break
        if speed is not None:
            clock = clock or (time.monotonic(), part[0].at)
            stop.wait(max(0.0, (part[-1].at - clock[1]) / speed - (time.monotonic() - clock[0])))
        while lag is not None and max_lag is not None and lag() + publisher.waiting > max_lag and not stop.is_set():
            stop.wait(0.1)
        sent.append(publisher.publish_all([m.key for m in part], [m.raw for m in part], [m.at for m in part], wait_seconds=timeout))
        count += len(part)
        while len(sent) > _IN_FLIGHT or (sent and sent[0].done):
            sent.popleft().wait(timeout + 5)
        if progress:
            progress(count, part[-1].at)
    for delivery in sent:
        delivery.wait(timeout + 5)
    return not stop.is_set()
