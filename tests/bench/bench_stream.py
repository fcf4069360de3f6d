"""Speed of the worker beside a bare loop and bytewax, on one Kafka in one run: python -m tests.bench.bench_stream.

Each contender is a process of its own that reads the same events; contenders take turns, so that a machine that slows down
slows all of them. Ratios are of medians, with the smallest and largest ratio of a turn.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path

import msgspec
from confluent_kafka import Consumer, Producer
from rich.console import Console
from rich.table import Table

from deploy.embedded import stack
from streams.brokers import check_topics
from streams.contract.settings import KafkaSettings

STORES, ITEMS, DAYS = 16, 50, 20
console = Console()


def events(count: int) -> list[tuple[bytes, bytes]]:
    """Key and value of `count` sales of 16 stores over 20 days, about 180 bytes each."""
    rnd, at, out = random.Random(1), 1_735_689_600.0, []
    for number in range(count):
        at += rnd.expovariate(count / (DAYS * 86_400))
        store = f"store {rnd.randrange(STORES)}"
        sale = {
            "type": "sale-recorded.v1", "event_id": f"till-{number:09d}", "store": store, "item": f"item {rnd.randrange(ITEMS)}",
            "quantity": rnd.randrange(1, 5), "unit_price": 1.39, "sold_at": int(at),
        }  # fmt: skip
        out.append((store.encode(), msgspec.json.encode(sale)))
    return out


def publish(kafka: KafkaSettings, sales: list[tuple[bytes, bytes]]) -> None:
    producer = Producer(
        kafka.client()
        | {"partitioner": "murmur2_random", "linger.ms": 20, "compression.type": "lz4", "queue.buffering.max.messages": 2_000_000}
    )
    for key, value in sales:
        producer.produce("sales.events", value, key)
    producer.flush()


def run(name: str, kafka: KafkaSettings, turn: int, count: int) -> float | None:
    """Events a second of one contender; None when it cannot run here."""
    command = [sys.executable, "-m", "tests.bench.contenders", name, kafka.bootstrap_servers, f"bench-{name}-{turn}", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        console.print(f"{name} could not run: {last}", style="yellow", highlight=False)
        return None
    return float(done.stdout.strip().splitlines()[-1])


def latency(kafka: KafkaSettings, rate: float, seconds: float) -> dict[str, float]:
    """Seconds from a sale's publication to its accepted message, at `rate` events/s: p50 and p99."""
    command = [sys.executable, "-m", "deploy.cli", "worker", "--metrics-port", "0"]
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers, "MONGODB_URI": "mongodb://127.0.0.1:1", "SHELFCAST_GROUP": "bench-latency",
        "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    worker = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    consumer = Consumer(kafka.client() | {"group.id": f"bench-latency-{time.time()}", "auto.offset.reset": "latest"})
    consumer.subscribe(["sales.accepted"])
    producer = Producer(kafka.client() | {"partitioner": "murmur2_random", "linger.ms": 2, "compression.type": "lz4"})
    delays: list[float] = []
    started, sent, number = time.time() + 8, 0, 0  # eight seconds to join
    try:
        while time.time() < started + seconds + 3:
            now = time.time()
            while started <= now < started + seconds and sent < (now - started) * rate:
                number += 1
                sent += 1
                sale = {
                    "event_id": f"late-{now!r}-{number}",
                    "store": f"store {number % STORES}",
                    "item": "item 1",
                    "quantity": 1,
                    "unit_price": 1.0,
                    "sold_at": now,
                }
                producer.produce("sales.events", msgspec.json.encode(sale), sale["store"].encode())
            producer.poll(0)
            for message in consumer.consume(500, 0.005):
                if message.error() is None and b"late-" in message.value():
                    event_id = msgspec.json.decode(message.value())["event_id"]
                    delays.append(time.time() - float(event_id.split("-")[1]))
    finally:
        worker.terminate()
        worker.wait(20)
        consumer.close()
    delays.sort()
    if not delays:
        return {}
    return {"rate": rate, "n": len(delays), "p50_seconds": delays[len(delays) // 2], "p99_seconds": delays[int(len(delays) * 0.99)]}


def snapshot(count: int = 1000) -> dict[str, float]:
    """Bytes a series and milliseconds of a dump of one store with `count` items after 60 days."""
    from streams.heart import Heart
    from streams.rules import Rules
    from tests.unit.streams.logs import MONDAY, STORE, log_of, sale

    heart, number = Heart(Rules(), 1, 4), 0
    for day in range(60):
        log = []
        for item in range(count):
            number += 1
            log.append(sale(number, item=f"item {item}", store=STORE, quantity=1 + (item + day) % 4, sold_at=MONDAY + day * 86_400))
        heart.apply(log_of(*log, first=heart.next_offset))
    window = 12 * len(heart._window)
    times, data = [], b""
    for _ in range(5):
        started = time.perf_counter()
        data = heart.dump()
        times.append(time.perf_counter() - started)
    return {"series": count, "bytes": len(data), "bytes_a_series": (len(data) - window) / count, "dump_ms": 1000 * statistics.median(times)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=100_000, help="the embedded Kafka keeps about 100,000 of them")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args()
    named = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    servers = None if named else stack.start(Path("build/bench-data"))
    kafka = KafkaSettings.read() if servers is None else KafkaSettings.read({}, bootstrap_servers=servers.addresses.kafka)
    try:
        check_topics(kafka)
        publish(kafka, events(options.events))
        names = ("bare_loop", "bytewax", "shelfcast", "whole")
        rates: dict[str, list[float]] = {name: [] for name in names}
        for turn in range(options.turns):
            for name in names:
                rate = run(name, kafka, turn, options.events)
                if rate is not None:
                    rates[name].append(rate)
                    console.print(f"turn {turn + 1}: {name} {rate:,.0f} events/s", highlight=False)
        median = {name: statistics.median(found) for name, found in rates.items() if found}
        result = {
            "kafka": named or "embedded",
            "events": options.events,
            "minimal": {name: median.get(name) for name in ("shelfcast", "bare_loop", "bytewax")},
            "whole": {"shelfcast": median.get("whole")},
            "ratios": ratios(rates),
            "latency_at_half_load": latency(kafka, median["whole"] / 2, 10.0),
            "snapshot": snapshot(),
        }
    finally:
        if servers is not None:
            servers.stop()
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


def ratios(rates: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Ratios of medians, and the range of the ratios of the turns."""
    out = {}
    for ours in ("shelfcast", "whole"):
        for other in ("bytewax", "bare_loop"):
            pairs = [a / b for a, b in zip(rates[ours], rates[other], strict=False)]
            if pairs:
                label = f"{'minimal' if ours == 'shelfcast' else 'whole'} / {other}"
                out[label] = {
                    "median": statistics.median(rates[ours]) / statistics.median(rates[other]),
                    "min": min(pairs),
                    "max": max(pairs),
                }
    return out


def show(result: dict) -> None:
    table = Table("ratio", "median", "lowest turn", "highest turn", title=f"{result['events']:,} events on the {result['kafka']} Kafka")
    for name, ratio in result["ratios"].items():
        table.add_row(name, *(f"{ratio[k]:.2f}" for k in ("median", "min", "max")))
    console.print(table)
    console.print(json.dumps({k: result[k] for k in ("minimal", "whole", "latency_at_half_load", "snapshot")}, indent=1))


if __name__ == "__main__":
    main()
