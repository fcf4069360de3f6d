"""MongoDB away, slow, or out of disk while sales come: forecasting goes on, the statistics catch up to the exact numbers."""

import json
import os
import random
import resource
import subprocess
import sys
import threading
import time

import pytest

from streams.contract.settings import MongoSettings, Secret
from tests.servers.books import days_in, settled
from tests.servers.reading import caught_up
from tests.servers.traffic import publish, traffic, truth_of
from tests.servers.verdict import check_against_undisturbed


@pytest.fixture
def own_mongo(mongo):
    if not mongo.restarts:
        pytest.skip("MONGODB_URI is not ours to stop")
    return mongo


def database_away(kafka, mongo, workers, consumers, away, how):
    rate = 300
    log = traffic(rate * round(away + 10), seed=61)
    truth = truth_of(log.messages)
    sending = threading.Thread(target=publish, args=(kafka.settings, log.messages, rate))
    worker, consumer = workers.start(), consumers.start()
    workers.ready(worker)
    sending.start()
    time.sleep(6)
    if how == "killed":
        mongo.kill()
        time.sleep(away)
        mongo.start()
    else:  # slow: it answers nothing for two seconds, again and again
        until = time.monotonic() + away
        while time.monotonic() < until:
            mongo.pause()
            time.sleep(2)
            mongo.resume()
            time.sleep(0.3)
    back = time.monotonic()
    sending.join(120)
    done = time.monotonic()
    caught_up(kafka.settings, workers.group, 30, worker)
    forecasting = time.monotonic() - done
    settled(mongo.settings, truth, 60, consumer)
    print(
        f"\nMongoDB {how} for {away:.0f} s: worker caught up {forecasting:.1f} s after the last event, "
        f"statistics {time.monotonic() - back:.1f} s after it was back"
    )
    workers.stop(worker)
    check_against_undisturbed(kafka, workers, truth)


@pytest.mark.parametrize("how", ["killed", pytest.param("slow", marks=pytest.mark.kill)])
def test_database_away(kafka, own_mongo, workers, consumers, how):
    database_away(kafka, own_mongo, workers, consumers, 8.0, how)


@pytest.mark.kill
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["killed", "slow"])
def test_database_away_for_a_minute(kafka, own_mongo, workers, consumers, how):
    database_away(kafka, own_mongo, workers, consumers, 60.0, how)


@pytest.mark.kill
@pytest.mark.timeout(900)
def test_consumers_killed_at_random_moments(kafka, mongo, workers, consumers, kill_rounds):
    """Between a write and what should follow it, and anywhere else. Sales come all the while, so that there is something to write."""
    log = traffic(1_000 * kill_rounds, seed=62)
    parts = [log.messages[first : first + 100] for first in range(0, len(log.messages), 100)]
    worker = workers.start()
    workers.ready(worker)
    rng = random.Random(63)
    for number in range(kill_rounds):
        dies_writing = number % 2 == 1
        child = consumers.start(rng.randrange(1, 4)) if dies_writing else consumers.start()
        until = time.monotonic() + (60 if dies_writing else rng.uniform(1.0, 5.0))
        while child.poll() is None and time.monotonic() < until:
            publish(kafka.settings, parts.pop(0) if parts else [])
            time.sleep(0.3)
        assert not dies_writing or child.returncode == -9, consumers.said()[-3000:]
        child.kill()
        child.wait()
    for part in parts:
        publish(kafka.settings, part)
    caught_up(kafka.settings, workers.group, 60, worker)
    settled(mongo.settings, truth_of(log.messages), 60, consumers.start())


def test_the_disk_of_the_embedded_database_is_full(kafka, workers, consumers, tmp_path):
    """It cannot write a file beyond 600 kB: nothing is lost, and when there is room again all of it is taken."""
    directory = tmp_path / "embedded"
    directory.mkdir()
    server = subprocess.Popen(
        [sys.executable, "-m", "deploy.embedded.mongo", str(directory)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": "."},
    )  # fmt: skip
    try:
        settings = MongoSettings(Secret(json.loads(server.stdout.readline())["address"]), "shelfcast")
        consumers._arguments[1:3] = [settings.uri.reveal(), settings.database]
        consumer = consumers.start()
        time.sleep(3)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (600_000, resource.RLIM_INFINITY))
        log = traffic(6000, seed=64)
        truth = truth_of(log.messages)
        publish(kafka.settings, log.messages)
        worker = workers.start()
        caught_up(kafka.settings, workers.group, 60, worker)
        time.sleep(5)
        assert consumer.poll() is None, consumers.said()[-3000:]
        assert "Waiting; nothing is lost, Kafka keeps it." in consumers.said(), "the disk was not full"
        print("\n" + next(line for line in consumers.said().splitlines() if "Waiting; nothing" in line))
        assert days_in(settings) != truth.days
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        settled(settings, truth, 60, consumer)
    finally:
        server.kill()
        server.communicate()
