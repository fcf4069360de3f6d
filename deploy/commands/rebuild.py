"""`shelfcast rebuild`: makes the worker's state and MongoDB anew from an archive."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from confluent_kafka import KafkaException, TopicPartition
from prometheus_client import CollectorRegistry

from consumers.runtime.identity import settle_identity
from consumers.runtime.metrics import ConsumerMetrics
from consumers.store.mongo import MongoDocuments
from deploy.connection import embedded_log_id, kafka_of, mongo_of
from streams.contract.documents import PROGRESS
from streams.contract.errors import LogTruncatedError, SnapshotError, UsageError
from streams.contract.settings import KafkaSettings, MongoSettings, WorkerSettings
from streams.contract.topics import EVENTS
from streams.kafka.brokers import check_topics
from streams.kafka.clients import admin, consumer
from streams.kafka.reading import TopicReader
from streams.kafka.trouble import kafka_error
from streams.mongodb.client import connect
from streams.processor.state import from_bytes
from streams.runtime import snapshots
from streams.runtime.outbox import Outbox
from streams.runtime.rules_of import rules_of

if TYPE_CHECKING:
    from streams.processor.processor import Processor

_ASK_SECONDS: Final = 15.0
_NOT_EMPTY: Final = ("UNKNOWN_MEMBER_ID", "NON_EMPTY_GROUP", "ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS")


def rebuild(
    place: Annotated[str, typer.Option("--from", help="The archive: a folder, or a bucket as in s3://sales/archive.")],
    state: Annotated[bool, typer.Option(help="Make the worker's state anew. No worker may be running.")] = True,
    mongodb: Annotated[bool, typer.Option(help="Write the documents of the consumers into an empty database.")] = True,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Make state and MongoDB anew from an archive, byte for byte as the log gave them. Workers and consumers must be stopped.

    \b
    Examples:
      shelfcast rebuild --from /srv/archive
      MONGODB_DATABASE=shelfcast_new shelfcast rebuild --from s3://sales/archive --no-state
    """
    kafka = kafka_of(data_dir)
    if state:
        _make_states(place, kafka, WorkerSettings.read())
    if mongodb:
        _make_documents(place, kafka, mongo_of(data_dir), embedded_log_id(data_dir))


def _make_states(place: str, kafka: KafkaSettings, settings: WorkerSettings) -> None:
    from consumers.archive.rebuild import partitions_in, state_of  # noqa: PLC0415 - Delta Lake is an extra

    count, rules, outbox = check_topics(kafka), rules_of(settings), Outbox(kafka)
    for partition in partitions_in(place):
        processor = state_of(place, partition, count, rules, _put_aside(kafka, partition))
        _check_goes_on(kafka, partition, processor.next_offset)
        data = processor.dump()
        metadata = snapshots.write(outbox, partition, data, processor.next_offset)
        _commit(kafka, settings.group, partition, processor, metadata)
        _say(f"partition {partition}: {processor.next_offset:,} events, {processor.seq:,} sales, a state of {len(data):,} bytes")


def _put_aside(kafka: KafkaSettings, partition: int) -> dict[int, str]:
    """The events that workers have put aside, as far as a snapshot still tells."""
    newest = snapshots.SnapshotReader(kafka).newest(partition)
    try:
        return {} if newest is None else dict(from_bytes(newest).get("put_aside", ()))
    except SnapshotError:
        return {}


def _check_goes_on(kafka: KafkaSettings, partition: int, next_offset: int) -> None:
    with TopicReader(kafka, "shelfcast-rebuild") as reader:
        ends = reader.ends_of(EVENTS, partition)
    if ends.low > next_offset:
        raise LogTruncatedError(
            f"The archive ends at offset {next_offset} of partition {partition}, and the log of {EVENTS} begins at {ends.low}: the events "
            "between are in neither. Restore the log; nothing was written for this partition."
        )
    if ends.high < next_offset:
        raise UsageError(
            f"The archive has events of partition {partition} up to offset {next_offset}, and the log of {EVENTS} ends at {ends.high}: it "
            "is another log. Nothing was written for this partition."
        )


def _commit(kafka: KafkaSettings, group: str, partition: int, processor: "Processor", metadata: str) -> None:
    """Commit for the workers' group, as a client that does not join it; Kafka refuses it while a worker runs."""
    committing = consumer(kafka, group)
    try:
        there = TopicPartition(EVENTS, partition, processor.next_offset, metadata)
        found = committing.commit(offsets=[there], asynchronous=False) or []
        refused = next((each.error for each in found if each.error is not None), None)
    except KafkaException as error:
        refused = error.args[0]
    finally:
        committing.close()
    if refused is not None and refused.name() in _NOT_EMPTY:
        raise UsageError(f"A worker of the group {group} is running: stop all workers and try again.")
    if refused is not None:
        raise kafka_error(kafka, KafkaException(refused))


def _make_documents(place: str, kafka: KafkaSettings, mongo: MongoSettings, log_id: str | None) -> None:
    from consumers.archive.rebuild import write_documents  # noqa: PLC0415

    client = connect(mongo, "shelfcast")
    try:
        documents = MongoDocuments(client[mongo.database], mongo.shown)
        if next(documents.each(PROGRESS, ["_id"]), None) is not None:
            raise UsageError(f"The database {mongo.database} is not empty: set MONGODB_DATABASE to a new name, or drop it first.")
        settle_identity(documents, log_id or _cluster_id(kafka), drop_other=False)
        documents.prepare()
        told = write_documents(place, documents, ConsumerMetrics(CollectorRegistry()))
    finally:
        client.close()
    _say(f"MongoDB: {told['sales']:,} sales and {told['forecasts']:,} messages about forecasts are in the database {mongo.database}")


def _cluster_id(kafka: KafkaSettings) -> str:
    try:
        return str(admin(kafka).list_topics(timeout=_ASK_SECONDS).cluster_id)
    except KafkaException as error:
        raise kafka_error(kafka, error) from error


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
