"""Turns bytes into events and back. What cannot be read raises `RejectedEvent`, with a sentence that says what to change."""

import json
import re
from datetime import UTC, date, datetime
from typing import Final

import msgspec

from streams.contract.complaint import complaint_of
from streams.contract.errors import RejectedEvent
from streams.contract.fields import LEAST_QUANTITY, NAME_PATTERN, Moment
from streams.contract.messages import (
    ClockTicked,
    InputEvent,
    OpeningPlanned,
    OutputMessage,
    PromotionPlanned,
    SaleAccepted,
    SaleRecorded,
    ShelfDefined,
    StockCounted,
)
from streams.contract.stock_messages import StockReceived, StockWrittenOff

MAX_EVENT_BYTES: Final = 256 * 1024
FIRST_YEAR, LAST_YEAR = 2000, 2099
EARLIEST: Final = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp()
LATEST: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()
LONGEST_PLAN_DAYS: Final = 366
MAX_OPENINGS, MAX_PROMOTIONS = 1000, 20_000
MAX_SHELVES, MAX_SHELF_ITEMS = 200, 50_000
"""Announcements and shelves that a store keeps at a time, and items on all its shelves together; more can only be a sender's mistake."""

_MOMENTS: Final = {
    SaleRecorded: "sold_at", StockCounted: "counted_at", StockReceived: "received_at", StockWrittenOff: "written_off_at",
    PromotionPlanned: "planned_at", OpeningPlanned: "planned_at", ShelfDefined: "defined_at", ClockTicked: "at",
}  # fmt: skip
_name = re.compile(NAME_PATTERN)
_events: Final[msgspec.json.Decoder[InputEvent]] = msgspec.json.Decoder(InputEvent)
_sales: Final = msgspec.json.Decoder(SaleRecorded)
_accepted: Final = msgspec.json.Decoder(SaleAccepted)
_outputs: Final[msgspec.json.Decoder[OutputMessage]] = msgspec.json.Decoder(OutputMessage)
_encoder: Final = msgspec.json.Encoder()
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

encode = _encoder.encode
decode_accepted = _accepted.decode
decode_output = _outputs.decode


def decode_event(raw: bytes) -> InputEvent:
    """Decode an event of `sales.events`. A message without a `type` is taken for a sale.

    Raises RejectedEvent with the reason and a sentence that names the field.
    """
    if len(raw) > MAX_EVENT_BYTES:
        raise RejectedEvent("too_large", f"The message has {len(raw)} bytes; at most {MAX_EVENT_BYTES} are allowed.")
    try:
        event = _events.decode(raw)
    except msgspec.ValidationError as error:
        event = _without_type(raw, error)
    except _NOT_JSON as error:
        raise RejectedEvent("not_json", f"The message is not JSON in UTF-8: {error}.") from None
    # In JSON a control character is escaped or lies outside ASCII; names of all other messages need no check.
    if b"\\" in raw or not raw.isascii():
        _check_names(event)
    if type(event) is SaleRecorded:
        check_sale(event)
    return event


def check_sale(sale: SaleRecorded) -> None:
    """Check what the limits of single fields do not say. Raises RejectedEvent."""
    if -LEAST_QUANTITY <= sale.quantity <= LEAST_QUANTITY:
        raise RejectedEvent("invalid", "quantity is 0: give the units sold, or a negative number for a return.", "quantity")
    if sale.unit_price is None and sale.amount is None and sale.profit is None:
        raise RejectedEvent("invalid", "unit_price is missing: give unit_price, or amount, or at least profit.", "unit_price")


def seconds_of(moment: Moment, field: str) -> float:
    """A moment as it was sent, in seconds since 1970-01-01 UTC. Raises RejectedEvent."""
    if type(moment) is float:
        seconds = moment
    elif isinstance(moment, datetime):
        if moment.tzinfo is None:
            raise RejectedEvent("invalid", f"{field} has no offset: write 2026-05-01T12:30:00+02:00, or epoch seconds.", field)
        seconds = moment.timestamp()
    else:
        seconds = float(moment)
    if not EARLIEST <= seconds < LATEST:
        raise RejectedEvent(
            "time_out_of_range", f"{field} is outside the years 2000 to 2099: check the till's clock and the unit (seconds).", field
        )
    return seconds


def moment_of(event: InputEvent) -> tuple[Moment, str]:
    """When an event happened, as it was sent, and the name of the field that says it."""
    field = _MOMENTS[type(event)]
    return getattr(event, field), field


def planned_days(plan: PromotionPlanned | OpeningPlanned) -> tuple[date, date]:
    """First and last business day of an announcement. Raises RejectedEvent."""
    try:
        first, last = date.fromisoformat(plan.first_day), date.fromisoformat(plan.last_day)
    except ValueError as error:
        raise RejectedEvent("invalid", f"first_day or last_day is no date: {error}.", "first_day") from None
    if not 0 <= (last - first).days <= LONGEST_PLAN_DAYS:
        raise RejectedEvent("invalid", "last_day lies before first_day, or more than a year after it.", "last_day")
    if not FIRST_YEAR <= first.year <= last.year <= LAST_YEAR:
        raise RejectedEvent("invalid", f"first_day and last_day must lie in the years {FIRST_YEAR} to {LAST_YEAR}.", "first_day")
    return first, last


def _without_type(raw: bytes, error: msgspec.ValidationError) -> InputEvent:
    """The slow path: a sale without a type, or the sentence for what is wrong."""
    complaint = complaint_of(error)
    if complaint == ("type", "missing"):
        try:
            return _sales.decode(raw)
        except msgspec.ValidationError as of_sale:
            error, complaint = of_sale, complaint_of(of_sale)
        except _NOT_JSON as of_sale:
            # The first decoder stops at the missing type; only this one comes to what stands behind the object.
            raise RejectedEvent("not_json", f"The message is not JSON in UTF-8: {of_sale}.") from None
    if complaint == ("type", "unknown"):
        raise RejectedEvent("unknown_type", f"{error}: see `shelfcast schema` for the types there are.", "type") from None
    raise RejectedEvent("invalid", f"{error}.", complaint.field) from None


def _check_names(event: InputEvent) -> None:
    for field in event.__struct_fields__:
        value = getattr(event, field)
        if isinstance(value, str) and not name_is_clean(value):
            raise RejectedEvent("invalid", f"{field} has a control character or a lone surrogate: send plain text.", field)
    for item in getattr(event, "items", ()):
        _check_names(item)


def name_is_clean(name: str) -> bool:
    """Whether a name is free of control characters, line separators and lone surrogates."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return _name.match(name) is not None and not name.endswith("\n")


def printable(text: str, limit: int = 300) -> str:
    """Text from outside made safe for a log line or a terminal: escaped, on one line, shortened to `limit`."""
    shown = json.dumps(text, ensure_ascii=False)[1:-1]
    shown = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in shown)
    return shown if len(shown) <= limit else shown[:limit] + "…"
