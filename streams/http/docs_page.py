"""A plain HTML page of an OpenAPI document. No script, nothing from elsewhere."""

import json
from html import escape
from typing import Any, Final

from streams.http.description import Document

_FOR_PROGRAMS: Final = 'The same for programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).'


def docs_page(document: Document, style: str) -> str:
    """The page. style: its CSS, put in the page itself."""
    title = f"{document['info']['title']} {document['info']['version']}"
    parts = [f"<h1>{escape(title)}</h1><p>{escape(document['info']['description'])} {_FOR_PROGRAMS}</p>"]
    parts += [_operation(path, method, one) for path, methods in document["paths"].items() for method, one in methods.items()]
    parts.append("<h2>Schemas</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(f'<h3 id="{escape(name)}">{escape(name)}</h3><p>{escape(schema.get("description", ""))}</p>{_fields(schema)}')
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{style}</style><main>{''.join(parts)}</main></html>"
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    """An operation with an example of its body, its parameters and its answers."""
    rows = [(f"<code>{escape(one['name'])}</code>", escape(one.get("description") or "")) for one in operation.get("parameters", ())]
    rows += [(escape(code), _answer(answer)) for code, answer in sorted(operation["responses"].items())]
    table = "".join(f"<tr><td>{name}<td>{about}" for name, about in rows)
    return (
        f"<h2><code>{escape(method.upper())} {escape(path)}</code></h2><p><b>{escape(operation['summary'])}.</b> "
        f"{escape(operation.get('description', ''))}</p>{_example(path, operation)}<table>{table}</table>"
    )


def _example(path: str, operation: dict[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    if "example" not in body:
        return ""
    return f"<pre>curl -H 'Content-Type: application/json' -d '{escape(json.dumps(body['example']))}' $SERVER{escape(path)}</pre>"


def _answer(answer: dict[str, Any]) -> str:
    """When an answer comes, its types, and the names of its schemas."""
    shown = []
    for kind, body in answer.get("content", {}).items():
        names = [f'<a href="#{escape(name)}">{escape(name)}</a>' for name in sorted(_names(body))]
        shown.append(" ".join([escape(kind), *names]))
    return f"{escape(answer['description'])} {', '.join(shown)}".rstrip()


def _names(node: Any) -> set[str]:
    """Names of the schemas that a schema refers to."""
    if isinstance(node, dict):
        own = {node["$ref"].rpartition("/")[2]} if "$ref" in node else set()
        return own.union(*map(_names, node.values()))
    return set().union(*map(_names, node)) if isinstance(node, list) else set()


def _fields(schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        return f"<p><code>{escape(json.dumps(schema))}</code></p>"
    required = set(schema.get("required", ()))
    rows = []
    for name, field in schema["properties"].items():
        kind = json.dumps({key: value for key, value in field.items() if key not in ("description", "default")})
        need = "required" if name in required else ""
        rows.append(f"<tr><td><code>{escape(name)}</code><td>{need}<td>{escape(_meaning(field))}<td><code>{escape(kind)}</code>")
    return f"<table><tr><th>Field<th><th>Meaning<th>Schema{''.join(rows)}</table>"


def _meaning(field: dict[str, Any]) -> str:
    """The field's description, or that of its kind other than null."""
    return str(field.get("description") or next((kind["description"] for kind in field.get("anyOf", ()) if "description" in kind), ""))
