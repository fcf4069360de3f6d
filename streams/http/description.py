"""What a server tells of itself: Litestar's OpenAPI 3.1 document of its handlers, with msgspec's schemas of their types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from inspect import isclass
from typing import Annotated, Any, ClassVar, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Components, OpenAPIHeader, OpenAPIResponse, Operation, Reference, Schema, SecurityScheme
from litestar.openapi.spec.enums import OpenAPIType
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from msgspec import Meta, Struct

Document = dict[str, Any]

UNDESCRIBED: Final = frozenset({"/", "/gallery", "/docs", "/openapi.json"})
"""Paths that the document leaves out: pages for people, and the document itself."""

_REF: Final = "#/components/schemas/"
_HEADERS: Final = {
    "401": ("WWW-Authenticate", "How to show a key.", OpenAPIType.STRING),
    "429": ("Retry-After", "Seconds to wait.", OpenAPIType.INTEGER),
    "503": ("Retry-After", "Seconds to wait.", OpenAPIType.INTEGER),
}
_WAYS_IN: Final = {
    "bearer": SecurityScheme(type="http", scheme="bearer"),
    "header": SecurityScheme(type="apiKey", name="X-API-Key", security_scheme_in="header"),
}
_PASSWORD: Final = SecurityScheme(type="http", scheme="basic", description="The API key is the password. It reads, and changes nothing.")

KEY_REFUSALS: Final[Mapping[int, str]] = {
    401: "No API key was shown, or one that is not ours.",
    403: "The key or the person may not do this; without keys only this machine is answered; another site's page changes nothing.",
    429: "Too many wrong API keys, or too many requests: see Retry-After.",
}
"""How a guard refuses."""


class Refusal(Struct, frozen=True):
    """Why there is no other answer."""

    error: Annotated[str, Meta(description="A sentence that says what to change.")]


@dataclass
class Described(Operation):
    """An operation of one of our servers.

    bodies: names and types of what a handler reads that takes a request's body as bytes. The document has their schemas.
    """

    bodies: ClassVar[Mapping[str, Any]] = {}

    def __post_init__(self) -> None:
        """Add the headers of refusals; take out Litestar's own refusal of parameters, which ours check."""
        responses = self.responses or {}
        responses.pop("400", None)
        for status, (name, about, kind) in _HEADERS.items():
            if isinstance(response := responses.get(status), OpenAPIResponse):
                response.headers = {**(response.headers or {}), name: OpenAPIHeader(schema=Schema(type=kind), description=about)}


def refusals(sentences: Mapping[int, str], kind: type[Struct] = Refusal) -> dict[int, ResponseSpec]:
    """Answers other than the wished one: a status each, and when it comes."""
    return {status: ResponseSpec(kind, generate_examples=False, description=sentence) for status, sentence in sentences.items()}


def reference(name: str) -> Reference:
    """A schema by its name in the document."""
    return Reference(ref=_REF + name)


def document_of(handlers: Sequence[HTTPRouteHandler], title: str, about: str, *, passwords: bool = False) -> Document:
    """The OpenAPI document of handlers, less those of UNDESCRIBED paths.

    An application that is never served makes it: one that is served would get Litestar's own pages too.
    """
    described = [handler for handler in handlers if not handler.paths <= UNDESCRIBED]
    ways_in = _WAYS_IN | ({"basic": _PASSWORD} if passwords else {})
    security: list[dict[str, list[str]]] = [{name: []} for name in ways_in]
    security.append({})
    structs = _Structs()
    config = OpenAPIConfig(
        title=title,
        version=_version(),
        description=about,
        components=Components(security_schemes=dict(ways_in)),
        security=security,
        use_handler_docstrings=True,
        operation_id_creator=lambda handler, _method, _path: handler.handler_name,
    )
    sketch = Litestar(described, openapi_config=config, plugins=[structs], logging_config=None)
    document = sketch.openapi_schema.to_schema()
    bodies = {name: kind for handler in described for name, kind in getattr(handler.operation_class, "bodies", {}).items()}
    document["components"]["schemas"] = _schemas(structs.seen, bodies)
    return document


class _Structs(OpenAPISchemaPlugin):
    """Leaves the schemas of structs to msgspec, which knows their limits and tags: a reference is all that Litestar gets."""

    def __init__(self) -> None:
        self.seen: list[type[Struct]] = []

    @staticmethod
    def is_plugin_supported_type(value: Any) -> bool:
        return isclass(value) and issubclass(value, Struct)

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Any:
        self.seen.append(field_definition.annotation)
        schema_creator.schema_registry.get_schema_for_field_definition(field_definition)
        return schema_creator.schema_registry.get_reference_for_field_definition(field_definition)


def _schemas(structs: Sequence[type[Struct]], bodies: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas of types and of what they consist of, by name."""
    named, components = msgspec.json.schema_components([*structs, *bodies.values()], ref_template=_REF + "{name}")
    for name, schema in zip(bodies, named[len(structs) :], strict=True):
        components.setdefault(name, schema)
    return dict(sorted(components.items()))


def _version() -> str:
    try:
        return version("shelfcast")
    except PackageNotFoundError:
        return "0"
