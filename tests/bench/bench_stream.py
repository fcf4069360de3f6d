"""Speed of the worker beside a bare loop and other stream processors, on one Kafka in one run: python -m tests.bench.bench_stream.

Each contender is a process of its own that reads the same events; contenders take turns, so that a machine that slows down
slows all of them. Ratios are of medians, with the smallest and largest ratio of a turn. The Kafka is the one that
KAFKA_BOOTSTRAP_SERVERS names, else Apache Kafka from its jars, where there are Java and Maven, else the embedded stand-in.
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
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic
from rich.table import Table

from streams.contract.settings import KafkaSettings
from streams.kafka.clients import librdkafka
from tests.bench.broker import broker, console
from tests.bench.contenders import OUT
from tests.bench.latency import latency

STORES, ITEMS, LINES_A_DAY = 8, 50, 1000
OTHERS = ("bare_loop", "bytewax", "quix", "faust")
SLOW = {"quix": 4, "faust": 16}
"""Contenders that take one event at a time get a part of the events: their rate is the same, the turn is shorter."""
QUIX = Path("build/quix/bin/python")
"""Quix Streams wants an older confluent-kafka than the product: it has an environment of its own."""
LATENCY_SECONDS = 25.0
"""How long each rate is sent: the longest time between two snapshots lies within it twice."""


def events(count: int) -> list[tuple[bytes, bytes]]:
    """Key and value of `count` sales of 8 stores that sell 1,000 lines a day each, about 180 bytes an event."""
    rnd, at, out = random.Random(1), 1_735_689_600.0, []
    for number in range(count):
        at += rnd.expovariate(STORES * LINES_A_DAY / 86_400)
        store = f"store {rnd.randrange(STORES)}"
        sale = {
            "type": "sale-recorded.v1", "event_id": f"till-{number:09d}", "store": store, "item": f"item {rnd.randrange(ITEMS)}",
            "quantity": rnd.randrange(1, 5), "unit_price": 1.39, "sold_at": int(at),
        }  # fmt: skip
        out.append((store.encode(), msgspec.json.encode(sale)))
    return out


def make_output(kafka: KafkaSettings) -> None:
    """The topic that the minimal job writes to."""
    admin = AdminClient(librdkafka(kafka))
    if OUT not in admin.list_topics(timeout=15).topics:
        partitions = len(admin.list_topics("sales.events", timeout=15).topics["sales.events"].partitions)
        for made in admin.create_topics([NewTopic(OUT, partitions, 1)]).values():
            made.result()


def publish(kafka: KafkaSettings, sales: list[tuple[bytes, bytes]]) -> None:
    producer = Producer(
        librdkafka(kafka)
        | {"partitioner": "murmur2_random", "linger.ms": 20, "compression.type": "lz4", "queue.buffering.max.messages": 2_000_000}
    )
    for key, value in sales:
        producer.produce("sales.events", value, key)
    producer.flush()


def run(name: str, kafka: KafkaSettings, turn: int, count: int) -> float | None:
    """Events a second of one contender; None when it cannot run here."""
    count //= SLOW.get(name, 1)
    python = str(QUIX) if name == "quix" and QUIX.exists() else sys.executable
    command = [python, "-m", "tests.bench.contenders", name, kafka.bootstrap_servers, f"bench-{name}-{turn}", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=os.environ | {"OPENBLAS_NUM_THREADS": "1"})
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        console.print(f"{name} could not run: {last}", style="yellow", highlight=False)
        return None
    return float(done.stdout.strip().splitlines()[-1])


def snapshot(count: int = 1000) -> dict[str, float]:
    """Bytes a series and milliseconds of a dump of one store with `count` items after 60 days."""
    from streams.processor.processor import Processor
    from streams.processor.rules import Rules
    from tests.unit.streams.logs import MONDAY, STORE, log_of, sale

    processor, number = Processor(Rules(), 1, 4), 0
    for day in range(60):
        log = []
        for item in range(count):
            number += 1
            log.append(sale(number, item=f"item {item}", store=STORE, quantity=1 + (item + day) % 4, sold_at=MONDAY + day * 86_400))
        processor.apply(log_of(*log, first=processor.next_offset))
    window = 12 * len(processor._window)
    times, data = [], b""
    for _ in range(5):
        started = time.perf_counter()
        data = processor.dump()
        times.append(time.perf_counter() - started)
    return {"series": count, "bytes": len(data), "bytes_a_series": (len(data) - window) / count, "dump_ms": 1000 * statistics.median(times)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=240_000)
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"))
    options = parser.parse_args()
    with broker() as (kafka, name, most):
        result = measured(kafka, name, min(options.events, most or options.events), options.turns)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


def measured(kafka: KafkaSettings, name: str, count: int, turns: int) -> dict:
    """All contenders in turns, then latency and snapshot."""
    make_output(kafka)
    publish(kafka, events(count))
    contenders = (*OTHERS, "shelfcast", "whole")
    rates: dict[str, list[float]] = {contender: [] for contender in contenders}
    for turn in range(turns):
        for contender in contenders:
            rate = run(contender, kafka, turn, count)
            if rate is not None:
                rates[contender].append(rate)
                console.print(f"turn {turn + 1}: {contender} {rate:,.0f} events/s", highlight=False)
    median = {contender: statistics.median(found) for contender, found in rates.items() if found}
    return {
        "kafka": name,
        "events": count,
        "minimal": {contender: median.get(contender) for contender in ("shelfcast", *OTHERS)},
        "whole": {"shelfcast": median.get("whole")},
        "ratios": ratios(rates),
        "latency": latency(kafka, {"1000": 1000.0, "5000": 5000.0, "half_load": median["whole"] / 2}, LATENCY_SECONDS),
        "snapshot": snapshot(),
    }


def ratios(rates: dict[str, list[float]]) -> dict[str, dict[str, float]]:
    """Ratios of medians, and the range of the ratios of the turns."""
    out = {}
    for ours in ("shelfcast", "whole"):
        for other in OTHERS:
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
    table = Table("ratio", "median", "lowest turn", "highest turn", title=f"{result['events']:,} events on {result['kafka']}")
    for name, ratio in result["ratios"].items():
        table.add_row(name, *(f"{ratio[k]:.2f}" for k in ("median", "min", "max")))
    console.print(table)
    console.print(json.dumps({k: result[k] for k in ("minimal", "whole", "latency", "snapshot")}, indent=1))


if __name__ == "__main__":
    main()
