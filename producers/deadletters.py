"""Dead letters: list what was refused, correct it, and send it again, each once.

A marker settles a letter that was sent again: an empty record in `sales.rejected` whose header `settled` names the letter's source. A
worker that restarts may write a letter twice; letters with the same source are one. The marker follows the acknowledged event. After a
kill between the two, the same event is sent again under the same event id, and the worker drops it as a repeat.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

import msgspec
from confluent_kafka import KafkaError, Message

from producers.publisher import Publisher
from producers.sources.building import Builder
from producers.sources.mapping import Mapping
from producers.sources.rows import by_record
from streams.contract.codec import decode_event
from streams.contract.errors import RejectedEvent, UsageError
from streams.contract.messages import SaleRecorded
from streams.contract.pseudonyms import Pseudonyms
from streams.contract.settings import KafkaSettings
from streams.contract.topics import REJECTED
from streams.kafka.reading import TopicReader
from streams.kafka.trouble import kafka_error
from streams.processor.letters import BYTES, HEAD, SHA256

SETTLED: Final = "settled"
_SILENCE_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Cut:
    """What is known about a message that was too large to carry: the letter has its first `head` bytes and its last ones."""

    length: int
    sha256: str
    head: int

    @property
    def sentence(self) -> str:
        """What is left of the message, in words."""
        return f"the message had {self.length} bytes, too many to be carried; only its beginning and end are here (SHA-256 {self.sha256})"


@dataclass(frozen=True, slots=True)
class Letter:
    """A refused message: where it lies, why it was refused, where it came from, and its bytes; `cut` if some are missing."""

    partition: int
    offset: int
    reason: str
    error: str
    source: str
    at: float
    key: bytes | None
    raw: bytes
    cut: Cut | None = None

    @property
    def place(self) -> str:
        """`partition-offset`, by which people name the letter."""
        return f"{self.partition}-{self.offset}"

    @property
    def identity(self) -> str:
        """The place of the refused message, the same however often its letter was written."""
        return self.source or f"{REJECTED}-{self.place}"


@dataclass(frozen=True, slots=True)
class Mended:
    """A letter as it can be sent: key and bytes of the event."""

    letter: Letter
    key: str
    raw: bytes


class UnmendableError(Exception):
    """A letter that is still not acceptable; the text says why."""


def letters(kafka: KafkaSettings, *, settled: bool = False) -> list[Letter]:
    """Every letter in the topic, oldest first; settled letters only with `settled`.

    Raises ServerError if Kafka does not answer.
    """
    found: list[Letter] = []
    done: set[str] = set()
    for message in _everything(kafka):
        headers = dict(_headers(message))
        if SETTLED in headers:
            done.add(headers[SETTLED].decode("utf-8", "replace"))
        else:
            found.append(_letter(message, headers))
    found.sort(key=lambda letter: (letter.at, letter.partition, letter.offset))
    first = {letter.identity: letter for letter in reversed(found)}
    return [letter for letter in found if first[letter.identity] is letter and (settled or letter.identity not in done)]


def mend(
    letter: Letter, mapping: Mapping | None = None, changes: dict[str, Any] | None = None, pseudonyms: Pseudonyms | None = None
) -> Mended:
    """The letter as an event that the worker would accept.

    mapping: reads the letter's JSON object as a row. changes: fields to set to these values. An event without an `event_id` gets one made
    from the letter's place, so that it counts once even if it is sent twice. pseudonyms: what replaces the names of people.
    Raises UnmendableError.
    """
    if letter.cut is not None:
        raise UnmendableError(
            f"{letter.cut.sentence}: read it from {letter.source} while the log has it, and send what it should be in parts"
        )
    raw = letter.raw
    if mapping is not None or changes:
        raw = _changed(letter, mapping, changes or {})
    try:
        event = decode_event(raw)
    except RejectedEvent as error:
        raise UnmendableError(str(error)) from None
    return Mended(letter, event.store, raw if pseudonyms is None else pseudonyms.replaced(event, raw))


def send_again(publisher: Publisher, mended: Mended, timeout_seconds: float) -> None:
    """Publish the event, then the marker that settles the letter. Raises DeliveryError."""
    letter = mended.letter
    publisher.publish(mended.key, mended.raw, headers={"replayed-from": f"{REJECTED}-{letter.place}".encode()}).wait(timeout_seconds)
    settle(publisher, letter, timeout_seconds)


def settle(publisher: Publisher, letter: Letter, timeout_seconds: float) -> None:
    """Settle a letter without sending it. Raises DeliveryError."""
    # The marker's source is the topic of dead letters itself, so that counts of refused events by source skip it.
    headers = {SETTLED: letter.identity.encode(), "source-topic": REJECTED.encode()}
    publisher.publish(None, b"", headers=headers, topic=REJECTED).wait(timeout_seconds)


def _changed(letter: Letter, mapping: Mapping | None, changes: dict[str, Any]) -> bytes:
    try:
        record = msgspec.json.decode(letter.raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnmendableError(f"it is not JSON ({error}): look at it with `show`, and send what it should be through the gateway") from None
    if not isinstance(record, dict):
        raise UnmendableError("it is JSON, but no object: look at it with `show`, and send what it should be through the gateway")
    if mapping is not None:
        record = _mapped(letter, record, mapping)
    record |= changes
    record.setdefault("event_id", f"letter-{letter.place}")
    try:
        return msgspec.json.encode(record)
    except UnicodeEncodeError:
        raise UnmendableError("a text in it is not valid Unicode: set that field with --set") from None


def _mapped(letter: Letter, record: dict[str, Any], mapping: Mapping) -> dict[str, Any]:
    """The sale that the mapping makes of the letter's object; it keeps its id."""
    try:
        built = Builder(mapping).build(by_record([(1, record)]))
    except UsageError as error:
        raise UnmendableError(str(error)) from None
    if built.skipped:
        raise UnmendableError(f"the mapping skips it: {', '.join(built.skipped)}")
    if built.bad:
        raise UnmendableError(built.bad[0].sentence)
    sale: dict[str, Any] = msgspec.json.decode(built.raws[0])
    unmapped = {name: value for name, value in record.items() if name in SaleRecorded.__struct_fields__ and name not in sale}
    known = record.get("event_id")
    identity = known if isinstance(known, str) and known else f"letter-{letter.place}"
    return {**unmapped, **sale, "event_id": identity}


def _letter(message: Message, headers: dict[str, bytes]) -> Letter:
    def text(name: str) -> str:
        return headers.get(name, b"").decode("utf-8", "replace")

    source = f"{text('source-topic')}-{text('source-partition')}-{text('source-offset')}" if text("source-offset") else ""
    at, key, raw = message.timestamp()[1] / 1000, message.key(), message.value() or b""
    return Letter(*_place(message), text("reason"), text("error"), source, at, key, raw, _cut(text))


def _cut(text: Callable[[str], str]) -> Cut | None:
    length, head = text(BYTES), text(HEAD)
    if not length:
        return None
    return Cut(int(length) if length.isdecimal() else 0, text(SHA256), int(head) if head.isdecimal() else 0)


def _headers(message: Message) -> Iterator[tuple[str, bytes]]:
    for name, value in cast("list[tuple[str, bytes | None]]", message.headers() or []):
        yield name, value or b""


def _place(message: Message) -> tuple[int, int]:
    partition, offset = message.partition(), message.offset()
    return -1 if partition is None else partition, -1 if offset is None else offset


def _everything(kafka: KafkaSettings) -> Iterator[Message]:
    """Every record of the topic up to its end as it is now. Raises ServerError."""
    with TopicReader(kafka, "shelfcast-deadletters", silence_seconds=_SILENCE_SECONDS) as reader:
        ends = reader.ends(REJECTED)
        if not ends:
            raise kafka_error(kafka, KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        yield from reader.messages(REJECTED, ends)
