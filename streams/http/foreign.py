"""Requests that another page makes in a person's browser: they may change nothing."""

from typing import Final
from urllib.parse import urlsplit

from litestar.datastructures import Headers

from streams.http.access import RefusedError

_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_SITE: Final = frozenset({"same-origin", "none"})
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_TAKEN: Final = frozenset(
    {"application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines"}
)
"""Types of a body that a page of another origin cannot send without asking first, which no server here allows."""


def changes_something(method: str) -> bool:
    """Whether a request of this method may change something."""
    return method not in _SAFE_METHODS


def check_own(headers: Headers) -> None:
    """Raises RefusedError when another page may have made a request that changes something.

    A browser says where it comes from; programs say nothing and are let through. A name of our own under any other port
    is another page too. 415: a body of a type that a form can send.
    """
    sites = {value.strip().lower() for value in headers.getall("sec-fetch-site", [])}
    if not sites <= _OWN_SITE or any(not _is_host(origin, headers.get("host", "")) for origin in headers.getall("origin", [])):
        raise RefusedError(403, "This comes from a page of another origin, which may change nothing here.")
    for kind in headers.getall("content-type", []):
        if kind.partition(";")[0].strip().lower() not in _TAKEN:
            raise RefusedError(415, "Set Content-Type to application/json, or to application/x-ndjson for a line each.")


def _is_host(origin: str, host: str) -> bool:
    """Whether a header `Origin` is the server that the header `Host` names."""
    try:
        page = urlsplit(origin.strip())
        own = urlsplit(f"//{host}")
        default = _DEFAULT_PORTS[page.scheme]
        pair = ((page.hostname, page.port or default), (own.hostname, own.port or default))
    except (ValueError, KeyError):
        return False
    return page.hostname is not None and pair[0] == pair[1]
