"""`shelfcast doctor`: finds what is wrong, and says what to do about it."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Final

import typer
from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin._config import ConfigResource
from pymongo.errors import PyMongoError
from rich.console import Console

from deploy.connection import servers
from streams.contract.errors import EventFault, ServerError, ShelfcastError, SnapshotError
from streams.contract.settings import KafkaSettings, MongoSettings, WorkerSettings
from streams.contract.topics import EVENTS, TOPICS
from streams.kafka.brokers import RAISE_SIZES, ensure_topics, forbidden, is_embedded, metadata, small_topics, told_small
from streams.kafka.clients import admin
from streams.kafka.ends import LogEnds
from streams.kafka.lag import behind, committed
from streams.kafka.reading import TopicReader, read_log
from streams.kafka.trouble import CAUSES, cause_of
from streams.mongodb.client import connect
from streams.mongodb.trouble import mongo_cause
from streams.processor.processor import Processor
from streams.runtime import bookmarks
from streams.runtime.rules_of import rules_of
from streams.runtime.snapshots import SnapshotReader

CLOCK_SECONDS: Final = 5.0
TRIED_EVENTS: Final = 1000
"""Number of waiting events that are tried in each partition: a worker that is stuck stops at one of the first."""

TRIED_SECONDS: Final = 10.0
_MARKS: Final = {"ok": "[green]ok[/]  ", "warn": "[yellow]warn[/]", "fail": "[red]FAIL[/]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. state: ok, warn or fail; todo: what to do about it."""

    check: str
    state: str
    found: str
    todo: str = ""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Check broker, topics, database, clock and model state, and say what to do about each problem.

    Exit code 0: nothing failed; 1: something did.
    """
    kafka, mongo = servers(data_dir)
    findings = list(examine(kafka, mongo, WorkerSettings.read()))
    if as_json:
        typer.echo(json.dumps([asdict(f) for f in findings], indent=1))
    else:
        console = Console()
        for f in findings:
            console.print(f"{_MARKS[f.state]} [bold]{f.check}[/]: {f.found}", highlight=False)
            if f.todo:
                console.print(f"       -> {f.todo}", highlight=False)
    raise typer.Exit(any(f.state == "fail" for f in findings))


def examine(kafka: KafkaSettings, mongo: MongoSettings, settings: WorkerSettings) -> Iterator[Finding]:
    """All checks, each as far as the earlier ones allow."""
    try:
        cluster = metadata(kafka)
    except ServerError as error:
        yield Finding("broker", "fail", "no answer", str(error))
    else:
        kind = "embedded: the log lives in memory and keeps about 5 MB a partition" if is_embedded(cluster) else "Kafka"
        yield Finding("broker", "ok", f"{kafka.bootstrap_servers}, {len(cluster.brokers)} broker(s), {kind}")
        if is_embedded(cluster):  # it creates a topic when it is first mentioned
            ensure_topics(kafka, None)
            cluster = metadata(kafka)
        counts = {t.name: len(cluster.topics[t.name].partitions) for t in TOPICS if t.name in cluster.topics}
        yield from _guarded("topics", lambda: _topics(kafka, counts))
        if not is_embedded(cluster) and counts:
            yield from _guarded("retention", lambda: _retention(kafka, list(counts)))
            yield from _guarded("sizes", lambda: _sizes(kafka))
        if EVENTS in counts:
            yield from _guarded("clock", lambda: _clock(kafka))
            yield from _guarded("worker", lambda: _lag(kafka, settings, counts[EVENTS]))
            yield from _guarded("model state", lambda: _snapshots(kafka, settings, counts[EVENTS]))
    yield _database(mongo)


def _guarded(check: str, look: Callable[[], Finding]) -> Iterator[Finding]:
    try:
        yield look()
    except KafkaException as error:
        cause, advice = cause_of(error.args[0])
        yield Finding(check, "fail", f"could not be checked: {cause}", advice)
    except ShelfcastError as error:
        yield Finding(check, "fail", "could not be checked", str(error))


def _topics(kafka: KafkaSettings, counts: dict[str, int]) -> Finding:
    missing = [t.name for t in TOPICS if t.name not in counts]
    hidden = forbidden(kafka, missing) if missing else []
    if hidden:
        cause, advice = CAUSES["TOPIC_AUTHORIZATION_FAILED"]
        return Finding("topics", "fail", f"not shown: {', '.join(hidden)}: {cause}", advice)
    if missing:
        return Finding("topics", "fail", "missing: " + ", ".join(missing), "run `shelfcast topics create`")
    if len(set(counts.values())) > 1:
        return Finding(
            "topics", "fail", f"different numbers of partitions: {counts}", "recreate those that differ, with one number for all"
        )
    return Finding("topics", "ok", f"{len(counts)} topics with {counts[EVENTS]} partitions each")


def _retention(kafka: KafkaSettings, names: list[str]) -> Finding:
    client = admin(kafka)
    found = client.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, name) for name in names], request_timeout=10)
    wanted = {t.name: t.retention_ms for t in TOPICS}
    # Wait for all answers before reading the first: an error in one must not close the client while others are on their way.
    wait(found.values(), timeout=15)
    short = []
    for resource, future in found.items():
        kept = int(future.result()["retention.ms"].value or 0)
        if 0 <= kept < wanted[resource.name]:
            short.append(f"{resource.name} {kept / 86_400_000:.1f} days (want {wanted[resource.name] // 86_400_000})")
    if short:
        return Finding("retention", "warn", "; ".join(short), "raise retention.ms: what retention deletes cannot be rebuilt or verified")
    return Finding("retention", "ok", "as long as designed, or longer")


def _sizes(kafka: KafkaSettings) -> Finding:
    small = small_topics(kafka)
    if small is None:
        return Finding(
            "sizes",
            "warn",
            "Kafka does not say how large a batch its topics take",
            "allow this user to describe the configuration of the topics",
        )
    if small:
        return Finding("sizes", "fail", told_small(small), RAISE_SIZES)
    return Finding("sizes", "ok", "the topics take the largest batch that is sent")


def _clock(kafka: KafkaSettings) -> Finding:
    """Our clock against that of the newest event's record."""
    with TopicReader(kafka, "shelfcast-doctor") as reader:
        ends = reader.ends(EVENTS)
        last = {partition: LogEnds(high - 1, high) for partition, (low, high) in ends.items() if high > low}
        newest = max((message.timestamp()[1] / 1000 for message in reader.messages(EVENTS, last)), default=0.0)
    ahead = newest - time.time()
    if ahead > CLOCK_SECONDS:
        return Finding(
            "clock",
            "warn",
            f"the newest event was written {ahead:.0f} s from now",
            "set the clocks of this machine and of the producers by NTP",
        )
    return Finding("clock", "ok", "no event from the future" if newest else "no event yet")


def _lag(kafka: KafkaSettings, settings: WorkerSettings, partitions: int) -> Finding:
    group = settings.group
    client, lag, waiting = admin(kafka), 0, []
    with TopicReader(kafka, "shelfcast-doctor") as reader:
        for place in committed(client, group, EVENTS, range(partitions)):
            low, high = reader.ends_of(EVENTS, place.partition)
            if place.offset < low and low > 0:
                stands = f"stands at {place.offset}" if place.offset >= 0 else "has no commit"
                return Finding("worker", "fail", f"partition {place.partition} {stands}, the log begins at {low}",
                               "events were lost to retention: restore the log or set SHELFCAST_ACCEPT_TRUNCATED_LOG=true")  # fmt: skip
            if (more := behind(place.offset, high, low)) > 0:
                lag += more
                waiting.append((place, high))
    for place, high in waiting:
        stopped = _poison(kafka, settings, partitions, place, high)
        if stopped is not None:
            return stopped
    if lag:
        return Finding(
            "worker",
            "warn",
            f"{lag} events of group {group} are not committed",
            "if it does not fall, start `shelfcast worker` or more of them",
        )
    return Finding("worker", "ok", f"group {group} has committed everything")


def _poison(kafka: KafkaSettings, settings: WorkerSettings, partitions: int, place: TopicPartition, high: int) -> Finding | None:
    """Take the events that wait as the worker would: an event at which the program fails is found; None where all can be taken."""
    rules, partition = rules_of(settings), place.partition
    if place.offset >= 0 and place.metadata and bookmarks.names_snapshot(place.metadata):
        data = SnapshotReader(kafka).at(partition, place.metadata)
        processor = Processor.load(data, rules, partition, partitions)
    elif place.offset <= 0:
        processor = Processor(rules, partition, partitions)
    else:
        return None
    first = processor.next_offset
    processor.quarantine.decide(bookmarks.read(place.metadata or "").put_aside, first)
    until = time.monotonic() + TRIED_SECONDS
    for record in read_log(kafka, EVENTS, partition, first, min(high, first + TRIED_EVENTS)):
        try:
            processor.apply([record])
        except EventFault as fault:
            return Finding(
                "worker",
                "fail",
                f"the program fails at the event at partition {partition} offset {fault.offset} ({fault.place})",
                "report it, and upgrade: until then the worker puts it aside (`shelfcast deadletters list --reason internal_error`)",
            )
        if time.monotonic() > until:
            break
    return None


def _snapshots(kafka: KafkaSettings, settings: WorkerSettings, partitions: int) -> Finding:
    reader, rules, found = SnapshotReader(kafka), rules_of(settings), 0
    for partition in range(partitions):
        data = reader.newest(partition)
        if data is None:
            continue
        try:
            Processor.load(data, rules, partition, partitions)
        except SnapshotError as error:
            return Finding(
                "model state", "warn", f"partition {partition}: {error}", "the worker will rebuild it from the log: give it time"
            )
        found += 1
    return Finding("model state", "ok", f"{found} of {partitions} partitions have a snapshot that this version reads")


def _database(mongo: MongoSettings) -> Finding:
    try:
        with connect(mongo, "shelfcast-doctor", absent_seconds=5.0) as client:
            client.admin.command("ping")
            names = client[mongo.database].list_collection_names()
    except PyMongoError as error:
        cause, advice = mongo_cause(error)
        return Finding("database", "fail", f"{mongo.shown}: {cause}", advice)
    return Finding("database", "ok", f"{mongo.shown} with {len(names)} collections")
