"""Snapshots that are torn, corrupt, old, missing or forgotten, and a log that was cut: the same bytes, or a stop with a sentence."""

import asyncio

import aiokafka
import msgspec
import pytest
from aiokafka import AIOKafkaConsumer
from confluent_kafka import Producer, TopicPartition
from xxhash import xxh3_64_hexdigest

from streams.contract.topics import EVENTS, SNAPSHOTS
from streams.kafka.clients import librdkafka
from streams.processor.migrations import FORMAT
from streams.processor.processor import Processor
from streams.runtime.rules_of import rules_of
from tests.servers.reading import caught_up, committed, committed_state, ends, read
from tests.servers.traffic import publish, traffic, truth_of
from tests.servers.verdict import check_against_undisturbed

LOG = traffic(4000, seed=51)
HALF = len(LOG.messages) // 2


@pytest.fixture
def stopped(kafka, workers):
    """A worker has taken half of the log, committed and ended; the other half is published."""
    publish(kafka.settings, LOG.messages[:HALF])
    child = workers.start()
    caught_up(kafka.settings, workers.group, 60, child)
    workers.stop(child)
    publish(kafka.settings, LOG.messages[HALF:])


def goes_on(kafka, workers, **environment):
    """A worker takes the rest: everything is as if nothing had happened. How many messages stand repeatedly."""
    last = workers.start(**environment)
    caught_up(kafka.settings, workers.group, 60, last)
    workers.stop(last)
    return check_against_undisturbed(kafka, workers, truth_of(LOG.messages))


def put_snapshot(kafka, workers, partition, data, *, name=None, chunks=None, of=1):
    """Write chunks under a snapshot's name and commit that it is the one to use."""
    [place] = [p for p in committed(kafka.settings, workers.group) if p.partition == partition]
    name = name or f"{place.offset}-{xxh3_64_hexdigest(data)}"
    offsets, producer = [], Producer(librdkafka(kafka.settings))
    for number, chunk in enumerate([data] if chunks is None else chunks):
        if chunk is not None:
            key = f"{partition}/{name}/{number}/{of}".encode()
            producer.produce(SNAPSHOTS, chunk, key, partition, lambda _, message: offsets.append(message.offset()))
    assert producer.flush(20) == 0
    commit(kafka, workers, partition, place.offset, name, offsets, of)


def commit(kafka, workers, partition, offset, name, offsets, of):
    metadata = {"id": name, "first": min(offsets), "last": max(offsets), "chunks": of, "next_offset": offset}
    asyncio.run(_commit(kafka.settings, workers.group, partition, offset, msgspec.json.encode(metadata).decode()))


async def _commit(settings, group, partition, offset, metadata):
    """By aiokafka: confluent-kafka writes bytes beyond the end of the metadata."""
    writing = AIOKafkaConsumer(bootstrap_servers=settings.bootstrap_servers, group_id=group, enable_auto_commit=False)
    await writing.start()
    try:
        here = aiokafka.TopicPartition(EVENTS, partition)
        writing.assign([here])
        await writing.commit({here: aiokafka.structs.OffsetAndMetadata(offset, metadata)})
    finally:
        await writing.stop()


def test_torn_corrupt_older_and_foreign_snapshots(kafka, workers, stopped):
    torn, corrupt, older = (committed_state(kafka.settings, workers.group, p) for p in range(3))
    third = -(-len(torn) // 3)
    chunks = [torn[:third], None, torn[2 * third :]]
    put_snapshot(kafka, workers, 0, torn, name=f"999999-{xxh3_64_hexdigest(torn)}", chunks=chunks, of=3)
    broken = bytearray(corrupt)
    broken[len(broken) // 2] ^= 1
    put_snapshot(kafka, workers, 1, bytes(broken), name=f"999999-{xxh3_64_hexdigest(corrupt)}")
    at = len(b"shelfcast")
    put_snapshot(kafka, workers, 2, older[:at] + (FORMAT + 1).to_bytes(2, "big") + older[at + 2 :])
    put_snapshot(kafka, workers, 3, torn, name=f"999999-{xxh3_64_hexdigest(torn)}")
    goes_on(kafka, workers)
    said = workers.said()
    assert "partition 0: The snapshot 999999-" in said
    assert "is torn: 2 of 3 chunks are there. Looking for another snapshot." in said
    assert "is corrupt. Looking for another snapshot." in said
    assert f"The snapshot has format {FORMAT + 1}, of a newer release, this program reads 1 to {FORMAT}" in said
    assert "The snapshot belongs to another partition" in said


def test_the_commit_has_expired_the_newest_snapshot_is_found(kafka, workers, stopped):
    workers.group = workers.environment["SHELFCAST_GROUP"] = workers.group + "-without-commits"
    assert goes_on(kafka, workers) == 0, "it did not go on from the newest snapshot"


def test_no_snapshot_at_all_the_log_gives_the_same(real_kafka, workers, stopped):
    settings = real_kafka.settings
    places = [TopicPartition(SNAPSHOTS, p, end) for p, end in enumerate(ends(settings, SNAPSHOTS))]
    delete(real_kafka, places)
    repeats = goes_on(real_kafka, workers)
    assert "The snapshot's chunks were deleted by retention." in workers.said()
    assert repeats >= HALF * 0.7, "it did not go over the whole log again"


def test_the_log_was_cut_below_the_commit_nothing_happens(real_kafka, workers, stopped):
    """Retention as it should be: what the state holds may go."""
    settings = real_kafka.settings
    before = [read(settings, EVENTS, p) for p in range(4)]
    delete_events(real_kafka, [max(0, place.offset - 10) for place in committed(settings, workers.group)])
    child = workers.start()
    caught_up(settings, workers.group, 60, child)
    workers.stop(child)
    for partition in range(4):
        rest = read(settings, EVENTS, partition)
        processor = Processor(rules_of(workers.settings), partition, 4)
        processor.apply(before[partition])
        processor.apply(rest)
        assert committed_state(settings, workers.group, partition) == processor.dump()


def test_retention_ate_what_was_not_taken_the_worker_stops(real_kafka, workers, stopped):
    settings = real_kafka.settings
    cut = [place.offset + 50 for place in committed(settings, workers.group)]
    delete_events(real_kafka, cut)
    child = workers.start()
    assert child.wait(60) == 4, workers.said()[-3000:]
    sentences = [
        f"Partition {p} of sales.events begins at offset {at}, but the state needs it from {at - 50} on" for p, at in enumerate(cut)
    ]
    assert any(sentence in workers.said() for sentence in sentences), workers.said()[-2000:]
    assert "SHELFCAST_ACCEPT_TRUNCATED_LOG=true" in workers.said()
    assert [place.offset + 50 for place in committed(settings, workers.group)] == cut, "it moved a commit"
    child = workers.start(SHELFCAST_ACCEPT_TRUNCATED_LOG="true")
    caught_up(settings, workers.group, 60, child)
    workers.stop(child)
    assert f"events {cut[0] - 50} to {cut[0] - 1} are lost to retention" in workers.said()


def test_a_cut_log_and_no_snapshot_is_no_new_beginning(real_kafka, workers, stopped):
    settings = real_kafka.settings
    delete_events(real_kafka, [10, 10, 10, 10])
    places = [TopicPartition(SNAPSHOTS, p, end) for p, end in enumerate(ends(settings, SNAPSHOTS))]
    delete(real_kafka, places)
    child = workers.start()
    assert child.wait(60) == 4, workers.said()[-3000:]
    assert "begins at offset 10, but the state needs it from 0 on" in workers.said()


def delete_events(kafka, offsets):
    places = [TopicPartition(EVENTS, partition, offset) for partition, offset in enumerate(offsets)]
    delete(kafka, places)


def delete(kafka, places):
    admin = kafka.admin()
    for future in admin.delete_records(places, request_timeout=20).values():
        future.result(30)
