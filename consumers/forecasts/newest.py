"""Turns forecast messages into documents, with pure functions: the newest wins, and any replay gives the same."""

from typing import Any, Final

from msgspec import to_builtins

from consumers.store.port import Document
from streams.contract.codec import encode
from streams.contract.documents import ITEM_SCORE_COLUMNS, document_id
from streams.contract.messages import DriftDetected, ForecastParts, ForecastScored, PredictedSales, ShelfAllocation

Slot = dict[str, Any]
CLOSE: Final = "close"
TODAY: Final = "today"
SAID_DAYS: Final = 15
"""Days for which it is kept what a forecast was made of: two weeks that have come due, and the day ahead."""


def number_of(message_id: str) -> int:
    """The number in an id partition-offset-number; 0 for ids of another form."""
    last = message_id.rpartition("-")[2]
    return int(last) if last.isascii() and last.isdigit() else 0


def is_newer(slot: Slot, than: Slot | None) -> bool:
    """Whether a forecast or plan follows another one of the same name in its partition."""
    if than is None:
        return True
    if slot["partition"] != than["partition"]:
        return bool(slot["made_at"] > than["made_at"])
    return bool((slot["offset"], slot["number"]) > (than["offset"], than["number"]))


def slot_name(message: PredictedSales) -> str:
    """Under which name a forecast is kept: that of the running day apart from that of the days ahead."""
    return TODAY if all(horizon.horizon == "today" for horizon in message.horizons) else CLOSE


def forecast_slot(message: PredictedSales) -> Slot:
    """A forecast as the document keeps it."""
    return {
        "id": message.id,
        "partition": message.partition,
        "offset": message.offset,
        "number": number_of(message.id),
        "origin": message.origin,
        "made_at": message.made_at,
        "horizons": to_builtins(message.horizons),
        "path": list(message.path),
        "sold_so_far": message.sold_so_far,
    } | ({} if message.parts is None else {"parts": to_builtins(message.parts)})


def said(message: PredictedSales, parts: ForecastParts) -> dict[str, str]:
    """By forecast day, what its forecast was made of: JSON, because a ring of documents would take three times as many bytes."""
    return {message.horizons[0].first_day: encode(parts).decode()}


def newest_said(known: dict[str, str], more: dict[str, str]) -> dict[str, str]:
    """What was said of the newest days, in order. Older messages that come again change nothing."""
    both = known | more
    return {day: both[day] for day in sorted(both)[-SAID_DAYS:]}


def plan_id(store: str, shelf: str, part: int) -> str:
    """The `_id` of the document of a plan, or of a further part of one."""
    return document_id(store, shelf) if part == 1 else document_id(store, shelf, part)


def plan_slot(message: ShelfAllocation) -> Slot:
    """A shelf plan as the document keeps it."""
    body: Slot = to_builtins(message)
    del body["type"], body["store"]
    return body | {"number": number_of(message.id), "shelf": message.shelf, "changed": message.changed}


def score_id(message: ForecastScored) -> str:
    """The `_id` of the document of a score, or of a further part of one."""
    place = message.store, message.horizon, message.origin
    return document_id(*place) if message.part == 1 else document_id(*place, message.part)


def score_document(message: ForecastScored) -> Document:
    """The document of a score with its items; the id alone determines its content."""
    body: Document = to_builtins(message)
    del body["type"]
    body["items"] = {name: [getattr(item, name) for item in message.items] for name in ITEM_SCORE_COLUMNS}
    return {"_id": score_id(message), **body}


def score_row(message: ForecastScored) -> list[float]:
    """The sums of a score in the order of SCORE_COLUMNS."""
    return [
        message.n,
        message.actual,
        message.absolute_error,
        message.absolute_error_same_weekday_mean,
        message.error,
        message.within_band,
    ]


def drift_document(message: DriftDetected) -> Document:
    """The document of a drift; the id alone determines its content."""
    body: Document = to_builtins(message)
    del body["type"]
    return {"_id": message.id, **body}
