"""The gateway's OpenAPI 3.1 description, made from the message declarations, and a page that shows it. No script, no CDN."""

import html
import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import msgspec

from producers.gateway.door import Accepted, Added, Problem
from producers.gateway.older import OlderLine
from streams.contract.messages import InputEvent, SaleRecorded

_REF: Final = "#/components/schemas/{name}"
_SALE: Final = {
    "type": "sale-recorded.v1",
    "event_id": "till-3-000123",
    "store": "berlin-1",
    "item": "milk",
    "quantity": 2,
    "unit_price": 1.19,
    "sold_at": "2026-05-01T12:30:00+02:00",
}
_OLDER: Final = [{"name": 2, "buy": 50, "profit": 20, "time": 1713000000}]
_REFUSALS: Final = {
    "401": "No API key was shown, or one that is not ours.",
    "403": "Without API keys the gateway answers only to localhost.",
    "408": "The body did not arrive in time.",
    "413": "The body, or its number of lines, is too large.",
    "415": "The content type is none of those named above.",
    "422": "Lines are wrong: each is named with its field. Nothing of the request was taken.",
    "429": "Too many requests: see Retry-After.",
    "503": "Kafka did not acknowledge the events: see Retry-After, then repeat the whole request under the same ids.",
}


def description() -> dict[str, Any]:
    """The OpenAPI document."""
    types = [SaleRecorded, InputEvent, OlderLine, Accepted, Added, Problem]
    (sale, event, older, accepted, added, refused), components = msgspec.json.schema_components(types, ref_template=_REF)
    paths = {
        "/v1/sales": _post(
            "Record sales",
            "One sale, a list of sales, or one a line. Each carries an event_id: a retry repeats it and counts once.",
            sale,
            _SALE,
            "202",
            "Kafka has stored every line.",
            accepted,
            refused,
        ),
        "/v1/events": _post(
            "Record other events",
            "Stock counts, planned promotions and openings, shelves, clock ticks; each names its type.",
            event,
            {"type": "stock-counted.v1", "event_id": "count-7", "store": "berlin-1", "item": "milk", "units": 40, "counted_at": 1777631400},
            "202",
            "Kafka has stored every line.",
            accepted,
            refused,
        ),
        "/add-data": _post(
            "Record sales in the older shape",
            "Lines of one default store. Equal lines in one request count each; the same request again "
            "counts once. To have equal requests count each, send each with its own Idempotency-Key.",
            older,
            _OLDER,
            "200",
            "Kafka has stored every line.",
            added,
            refused,
            idempotency=True,
        ),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "shelfcast gateway", "version": _version(), "description": "The HTTP door for tills."},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
        "security": [{"bearer": []}, {"header": []}, {}],
    }


def _post(
    summary: str, about: str, line: Any, example: Any, status: str, done: str, answer: Any, refused: Any, *, idempotency: bool = False
) -> dict[str, Any]:
    responses = {status: {"description": done, "content": {"application/json": {"schema": answer}}}}
    for code, sentence in _REFUSALS.items():
        responses[code] = {"description": sentence, "content": {"application/json": {"schema": refused}}}
        if code in ("429", "503"):
            responses[code]["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    operation: dict[str, Any] = {
        "summary": summary,
        "description": about,
        "operationId": summary.lower().replace(" ", "_"),
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": {"oneOf": [line, {"type": "array", "items": line, "minItems": 1}]}, "example": example},
                "application/x-ndjson": {"schema": {"type": "string", "description": "One JSON object a line."}},
            },
        },
        "responses": responses,
    }
    if idempotency:
        key = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string", "minLength": 1, "maxLength": 200}}
        operation["parameters"] = [key | {"description": "Makes the request's lines distinct from those of all other keys."}]
    return {"post": operation}


def page(document: dict[str, Any]) -> str:
    """A plain HTML page of the document."""
    parts = [f"<h1>{html.escape(document['info']['title'])} {html.escape(document['info']['version'])}</h1>"]
    parts.append("<p>The same for programs: <a href=/openapi.json>/openapi.json</a> (OpenAPI 3.1).</p>")
    for path, methods in document["paths"].items():
        parts += [_operation(path, method.upper(), operation) for method, operation in methods.items()]
    parts.append("<h2>Schemas</h2>")
    for name, schema in document["components"]["schemas"].items():
        parts.append(
            f"<h3 id='{html.escape(name)}'>{html.escape(name)}</h3><p>{html.escape(schema.get('description', ''))}</p>{_fields(schema)}"
        )
    return _PAGE.format(body="\n".join(parts))


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    body = operation["requestBody"]["content"]["application/json"]
    example = html.escape(json.dumps(body["example"]))
    answers = "".join(f"<tr><td>{code}<td>{html.escape(answer['description'])}" for code, answer in sorted(operation["responses"].items()))
    return (
        f"<h2><code>{method} {html.escape(path)}</code> {html.escape(operation['summary'])}</h2>"
        f"<p>{html.escape(operation['description'])}</p>"
        f"<pre>curl -H 'Content-Type: application/json' -d '{example}' $GATEWAY{html.escape(path)}</pre>"
        f"<table><tr><th>Status<th>Meaning{answers}</table>"
    )


def _fields(schema: dict[str, Any]) -> str:
    if "properties" not in schema:
        return ""
    required = set(schema.get("required", ()))
    rows = []
    for name, field in schema["properties"].items():
        kind = json.dumps({k: v for k, v in field.items() if k not in ("description", "default")})
        need = "required" if name in required else ""
        rows.append(
            f"<tr><td><code>{html.escape(name)}</code><td>{need}<td>{html.escape(_meaning(field))}<td><code>{html.escape(kind)}</code>"
        )
    return f"<table><tr><th>Field<th><th>Meaning<th>Schema{''.join(rows)}</table>"


def _meaning(field: dict[str, Any]) -> str:
    """The field's description, or that of its kind other than null."""
    return str(field.get("description") or next((kind["description"] for kind in field.get("anyOf", ()) if "description" in kind), ""))


def _version() -> str:
    try:
        return version("shelfcast")
    except PackageNotFoundError:
        return "0"


_PAGE: Final = """<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content="width=device-width">
<title>shelfcast gateway</title>
<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1d2330}}
code,pre{{font:14px/1.4 ui-monospace,monospace}}pre{{background:#f2f4f7;padding:.8rem;white-space:pre-wrap;overflow-wrap:anywhere}}
h2 code{{font-size:1em}}
table{{border-collapse:collapse;width:100%}}
td,th{{border-bottom:1px solid #d8dce3;padding:.3rem .6rem;text-align:left;vertical-align:top;
overflow-wrap:anywhere}}h2{{margin-top:2.5rem}}</style>
{body}</html>"""
"""Braces are doubled: the text is a format."""
