"""A plain HTML page of an OpenAPI document. No script, nothing from elsewhere."""

import json
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from streams.http.description import Document


def docs_page(document: Document, style: str) -> str:
    """The page. style: its CSS, put in the page itself as it is."""
    operations = [(method.upper(), path, one) for path, methods in document["paths"].items() for method, one in methods.items()]
    return _TEMPLATES.get_template("docs.html").render(
        info=document["info"],
        operations=operations,
        schemas=document["components"]["schemas"],
        style=Markup(style),  # noqa: S704 - a constant of the server's
    )


def _schema_names(node: Any) -> list[str]:
    """Names of the schemas that a schema refers to."""
    if isinstance(node, dict):
        own = [node["$ref"].rpartition("/")[2]] if "$ref" in node else []
        return sorted({*own, *(name for value in node.values() for name in _schema_names(value))})
    return sorted({name for value in node for name in _schema_names(value)}) if isinstance(node, list) else []


def _meaning(field: dict[str, Any]) -> str:
    """The field's description, or that of its kind other than null."""
    return str(field.get("description") or next((kind["description"] for kind in field.get("anyOf", ()) if "description" in kind), ""))


def _bare(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key not in ("description", "default")}


def _templates() -> Environment:
    found = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined)
    found.filters |= {"schema_names": _schema_names, "meaning": _meaning, "bare": _bare, "json": json.dumps}
    return found


_TEMPLATES: Final = _templates()
