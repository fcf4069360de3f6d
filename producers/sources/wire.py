"""Files of events as they stand in `sales.events`, one JSON object a line: every type, taken as it is and not mapped."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import numpy as np

from producers.sources.building import BadRow, Builder, Built
from producers.sources.files import ROWS_AT_ONCE, NdJson, lines_of, open_file, opened, undamaged
from producers.sources.mapping import Mapping, Time
from producers.sources.rows import Rows, Source
from streams.contract.codec import LATEST, decode_event, moment_of, planned_days, seconds_of
from streams.contract.errors import RejectedEvent
from streams.contract.messages import InputEvent, OpeningPlanned, PromotionPlanned
from streams.contract.pseudonyms import Pseudonyms

TYPES: Final = frozenset(str(message.__struct_config__.tag) for message in get_args(InputEvent))
"""The types of input events, as in `sale-recorded.v1`."""
AS_IT_IS: Final = Mapping(time=Time(columns=("at",), format="epoch_seconds"))
"""Stands where other sources have a mapping: the time of an event is in the column `at`."""


class _Typed(msgspec.Struct):
    type: str = ""


class _Read(msgspec.Struct, frozen=True, gc=False):
    """A line that was read: its key and bytes, or why it is no event."""

    key: bytes
    raw: bytes
    reason: str = ""
    sentence: str = ""


class WireEvents(NdJson):
    """A file of events. Its rows have the columns `at` (epoch seconds, NaN where there is none) and `read`."""

    def read(self) -> Iterator[Rows]:
        """Lines by 20,000."""
        numbers: list[int] = []
        times: list[float] = []
        read: list[_Read] = []
        with undamaged(self.path), closing(opened(self.path)) as stream:
            for number, line in enumerate(lines_of(stream), 1):
                at, one = _event(line.strip())
                numbers.append(number)
                times.append(at)
                read.append(one)
                if len(numbers) >= ROWS_AT_ONCE:
                    yield Rows(numbers, {"at": np.array(times), "read": read})
                    numbers, times, read = [], [], []
        if numbers:
            yield Rows(numbers, {"at": np.array(times), "read": read})


class WireBuilder(Builder):
    """Hands the events of a `WireEvents` on as they are, but for the names of people where those are replaced."""

    def __init__(self, latest: float = LATEST, pseudonyms: Pseudonyms | None = None) -> None:
        self.mapping = AS_IT_IS
        self._latest = latest
        self._pseudonyms = pseudonyms

    def build(self, rows: Rows) -> Built:
        """The events of some rows, and the bad rows with their reasons."""
        built = Built(rows=len(rows))
        if not len(rows):
            return built
        times, good = np.asarray(rows.columns["at"], np.float64), []
        for place, one in enumerate(rows.columns["read"]):
            if one.reason:
                built.bad.append(_bad(rows.numbers[place], one, one.reason, one.sentence))
            elif times[place] >= self._latest:
                sentence = "The event's time lies ahead of now: check its date and its time zone."
                built.bad.append(_bad(rows.numbers[place], one, "time_out_of_range", sentence))
            else:
                good.append(place)
                built.keys.append(one.key)
                built.raws.append(one.raw if self._pseudonyms is None else self._pseudonyms.replaced(decode_event(one.raw), one.raw))
        built.times = times[good]
        return built


def open_events_or_table(path: Path, *, mapped: bool) -> Source:
    """The source for a file: a file of events if its first line is one and no mapping is given (`mapped`). Raises UsageError."""
    found = open_file(path)
    return WireEvents(path) if isinstance(found, NdJson) and not mapped and _begins_with_event(path) else found


def builder_of(source: Source, mapping: Mapping, latest: float = LATEST, pseudonyms: Pseudonyms | None = None) -> Builder:
    """What turns the rows of a source into events."""
    return WireBuilder(latest, pseudonyms) if isinstance(source, WireEvents) else Builder(mapping, latest, pseudonyms)


def told(path: Path) -> str:
    """How a file of events is read, for a person."""
    return f"{path.name} holds events as they stand in sales.events: they are taken as they are."


def _begins_with_event(path: Path) -> bool:
    with undamaged(path), closing(opened(path)) as stream:
        first = next(lines_of(stream), b"")
    try:
        return msgspec.json.decode(first, type=_Typed).type in TYPES
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def _event(line: bytes) -> tuple[float, _Read]:
    try:
        event = decode_event(line)
        if isinstance(event, PromotionPlanned | OpeningPlanned):
            planned_days(event)
        return seconds_of(*moment_of(event)), _Read(event.store.encode(), line)
    except RejectedEvent as error:
        return float("nan"), _Read(b"", line, error.reason, str(error))


def _bad(number: int, one: _Read, reason: str, sentence: str) -> BadRow:
    values: dict[str, Any] = {"text": one.raw[:500].decode("utf-8", "replace")}
    return BadRow(number, reason, sentence, values)
