"""Rebuilds every partition's model from the log and compares it with the worker's newest snapshot.

It runs as a process of its own, so that nothing waits for it: python -m deploy.training.rebuild, with Kafka from the environment. It prints
a line of JSON: {"events", "partitions", "compared", "different"}.
"""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from streams.contract.errors import LogTruncatedError, ServerError, ShelfcastError, SnapshotError
from streams.contract.settings import KafkaSettings, WorkerSettings
from streams.contract.topics import EVENTS
from streams.kafka.brokers import check_topics
from streams.kafka.reading import LogRecord, TopicReader, read_log
from streams.processor.processor import Processor
from streams.processor.quarantine import Decisions, deciding
from streams.processor.rules import Rules
from streams.processor.state import from_bytes
from streams.runtime.rules_of import rules_of
from streams.runtime.snapshots import SnapshotReader

SLICE: Final = 2000


def rebuild(kafka: KafkaSettings, settings: WorkerSettings) -> dict[str, Any]:
    """Rebuild all partitions. Raises LogTruncatedError if the log no longer reaches back to its beginning; ServerError."""
    partitions = check_topics(kafka)
    reader, events, compared, different = SnapshotReader(kafka), 0, 0, []
    for partition in range(partitions):
        snapshot = reader.newest(partition)
        known = {} if snapshot is None else {partition: dict(from_bytes(snapshot).get("put_aside", ()))}
        made = partial(_of_partition, kafka, settings, partition, partitions, snapshot)
        taken, equal = deciding(made, known)
        events += taken
        compared += equal is not None
        different += [partition] if equal is False else []
    return {"events": events, "partitions": partitions, "compared": compared, "different": different}


def _of_partition(
    kafka: KafkaSettings,
    settings: WorkerSettings,
    partition: int,
    partitions: int,
    snapshot: bytes | None,
    decisions: Mapping[int, Decisions],
) -> tuple[int, bool | None]:
    """Number of events of a partition, and whether its state equals the snapshot; None if log and snapshot end at different offsets."""
    processor = Processor(_rules(snapshot, settings), partition, partitions)
    processor.quarantine.decide(decisions.get(partition, {}).items(), 0)
    expected = _next_offset(snapshot)
    events, equal = 0, None
    for run in runs(kafka, partition):
        events += len(run)
        processor.apply([r for r in run if expected is not None and r.offset < expected])
        if snapshot is not None and expected is not None and processor.next_offset == expected:
            equal = processor.dump() == snapshot
            expected = None
        processor.apply(run)
    return events, equal


def runs(kafka: KafkaSettings, partition: int) -> Iterator[list[LogRecord]]:
    """A partition's log as it ends now, in runs. Raises LogTruncatedError, ServerError."""
    with TopicReader(kafka, "shelfcast-rebuild") as reader:
        low, high = reader.ends_of(EVENTS, partition)
    if low > 0:
        raise LogTruncatedError(
            f"The log of partition {partition} begins at {low}: what came before cannot be learned again. "
            "The worker's model is what it learned as the events came."
        )
    run: list[LogRecord] = []
    for record in read_log(kafka, EVENTS, partition, 0, high):
        run.append(record)
        if len(run) == SLICE:
            yield run
            run = []
    if run:
        yield run


def _rules(snapshot: bytes | None, settings: WorkerSettings) -> Rules:
    if snapshot is None:
        return rules_of(settings)
    state = from_bytes(snapshot)
    # The countries with which its stores began, not those that the file now gives to new stores.
    return Rules(**state["rules"], store_countries=state.get("countries", {}))


def _next_offset(snapshot: bytes | None) -> int | None:
    return None if snapshot is None else int(from_bytes(snapshot)["next_offset"])


def main() -> None:
    """Rebuild and print."""
    started = time.monotonic()
    try:
        found = rebuild(KafkaSettings.read(), WorkerSettings.read())
    except (ShelfcastError, SnapshotError, ServerError) as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        sys.exit(1)
    sys.stdout.write(json.dumps(found | {"seconds": round(time.monotonic() - started, 1)}) + "\n")


if __name__ == "__main__":
    main()
