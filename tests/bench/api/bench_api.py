"""Delay of the newest forecasts of a store: python -m tests.bench.api.bench_api --help.

Fills MongoDB (MONGODB_URI, else the embedded stand-in) with 100,000 series in 100 stores, starts `shelfcast web` and asks it at an even
rate, each time for the whole of a random store. With --writes a consumer's sink meanwhile writes a store's new forecasts every few seconds.
"""

import argparse
import asyncio
import json
import random
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import msgspec
from prometheus_client import CollectorRegistry

from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.metrics import ConsumerMetrics
from streams.contract.messages import PredictedSales
from tests.bench.api.load import Run, each_once, head_of, steady
from tests.support.served import served
from tests.support.shop import FIRST, forecast, records_of
from tests.support.stand_ins import BEGINNING, documents_in, kafka_stand_in, mongo_settings

RATE, P99_MS = 200.0, 50.0
UNBOUNDED = {"SHELFCAST_RATE_PER_SECOND": "0", "SHELFCAST_CONNECTIONS_PER_ADDRESS": "400", "OPENBLAS_NUM_THREADS": "1"}


def store_name(number: int) -> str:
    return f"store {number:03}"


class Writer:
    """Writes forecasts as the consumer does: batch by batch, with its progress."""

    def __init__(self, documents, items: int) -> None:
        documents.prepare()
        self._sink = ForecastsSink(documents, ConsumerMetrics(CollectorRegistry()))
        self._sink.start(0, BEGINNING)
        self._following: dict[int, int] = {}
        self._items, self._offset, self._rng = items, 0, random.Random(1)

    def close_day(self, store: int, origin: date = FIRST) -> None:
        """A store's forecasts of a new day."""
        self._offset += 1
        made = [self._made(n, store, origin) for n in range(self._items)]
        self._sink.write(records_of(made, start=self._following))

    def _made(self, item: int, store: int, origin: date) -> PredictedSales:
        """A forecast whose numbers are as unlike each other as a model's are."""
        number = self._rng.lognormvariate(1.0, 1.0)
        made = forecast(self._offset, item, store_name(store), f"item {item:04}", origin, number)
        return msgspec.structs.replace(made, path=tuple(round(number * self._rng.lognormvariate(0.0, 0.4), 4) for _ in range(28)))


def measured(port: int, stores: int, seconds: float, rate: float, query: str) -> Run:
    """A run after each store was asked for once."""
    heads = [
        head_of(f"/v1/forecasts?store=store%20{n:03}{query}", Accept_Encoding="gzip", Accept="application/json") for n in range(stores)
    ]
    began = time.perf_counter()
    asyncio.run(each_once("127.0.0.1", port, heads))
    print(f"warm after {time.perf_counter() - began:.1f} s")
    return asyncio.run(steady("127.0.0.1", port, heads, rate, seconds))


def bench(stores: int, items: int, seconds: float, rate: float, *, writes: float, query: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as where:
        directory = Path(where)
        with mongo_settings(directory) as mongo, documents_in(mongo) as documents:
            writer = Writer(documents, items)
            began = time.perf_counter()
            for store in range(stores):
                writer.close_day(store)
            print(f"{stores * items:,} series written in {time.perf_counter() - began:.0f} s")
            stop = threading.Event()

            def write() -> None:
                number = 0
                while writes and not stop.wait(writes):
                    writer.close_day(number % stores)
                    number += 1

            _, kafka = broker = kafka_stand_in()
            with served(kafka, mongo, directory / "web.log", **UNBOUNDED) as port:
                thread = threading.Thread(target=write)
                thread.start()
                try:
                    run = measured(port, stores, seconds, rate, query)
                finally:
                    stop.set()
                    thread.join()
            broker[0].flush(1)
    told = {f"p{share:g}_ms".replace("0.", ""): round(run.quantile(share), 1) for share in (0.5, 0.9, 0.99, 0.999)}
    return told | {
        "requests": len(run.seconds), "rate": round(len(run.seconds) / seconds, 1), "mb_a_second": round(run.bytes / seconds / 1e6, 1),
        "ok": run.statuses[200],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", type=int, default=100)
    parser.add_argument("--items", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--writes", type=float, default=0.0, help="seconds between two stores' new forecasts; 0: none meanwhile")
    parser.add_argument("--query", default="", help="added to the query, as in &fields=store,item,close")
    asked = parser.parse_args()
    told = bench(asked.stores, asked.items, asked.seconds, asked.rate, writes=asked.writes, query=asked.query)
    print(json.dumps(told))
    print(f"p99 {told['p99_ms']} ms at {told['rate']} requests a second; at most {P99_MS:g} wanted")


if __name__ == "__main__":
    main()
