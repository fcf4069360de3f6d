"""`shelfcast archive` under kill -9, and `shelfcast rebuild`: on a broker, as processes."""

import os
import random
import subprocess
import sys
import time

import pytest

pytest.importorskip("deltalake")

from consumers.archive.rows import TABLES
from consumers.archive.table import ArchiveTable
from streams.contract.settings import WorkerSettings
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS, REJECTED, SNAPSHOTS
from streams.kafka.brokers import check_topics
from streams.processor.processor import Processor
from streams.runtime.rules_of import rules_of
from streams.runtime.snapshots import SnapshotReader
from tests.support.stand_ins import kafka_stand_in
from tests.unit.streams.logs import MONDAY, PARTITIONS, log_of, sale

SALES = 3000
KILLS = 1


def command(name, environment, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.cli", name, *arguments],
        env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def test_killed_at_any_moment_each_message_is_archived_once_and_the_state_can_be_made_anew(tmp_path):
    producer, kafka = kafka_stand_in()
    if os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        pytest.skip("it needs topics of its own")
    log = log_of(*[sale(i, sold_at=MONDAY + i * 20) for i in range(SALES)], timestamp=(MONDAY + 86_400) * 1000)
    for topic in (ACCEPTED, FORECASTS, REJECTED, SNAPSHOTS, EVENTS):
        producer.list_topics(topic, timeout=10)
    processor = Processor(rules_of(WorkerSettings()), 1, PARTITIONS)
    for record in log:
        producer.produce(EVENTS, record.value, record.key, partition=1, timestamp=record.timestamp)
    for key, value in processor.apply(log).accepted:
        producer.produce(ACCEPTED, value, key, partition=1)
    assert producer.flush(30) == 0
    assert check_topics(kafka) == PARTITIONS
    place = str(tmp_path / "archive")
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "SHELFCAST_ARCHIVE": place,
        "SHELFCAST_ARCHIVE_MESSAGES": "200",
        "SHELFCAST_ARCHIVE_COMPACT": "8",
        "SHELFCAST_ARCHIVE_METRICS_PORT": "0",
    }
    chance = random.Random(5)
    for _ in range(KILLS):
        child = command("archive", environment)
        sales, before = ArchiveTable(place, TABLES[1]), count(place)
        until = time.monotonic() + 30
        while count(place) == before < SALES and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(chance.random() * 0.1)
        child.kill()
        child.communicate()
    child = command("archive", environment, "--once")
    told, _ = child.communicate(timeout=150)
    assert child.returncode == 0, told
    assert sales.open().count() == SALES
    offsets = ArchiveTable(place, TABLES[0]).open().to_pyarrow_table(columns=["log_offset"])["log_offset"].to_pylist()
    assert sorted(offsets) == list(range(SALES))

    child = command("rebuild", environment, "--from", place, "--no-mongodb")
    told, _ = child.communicate(timeout=150)
    assert child.returncode == 0, told
    assert SnapshotReader(kafka).newest(1) == processor.dump()
    assert "3,000 events, 3,000 sales" in told


def count(place):
    from streams.contract.errors import ShelfcastError

    try:
        return ArchiveTable(place, TABLES[1]).open().count()
    except ShelfcastError:
        return 0
