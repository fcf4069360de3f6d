"""Kafka away under load: producer, worker and consumers recover by themselves, and nothing is lost or counted twice."""

import threading
import time

import pytest

from tests.servers.books import settled
from tests.servers.reading import caught_up
from tests.servers.traffic import publish, traffic, truth_of
from tests.servers.verdict import check_against_undisturbed


def broker_away(kafka, mongo, workers, consumers, away, how):
    rate = 300
    log = traffic(rate * round(away + 20), seed=31)
    failures = []

    def send():
        try:
            publish(kafka.settings, log.messages, rate)
        except BaseException as error:
            failures.append(error)

    sending = threading.Thread(target=send)
    worker, consumer = workers.start(), consumers.start()
    workers.ready(worker)
    sending.start()
    time.sleep(8)
    kafka.kill() if how == "killed" else kafka.pause()
    time.sleep(away)
    kafka.start() if how == "killed" else kafka.resume()
    back = time.monotonic()
    sending.join(240)
    assert not sending.is_alive(), "the producer hangs"
    assert not failures, failures
    caught_up(kafka.settings, workers.group, 120, worker)
    truth = truth_of(log.messages)
    settled(mongo.settings, truth, 60, consumer)
    print(f"\nbroker {how} for {away:.0f} s at {rate} events/s: everything caught up {time.monotonic() - back:.1f} s after it was back")
    workers.stop(worker)
    check_against_undisturbed(kafka, workers, truth, sent=log.messages)


@pytest.mark.parametrize("how", ["killed", pytest.param("standing still", marks=pytest.mark.kill)])
def test_broker_away(real_kafka, mongo, workers, consumers, how):
    broker_away(real_kafka, mongo, workers, consumers, 10.0, how)


@pytest.mark.kill
@pytest.mark.timeout(600)
@pytest.mark.parametrize("how", ["killed", "standing still"])
def test_broker_away_for_a_minute(real_kafka, mongo, workers, consumers, how):
    broker_away(real_kafka, mongo, workers, consumers, 60.0, how)
