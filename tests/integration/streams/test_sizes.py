"""Sizes that no design foresees: large states, large messages, many snapshots, topics that take too little."""

import os
import time

import msgspec
import psutil
import pytest
from confluent_kafka.admin import AlterConfigOpType, ConfigEntry, ConfigResource

from streams.contract.errors import DeliveryError, ServerError
from streams.contract.topics import ACCEPTED, REJECTED, SNAPSHOTS
from streams.kafka.brokers import check_sizes, small_topics
from streams.processor.outputs import Outputs, Rejection
from streams.runtime.outbox import Outbox
from streams.runtime.snapshots import Place, SnapshotReader, write
from tests.servers.kafka import MockKafka
from tests.servers.reading import read


@pytest.fixture
def embedded():
    broker = MockKafka()
    broker.make_topics()
    yield broker
    broker.close()


def test_a_state_larger_than_the_producer_s_queue_is_written_in_bounded_memory(embedded):
    outbox, data = Outbox(embedded.settings), os.urandom(300_000_000)
    process, most = psutil.Process(), [0]
    before, check = process.memory_info().rss, outbox.check

    def watching():
        most[0] = max(most[0], process.memory_info().rss)
        check()

    outbox.check = watching
    place = msgspec.json.decode(write(outbox, 0, data, 17), type=Place)
    assert (place.chunks, place.last - place.first + 1, place.next_offset) == (334, 334, 17)
    assert 0 < most[0] - before < 120_000_000, f"{(most[0] - before) / 1e6:.0f} MB beside the state"


def test_a_refused_message_of_a_million_bytes_becomes_a_letter(embedded):
    outbox, outputs, raw = Outbox(embedded.settings), Outputs(), b"[" + b"1" * 1_000_100
    outputs.rejected.append(Rejection(raw, b"berlin", "too_large", "A sentence.", 7))
    outbox.send(2, outputs)
    outbox.wait()
    [letter] = read(embedded.settings, REJECTED, 2)
    headers = dict(letter.headers)
    assert (letter.key, int(headers["raw-bytes"])) == (b"berlin", len(raw))


def test_a_message_that_the_producer_refuses_is_named(embedded):
    outbox, outputs = Outbox(embedded.settings), Outputs()
    outputs.forecasts.append((b"berlin", b'{"type":"shelf-allocation.v1","id":"' + b"x" * 1_200_000 + b'"}'))
    with pytest.raises(DeliveryError) as caught:
        outbox.send(2, outputs)
    assert "a message of 1200038 bytes for sales.forecasts, partition 2, type shelf-allocation.v1, key 'berlin'" in str(caught.value)


def test_the_newest_of_300_snapshots_is_found_at_once_and_in_little_memory(kafka):
    outbox, states = Outbox(kafka.settings), [os.urandom(1_500_000) for _ in range(3)]
    for number in range(300):
        write(outbox, 1, states[number % 3], number)
    before, started = psutil.Process().memory_info().rss, time.monotonic()
    assert SnapshotReader(kafka.settings).newest(1) == states[299 % 3]
    assert time.monotonic() - started < 10
    assert psutil.Process().memory_info().rss - before < 100_000_000
    assert SnapshotReader(kafka.settings).newest(2) is None


def test_topics_that_take_too_little_are_told_before_any_work(real_kafka):
    assert small_topics(real_kafka.settings) == {}
    small = ConfigEntry("max.message.bytes", "500000", incremental_operation=AlterConfigOpType.SET)
    asked = [ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=[small]) for name in (SNAPSHOTS, ACCEPTED)]
    admin = real_kafka.admin()
    for future in admin.incremental_alter_configs(asked).values():
        future.result(20)
    until = time.monotonic() + 20
    while not small_topics(real_kafka.settings) and time.monotonic() < until:
        time.sleep(0.2)  # the broker answers before it knows the change
    assert small_topics(real_kafka.settings) == {SNAPSHOTS: 500_000, ACCEPTED: 500_000}
    with pytest.raises(ServerError, match=r"topic shelfcast\.snapshots takes 500000 bytes at once.* but 1001000 are sent: set their max"):
        check_sizes(real_kafka.settings)


def test_a_broker_that_does_not_tell_is_no_hindrance(embedded):
    assert small_topics(embedded.settings) is None
    check_sizes(embedded.settings)
