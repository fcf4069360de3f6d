import asyncio
import time
import uuid

import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

from producers.publisher import Publisher, PublisherSettings
from streams.contract.errors import DeliveryError
from streams.contract.settings import KafkaSettings
from streams.contract.topics import EVENTS, partition_of
from streams.kafka.clients import librdkafka
from streams.kafka.lag import LagMeter, Watched


def partition_count(kafka):
    return len(AdminClient(librdkafka(kafka)).list_topics(EVENTS, timeout=10).topics[EVENTS].partitions)


@pytest.fixture
def store():
    return f"s{uuid.uuid4().hex[:10]}"


def test_a_message_is_there_when_its_delivery_says_so(kafka, read, store):
    with Publisher(kafka) as publisher:
        publisher.publish(store, b"one", timestamp=1_700_000_000.5).wait(10)
        found = read(kafka, EVENTS, store.encode())
    assert [(message.key(), message.value(), message.timestamp()[1]) for message in found] == [(store.encode(), b"one", 1_700_000_000_500)]


def test_a_store_s_messages_keep_their_order_in_java_s_partition(kafka, read, store):
    stores = [f"{store}-{number}" for number in range(12)]
    with Publisher(kafka) as publisher:
        keys = [stores[n % 12].encode() for n in range(6000)]
        publisher.publish_all(keys, [b"%d" % n for n in range(6000)]).wait(20)
        found = read(kafka, EVENTS, store.encode())
    assert len(found) == 6000
    partitions = partition_count(kafka)
    for name in stores:
        of_store = [message for message in found if message.key() == name.encode()]
        assert {message.partition() for message in of_store} == {partition_of(name, partitions)}
        numbers = [int(message.value()) for message in of_store]
        assert numbers == sorted(numbers)


def test_an_arrival_is_awaited_in_asyncio(kafka, read, store):
    async def work(publisher):
        await asyncio.gather(*(publisher.publish(store, b"%d" % n).arrived(10) for n in range(50)))

    with Publisher(kafka) as publisher:
        asyncio.run(work(publisher))
        assert len(read(kafka, EVENTS, store.encode())) == 50


def test_without_a_broker_nothing_is_acknowledged_and_the_buffer_is_bounded():
    settings = PublisherSettings(delivery_timeout_seconds=1.0, buffer_messages=100)
    publisher = Publisher(KafkaSettings("127.0.0.1:1"), settings)
    delivery = publisher.publish("s", b"x")
    with pytest.raises(DeliveryError, match="doctor"):
        delivery.wait(0.2)
    with pytest.raises(DeliveryError, match="buffer for Kafka is full"):
        publisher.publish_all([b"s"] * 100, [b"x"] * 100)
    held = [publisher.publish("s", b"x") for _ in range(99)]
    with pytest.raises(DeliveryError):
        publisher.publish("s", b"x")
    assert not publisher.reachable(0.2)
    assert delivery._done.wait(5)
    publisher.close(0.1)
    assert all(one.done and one.failed == 1 for one in [delivery, *held])


def test_a_broker_that_is_away_for_a_while_loses_nothing(broker, read, store):
    with Publisher(broker.settings) as publisher:
        publisher.publish(store, b"0").wait(10)
        broker.pause()
        deliveries = []
        for number in range(1, 300):
            deliveries.append(publisher.publish(store, b"%d" % number))
            time.sleep(0.01)
        assert not deliveries[0].done
        broker.resume()
        for delivery in deliveries:
            delivery.wait(30)
        found = read(broker.settings, EVENTS, store.encode())
    assert [int(message.value()) for message in found] == list(range(300)), "in order, none lost, none doubled"


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(broker, read, store):
    if not broker.restarts:
        pytest.skip(f"{broker.name} has no log to come back with")
    with Publisher(broker.settings) as publisher:
        deliveries = [publisher.publish(store, b"%d" % number) for number in range(500)]
        broker.kill()
        deliveries += [publisher.publish(store, b"%d" % number) for number in range(500, 1000)]
        broker.start()
        for delivery in deliveries:
            delivery.wait(60)
        found = read(broker.settings, EVENTS, store.encode())
    assert [int(message.value()) for message in found] == list(range(1000)), "in order, none lost, none doubled"


def test_lag_is_what_a_group_has_not_committed(kafka, store, new_topic):
    topic, group = new_topic(f"lag-{store}"), f"group-{store}"
    meter = LagMeter(kafka, [Watched(group, topic)])
    assert meter() == 0
    with Publisher(kafka, topic=topic) as publisher:
        publisher.publish_all([b"a"] * 100, [b"x"] * 100).wait(10)
    assert meter() == 100
    consumer = Consumer({**librdkafka(kafka), "group.id": group})
    partition = partition_of("a", len(consumer.list_topics(topic, timeout=10).topics[topic].partitions))
    consumer.commit(offsets=[TopicPartition(topic, partition, 60)], asynchronous=False)
    consumer.close()
    assert meter.by_group() == {group: 40}
    meter.close()


def test_a_bulk_of_events_is_not_slowed_down_by_its_acknowledgements(kafka, store, new_topic):
    """The floor is for a shared machine: alone it does several times as many."""
    raw = b'{"type":"sale-recorded.v1","event_id":"0123456789abcdef","store":"s","item":"i","quantity":1,"sold_at":1,"amount":1}'
    with Publisher(kafka, topic=new_topic(f"bulk-{store}")) as publisher:
        publisher.publish("warm", raw).wait(10)
        rates = []
        for _ in range(3):
            began = time.perf_counter()
            publisher.publish_all([store.encode()] * 100_000, [raw] * 100_000, wait_seconds=10).wait(30)
            rates.append(100_000 / (time.perf_counter() - began))
    assert max(rates) > 50_000
