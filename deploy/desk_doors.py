"""What the pages ask of Kafka: lag, dead letters, and a way to publish what people announce and sell."""

import math
import time
from typing import Any, Final

import msgspec

from charts.web.pages.outside import DeadLetter, Outside
from deploy.groups import everybody
from producers.deadletters import letters
from producers.gateway.checks import check
from producers.publisher import Publisher
from streams.contract.codec import encode, printable
from streams.contract.errors import DeliveryError, ServerError, UsageError
from streams.contract.settings import KafkaSettings
from streams.kafka.lag import LagMeter

DELIVERY_SECONDS: Final = 10.0
_MOST_MONEY: Final = 1e6
"""A larger amount is more likely the reason why the event was refused."""
_DEPTH: Final = 16
_SHOWN: Final = 600
"""Characters of a dead letter that a page shows."""


def doors(kafka: KafkaSettings, publisher: Publisher) -> Outside:
    """The doors of one web process."""
    return Outside(lag=lambda: _lag(kafka), letters=lambda: _letters(kafka), publish=lambda store, event: _publish(publisher, store, event))


def _lag(kafka: KafkaSettings) -> dict[str, int]:
    meter = LagMeter(kafka, everybody())
    try:
        return meter.by_group()
    finally:
        meter.close()


def _letters(kafka: KafkaSettings) -> list[DeadLetter]:
    """Waiting letters, the newest first. Raises ServerError."""
    return [
        DeadLetter(
            letter.place,
            letter.reason,
            printable(letter.error, 400),
            letter.source,
            letter.at,
            printable((letter.key or b"").decode("utf-8", "replace"), 128),
            printable(letter.raw.decode("utf-8", "backslashreplace"), _SHOWN),
            _money(letter.raw),
        )
        for letter in reversed(letters(kafka))
    ]


def _money(raw: bytes) -> float | None:
    """What a refused sale was sold for: its amount, or quantity x price; None where they cannot be read."""
    try:
        sale = msgspec.json.decode(raw)
        amount = float(sale["amount"]) if sale.get("amount") is not None else float(sale["quantity"]) * float(sale["unit_price"])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, AttributeError, KeyError, TypeError, ValueError):
        return None
    return abs(amount) if math.isfinite(amount) and abs(amount) < _MOST_MONEY else None


def _publish(publisher: Publisher, store: str, event: Any) -> None:
    """Publish an event, checked as the gateway checks it. Raises UsageError, ServerError."""
    checked, errors = check([encode(event)], time.time(), sales_only=False, max_depth=_DEPTH)
    if errors:
        raise UsageError(errors[0].error)
    try:
        publisher.publish(store, checked.raws[0]).wait(DELIVERY_SECONDS)
    except DeliveryError as error:
        raise ServerError(str(error)) from None
