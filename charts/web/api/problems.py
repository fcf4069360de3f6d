"""Errors of the API as `application/problem+json` (RFC 9457)."""

from http import HTTPStatus
from typing import Annotated, Any, Final

from litestar.response import Response
from msgspec import UNSET, Meta, Struct, UnsetType

from streams.contract.errors import UsageError

PROBLEM: Final = "application/problem+json"
_AGAIN_SECONDS: Final = 5


class ApiProblem(Struct, frozen=True, kw_only=True):
    """Why there is no other answer."""

    title: Annotated[str, Meta(description="The status in words.")]
    status: int
    detail: Annotated[str, Meta(description="A sentence that says what to change.")]
    parameter: Annotated[str | UnsetType, Meta(description="The parameter that is wrong, if one is.")] = UNSET


class ParameterError(UsageError):
    """A parameter is wrong; `name` says which."""

    def __init__(self, name: str | None, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name


def problem(
    status: int, sentence: str, *, parameter: str | None = None, retry_after: int | None = None, headers: dict[str, str] | None = None
) -> Response[Any]:
    """An answer that says what to do."""
    told = dict(headers or {})
    if status == 503 and retry_after is None:
        retry_after = _AGAIN_SECONDS
    if retry_after is not None:
        told["Retry-After"] = str(retry_after)
    if status == 401:
        told["WWW-Authenticate"] = "Bearer"
    body = ApiProblem(title=HTTPStatus(status).phrase, status=status, detail=sentence, parameter=parameter or UNSET)
    return Response(body, status_code=status, headers=told, media_type=PROBLEM)
