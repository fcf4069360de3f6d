"""The whole recount: first the documents, then the log up to what the documents say they hold."""

from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import Message

from consumers.statistics.statistics import NAME as STATISTICS
from consumers.statistics.statistics import readable_sale
from consumers.store.mongo import MongoDocuments
from consumers.verification.commits import commits_of
from consumers.verification.difference import Difference
from consumers.verification.events import EventBooks, EventCounts
from consumers.verification.statistics import SalesBooks
from streams.contract.documents import (
    CASHIER_MONTHS,
    CUSTOMER_YEARS,
    DAY_COLUMNS,
    DAY_SALES,
    DAY_UNITS,
    ITEM_MONTHS,
    PROGRESS,
    STORE_MONTHS,
    units_of,
)
from streams.contract.money import amounts_shown, decimal_of
from streams.contract.topics import ACCEPTED, EVENTS, REJECTED
from streams.kafka.ends import LogEnds
from streams.kafka.reading import TopicReader

_OF_PEOPLE: Final = ("v", "partition", "store", "customer", "cashier", "year", "month", "currency", *DAY_COLUMNS)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the recount found."""

    events: EventCounts
    sales: int
    not_applied: int
    totals: list[int]
    """Counts in MongoDB in the order of DAY_COLUMNS."""
    money: dict[str | None, list[int]]
    """Money in MongoDB by currency, rows of MONEY_COLUMNS."""
    differences: list[Difference]

    @property
    def balanced(self) -> bool:
        """Whether there is no disagreement. What is still on its way is not one: see `lag`."""
        return not self.differences

    @property
    def lag(self) -> int:
        """Events that the worker has not reached, and accepted sales that are not in MongoDB yet."""
        return self.events.pending + self.not_applied

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        money = amounts_shown(self.money)
        if len(self.money) < 2:
            money["profit"] = money["profit"] or decimal_of(0)
        return {
            "balanced": self.balanced,
            "lag": self.lag,
            "totals": {
                "units": units_of(self.totals[DAY_UNITS]),
                **money,
                "sales": self.totals[DAY_SALES],
            },
            "events": {
                "in": self.events.events,
                "accepted": self.events.accepted,
                "duplicates": self.events.duplicates,
                "rejected": self.events.rejected,
                "other": self.events.other,
                "pending": self.events.pending,
            },
            "accepted_not_applied": self.not_applied,
            "differences": [difference.shown() for difference in self.differences],
        }


def verify(log: TopicReader, documents: MongoDocuments, group: str | None = None) -> Verdict:
    """Recount the log and compare it with the documents. Raises ServerError.

    group: consumer group of the workers. Events below its commits must have left their traces; without a commit, the last trace decides
    what is pending.
    """
    committed = {} if group is None else commits_of(log, EVENTS, group)
    event_ends = log.ends(EVENTS)
    progress = {
        document["partition"]: document["seq"] or 0
        for document in documents.each(PROGRESS, ("reader", "partition", "seq"))
        if document["reader"] == STATISTICS
    }
    sales = SalesBooks(progress)
    for collection in (STORE_MONTHS, ITEM_MONTHS):
        for document in documents.each(collection, ("v", "partition", "store", "item", "month", "currency", "others", "mixed_to", "days")):
            sales.document(document)
    for collection in (CUSTOMER_YEARS, CASHIER_MONTHS):
        for document in documents.each(collection, _OF_PEOPLE):
            sales.people.document(collection, document)
    accepted_ends, rejected_ends = log.ends(ACCEPTED), log.ends(REJECTED)
    cut = {p for ends in (event_ends, accepted_ends, rejected_ends) for p, end in ends.items() if end.low > 0}
    differences = [_truncated(partition, accepted_ends.get(partition), sales) for partition in sorted(cut)]
    events = EventBooks({partition: end for partition, end in event_ends.items() if partition not in cut}, committed)
    for message in log.messages(ACCEPTED, accepted_ends):
        try:
            sale = readable_sale(message.value() or b"")
        except ValueError as error:
            differences.append(_unreadable(message, error))
            continue
        if sales.accepted(sale):
            events.accepted(sale)
    for message in log.messages(REJECTED, rejected_ends):
        _bury(message, events, differences)
    for message in log.messages(EVENTS, {p: end for p, end in event_ends.items() if p not in cut}):
        events.event(message.partition() or 0, message.offset() or 0, message.value() or b"")
    counts = events.conclude()
    return Verdict(counts, sales.sales, sales.not_applied, sales.totals, sales.money, differences + events.differences + sales.conclude())


def _truncated(partition: int, accepted: LogEnds | None, sales: SalesBooks) -> Difference:
    if accepted is not None and accepted.low > 0:
        sales.truncated(partition)
    sentence = (
        f"The log of partition {partition} does not reach back to its beginning (retention has removed it; the embedded Kafka keeps "
        "about 5 MB a partition): it cannot be recounted."
    )
    return Difference("log_truncated", sentence, partition=partition)


def _bury(message: Message, events: EventBooks, differences: list[Difference]) -> None:
    headers = dict(message.headers() or [])
    try:
        if _text(headers["source-topic"]) == EVENTS:
            events.rejected(int(_text(headers["source-partition"])), int(_text(headers["source-offset"])), _text(headers["reason"]))
    except (KeyError, ValueError) as error:
        differences.append(_unreadable(message, error))


def _text(value: str | bytes | None) -> str:
    return value.decode() if isinstance(value, bytes) else value or ""


def _unreadable(message: Message, error: Exception) -> Difference:
    sentence = f"{message.topic()} partition {message.partition()} offset {message.offset()} cannot be read: {type(error).__name__}."
    return Difference("unreadable", sentence, partition=message.partition(), offset=message.offset())
