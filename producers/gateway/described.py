"""How the gateway's routes are described: bodies that are read as bytes, and all the ways in which they are refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, Parameter, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from msgspec import UNSET, Meta, UnsetType

from producers.gateway.door import MAX_IDEMPOTENCY_KEY, Problem
from producers.gateway.older import OlderLine
from streams.contract.messages import InputEvent, SaleRecorded
from streams.http.description import KEY_REFUSALS, Described, reference, refusals

_TAG: Final = SaleRecorded.__struct_config__.tag
Sale: Final = msgspec.defstruct(
    "Sale",
    [
        ("type", Annotated[Literal[_TAG] | UnsetType, Meta(description="May be left out.")], UNSET),
        *((field.name, field.type, field.default) for field in msgspec.structs.fields(SaleRecorded)),
    ],
    namespace={"__doc__": SaleRecorded.__doc__},
    kw_only=True,
)
"""SaleRecorded where nothing else can be meant."""

_LINES_REFUSED: Final = {
    **KEY_REFUSALS,
    408: "The body did not arrive in time.",
    413: "The body, or its number of lines, is too large.",
    415: "The content type is none of those named above.",
    422: "Lines are wrong: each is named with its field. Nothing of the request was taken.",
    500: "The gateway failed; its log says why.",
    503: "Kafka did not acknowledge the events: see Retry-After, then repeat the whole request under the same ids.",
}


def refused_lines() -> dict[int, ResponseSpec]:
    """How a route that takes lines refuses."""
    return refusals(_LINES_REFUSED, Problem)


@dataclass
class _TakesLines(Described):
    """An operation that takes one line, a list of them, or one a line (NDJSON)."""

    example: ClassVar[Any] = None

    def __post_init__(self) -> None:
        """Describe the body."""
        super().__post_init__()
        [name] = self.bodies
        line = reference(name)
        lines = Schema(one_of=[line, Schema(type=OpenAPIType.ARRAY, items=line, min_items=1)])
        self.request_body = RequestBody(
            required=True,
            content={
                "application/json": OpenAPIMediaType(schema=lines, example=self.example),
                "application/x-ndjson": OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, description="One JSON object a line.")),
            },
        )


@dataclass
class TakesSales(_TakesLines):
    """`POST /v1/sales`."""

    bodies: ClassVar[Mapping[str, Any]] = {"Sale": Sale}
    example: ClassVar[Any] = {
        "type": "sale-recorded.v1",
        "event_id": "till-3-000123",
        "store": "berlin-1",
        "item": "milk",
        "quantity": 2,
        "unit_price": 1.19,
        "sold_at": "2026-05-01T12:30:00+02:00",
    }


@dataclass
class TakesEvents(_TakesLines):
    """`POST /v1/events`."""

    bodies: ClassVar[Mapping[str, Any]] = {"Event": InputEvent}
    example: ClassVar[Any] = {
        "type": "stock-counted.v1",
        "event_id": "count-7",
        "store": "berlin-1",
        "item": "milk",
        "units": 40,
        "counted_at": 1777631400,
    }


@dataclass
class TakesOlderLines(_TakesLines):
    """`POST /add-data`."""

    bodies: ClassVar[Mapping[str, Any]] = {"OlderLine": OlderLine}
    example: ClassVar[Any] = [{"name": 2, "buy": 50, "profit": 20, "time": 1713000000}]

    def __post_init__(self) -> None:
        """Describe the header too."""
        super().__post_init__()
        self.parameters = [
            Parameter(
                name="Idempotency-Key",
                param_in="header",
                schema=Schema(type=OpenAPIType.STRING, min_length=1, max_length=MAX_IDEMPOTENCY_KEY),
                description="Makes the request's lines distinct from those of all other keys.",
            )
        ]
