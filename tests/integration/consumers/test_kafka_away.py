"""The broker is killed and comes back with its log: the consumer recovers by itself, the totals are exact."""

import os
import subprocess
import sys
import time

import pytest
from confluent_kafka import Producer
from pymongo import MongoClient

from streams.contract.codec import encode
from streams.contract.topics import ACCEPTED
from streams.kafka.clients import librdkafka
from tests.servers.jars import MissingError, jars, java
from tests.servers.kafka import JarKafka
from tests.support.shop import sales_of


@pytest.fixture
def broker(tmp_path):
    try:
        java(), jars()
    except MissingError as error:
        pytest.skip(f"a broker that keeps its log over a kill -9 needs Apache Kafka: {error}")
    directory = tmp_path / "kafka"
    directory.mkdir()
    kafka = JarKafka(directory)
    kafka.make_topics(2)
    yield kafka
    kafka.close()


def send(producer, sales):
    for sale in sales:
        producer.produce(ACCEPTED, encode(sale), sale.store, partition=sale.partition)
        producer.poll(0)
    assert producer.flush(60) == 0


@pytest.mark.parametrize("mongo", ["first server"], indirect=True)  # thousands of sales: FerretDB is too slow for the waits
def test_the_consumer_recovers_by_itself(broker, mongo, helpers, tmp_path):
    sales = sales_of(3000, seed=13)
    producer = Producer(librdkafka(broker.settings) | {"log_level": 0, "enable.idempotence": True})
    command = [sys.executable, "-m", "tests.support.consume_child", broker.address, mongo.uri.reveal(), mongo.database, "away"]
    log = tmp_path / "consumer.log"
    with log.open("wb") as out, MongoClient(mongo.uri.reveal()) as client:
        child = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "."}, stderr=out)
        try:
            progress = client[mongo.database]["progress"]

            def applied():
                return sum(document["seq"] or 0 for document in progress.find({"reader": "statistics"}))

            send(producer, sales[:1500])
            assert helpers.eventually(lambda: applied() == 1500)
            broker.kill()
            time.sleep(5.0)
            assert child.poll() is None
            broker.start()
            send(producer, sales[1500:])
            assert helpers.eventually(lambda: applied() == 3000, 45)
            child.terminate()
            assert child.wait(20) == 0
        finally:
            child.kill()
            child.wait()
        found, expected = helpers.totals(client[mongo.database]["item_months"].find({})), helpers.truth(sales)
    assert {name: found[name] for name in expected} == expected
    assert b"Kafka" in log.read_bytes()
    assert log.read_bytes().count(b"\n") < 30
