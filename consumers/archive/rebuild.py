"""Makes the worker's state and the documents of MongoDB anew from an archive, equal to those that the log gave."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from consumers.archive.rows import TABLES, sale_of
from consumers.archive.table import ArchiveTable, read_rows
from consumers.forecasts.forecasts import ForecastsSink
from consumers.runtime.metrics import ConsumerMetrics
from consumers.runtime.sink import Record, Sink
from consumers.statistics.statistics import StatisticsSink
from consumers.store.port import Documents
from streams.contract.codec import encode
from streams.contract.errors import UsageError
from streams.kafka.ends import LogEnds
from streams.processor.processor import Processor
from streams.processor.quarantine import Decisions, deciding
from streams.processor.rules import Rules

SLICE: Final = 2000
"""Messages applied or written at once."""

EVENTS_TABLE, SALES_TABLE, FORECASTS_TABLE = (kept.name for kept in TABLES[:3])


class Event(NamedTuple):
    """An archived event, in the form that the processor takes."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def partitions_in(place: str) -> list[int]:
    """The partitions of which there are events. Raises UsageError, ServerError."""
    table = _table(place, EVENTS_TABLE).open()
    return sorted(set(table.to_pyarrow_table(columns=["partition"])["partition"].unique().to_pylist()))


def state_of(place: str, partition: int, partitions: int, rules: Rules, known: Decisions | None = None) -> Processor:
    """The processor of a partition after all its archived events; it is as the log would have made it.

    known: events that were put aside, by offset. Raises UsageError if the archive lacks events, ServerError.
    """

    def made(decisions: Mapping[int, Decisions]) -> Processor:
        processor = Processor(rules, partition, partitions)
        processor.quarantine.decide(decisions.get(partition, {}).items(), 0)
        for events in _events(place, partition):
            if events[0].offset != processor.next_offset:
                raise UsageError(
                    f"The archive {place} has events of partition {partition} up to {processor.next_offset - 1} and then from "
                    f"{events[0].offset} on: what lies between cannot be learned again."
                )
            processor.apply(events)
        return processor

    return deciding(made, {partition: known or {}})


def write_documents(place: str, documents: Documents, metrics: ConsumerMetrics) -> dict[str, int]:
    """Write statistics and forecasts into an empty database; how many messages each was made of.

    The progress that is written beside them is that of the topics, so `shelfcast consume` goes on from there. Raises ServerError.
    """
    sales = _written(_sales(place), StatisticsSink(documents, metrics))
    return {"sales": sales, "forecasts": _written(_forecasts(place), ForecastsSink(documents, metrics))}


def _written(records: Iterator[Record], sink: Sink) -> int:
    count, batch = 0, list[Record]()
    started: set[int] = set()
    for record in records:
        if record.partition not in started:
            started.add(record.partition)
            sink.start(record.partition, LogEnds(0, record.offset))
        batch.append(record)
        if len(batch) == SLICE:
            sink.write(batch)
            count, batch = count + len(batch), []
    if batch:
        sink.write(batch)
    return count + len(batch)


def _events(place: str, partition: int) -> Iterator[list[Event]]:
    """Runs without a gap, in order."""
    columns = ["partition", "log_offset", "written_ms", "key", "value"]
    run: list[Event] = []
    for row in _rows(place, EVENTS_TABLE, columns, [("partition", "=", partition)]):
        event = Event(row["log_offset"], row["written_ms"], row["key"], row["value"])
        if run and (len(run) == SLICE or event.offset != run[-1].offset + 1):
            yield run
            run = []
        run.append(event)
    if run:
        yield run


def _sales(place: str) -> Iterator[Record]:
    for row in _rows(place, SALES_TABLE, None):
        yield Record(row["partition"], row["log_offset"], row["written_ms"] / 1000, encode(sale_of(row)))


def _forecasts(place: str) -> Iterator[Record]:
    for row in _rows(place, FORECASTS_TABLE, ["partition", "log_offset", "written_ms", "value"]):
        yield Record(row["partition"], row["log_offset"], row["written_ms"] / 1000, row["value"])


def _rows(place: str, name: str, columns: list[str] | None, where: Any = None) -> Iterator[dict[str, Any]]:
    table = _table(place, name)
    found = read_rows(table.open(), columns or table.kept.schema.names, where)
    for batch in found.to_batches(max_chunksize=SLICE):
        yield from batch.to_pylist()


def _table(place: str, name: str) -> ArchiveTable:
    return ArchiveTable(place, next(kept for kept in TABLES if kept.name == name))
