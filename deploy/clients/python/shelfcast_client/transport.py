"""How the client asks: HTTP with the standard library alone, pages followed, busy servers asked again, problems raised."""

from __future__ import annotations

import gzip
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

_AGAIN = (429, 503)
_LONGEST_WAIT_SECONDS = 60.0
_QUIET_SECONDS = 60.0
"""A stream is asked for again after such a silence; the server says something every 15 s."""


class ProblemError(Exception):
    """The server's refusal: its status, and a sentence that says what to change."""

    def __init__(self, status: int, title: str, detail: str, parameter: str | None = None) -> None:
        super().__init__(f"{status} {title}: {detail}")
        self.status, self.title, self.detail, self.parameter = status, title, detail, parameter


class Event(NamedTuple):
    """A live event. id: give it as `after` to go on after this event; empty where it does not move."""

    id: str
    kind: str
    data: Any


class Transport:
    """A server's address and how it is asked.

    Parameters
    ----------
    base
        As in http://127.0.0.1:8081.
    key
        An API key of the server, where it asks for one.
    timeout_seconds
        How long an answer may take.
    retries
        How often a request is tried again that the server cannot answer now.

    """

    def __init__(self, base: str, *, key: str | None = None, timeout_seconds: float = 30.0, retries: int = 4) -> None:
        if urlsplit(base).scheme not in ("http", "https"):
            raise ValueError(f"base={base!r}: give an address as in http://127.0.0.1:8081")
        self._base, self._timeout, self._retries = base, timeout_seconds, retries
        self._headers = {"Accept-Encoding": "gzip", "User-Agent": "shelfcast-client"} | ({"Authorization": f"Bearer {key}"} if key else {})

    def table(self, path: str, media_type: str, **parameters: Any) -> bytes:
        """A page of a list as `text/csv` or `application/vnd.apache.parquet`."""
        body, _ = self._asked(_with(path, parameters), media_type)
        return body

    def _rows(self, path: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
        following: str | None = _with(path, parameters)
        while following is not None:
            body, link = self._asked(following, "application/json")
            yield from json.loads(body)
            following = _next_of(link)

    def _one(self, path: str, parameters: Mapping[str, Any]) -> Any:
        return json.loads(self._asked(_with(path, parameters), "application/json")[0])

    def _asked(self, target: str, accept: str) -> tuple[bytes, str]:
        """Body and header Link of an answer."""
        for attempt in range(self._retries + 1):
            try:
                with self._opened(target, {"Accept": accept}, self._timeout) as answer:
                    body = answer.read()
                    packed = answer.headers.get("Content-Encoding") == "gzip"
                    return gzip.decompress(body) if packed else body, answer.headers.get("Link", "")
            except urllib.error.HTTPError as error:
                with error:
                    problem = _problem_of(error)
                if error.code not in _AGAIN or attempt == self._retries:
                    raise problem from None
                time.sleep(_wait_of(error, attempt))
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if attempt == self._retries:
                    raise
                time.sleep(min(0.2 * 2**attempt, 5.0))
        raise AssertionError("an attempt ends in an answer or an error")

    def _events(self, path: str, parameters: Mapping[str, Any], after: str | None = None) -> Iterator[Event]:
        """Events without end: a stream that ends is opened again after the last event that came."""
        place, failures = after or "", 0
        while True:
            try:
                headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"} | ({"Last-Event-ID": place} if place else {})
                with self._opened(_with(path, parameters), headers, _QUIET_SECONDS) as stream:
                    failures = 0
                    for event in _read_events(stream):
                        place = event.id or place
                        if event.kind:
                            yield event
            except urllib.error.HTTPError as error:
                with error:
                    problem = _problem_of(error)
                if error.code not in _AGAIN or failures == self._retries:
                    raise problem from None
                time.sleep(_wait_of(error, failures))
                failures += 1
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if failures == self._retries:
                    raise
                time.sleep(min(0.2 * 2**failures, 5.0))
                failures += 1

    def _opened(self, target: str, headers: Mapping[str, str], timeout: float) -> Any:
        request = urllib.request.Request(urljoin(self._base, target), headers={**self._headers, **headers})  # noqa: S310 - the scheme is checked
        return urllib.request.urlopen(request, timeout=timeout)  # noqa: S310 - the same


def _with(path: str, parameters: Mapping[str, Any]) -> str:
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _next_of(link: str) -> str | None:
    for part in link.split(","):
        target, _, rest = part.strip().partition(">")
        if 'rel="next"' in rest:
            return target.removeprefix("<")
    return None


def _wait_of(error: urllib.error.HTTPError, attempt: int) -> float:
    told = error.headers.get("Retry-After", "")
    return min(float(told) if told.isdigit() else 0.5 * 2**attempt, _LONGEST_WAIT_SECONDS)


def _problem_of(error: urllib.error.HTTPError) -> ProblemError:
    try:
        told = json.loads(error.read())
        return ProblemError(error.code, str(told["title"]), str(told["detail"]), told.get("parameter"))
    except (ValueError, KeyError, TypeError, OSError):
        return ProblemError(error.code, error.reason, "The server gave no reason.")


def _read_events(stream: Any) -> Iterator[Event]:
    """Server-sent events of a stream of lines; one without data only moves the place."""
    fields: dict[str, str] = {}
    for raw in stream:
        line = raw.decode().rstrip("\r\n")
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        elif fields:
            data = fields.get("data")
            yield Event(fields.get("id", ""), fields.get("event", "message") if data else "", json.loads(data) if data else None)
            fields = {}
