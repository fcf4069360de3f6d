"""What an OpenAPI document must hold to: its routes, its references, and the answers that are really given."""

import re
from typing import Any

from jsonschema import Draft202012Validator


def routes_of(app) -> set[tuple[str, str]]:
    """Method and path of what an application answers to programs; pages for people say so, and the framework's OPTIONS are none of ours."""
    told = [(route, handler) for route in app.routes for handler in route.route_handlers if handler.include_in_schema is not False]
    return {(method, route.path_format) for route, handler in told for method in handler.http_methods if method != "OPTIONS"}


def operations_of(document) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


def dangling(document) -> set[str]:
    """References that lead nowhere in the document."""
    return {reference for reference in references(document) if not _leads_somewhere(document, reference)}


def references(node) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        own |= set(node["discriminator"]["mapping"].values()) if isinstance(node.get("discriminator"), dict) else set()
        return own.union(*(references(value) for value in node.values()))
    return set().union(*(references(value) for value in node)) if isinstance(node, list) else set()


def _leads_somewhere(document, reference) -> bool:
    place = document
    for name in reference.removeprefix("#/").split("/"):
        if name not in place:
            return False
        place = place[name]
    return True


def unlike(document, method: str, path: str, answer) -> list[str]:
    """In what an answer is not as the document says: its status, its media type, its fields (one too many counts too)."""
    told = document["paths"][path][method.lower()]["responses"].get(str(answer.status_code))
    if told is None:
        return [f"{method} {path}: the status {answer.status_code} is not told"]
    kind = answer.headers["content-type"].partition(";")[0]
    if kind not in told["content"]:
        return [f"{method} {path}: {kind} is not told for {answer.status_code}"]
    if kind != "application/json":
        return []
    return [f"{method} {path}: {error}" for error in wrongs(document, told["content"][kind]["schema"], answer.json(), closed=True)]


def wrongs(document, schema, value, *, closed: bool = False) -> list[str]:
    """What is wrong with a value. closed: a field that the schema does not name is wrong too."""
    components: Any = {"schemas": document["components"]["schemas"]}
    if closed:
        components, schema = _closed(components), _closed(schema)
    found = Draft202012Validator(schema | {"components": components}).iter_errors(value)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in found]


def _closed(node):
    if isinstance(node, dict):
        held = {name: _closed(value) for name, value in node.items()}
        return held | {"additionalProperties": False} if "properties" in node and node.get("type") == "object" else held
    return [_closed(value) for value in node] if isinstance(node, list) else node


def bodies_in(text: str) -> list[tuple[str, str]]:
    """Path and body of every `curl ... -d '...'` in a text."""
    return re.findall(r"curl [^\n]*?:80\d\d(/[\w/-]+)[^\n]*? -d '(.*?)'", text, re.DOTALL)
