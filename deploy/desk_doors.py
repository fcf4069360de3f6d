"""What the pages ask of Kafka: lag, dead letters and a way to mend them, checks, and a way to publish what people announce and sell."""

import math
import time
from dataclasses import replace
from typing import Any, Final

import msgspec

from charts.web.pages.outside import DeadLetter, Finding, Outside
from consumers.store.mongo import MongoDocuments
from consumers.verification.run import verify
from deploy.commands.doctor import examine
from deploy.groups import everybody
from producers.deadletters import Letter, UnmendableError, letters, mend, send_again, settle
from producers.gateway.checks import check
from producers.publisher import Publisher
from streams.contract.codec import encode, printable
from streams.contract.errors import DeliveryError, ServerError, UsageError
from streams.contract.settings import KafkaSettings, MongoSettings, WorkerSettings
from streams.kafka.lag import LagMeter
from streams.kafka.reading import TopicReader
from streams.mongodb.client import connect

DELIVERY_SECONDS: Final = 10.0
_MOST_MONEY: Final = 1e6
"""A larger amount is more likely the reason why the event was refused."""
_DEPTH: Final = 16
_SHOWN: Final = 600
"""Characters that a page shows of a dead letter that it cannot mend."""
_MENDED: Final = 4000
"""A longer letter is mended by command."""
_MOST_DIFFERENCES: Final = 20
_STATES: Final = {"ok": "good", "warn": "warn", "fail": "bad"}


def doors(kafka: KafkaSettings, mongo: MongoSettings, publisher: Publisher, worker: WorkerSettings) -> Outside:
    """The doors of one web process."""
    return Outside(
        lag=lambda: _lag(kafka),
        letters=lambda: _letters(kafka),
        publish=lambda store, event: _publish(publisher, store, event),
        mend=lambda place, text, store: _mend(kafka, publisher, place, text, store),
        dismiss=lambda place, store: _dismiss(kafka, publisher, place, store),
        checks={"books": lambda: _books(kafka, mongo, worker.group), "system": lambda: _system(kafka, mongo, worker)},
    )


def _lag(kafka: KafkaSettings) -> dict[str, int]:
    meter = LagMeter(kafka, everybody())
    try:
        return meter.by_group()
    finally:
        meter.close()


def _letters(kafka: KafkaSettings) -> list[DeadLetter]:
    """Waiting letters, the newest first. Raises ServerError."""
    return [_shown(letter) for letter in reversed(letters(kafka))]


def _shown(letter: Letter) -> DeadLetter:
    """A letter as a page shows it: whole and letter by letter where it can be mended there."""
    try:
        text, whole = letter.raw.decode(), letter.cut is None and len(letter.raw) <= _MENDED
    except UnicodeDecodeError:
        text, whole = letter.raw.decode("utf-8", "backslashreplace"), False
    return DeadLetter(
        letter.place,
        letter.reason,
        printable(letter.error, 400),
        letter.source,
        letter.at,
        printable(_store_of(letter), 128),
        text if whole else printable(text, _SHOWN),
        _money(letter.raw),
        whole,
    )


def _store_of(letter: Letter) -> str:
    return (letter.key or b"").decode("utf-8", "replace")


def _mend(kafka: KafkaSettings, publisher: Publisher, place: str, text: str, store: str | None) -> None:
    """Send a letter again as this text. Raises UsageError if it is still wrong or not waiting, ServerError."""
    letter = _waiting(kafka, place, store)
    try:
        mended = mend(replace(letter, raw=text.encode()), None, _own_id(letter, text))
    except UnmendableError as error:
        raise UsageError(f"It would be refused again: {error}") from None
    if store is not None and mended.key != store:
        raise UsageError(f"It would be of the store {mended.key!r}, which is not the one that you are at.")
    try:
        send_again(publisher, mended, DELIVERY_SECONDS)
    except DeliveryError as error:
        raise ServerError(str(error)) from None


def _own_id(letter: Letter, text: str) -> dict[str, str]:
    """The event id of a letter that has none, made from its place, so that it counts once."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    return {"event_id": f"letter-{letter.place}"} if isinstance(found, dict) and not found.get("event_id") else {}


def _dismiss(kafka: KafkaSettings, publisher: Publisher, place: str, store: str | None) -> None:
    """Settle a letter without sending it. Raises UsageError, ServerError."""
    letter = _waiting(kafka, place, store)
    try:
        settle(publisher, letter, DELIVERY_SECONDS)
    except DeliveryError as error:
        raise ServerError(str(error)) from None


def _waiting(kafka: KafkaSettings, place: str, store: str | None) -> Letter:
    for letter in letters(kafka):
        if letter.place == place and (store is None or _store_of(letter) == store):
            return letter
    raise UsageError("This letter waits no more: load the page again.")


def _books(kafka: KafkaSettings, mongo: MongoSettings, group: str) -> list[Finding]:
    """Whether log and database agree, to the cent; as `shelfcast verify` finds it. Raises ServerError."""
    log, client = TopicReader(kafka, "shelfcast-desk-verify"), connect(mongo, "shelfcast-desk-verify")
    try:
        verdict = verify(log, MongoDocuments(client[mongo.database], mongo.shown), group)
    finally:
        log.close()
        client.close()
    shown = verdict.shown()
    counted = f"{shown['totals']['sales']:,} sale lines, {shown['totals']['units']} units; {verdict.lag:,} on their way"
    found = [Finding("books", "good" if verdict.balanced else "bad", counted)]
    return found + [Finding("difference", "bad", printable(one.sentence, 300)) for one in verdict.differences[:_MOST_DIFFERENCES]]


def _system(kafka: KafkaSettings, mongo: MongoSettings, worker: WorkerSettings) -> list[Finding]:
    """What `shelfcast doctor` finds."""
    return [Finding(one.check, _STATES[one.state], one.found, one.todo) for one in examine(kafka, mongo, worker)]


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
