"""How the page's routes are described: the parameters that `question_of` checks, charts in several formats, refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from charts.figures.bars import MOST_BARS
from charts.web.asking import LONGEST
from streams.http.description import KEY_REFUSALS, Described, refusals

_TEXT: Final = Schema(type=OpenAPIType.STRING, max_length=LONGEST)
_DATE: Final = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE)
_PARAMETERS: Final[Mapping[str, tuple[Schema, str]]] = {
    "store": (_TEXT, "One store; all of them where it is not given."),
    "item": (_TEXT, "One item; needs store."),
    "top": (
        Schema(type=OpenAPIType.INTEGER, minimum=1, maximum=MOST_BARS),
        "How many items are shown before the others are drawn as one.",
    ),
    "from": (_DATE, "First business date, included."),
    "to": (_DATE, "Last business date, included."),
    "currency": (
        Schema(type=OpenAPIType.STRING, pattern="^[A-Z]{3}$"),
        "The chart's currency; that of most sales where it is not given. Items as JSON come with all of theirs.",
    ),
}
_DEPRECATED_AT: Final = "@1795478400"
"""2026-11-24, when the resources of `charts.web.api` came."""
_PICTURE: Final = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)


_REFUSALS: Final = {
    **KEY_REFUSALS,
    422: "A parameter is wrong: the sentence says which.",
    500: "Something unforeseen went wrong; the server's log says what.",
    503: "MongoDB does not answer.",
}


def asking(*names: str, kinds: Sequence[str] = (), also: Mapping[int, str] = MappingProxyType({})) -> dict[str, Any]:
    """Options of a route whose question may have these parameters: `asked` in `opt` has their names.

    kinds: media types of pictures that it answers with beside what its handler is declared to give. also: further refusals.
    """

    @dataclass
    class Asking(Described):
        def __post_init__(self) -> None:
            super().__post_init__()
            told = [Parameter(name=name, param_in="query", schema=_PARAMETERS[name][0], description=_PARAMETERS[name][1]) for name in names]
            self.parameters = [*(self.parameters or ()), *told] or None
            if isinstance(answer := (self.responses or {}).get("200"), OpenAPIResponse):
                answer.content = (answer.content or {}) | {kind: OpenAPIMediaType(schema=_PICTURE) for kind in kinds}

    return {
        "opt": {"asked": names},
        "operation_class": Asking,
        "response_description": "The answer.",
        "responses": refusals(_REFUSALS | dict(also)),
    }


def replaced_by(path: str) -> dict[str, Any]:
    """Options of a route that goes on as it is, and says what has come in its place (RFC 9745, RFC 8288)."""
    return {"response_headers": {"Deprecation": _DEPRECATED_AT, "Link": f'<{path}>; rel="successor-version"'}, "deprecated": True}
