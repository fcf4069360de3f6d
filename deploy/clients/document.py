"""The API's own part of the web server's document: what the clients are made of."""

from dataclasses import dataclass
from typing import Any, Final

from charts.web.api.live import EVENT_STREAM, Live
from charts.web.api.resource import Api
from charts.web.api.routes import routes
from charts.web.api.seats import Seats
from streams.http.description import Document, document_of
from streams.http.rate import RateLimit

_PAGING: Final = frozenset({"cursor", "fields", "format"})
"""Parameters that the clients set themselves, or that would change the type of the rows."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. kind: whether it gives rows, one object or events. answer: the name of the type of what it gives."""

    name: str
    path: str
    about: str
    kind: str
    answer: str
    parameters: tuple[dict[str, Any], ...]


def api_document() -> Document:
    """The document of the API's routes alone."""
    database: Any = object()
    api = Api(database, RateLimit(0.0, 1, lambda: 0.0), fresh_seconds=0.0)
    return document_of(routes(api, Live(database, None, Seats(1, 1))), "shelfcast", "The API for programs.")


def operations(document: Document) -> list[Operation]:
    """The calls of a document, in the order of their paths."""
    return [_operation(path, methods["get"]) for path, methods in sorted(document["paths"].items())]


def _operation(path: str, told: dict[str, Any]) -> Operation:
    content = told["responses"]["200"]["content"]
    if EVENT_STREAM in content:
        kind, answer = "events", ""
    else:
        schema = content["application/json"]["schema"]
        kind = "rows" if schema.get("type") == "array" else "one"
        answer = _name(schema["items"]["anyOf"][0] if kind == "rows" else schema)
    parameters = tuple(one for one in told.get("parameters", ()) if one["name"] not in _PAGING)
    about = f"{told['summary']}. {told['description']}"
    return Operation(told["operationId"], path, about, kind, answer, parameters)


def structs(document: Document) -> dict[str, dict[str, Any]]:
    """The schemas that answers consist of, by name; problems are the clients' own errors."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [operation.answer for operation in operations(document) if operation.answer]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = document["components"]["schemas"][name]
            waiting += _names_in(found[name])
    return dict(sorted(found.items()))


def _names_in(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [_name(node)] if "$ref" in node else []
        return own + [name for value in node.values() for name in _names_in(value)]
    return [name for value in node for name in _names_in(value)] if isinstance(node, list) else []


def _name(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
