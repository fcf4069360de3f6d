"""Each metric of the worker moves in a run that has cause to move it, scraped over HTTP as Prometheus does."""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from producers.simulate.simulator import ShopSettings, Simulation
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from streams.runtime.metrics import WorkerMetrics
from tests.servers.reading import caught_up
from tests.servers.traffic import publish, traffic, truth_of
from tests.support.stand_ins import free_port

HALT_SECONDS = 90


class Scraped(dict):
    """Values by (name, sorted labels)."""

    def __init__(self, port):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            for family in text_string_to_metric_families(answer.read().decode()):
                for sample in family.samples:
                    self[sample.name, tuple(sorted(sample.labels.items()))] = sample.value

    def one(self, name, **labels):
        return self.get((name, tuple(sorted(labels.items()))), 0.0)

    def sum(self, name):
        return sum(value for (found, _), value in self.items() if found == name)


def started(kafka, workers, port, **environment):
    child = workers.start(SHELFCAST_WORKER_METRICS_PORT=str(port), **environment)
    workers.ready(child)
    return child


def scrape_when(port, ready, seconds=HALT_SECONDS):
    until = time.monotonic() + seconds
    while True:
        found = Scraped(port)
        if ready(found):
            return found
        assert time.monotonic() < until, {key: value for key, value in found.items() if "_bucket" not in key[0]}
        time.sleep(0.3)


def sales_that_jump():
    """One store of two items; on the 100th day one of them sells four times as much and goes on doing so."""
    settings = ShopSettings(
        seed=4, stores=1, items=2, days=130, lines_per_day=40, promotions=False, shift_day=100, shift_factor=4.0, shifted_items=1,
        tick_minutes=720,
    )  # fmt: skip
    simulation = Simulation(settings)
    return [(round(event.at * 1000), event.key, event.raw) for event in (*simulation.events(), *simulation.closing_ticks())]


def test_counts_are_those_of_the_log(kafka, workers):
    log = traffic(6000, seed=9, days=40)
    truth = truth_of(log.messages)
    publish(kafka.settings, log.messages)
    port = free_port()
    child = started(kafka, workers, port)
    caught_up(kafka.settings, workers.group, HALT_SECONDS, child)
    found = scrape_when(
        port, lambda s: s.one("shelfcast_events_total", outcome="accepted") == truth.sales and s.sum("shelfcast_snapshot_bytes")
    )
    assert found.one("shelfcast_events_total", outcome="duplicate") == truth.duplicates > 0
    assert found.one("shelfcast_dead_letters_total", reason="conflict") == truth.conflicts > 0
    assert found.one("shelfcast_dead_letters_total", reason="not_json") > 0
    assert found.one("shelfcast_dead_letters_total", reason="invalid") > 0
    assert found.one("shelfcast_dead_letters_total", reason="wrong_partition") > 0
    assert found.sum("shelfcast_dead_letters_total") == found.one("shelfcast_events_total", outcome="rejected")
    assert found.sum("shelfcast_events_total") == truth.events
    assert found.one("shelfcast_events_total", outcome="tick") > 0
    assert found.one("shelfcast_events_total", outcome="plan") > 0
    assert found.one("shelfcast_log_events", outcome="accepted") == truth.sales
    assert found.one("shelfcast_log_events", outcome="learned") > 0
    for topic, count in (("sales.accepted", truth.sales), ("sales.rejected", found.sum("shelfcast_dead_letters_total"))):
        assert found.one("shelfcast_messages_total", topic=topic) == count
    assert found.one("shelfcast_messages_total", topic="sales.forecasts") > 100
    assert found.one("shelfcast_late_sales_total") == found.one("shelfcast_log_events", outcome="late") > 0
    assert found.one("shelfcast_days_closed_total") > 18 * 30
    assert found.one("shelfcast_partitions") == 4
    assert found.one("shelfcast_stores") == 18
    assert found.one("shelfcast_series") > 18
    for name in ("event_seconds", "end_to_end_seconds", "snapshot_seconds"):
        assert found.one(f"shelfcast_{name}_count") > 0, name
        assert found.one(f"shelfcast_{name}_sum") > 0, name
    for horizon in ("day", "7_days", "28_days"):
        assert found.one("shelfcast_scored_forecasts", horizon=horizon) > 0, horizon
        for contender in ("shelfcast", "same_weekday_mean", "seasonal_naive", "smoothing"):
            assert 0 < found.one("shelfcast_wape", horizon=horizon, contender=contender) < 10, (horizon, contender)
    newest = max(at for at, _, _ in log.messages) / 1000
    for partition in "0123":
        assert 300 < found.one("shelfcast_snapshot_bytes", partition=partition) < 50e6
        assert time.time() - found.one("shelfcast_snapshot_timestamp_seconds", partition=partition) < 120
        assert found.one("shelfcast_watermark_delay_seconds", partition=partition) > time.time() - newest - 10
    assert found.one("shelfcast_recoveries_total", source="log") == 4
    workers.stop(child)

    port = free_port()
    again = started(kafka, workers, port)
    found = scrape_when(port, lambda s: s.one("shelfcast_partitions") == 4)
    assert found.one("shelfcast_recoveries_total", source="commit") == 4
    assert found.one("shelfcast_recoveries_total", source="log") == 0
    assert found.one("shelfcast_log_events", outcome="accepted") == truth.sales, "the log's counts survive a restart"
    assert found.one("shelfcast_events_total", outcome="accepted") == 0
    workers.stop(again)


def test_drift_is_counted(kafka, workers):
    publish(kafka.settings, sales_that_jump())
    port = free_port()
    child = started(kafka, workers, port)
    caught_up(kafka.settings, workers.group, HALT_SECONDS, child)
    found = scrape_when(port, lambda s: s.one("shelfcast_log_events", outcome="drifts") > 0)
    assert found.one("shelfcast_drift_events_total") == found.one("shelfcast_log_events", outcome="drifts") >= 1
    workers.stop(child)


def test_no_metric_is_forgotten_here():
    """A metric that is added to the worker must be moved above."""
    names = {metric.name for metric in CollectorRegistry.collect(WorkerMetrics(CollectorRegistry()).registry)}
    told = Path(__file__).read_text()
    for name in names:
        assert name in told or f'"{name.removeprefix("shelfcast_")}"' in told, f"nothing here moves {name}"


STALLING = """
import asyncio, os, sys
from prometheus_client import CollectorRegistry
from streams.contract.errors import StalledError
from streams.contract.settings import KafkaSettings, WorkerSettings
from streams.runtime.worker import Worker
from tests.servers.worker_child import Stuck
registry = CollectorRegistry()
try:
    asyncio.new_event_loop().run_until_complete(Worker(KafkaSettings(sys.argv[1]), WorkerSettings.read(), registry, Stuck).run())
except StalledError:
    value = registry.get_sample_value
    print(value("shelfcast_stalls_total"), value("shelfcast_lag_events", {"partition": "0"}), flush=True)
os._exit(0)
"""


def test_lag_is_seen_and_a_stall_is_counted(kafka, workers):
    counts = publish(kafka.settings, traffic(2000, seed=2).messages)
    environment = os.environ | {"PYTHONPATH": "."} | workers.environment | {"SHELFCAST_STALL_SECONDS": "8"}
    command = [sys.executable, "-c", STALLING, kafka.address]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["1.0", f"{counts[0]:.1f}"], done.stderr[-2000:]


def test_gauges_of_a_partition_that_went_elsewhere_are_dropped():
    metrics = WorkerMetrics(CollectorRegistry())
    processors = [Processor(Rules(), partition, 4) for partition in (0, 1)]
    metrics.read(processors)
    for partition in (0, 1):
        metrics.lag.labels(partition).set(5)
        metrics.snapshot_at.labels(partition).set(5)
    metrics.read(processors[:1])
    value = metrics.registry.get_sample_value
    assert value("shelfcast_lag_events", {"partition": "0"}) == 5
    assert value("shelfcast_lag_events", {"partition": "1"}) is None
    assert value("shelfcast_snapshot_timestamp_seconds", {"partition": "1"}) is None
