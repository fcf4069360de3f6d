"""The older shape `[{"name": 2, "buy": 50, "profit": 20, "time": 1713000000}]` to `sale-recorded.v1`. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Final

import msgspec
import xxhash
from msgspec import Meta, Struct

from producers.gateway.checks import LineError
from producers.gateway.lines import depth_is_within
from streams.contract.codec import MAX_EVENT_BYTES, encode, printable
from streams.contract.complaint import complaint_of
from streams.contract.fields import Amount, Item, Quantity


class OlderLine(Struct, frozen=True, kw_only=True):
    """A line of `POST /add-data`. Numbers may stand in quotes."""

    name: Annotated[int | Item, Meta(description="Name or number of the item.")]
    buy: Quantity
    profit: Annotated[Amount, Meta(description="Profit of the line, in the currency.")]
    time: Annotated[datetime | float, Meta(description="When it was sold: epoch seconds, or RFC 3339 with an offset.")]


_WORDS: Final = {"quantity": "buy", "item": "name", "sold_at": "time", "event_id": "name"}
# Not strict: forms, spreadsheets' macros and HTTPie's `buy=50` send numbers as text.
_decoder: Final = msgspec.json.Decoder(OlderLine, strict=False)


@dataclass(frozen=True, slots=True)
class Mapped:
    """Sales in JSON, the numbers of their lines, and an error for every line that is none."""

    raws: list[bytes]
    numbers: list[int]
    errors: list[LineError]


def mapped(lines: list[bytes], store: str, idempotency_key: str | None, max_depth: int) -> Mapped:
    """The sales of the lines of the older shape.

    An event id is made of the line's values and how many equal lines stand before it in the request; with an
    idempotency key it is made of the key and the line's position. The same request again thus has the same ids.
    """
    found = Mapped([], [], [])
    seen: Counter[tuple[object, ...]] = Counter()
    for number, line in enumerate(lines, 1):
        try:
            if len(line) > MAX_EVENT_BYTES or not depth_is_within(line, max_depth):
                raise msgspec.ValidationError("The line is too large or nests too deep")
            older = _decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            reason = "invalid" if isinstance(error, msgspec.ValidationError) else "not_json"
            field = complaint_of(error).field if isinstance(error, msgspec.ValidationError) else None
            found.errors.append(LineError(number, reason, printable(f"{error}."), field))
            continue
        content = (str(older.name), older.buy, older.profit, older.time)
        seen[content] += 1
        identity = f"{idempotency_key}\n{number}" if idempotency_key is not None else f"{content!r}\n{seen[content]}"
        found.numbers.append(number)
        found.raws.append(_sale(older, store, "add-" + xxhash.xxh3_128_hexdigest(f"{store}\n{identity}".encode("utf-8", "surrogatepass"))))
    return found


def in_older_words(error: LineError) -> LineError:
    """An error about the sale, told by the field that the sender wrote."""
    field = _WORDS.get(error.field or "")
    if field is None or error.field is None:
        return error
    return msgspec.structs.replace(error, field=field, error=error.error.replace(error.field, field, 1))


def _sale(older: OlderLine, store: str, event_id: str) -> bytes:
    fields = {
        "type": "sale-recorded.v1",
        "event_id": event_id,
        "store": store,
        "item": str(older.name),
        "quantity": older.buy,
        "sold_at": older.time,
        "profit": older.profit,
    }
    try:
        return encode(fields)
    except UnicodeEncodeError:
        return encode({**fields, "item": "\x00"})
