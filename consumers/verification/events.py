"""Events in = accepted + duplicates + rejected + what only moves the clock or the shelf: every offset in one class.

Duplicates are written nowhere, so they are recounted: a sale without a trace whose event id was accepted at another
offset of its partition. Memory: 1 byte an event, 16 an accepted sale.
"""

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from xxhash import xxh3_64_intdigest

from consumers.sink import LogEnds
from consumers.verification.difference import Difference
from streams.contract.codec import decode_event, printable
from streams.contract.errors import RejectedEvent
from streams.contract.messages import SaleAccepted, SaleRecorded

_ACCEPTED: Final = 1
_REJECTED: Final = 2
EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class EventCounts:
    """What became of the events that are in the log."""

    events: int
    accepted: int
    duplicates: int
    rejected: dict[str, int]
    other: int
    """Clock ticks, stock counts, planned promotions and openings, shelves: they leave no message behind."""
    pending: int
    """Events after the last one with a trace: the worker has not come to them yet."""


class EventBooks:
    """Fed with the accepted sales, then the dead letters, then the events; `ends` is where the events' log stands."""

    def __init__(self, ends: Mapping[int, LogEnds]) -> None:
        self._ends = ends
        self._marks = {partition: bytearray(end.high - end.low) for partition, end in ends.items()}
        self._ids = array("Q")
        self._places = array("Q")
        self._rejected: Counter[str] = Counter()
        self._events = self._other = self._accepted = 0
        self._traceless: list[tuple[int, int, int | None, str]] = []
        self.differences: list[Difference] = []

    def accepted(self, sale: SaleAccepted) -> None:
        """An accepted sale, each `seq` once."""
        self._ids.append(_id_hash(sale.partition, sale.event_id))
        self._places.append(sale.partition << 48 | sale.offset & (1 << 48) - 1)
        if self._mark(sale.partition, sale.offset, _ACCEPTED):
            self._accepted += 1

    def rejected(self, partition: int, offset: int, reason: str) -> None:
        """A dead letter; a repeated one counts once."""
        if self._mark(partition, offset, _REJECTED):
            self._rejected[reason] += 1

    def event(self, partition: int, offset: int, raw: bytes) -> None:
        """An event of the log."""
        end = self._ends.get(partition)
        if end is None or not end.low <= offset < end.high:
            return
        self._events += 1
        if self._marks[partition][offset - end.low]:
            return
        try:
            event = decode_event(raw)
        except RejectedEvent as error:
            self._traceless.append((partition, offset, None, f"it should be a dead letter: {error}"))
            return
        if type(event) is SaleRecorded:
            self._traceless.append((partition, offset, _id_hash(partition, event.event_id), f"event_id {printable(event.event_id, 60)}"))
        else:
            self._other += 1

    def conclude(self) -> EventCounts:
        """The counts; what does not agree is in `differences`."""
        known = np.unique(np.frombuffer(self._ids, np.uint64)) if self._ids else np.empty(0, np.uint64)
        hashes = np.array([one[2] or 0 for one in self._traceless], np.uint64)
        repeated = np.isin(hashes, known)
        duplicates = pending = lost = 0
        last = {partition: _last(marks) + self._ends[partition].low for partition, marks in self._marks.items()}
        for (partition, offset, digest, what), is_repeat in zip(self._traceless, repeated.tolist(), strict=True):
            if digest is not None and is_repeat:
                duplicates += 1
            elif offset > last[partition]:
                pending += 1
            else:
                lost += 1
                if lost <= EXAMPLES:
                    sentence = (
                        f"The event at partition {partition} offset {offset} was neither accepted nor rejected nor a repeat ({what})."
                    )
                    self.differences.append(Difference("lost", sentence, partition=partition, offset=offset))
        if lost > EXAMPLES:
            self.differences.append(Difference("lost", f"{lost - EXAMPLES} more events have no trace.", log=lost))
        self._note_counted_twice(len(self._ids) - len(known))
        return EventCounts(self._events, self._accepted, duplicates, dict(sorted(self._rejected.items())), self._other, pending)

    def _note_counted_twice(self, count: int) -> None:
        if not count:
            return
        ids = np.frombuffer(self._ids, np.uint64)
        order = np.argsort(ids, kind="stable")
        again = order[1:][ids[order][1:] == ids[order][:-1]]
        for index in again[:EXAMPLES].tolist():
            partition, offset = self._places[index] >> 48, self._places[index] & (1 << 48) - 1
            sentence = (
                f"The event at partition {partition} offset {offset} repeats an event id that was accepted before, and was accepted "
                "again: it came later than the dedupe window reaches (SHELFCAST_DEDUPE_WINDOW)."
            )
            self.differences.append(Difference("counted_twice", sentence, partition=partition, offset=offset))
        if count > EXAMPLES:
            self.differences.append(Difference("counted_twice", f"{count - EXAMPLES} more sales were accepted again.", log=count))

    def _mark(self, partition: int, offset: int, mark: int) -> bool:
        """Note the fate of an offset; whether it is the first such note of an offset that is in the log."""
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


def _id_hash(partition: int, event_id: str) -> int:
    return xxh3_64_intdigest(event_id.encode(), seed=partition)


def _last(marks: bytearray) -> int:
    """Place of the last mark; -1: there is none."""
    return len(marks.rstrip(b"\0")) - 1
