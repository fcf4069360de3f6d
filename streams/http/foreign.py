"""Guards against requests that a foreign page makes in a person's browser: they must not change anything."""

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
"""Content types that a page of another origin can send only after asking, which no server here permits."""


def changes_something(method: str) -> bool:
    """Whether requests with this method can change something."""
    return method not in _SAFE_METHODS


FORM: Final = "application/x-www-form-urlencoded"


def is_form(headers: Headers) -> bool:
    """Whether a body is that of a form."""
    return any(_type_of(kind) == FORM for kind in headers.getall("content-type", []))


def check_own(headers: Headers, *, form: bool = False, forms: bool = False) -> None:
    """Raise RefusedError if a foreign page may have made a request that changes something.

    Browsers say where a request comes from; programs do not, and are let through. Our own name with another port counts as foreign too.
    415: the body has a type that a form can send. It is taken if a token has proved that the form is ours (`form`), or with `forms` if the
    browser says that it is of our own page.
    """
    sites = {value.strip().lower() for value in headers.getall("sec-fetch-site", [])}
    if not sites <= _OWN_SITE or any(not _is_host(origin, headers.get("host", "")) for origin in headers.getall("origin", [])):
        raise RefusedError(403, "This comes from a page of another origin, which may change nothing here.")
    for kind in headers.getall("content-type", []):
        plain = _type_of(kind)
        if plain == FORM and (form or (forms and (sites or "origin" in headers))):
            continue
        if plain not in _TAKEN:
            raise RefusedError(415, "Set Content-Type to application/json, or to application/x-ndjson for a line each.")


def _is_host(origin: str, host: str) -> bool:
    """Whether a header `Origin` names the same server as the header `Host`."""
    try:
        page = urlsplit(origin.strip())
        own = urlsplit(f"//{host}")
        default = _DEFAULT_PORTS[page.scheme]
        pair = ((page.hostname, page.port or default), (own.hostname, own.port or default))
    except (ValueError, KeyError):
        return False
    return page.hostname is not None and pair[0] == pair[1]


def _type_of(kind: str) -> str:
    return kind.partition(";")[0].strip().lower()
