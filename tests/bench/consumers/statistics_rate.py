"""Sales a second through `ConsumerService` over the embedded stand-ins: python tests/bench/consumers/statistics_rate.py [SALES].

The producer waits when it is 40,000 sales ahead: the embedded Kafka keeps about 5 MB a partition.
"""

import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from prometheus_client import CollectorRegistry
from pymongo import MongoClient

from consumers.runtime.consumer_settings import ConsumeSettings
from consumers.runtime.service import ConsumerService
from streams.contract.codec import encode
from streams.contract.documents import DAY_UNITS
from streams.contract.messages import SaleAccepted
from streams.contract.settings import KafkaSettings, MongoSettings, Secret
from streams.contract.topics import ACCEPTED, partition_of

STORES, ITEMS, SALES_A_DAY, PARTITIONS = 12, 40, 3560, 4


def consume(broker: str, uri: str) -> None:
    """A process of its own, as in production."""
    service = ConsumerService(KafkaSettings(broker), MongoSettings(Secret(uri)), ConsumeSettings(), CollectorRegistry(), log_id="bench")
    signal.signal(signal.SIGTERM, lambda *_: service.stop())
    service.run()


def sale(number: int, rng: random.Random, seqs: list[int]) -> SaleAccepted:
    """A sale of a chain of 12 stores and 40 items, days following one another."""
    store = f"store {rng.randrange(STORES)}"
    partition = partition_of(store, PARTITIONS)
    seqs[partition] += 1
    day = date(2025, 1, 1) + timedelta(days=number // SALES_A_DAY)
    cents = rng.randrange(50, 900)
    return SaleAccepted(
        event_id=f"event-{number:09}",
        store=store,
        item=f"item {rng.randrange(ITEMS)}",
        quantity=1.0,
        sold_at=1.7e9 + number,
        business_date=day.isoformat(),
        hour=rng.randrange(8, 21),
        revenue_micros=cents * 10_000,
        profit_micros=cents * 2_000,
        partition=partition,
        offset=2 * seqs[partition],
        seq=seqs[partition],
        order_id=f"order-{number // 8}",
    )


def cpu_seconds(pid: int) -> float:
    """CPU time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> int:
    """Resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 // 1_000_000


def measure(count: int, directory: str) -> None:
    """Produce, consume, print."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).with_name("nx-27017")
    command = [str(program), "--db", f"{directory}/db", "-p", str(port), "--pid-file", f"{directory}/pid", "--log-file", f"{directory}/log"]
    mongo = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    producer = Producer({"test.mock.num.brokers": 1, "linger.ms": 5, "queue.buffering.max.messages": 500_000})
    broker = str(next(iter(producer.list_topics(timeout=10).brokers.values()))).partition("/")[0]
    uri = f"mongodb://127.0.0.1:{port}"
    consumer = multiprocessing.get_context("spawn").Process(target=consume, args=(broker, uri))
    consumer.start()
    progress: Any = MongoClient(uri)["shelfcast"]["progress"]
    rng, seqs = random.Random(1), [0] * PARTITIONS
    units = 0

    def applied() -> int:
        return sum(document["seq"] for document in progress.find({"reader": "statistics"}))

    try:
        started = None
        done = 0
        for number in range(count):
            one = sale(number, rng, seqs)
            units += int(one.quantity * 1000)
            producer.produce(ACCEPTED, encode(one), one.store, partition=one.partition)
            if number % 5000 == 4999:
                producer.flush()
                while number - done > 40_000:
                    time.sleep(0.05)
                    done = applied()
                    started = started or (time.perf_counter(), done, cpu_seconds(consumer.pid or 0), cpu_seconds(mongo.pid))
        producer.flush()
        while (done := applied()) < count:
            time.sleep(0.05)
        assert started is not None, "give more sales than 40,000"
        since, first, consumer_cpu, mongo_cpu = started
        seconds, sales = time.perf_counter() - since, count - first
        print(f"{sales} sales in {seconds:.1f} s: {sales / seconds:,.0f}/s with a Python producer on the same cores")
        used = cpu_seconds(consumer.pid or 0) - consumer_cpu, cpu_seconds(mongo.pid) - mongo_cpu
        print(f"CPU: consumer {used[0]:.1f} s, database {used[1]:.1f} s: {sales / sum(used):,.0f} sales a CPU-second")
        print(f"memory: consumer {rss_mb(consumer.pid or 0)} MB, database {rss_mb(mongo.pid)} MB")
        rows = MongoClient(uri)["shelfcast"]["store_months"].find({})
        total = sum(row[DAY_UNITS] for document in rows for row in document["days"].values())
        print("units equal what was sent:", total == units)
    finally:
        consumer.terminate()
        consumer.join(20)
        mongo.kill()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as where:
        measure(int(sys.argv[1]) if len(sys.argv) > 1 else 300_000, where)
