"""Memory of a worker while events go through it: python -m tests.bench.bench_memory [--events 1000000].

Ten parts of the log, each published when the one before is committed; the resident memory after each. The dedupe window is
small, so that it is full after the first parts: what memory grows by after that would be a leak, or the models' history.
"""

import argparse
import os
import subprocess
import sys
import time

import psutil
from confluent_kafka import Producer

from streams.contract.settings import KafkaSettings
from streams.kafka.clients import librdkafka
from tests.bench.bench_stream import broker, events
from tests.servers.reading import committed

GROUP, PARTS, PART_SECONDS = "bench-memory", 10, 120


def taken(kafka: KafkaSettings) -> int:
    """Events the group has committed; 0 while there is no group yet."""
    try:
        return sum(max(place.offset, 0) for place in committed(kafka, GROUP))
    except Exception:
        return 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=1_000_000)
    with broker() as (kafka, name, most):
        count = min(parser.parse_args().events, most or sys.maxsize)
        environment = os.environ | {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "MONGODB_URI": "mongodb://127.0.0.1:1", "SHELFCAST_GROUP": GROUP,
            "SHELFCAST_DEDUPE_WINDOW": "20000", "SHELFCAST_CHECKPOINT_SECONDS": "2", "OPENBLAS_NUM_THREADS": "1",
        }  # fmt: skip
        print(f"{count:,} events on {name}", flush=True)
        command = [sys.executable, "-m", "deploy.cli", "worker", "--metrics-port", "0"]
        worker = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        try:
            measure(kafka, events(count), psutil.Process(worker.pid))
        finally:
            worker.terminate()
            worker.wait(20)


def measure(kafka: KafkaSettings, log: list[tuple[bytes, bytes]], worker: psutil.Process) -> None:
    producer = Producer(librdkafka(kafka) | {"partitioner": "murmur2_random", "queue.buffering.max.messages": 2_000_000})
    part, found = len(log) // PARTS, []
    for number in range(1, PARTS + 1):
        for key, value in log[(number - 1) * part : number * part]:
            producer.produce("sales.events", value, key)
        producer.flush()
        until = time.monotonic() + PART_SECONDS
        while taken(kafka) < number * part:
            assert time.monotonic() < until, f"the worker committed {taken(kafka)} of {number * part} events"
            time.sleep(0.2)
        found.append(worker.memory_info().rss)
        print(f"{number * part:>10,} events  {found[-1] / 1e6:6.1f} MB", flush=True)
    half = PARTS // 2
    growth = (found[-1] - found[half - 1]) / (part * (PARTS - half))
    print(f"second half: {growth:+.1f} bytes an event")


if __name__ == "__main__":
    main()
