"""How the API's routes are described: parameters from their struct, the forms of a list, headers, problems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIHeader, OpenAPIMediaType, OpenAPIResponse, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from charts.web.api.asked import Asked
from charts.web.api.problems import PROBLEM, ApiProblem
from charts.web.api.resource import Listing
from charts.web.api.tables import CSV, PARQUET, fields_of
from streams.http.description import KEY_REFUSALS, Described

_PROBLEMS: Final = {
    **KEY_REFUSALS,
    422: "A parameter is wrong: `detail` says what to change.",
    500: "Something unforeseen went wrong; the server's log says what.",
    503: "The database does not answer.",
}
_TEXT: Final = Schema(type=OpenAPIType.STRING)
_LIST_HEADERS: Final = {
    "ETag": "Names this answer: send it as If-None-Match to be told with 304 that nothing has changed.",
    "Link": 'The next page, as <...>; rel="next"; absent on the last.',
}
_RATE_HEADERS: Final = {
    "RateLimit": "What is left of the limit: r requests, t seconds until all are back.",
    "RateLimit-Policy": "The limit: q requests at once, w seconds until they are back.",
}
_SELECTED: Final = {"type": "object", "minProperties": 1, "description": "Only what `fields` names."}


def listing(listed: Listing[Any], asking: type[Asked]) -> dict[str, Any]:
    """Options of a route that answers with a list."""

    @dataclass
    class List(Described):
        def __post_init__(self) -> None:
            super().__post_init__()
            self.parameters = [*(self.parameters or ()), *parameters_of(asking, _names_of(listed))] or None
            answer = (self.responses or {}).get("200")
            if isinstance(answer, OpenAPIResponse):
                _tell_forms(answer, listed)
                answer.headers = _headers(_LIST_HEADERS | _RATE_HEADERS)

    forms = {304: "The client has this answer already.", 406: "None of the forms that Accept names is there."}
    return _options(List, {**_PROBLEMS, **forms})


def single(asking: type[Asked] = Asked, *, kinds: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    """Options of a route that answers with one object. kinds: media types instead of JSON, and what they hold."""

    @dataclass
    class Single(Described):
        def __post_init__(self) -> None:
            super().__post_init__()
            self.parameters = [*(self.parameters or ()), *parameters_of(asking)] or None
            answer = (self.responses or {}).get("200")
            if isinstance(answer, OpenAPIResponse):
                answer.headers = _headers(_RATE_HEADERS)
                if kinds:
                    answer.content = {
                        kind: OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, description=about)) for kind, about in kinds.items()
                    }

    return _options(Single, _PROBLEMS)


def parameters_of(asking: type[Asked], fields: Sequence[str] = ()) -> list[Parameter]:
    """The query parameters that a struct declares. fields: what the parameter `fields` may name."""
    _, components = msgspec.json.schema_components([asking], ref_template="{name}")
    told = []
    for name, schema in components[asking.__name__]["properties"].items():
        about = schema.pop("description", None)
        if name == "fields":
            one = f"({'|'.join(fields)})"
            schema["pattern"] = f"^{one}(,{one})*$"
        told.append(
            Parameter(
                name=name, param_in="query", schema=schema, description=about, required=name in components[asking.__name__]["required"]
            )
        )
    return told


def _names_of(listed: Listing[Any]) -> list[str]:
    """The fields of its rows and of the lines of its tables."""
    kinds = [listed.kind] if listed.table is None else [listed.kind, listed.table]
    return list(dict.fromkeys(name for kind in kinds for name in fields_of(kind, None)))


def _options(operation: type[Described], problems: Mapping[int, str]) -> dict[str, Any]:
    specs = {
        status: ResponseSpec(ApiProblem if status >= 400 else None, generate_examples=False, description=sentence, media_type=PROBLEM)
        for status, sentence in problems.items()
    }
    return {"opt": {"api": True}, "operation_class": operation, "response_description": "The answer.", "responses": specs}


def _tell_forms(answer: OpenAPIResponse, listed: Listing[Any]) -> None:
    """The list whole, with some fields only, and as a table."""
    content = answer.content or {}
    for media in content.values():
        whole: Any = media.schema
        media.schema = _with_selected(whole)
    table = ", ".join(fields_of(listed.table or listed.kind, None))
    csv = Schema(type=OpenAPIType.STRING, description=f"A line a row, after a header: {table}.")
    parquet = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY, description=f"The columns {table}.")
    answer.content = content | {CSV: OpenAPIMediaType(schema=csv), PARQUET: OpenAPIMediaType(schema=parquet)}


def _with_selected(whole: Any) -> Any:
    return {"type": "array", "items": {"anyOf": [whole.items, _SELECTED]}}


def _headers(told: Mapping[str, str]) -> dict[str, Any]:
    return {name: OpenAPIHeader(schema=_TEXT, description=about) for name, about in told.items()}
