"""How long a sale takes from its publication to its accepted message: python -m tests.bench.latency --help.

The worker has one processor core, sender and reader another. A delay is what a reader's clock says when it has the accepted message,
less the timestamp of the sale's own record. It begins when the worker has done all that came before, and within each run a store of
1,000 items closes a day and snapshots are written: how many forecasts and chunks came out stands beside the delays.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from confluent_kafka import Consumer, KafkaException, TopicPartition

from streams.contract import topics
from streams.contract.settings import KafkaSettings
from streams.kafka.clients import librdkafka
from tests.bench import sender
from tests.bench.broker import broker

CLOSING_ITEMS, CLOSING_DAYS = 1000, 3
MOST_KEPT_A_SECOND = 5000
"""Accepted messages kept to be decoded after a run: all up to this rate, then one in so many."""

READY_SECONDS, REST_SECONDS = 180.0, 30.0


class Origin(msgspec.Struct):
    """Where an accepted sale came from."""

    offset: int


decode = msgspec.json.Decoder(Origin).decode


class Reader(threading.Thread):
    """Reads sales.accepted from its end on, and notes when it had each message."""

    def __init__(self, kafka: KafkaSettings) -> None:
        super().__init__(daemon=True)
        self._consumer = _consumer(kafka, "bench-latency-reader", {"fetch.wait.max.ms": 10})
        places = [TopicPartition(topics.ACCEPTED, p, end) for p, end in enumerate(_ends(self._consumer, topics.ACCEPTED))]
        self._consumer.assign(places)
        self._done = threading.Event()
        self.every = 1
        self.seen = 0
        self.kept: list[tuple[float, int, bytes]] = []

    def run(self) -> None:
        poll, now = self._consumer.poll, time.time
        while not self._done.is_set():
            message = poll(0.1)
            if message is None or message.error() is not None:
                continue
            self.seen += 1
            if self.seen % self.every == 0:
                self.kept.append((now(), message.partition(), message.value()))

    def fresh(self, every: int) -> None:
        """Forget what was read; keep one message in `every` from now on."""
        self.seen, self.kept, self.every = 0, [], every

    def wait(self, count: int, seconds: float, worker: subprocess.Popen[bytes]) -> None:
        """Until so many were read."""
        until = time.monotonic() + seconds
        while self.seen < count:
            assert worker.poll() is None, f"the worker ended with code {worker.returncode}"
            assert time.monotonic() < until, f"{self.seen} of {count} sales came out in {seconds:.0f} s"
            time.sleep(0.05)

    def close(self) -> None:
        self._done.set()
        self.join()
        self._consumer.close()


def latency(kafka: KafkaSettings, rates: dict[str, float], seconds: float) -> dict[str, dict[str, float]]:
    """By the rate's name: p50, p99 and longest delay in seconds, how many it is of, and what the sender kept to."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    own, other = (cores[0], cores[-1]) if len(cores) > 1 else (None, None)
    reader = Reader(kafka)
    with _worker(kafka, own) as worker:
        if other is not None:
            os.sched_setaffinity(0, {other})
        reader.start()
        try:
            _prepare(kafka, rates, reader, worker)
            return {name: _measured(kafka, name, rate, seconds, reader, worker, other) for name, rate in rates.items()}
        finally:
            reader.close()
            if cores:
                os.sched_setaffinity(0, cores)


def _prepare(kafka: KafkaSettings, rates: dict[str, float], reader: Reader, worker: subprocess.Popen[bytes]) -> None:
    """Give each run a store of 1,000 items with a day to close, and wait until the worker is done with them and all before them."""
    producer, before = sender.producer_of(kafka), 0
    for name in rates:
        for key, value in sender.days_before(_closing(name), CLOSING_ITEMS, CLOSING_DAYS):
            producer.produce(topics.EVENTS, value, key)
            before += 1
    assert producer.flush(60) == 0
    reader.wait(before, READY_SECONDS, worker)
    quiet_since, seen = time.monotonic(), reader.seen
    while time.monotonic() - quiet_since < 2.0:  # what lay in the log before comes out as well
        if reader.seen != seen:
            seen, quiet_since = reader.seen, time.monotonic()
        time.sleep(0.1)


def _measured(
    kafka: KafkaSettings, name: str, rate: float, seconds: float, reader: Reader, worker: subprocess.Popen[bytes], cpu: int | None
) -> dict[str, float]:
    reader.fresh(max(1, -(-int(rate) // MOST_KEPT_A_SECOND)))
    asking = _consumer(kafka, "bench-latency-times", {})
    first = _ends(asking, topics.EVENTS)
    before = [sum(_ends(asking, topic)) for topic in (topics.FORECASTS, topics.SNAPSHOTS)]
    command = [sys.executable, "-m", "tests.bench.sender", kafka.bootstrap_servers, str(rate), str(seconds), _closing(name)]
    done = subprocess.run([*command, "any" if cpu is None else str(cpu)], capture_output=True, text=True, check=True, timeout=seconds + 120)
    pace = json.loads(done.stdout)
    reader.wait(pace["sent"], REST_SECONDS, worker)
    kept = list(reader.kept)
    published = [_timestamps(asking, partition, begin) for partition, begin in enumerate(first)]
    delays = np.array([at - published[partition][decode(value).offset - first[partition]] for at, partition, value in kept])
    delays = delays[np.isfinite(delays)]  # the embedded stand-in forgets the oldest
    after = [sum(_ends(asking, topic)) for topic in (topics.FORECASTS, topics.SNAPSHOTS)]
    asking.close()
    p50, p99 = np.percentile(delays, (50, 99))
    return {
        "p50_seconds": round(float(p50), 4),
        "p99_seconds": round(float(p99), 4),
        "max_seconds": round(float(delays.max()), 4),
        "n": len(delays),
        "rate": round(rate),
        "sent_rate": round(pace["rate"], 1),
        "latest_behind_seconds": round(pace["latest_behind_seconds"], 4),
        "forecasts": after[0] - before[0],
        "snapshot_chunks": after[1] - before[1],
    }


def _timestamps(consumer: Consumer, partition: int, first: int) -> np.ndarray:
    """Seconds since 1970 at which the events from offset `first` to the end of a partition say they were made; nan: no longer there."""
    low, end = consumer.get_watermark_offsets(TopicPartition(topics.EVENTS, partition), timeout=20)
    times, position = np.full(end - first, np.nan), max(low, first)
    consumer.assign([TopicPartition(topics.EVENTS, partition, position)])
    while position < end:
        for message in consumer.consume(5000, 0.5):
            assert message.error() is None, message.error()
            position = message.offset() + 1
            times[message.offset() - first] = message.timestamp()[1] / 1000
    return times


def _ends(consumer: Consumer, topic: str) -> list[int]:
    """Where the log of each partition ends; a topic that was just made has no leaders for a moment."""
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            count = len(consumer.list_topics(topic, timeout=15).topics[topic].partitions)
            return [consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=15)[1] for p in range(count)]
        except KafkaException:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)


def _consumer(kafka: KafkaSettings, group: str, more: dict[str, Any]) -> Consumer:
    return Consumer(librdkafka(kafka) | {"group.id": group, "enable.auto.commit": False, "auto.offset.reset": "earliest"} | more)


def _closing(name: str) -> str:
    return f"large store of {name}"


@contextmanager
def _worker(kafka: KafkaSettings, cpu: int | None) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "deploy.cli", "worker", "--metrics-port", "0"]
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "MONGODB_URI": "mongodb://127.0.0.1:1",
        "SHELFCAST_GROUP": f"bench-latency-{time.time_ns()}", "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    worker = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        if cpu is not None:
            os.sched_setaffinity(worker.pid, {cpu})
        yield worker
    finally:
        worker.terminate()
        try:
            worker.wait(20)
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rates", type=float, nargs="+", default=[1000.0, 5000.0], help="sales a second, one run each")
    parser.add_argument("--seconds", type=float, default=25.0, help="how long each run sends")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    with broker() as (kafka, name, _):
        found = latency(kafka, {f"{rate:.0f}": rate for rate in options.rates}, options.seconds)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    print(name)
    for rate, figures in found.items():
        print(rate, json.dumps(figures))


if __name__ == "__main__":
    main()
