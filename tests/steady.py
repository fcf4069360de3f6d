"""Sales at an even rate for minutes: delay and memory must stay flat. python -m tests.steady --help.

Starts a Kafka and one worker, sends sales one by one and takes them from `sales.accepted`; the delay of a sale is from its
sending to its coming out. Prints a line for each half minute. Exit code 0: the last half minute is like the second one (the first
one warms up), in delay and in the worker's memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import psutil
from confluent_kafka import Consumer, Producer

from streams.contract.topics import ACCEPTED, EVENTS, PARTITIONER
from streams.kafka.clients import librdkafka
from tests.servers.jars import MissingError
from tests.servers.kafka import JarKafka, MockKafka
from tests.servers.processes import Workers

WINDOW_SECONDS = 30.0
REST_SECONDS = 30.0
"""How long the last sales may take to come out."""

STORES, ITEMS = 20, 50
SLOWER, SLACK_MS = 1.5, 50.0
MORE_MEGABYTES = 25.0
"""By how much the worker may grow a minute at 3,000 sales: the dedupe window takes its ids."""


class Steady:
    """An even stream through a worker, and how long each sale took."""

    def __init__(self, kafka, directory: Path, rate: int, seconds: float) -> None:
        self.kafka, self.rate, self.seconds = kafka, rate, seconds
        self.workers = Workers(kafka, directory)
        self.delays: dict[int, list[float]] = defaultdict(list)
        self.memory: dict[int, float] = {}
        self._sent: dict[str, float] = {}
        self._began = 0.0
        self._done = threading.Event()

    def run(self) -> list[tuple[int, float, float, float, float]]:
        """(sales, p50, p99 in ms, ms until the last, worker's MB) of each half minute."""
        worker = self.workers.start(SHELFCAST_CHECKPOINT_SECONDS="10", SHELFCAST_CHECKPOINT_EVENTS="50000")
        self.workers.ready(worker)
        reading = threading.Thread(target=self._read)
        reading.start()
        try:
            self._send(psutil.Process(worker.pid), worker)
            until = time.monotonic() + REST_SECONDS
            while self._sent and time.monotonic() < until:
                time.sleep(0.1)
            assert worker.poll() is None, f"the worker ended: {self.workers.said()[-3000:]}"
        finally:
            self._done.set()
            reading.join()
            self.workers.close()
        assert not self._sent, f"{len(self._sent)} sales never came out"
        return [
            (len(found), *np.percentile(np.array(found) * 1000, (50, 99)), max(found) * 1000, self.memory[window])
            for window, found in sorted(self.delays.items())
            if window in self.memory
        ]

    def _send(self, process: psutil.Process, worker: subprocess.Popen) -> None:
        producer = Producer(librdkafka(self.kafka.settings) | {"partitioner": PARTITIONER, "linger.ms": 2})
        self._began = began = time.monotonic()
        number = 0
        while (age := time.monotonic() - began) < self.seconds:
            while number < age * self.rate:
                store = f"store {number % STORES}"
                sale = {"type": "sale-recorded.v1", "event_id": f"e{number}", "store": store, "item": f"item {number * 7 % ITEMS}",
                        "quantity": 1, "unit_price": 2, "sold_at": time.time()}  # fmt: skip
                self._sent[f"e{number}"] = time.monotonic()
                producer.produce(EVENTS, json.dumps(sale), key=store)
                number += 1
            producer.poll(0)
            self.memory[int(age / WINDOW_SECONDS)] = process.memory_info().rss / 1e6
            assert worker.poll() is None, f"the worker ended after {age:.0f} s: {self.workers.said()[-3000:]}"
            time.sleep(0.005)
        assert producer.flush(20) == 0

    def _read(self) -> None:
        group = {"group.id": "steady", "auto.offset.reset": "earliest", "fetch.wait.max.ms": 10}
        consumer = Consumer(librdkafka(self.kafka.settings) | group)
        consumer.subscribe([ACCEPTED])
        while not self._done.is_set():
            message = consumer.poll(0.05)  # one by one: many at once would be waited for
            if message is None:
                continue
            assert message.error() is None, message.error()
            sent = self._sent.pop(json.loads(message.value())["event_id"], None)
            if sent is not None:
                self.delays[int((sent - self._began) / WINDOW_SECONDS)].append(time.monotonic() - sent)
        consumer.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--rate", type=int, default=1000, help="sales a second")
    parser.add_argument("--embedded", action="store_true", help="the embedded Kafka, also where Apache Kafka can be had")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="shelfcast-steady-") as name:
        directory = Path(name)
        try:
            kafka = MockKafka() if arguments.embedded else JarKafka(directory)
        except MissingError as error:
            print(f"{error}: the embedded Kafka is taken")
            kafka = MockKafka()
        try:
            kafka.make_topics()
            windows = Steady(kafka, directory, arguments.rate, arguments.minutes * 60).run()
        finally:
            kafka.close()
    print(f"{kafka.name}, {arguments.rate} sales/s\n  sales  p50 ms  p99 ms  max ms  worker MB")
    for sales, p50, p99, worst, megabytes in windows:
        print(f"{sales:7d} {p50:7.0f} {p99:7.0f} {worst:7.0f} {megabytes:10.1f}")
    early, late = windows[1], windows[-1]
    if late[1] > SLOWER * early[1] + SLACK_MS:
        print("FAILED: the delay grows")
        return 1
    if late[4] > early[4] + MORE_MEGABYTES * max(1.0, arguments.minutes * arguments.rate / 3000):
        print("FAILED: the worker's memory grows")
        return 1
    print("PASSED")
    return 0


if __name__ == "__main__":
    sys.exit(main())
