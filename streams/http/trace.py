"""W3C Trace Context: which trace a request belongs to, as its header `traceparent` says. It is passed on, and made nowhere here."""

import re
from typing import Final

from litestar.datastructures import Headers

TRACEPARENT: Final = "traceparent"
_FORM: Final = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent_of(headers: Headers) -> str | None:
    """The header, if there is one and it has the form of version 00; None else, as the specification asks for."""
    sent = headers.get(TRACEPARENT)
    return sent if sent is not None and _FORM.fullmatch(sent) else None


def in_trace(headers: Headers) -> str:
    """What a log line says of the trace of a request; empty where it has none."""
    sent = traceparent_of(headers)
    return "" if sent is None else f" [trace {sent[3:35]}]"
