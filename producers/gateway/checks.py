"""Turns lines into events that the worker will accept, or into errors that name the line and the field. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from msgspec import Struct

from producers.gateway.lines import depth_is_within
from streams.contract.codec import decode_event, moment_of, planned_days, printable, seconds_of
from streams.contract.errors import RejectedEvent
from streams.contract.messages import (
    MAX_TICK_AHEAD_SECONDS,
    ClockTicked,
    InputEvent,
    OpeningPlanned,
    PromotionPlanned,
    SaleRecorded,
    ShelfDefined,
)
from streams.contract.pseudonyms import Pseudonyms

FUTURE_SECONDS: Final = 2 * 86_400.0
"""An event so far ahead of the clock is a till with a wrong date; the worker would refuse it."""

_SALE_TAG: Final = b'{"type":"sale-recorded.v1",'


class LineError(Struct, frozen=True, omit_defaults=True):
    """What is wrong with one line. line: counted from 1. field: where it is known."""

    line: int
    reason: str
    error: str
    field: str | None = None


@dataclass(slots=True)
class Checked:
    """Lines that passed: keys and bytes go together; `newest` is the newest event time of each store; `ticks`: how many are clock ticks."""

    keys: list[bytes]
    raws: list[bytes]
    newest: dict[str, float]
    ticks: int = 0


def check(
    lines: list[bytes],
    now: float,
    *,
    sales_only: bool,
    max_depth: int,
    numbers: Sequence[int] | None = None,
    pseudonyms: Pseudonyms | None = None,
) -> tuple[Checked, list[LineError]]:
    """Every line that passes, and an error for every one that does not.

    sales_only: take sales alone, whose `type` may be left out; else any event, which must name its type.
    numbers: of the lines in their request, where they are not all of it. pseudonyms: what replaces the names of people.
    """
    checked, errors = Checked([], [], {}), []
    for number, line in zip(numbers or range(1, len(lines) + 1), lines, strict=True):
        try:
            _check_depth(line, max_depth)
            event = decode_event(line)
            _check_type(event, line, sales_only=sales_only)
            at = _time_of(event, now)
            if isinstance(event, PromotionPlanned | OpeningPlanned):
                planned_days(event)
            elif isinstance(event, ShelfDefined):
                _check_shelf(event)
        except RejectedEvent as error:
            errors.append(LineError(number, error.reason, printable(str(error)), error.field))
            continue
        checked.keys.append(event.store.encode())
        raw = _typed(event, line)
        checked.raws.append(raw if pseudonyms is None else pseudonyms.replaced(event, raw))
        checked.ticks += isinstance(event, ClockTicked)
        checked.newest[event.store] = max(at, checked.newest.get(event.store, 0.0))
    return checked, errors


def _check_shelf(event: ShelfDefined) -> None:
    # The models bring NumPy and more, a hundred megabytes: only a gateway that is sent shelves loads them.
    from streams.processor.shelving import check_definition  # noqa: PLC0415

    check_definition(event)


def _check_depth(line: bytes, limit: int) -> None:
    if not depth_is_within(line, limit):
        raise RejectedEvent("invalid", f"The line nests deeper than {limit} levels.")


def _check_type(event: InputEvent, line: bytes, *, sales_only: bool) -> None:
    if sales_only and not isinstance(event, SaleRecorded):
        raise RejectedEvent("unknown_type", "type is not a sale's: send this event to /v1/events.")
    if not sales_only and isinstance(event, SaleRecorded) and b'"type"' not in line:
        raise RejectedEvent("unknown_type", "type is missing: name the event's type, or send sales to /v1/sales.")


def _time_of(event: InputEvent, now: float) -> float:
    if isinstance(event, ClockTicked):
        return _tick_time(event, now)
    moment, field = moment_of(event)
    at = seconds_of(moment, field)
    if at > now + FUTURE_SECONDS:
        sentence = f"{field} is more than two days ahead of the gateway's clock: check the till's date."
        raise RejectedEvent("time_out_of_range", sentence, field)
    return at


def _tick_time(tick: ClockTicked, now: float) -> float:
    at = seconds_of(tick.at, "at")
    if at > now + MAX_TICK_AHEAD_SECONDS:
        sentence = "at is more than five minutes ahead of the gateway's clock: a tick says what time it is."
        raise RejectedEvent("time_out_of_range", sentence, "at")
    return at


def _typed(event: InputEvent, line: bytes) -> bytes:
    """The line as sent, with its type, so that the worker need not guess it."""
    if not isinstance(event, SaleRecorded) or b'"type"' in line:
        return line
    return _SALE_TAG + line[1:]
