"""Events in = accepted + duplicates + rejected + other events: every offset belongs to one class.

Duplicates leave no message behind, so they are recounted. A duplicate is a sale without a trace whose event id was accepted earlier in its
partition, with the same store, item and quantity. A sale without a trace that is not a duplicate was lost, if the worker has passed it.

Memory: 1 byte per event and 32 per accepted sale, for a moment twice that for the largest partition; events without a trace take none.
`ids` says how reliably ids are told apart.
"""

import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from consumers.verification.difference import Difference
from consumers.verification.ids import AcceptedIds, content_of
from streams.contract.codec import decode_event, printable
from streams.contract.errors import RejectedEvent
from streams.contract.messages import SaleAccepted, SaleRecorded
from streams.kafka.ends import LogEnds

_ACCEPTED: Final = 1
_REJECTED: Final = 2
EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What became of the events in the log."""

    events: int
    accepted: int
    duplicates: int
    rejected: dict[str, int]
    other: int
    """Clock ticks, stock counts, announcements, shelves: they leave no message behind."""
    pending: int
    """Events without a trace that the worker has not reached yet, by its commit."""


class EventBooks:
    """Takes the accepted sales, then the dead letters, then the events.

    ends: where the log of the events begins and ends. committed: the offset that the worker committed in each partition. It must be read
    before the other topics, so that everything that followed from the events below it is there. Without a commit, the last event with a
    trace shows how far the worker has come.
    """

    def __init__(self, ends: Mapping[int, LogEnds], committed: Mapping[int, int] | None = None) -> None:
        self._ends = ends
        # A commit beyond the end belongs to another log, for example if the topic was recreated.
        self._committed = {p: offset for p, offset in (committed or {}).items() if p in ends and offset <= ends[p].high}
        self._marks = {partition: bytearray(end.high - end.low) for partition, end in ends.items()}
        key = secrets.token_bytes(16)
        self._ids = {partition: AcceptedIds(key) for partition in ends}
        self._reached: dict[int, int] | None = None
        self._rejected: Counter[str] = Counter()
        self._events = self._other = self._accepted = self._duplicates = self._pending = self._lost = 0
        self.differences: list[Difference] = []

    def accepted(self, sale: SaleAccepted) -> None:
        """Note an accepted sale, each `seq` once."""
        ids = self._ids.get(sale.partition)
        if ids is not None:
            ids.add(sale.event_id, content_of(sale.store, sale.item, sale.quantity), sale.offset)
        if self._mark(sale.partition, sale.offset, _ACCEPTED):
            self._accepted += 1

    def rejected(self, partition: int, offset: int, reason: str) -> None:
        """Note a dead letter; repeated ones count once."""
        if self._mark(partition, offset, _REJECTED):
            self._rejected[reason] += 1

    def event(self, partition: int, offset: int, raw: bytes) -> None:
        """Take an event of the log."""
        end = self._ends.get(partition)
        if end is None or not end.low <= offset < end.high:
            return
        reached = self._traced() if self._reached is None else self._reached
        self._events += 1
        if self._marks[partition][offset - end.low]:
            return
        try:
            event = decode_event(raw)
        except RejectedEvent as error:
            self._without_trace(partition, offset, reached, f"it should be a dead letter: {error}")
            return
        if type(event) is not SaleRecorded:
            self._other += 1
            return
        fate, accepted = self._ids[partition].fate(event.event_id, content_of(event.store, event.item, event.quantity), offset)
        if fate == "repeat":
            self._duplicates += 1
            return
        what = f"event_id {printable(event.event_id, 60)}"
        if fate == "other_content":
            what += f" was accepted at offset {accepted} for another sale, so it should be a dead letter"
        elif fate == "before":
            what += f" was accepted only later, at offset {accepted}"
        self._without_trace(partition, offset, reached, what)

    def conclude(self) -> EventCounts:
        """The counts; disagreements are in `differences`."""
        if self._reached is None:
            self._traced()
        if self._lost > EXAMPLES:
            self.differences.append(Difference("lost", f"{self._lost - EXAMPLES} more events have no trace.", log=self._lost))
        again = 0
        for partition, ids in self._ids.items():
            for offset in ids.again():
                again += 1
                if again <= EXAMPLES:
                    self._note_counted_twice(partition, offset)
        if again > EXAMPLES:
            self.differences.append(Difference("counted_twice", f"{again - EXAMPLES} more sales were accepted again.", log=again))
        rejected = dict(sorted(self._rejected.items()))
        return EventCounts(self._events, self._accepted, self._duplicates, rejected, self._other, self._pending)

    def _traced(self) -> dict[int, int]:
        """How far the worker has come in each partition; to be called when all traces are there."""
        for ids in self._ids.values():
            ids.close()
        self._reached = {
            partition: self._committed.get(partition, _last(marks) + 1 + self._ends[partition].low)
            for partition, marks in self._marks.items()
        }
        return self._reached

    def _without_trace(self, partition: int, offset: int, reached: Mapping[int, int], what: str) -> None:
        if offset >= reached[partition]:
            self._pending += 1
            return
        self._lost += 1
        if self._lost <= EXAMPLES:
            sentence = f"The event at partition {partition} offset {offset} was neither accepted nor rejected nor a repeat ({what})."
            self.differences.append(Difference("lost", sentence, partition=partition, offset=offset))

    def _note_counted_twice(self, partition: int, offset: int) -> None:
        sentence = (
            f"The event at partition {partition} offset {offset} repeats an event id that was accepted before, and was accepted "
            "again: it came later than the dedupe window reaches (SHELFCAST_DEDUPE_WINDOW)."
        )
        self.differences.append(Difference("counted_twice", sentence, partition=partition, offset=offset))

    def _mark(self, partition: int, offset: int, mark: int) -> bool:
        """Note what became of an offset; returns whether the offset is in the log and had no such note yet."""
        end = self._ends.get(partition)
        if end is None or not end.low <= offset < end.high:
            return False
        marks = self._marks[partition]
        known = marks[offset - end.low]
        if known and known != mark:
            sentence = f"The event at partition {partition} offset {offset} was both accepted and rejected."
            self.differences.append(Difference("counted_twice", sentence, partition=partition, offset=offset))
        marks[offset - end.low] = known or mark
        return not known


def _last(marks: bytearray) -> int:
    """Place of the last mark; -1: none."""
    return len(marks.rstrip(b"\0")) - 1
