"""Reading topics as another service would, and what an undisturbed run of the same log gives."""

import asyncio
import time
from collections import defaultdict
from typing import NamedTuple

import msgspec
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.structs import TopicPartition as KafkaPartition
from confluent_kafka import Consumer, TopicPartition

from streams.contract.settings import WorkerSettings
from streams.contract.topics import ACCEPTED, EVENTS, FORECASTS, REJECTED
from streams.kafka.clients import librdkafka
from streams.processor.processor import Processor
from streams.runtime.rules_of import rules_of
from streams.runtime.snapshots import SnapshotReader

READ_SECONDS = 60.0


class Message(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes
    headers: tuple


def read(settings, topic, partition) -> list[Message]:
    """All messages of a partition up to its present end."""
    consumer = Consumer(
        librdkafka(settings) | {"group.id": "test-reader", "enable.auto.commit": False, "auto.offset.reset": "earliest", "log_level": 0}
    )
    found, until = [], time.monotonic() + READ_SECONDS
    try:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=15)
        consumer.assign([TopicPartition(topic, partition, low)])
        position = low
        while position < high:
            assert time.monotonic() < until, f"{topic} {partition}: got up to {position} of {high}"
            for message in consumer.consume(5000, 0.5):
                assert message.error() is None, message.error()
                position = message.offset() + 1
                if position <= high:
                    headers = tuple(message.headers() or ())
                    found.append(Message(message.offset(), message.timestamp()[1], message.key(), message.value(), headers))
    finally:
        consumer.close()
    return found


def ends(settings, topic, partitions=4) -> list[int]:
    consumer = Consumer(librdkafka(settings) | {"group.id": "test-reader", "log_level": 0})
    try:
        return [consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=15)[1] for p in range(partitions)]
    finally:
        consumer.close()


class Commit(NamedTuple):
    partition: int
    offset: int
    metadata: str


def committed(settings, group, partitions=4) -> list[Commit]:
    """The group's commits. Read with aiokafka: confluent-kafka reads bytes beyond the end of the metadata."""
    return asyncio.run(_committed(settings, group, partitions))


async def _committed(settings, group, partitions) -> list[Commit]:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.bootstrap_servers, request_timeout_ms=10_000)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group, partitions=[KafkaPartition(EVENTS, p) for p in range(partitions)])
    finally:
        await admin.close()
    return [Commit(tp.partition, place.offset, place.metadata) for tp, place in sorted(found.items())]


def caught_up(settings, group, seconds: float, child=None) -> float:
    """Wait until the group has committed the end of the log; the seconds it took."""
    started = time.monotonic()
    wanted = ends(settings, EVENTS)
    while True:
        try:
            found = [max(place.offset, 0) for place in committed(settings, group)]
        except Exception as error:
            found = [repr(error)]
        if found == wanted:
            return time.monotonic() - started
        assert child is None or child.poll() is None, f"the worker ended with {child.returncode}"
        assert time.monotonic() - started < seconds, f"committed {found} of {wanted} after {seconds:.0f} s"
        time.sleep(0.2)


def undisturbed(settings, partition, rules: WorkerSettings, partitions=4):
    """What one uninterrupted run over a partition's log gives: processor and outputs."""
    processor = Processor(rules_of(rules), partition, partitions)
    return processor, processor.apply(read(settings, EVENTS, partition))


def check_outputs(settings, partition, outputs) -> int:
    """The topics hold an undisturbed run's messages, byte for byte, each at least once; how many stand there repeatedly."""
    return (
        _check_sequence(read(settings, ACCEPTED, partition), [v for _, v in outputs.accepted])
        + _check_ids(read(settings, FORECASTS, partition), [v for _, v in outputs.forecasts])
        + _check_dead_letters(read(settings, REJECTED, partition), outputs.rejected)
    )


def _check_sequence(messages, expected) -> int:
    """By the consumers' rule: a sequence number not above the last is a repeat, any other must be the next."""
    last = repeats = 0
    for message in messages:
        seq = msgspec.json.decode(message.value)["seq"]
        assert seq <= last + 1, f"sale {seq} came after {last}: one is lost"
        assert message.value == expected[seq - 1], f"sale {seq} differs from that of an undisturbed run"
        repeats += seq <= last
        last = max(last, seq)
    assert last == len(expected), f"{last} of {len(expected)} accepted sales"
    return repeats


def _check_ids(messages, expected) -> int:
    by_id = {msgspec.json.decode(value)["id"]: value for value in expected}
    assert len(by_id) == len(expected), "ids repeat"
    return _check_once(((msgspec.json.decode(m.value)["id"], m.value) for m in messages), by_id)


def _check_dead_letters(messages, expected) -> int:
    def origin(message):
        headers = dict(message.headers)
        return int(headers["source-offset"]), (headers["reason"].decode(), message.value)

    return _check_once(map(origin, messages), {dead.offset: (dead.reason, dead.raw) for dead in expected})


def _check_once(found, expected) -> int:
    first, repeats = [], 0
    times: defaultdict = defaultdict(int)
    for key, value in found:
        assert key in expected, f"{key} is not among an undisturbed run's"
        assert value == expected[key], f"{key} differs from that of an undisturbed run"
        times[key] += 1
        if times[key] == 1:
            first.append(key)
        else:
            repeats += 1
    assert first == list(expected), f"{len(first)} of {len(expected)}, or out of order"
    return repeats


def committed_state(settings, group, partition) -> bytes:
    """The snapshot the group's commit names."""
    [place] = [p for p in committed(settings, group) if p.partition == partition]
    return SnapshotReader(settings).at(partition, place.metadata)
