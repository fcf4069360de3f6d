"""Splits a request's body into its lines: one JSON value, a list of them, or NDJSON. Pure."""

import re
from typing import Final, Literal

import msgspec

from streams.contract.codec import MAX_EVENT_BYTES

Shape = Literal["json", "ndjson"]
_NDJSON: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"})
_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_list: Final = msgspec.json.Decoder(list[msgspec.Raw])


class BodyError(Exception):
    """A body that is refused as a whole: the HTTP status, and a sentence that says what to change."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def shape_of(content_type: str, content_encoding: str) -> Shape:
    """What a body claims to be. Raises BodyError 415.

    A body without a type is refused too: a web page can send one to loopback without asking the browser first.
    """
    if content_encoding not in ("", "identity"):
        raise BodyError(415, f"Content-Encoding {content_encoding[:40]!r} is not taken: send the body as it is.")
    kind, _, parameters = content_type.partition(";")
    kind, charset = kind.strip().lower(), parameters.lower().replace(" ", "").partition("charset=")[2].strip('"')
    if charset not in ("", "utf-8", "utf8"):
        raise BodyError(415, f"The charset {charset[:40]!r} is not taken: send UTF-8.")
    if kind in _NDJSON:
        return "ndjson"
    if kind == "application/json":
        return "json"
    raise BodyError(415, "Set Content-Type to application/json for one sale or a list, or to application/x-ndjson for a line each.")


def split(body: bytes, shape: Shape, max_lines: int) -> list[bytes]:
    """The JSON of each line, as sent. Raises BodyError 413 for too many lines, 422 for a body that has none."""
    lines = _ndjson(body) if shape == "ndjson" else _json(body)
    if not lines:
        raise BodyError(422, "The body has no lines: send at least one.")
    if len(lines) > max_lines:
        raise BodyError(413, f"The body has {len(lines)} lines; at most {max_lines} are taken at once. Send it in parts.")
    return lines


def _ndjson(body: bytes) -> list[bytes]:
    return [line for line in map(bytes.strip, body.split(b"\n")) if line]


def _json(body: bytes) -> list[bytes]:
    text = body.strip()
    if not text.startswith(b"["):
        return [text] if text else []
    try:
        return [bytes(raw) for raw in _list.decode(text)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BodyError(422, f"The body is not a list in JSON: {error}.") from None


def depth_is_within(raw: bytes, limit: int) -> bool:
    """Whether a line nests no deeper than `limit`: what reads it later may have less stack than we."""
    if len(raw) > MAX_EVENT_BYTES or raw.count(b"[") + raw.count(b"{") <= limit:
        # Counting is quick and nearly always enough; what is too large is refused for its size.
        return True
    depth = 0
    for byte in _TEXT.sub(b"", raw):
        if byte in b"[{":
            depth += 1
            if depth > limit:
                return False
        elif byte in b"]}":
            depth -= 1
    return True
