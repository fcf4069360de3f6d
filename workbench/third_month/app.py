"""The server of the form and of `POST /third-month`; it answers only to this machine."""

from __future__ import annotations

import logging
import time
import uuid
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import parse_qsl

import msgspec
from litestar import Litestar, MediaType, Request, get, post
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, RequestBody
from litestar.response import Response
from msgspec import Meta

from streams.contract.errors import FileError
from streams.http.access import Keyring, RefusedError
from streams.http.description import Described, Refusal, document_of, reference, refusals
from streams.http.docs_page import docs_page
from streams.http.guard import Guard
from streams.http.wrong_keys import WrongKeys
from workbench.third_month.desk import Answer, Desk
from workbench.third_month.page import POLICY, STYLE, page
from workbench.third_month.question import ComplaintsError, question_of

AnyRequest = Request[Any, Any, Any]
MOST_BYTES: Final = 20_000
_MOST_FIELDS: Final = 20
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    # With no-referrer a browser would hide the page's origin from its own form's request too.
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_log = logging.getLogger(__name__)


class ThirdMonthQuestion(msgspec.Struct, frozen=True, omit_defaults=True):
    """A case whose third month is asked for."""

    rate: Annotated[float, Meta(ge=0, le=1000, description="Rate of interest, percent.")]
    sales_in_first_month: Annotated[float, Meta(ge=0, le=1e9)]
    sales_in_second_month: Annotated[float, Meta(ge=0, le=1e9)]
    sales_in_third_month: Annotated[float | None, Meta(description="The true sales, once known: they teach.")] = None
    id: Annotated[str, Meta(description="Repeats of a request share it, and teach once.", max_length=200)] = ""


class _Asked(Described):
    bodies: ClassVar[dict[str, Any]] = {"ThirdMonthQuestion": ThirdMonthQuestion}

    def __post_init__(self) -> None:
        super().__post_init__()
        self.request_body = RequestBody({"application/json": OpenAPIMediaType(schema=reference("ThirdMonthQuestion"))}, required=True)


class _Door:
    """What the routes do."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._guard = Guard(Keyring(()), WrongKeys(10, time.monotonic), forms=True)

    def let_in(self, request: AnyRequest) -> Response[Any] | None:
        """Before each request: an answer for those who stay outside."""
        try:
            self._guard.let_in(request)
        except RefusedError as refused:
            return _problem(refused.status, str(refused))
        return None

    def form(self) -> Response[str]:
        """An empty form."""
        return _html(page(self._desk, _identity(), {}, {}))

    def posted(self, body: bytes) -> Response[str]:
        """A form that was filled in: the forecast, or what is wrong; either way with what was typed."""
        try:
            given = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict"))
        except ValueError:
            return _html(page(self._desk, _identity(), {}, {"form": "The form could not be read: fill it in again."}), 422)
        try:
            question = question_of(given)
        except ComplaintsError as complaints:
            return _html(page(self._desk, given.get("id") or _identity(), given, complaints.sentences), 422)
        try:
            answer = self._desk.answer(question)
        except FileError as error:
            return _html(page(self._desk, question.id or _identity(), given, {"form": str(error)}), 503)
        # The id goes with the case that was asked: sending the same form again, to add the third month or by reloading, teaches once.
        if answer.learned:
            return _html(page(self._desk, _identity(), given | {"sales_in_third_month": ""}, {}, answer))
        return _html(page(self._desk, question.id or _identity(), given, {}, answer))

    def asked(self, body: bytes) -> Response[Any]:
        """A question in JSON."""
        try:
            given = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _problem(400, f"The body is not JSON: {error}.")
        if not isinstance(given, dict):
            return _problem(422, 'Send one object, as in {"rate": 5, "sales_in_first_month": 200, "sales_in_second_month": 250}.')
        texts = [name for name, value in given.items() if isinstance(value, str) and name != "id"]
        try:
            question = question_of(given)
            if texts:
                return _problem(422, f"Write {texts[0]} as a number, without quotes.")
            return Response(self._desk.answer(question), media_type=MediaType.JSON)
        except ComplaintsError as complaints:
            return _problem(422, str(complaints))
        except FileError as error:
            return _problem(503, str(error))


def create_app(desk: Desk, card: str = "") -> Litestar:
    """The ASGI application around a desk; requests are answered one after the other. card: of the model that it serves, Markdown."""
    door = _Door(desk)

    @get("/", media_type=MediaType.HTML, sync_to_thread=False)
    def form() -> Response[str]:
        return door.form()

    @post("/", media_type=MediaType.HTML, status_code=200)
    async def posted(request: AnyRequest) -> Response[str]:
        return door.posted(await request.body())

    @post(
        "/third-month",
        status_code=200,
        operation_class=_Asked,
        responses=refusals({400: "The body is no JSON.", 422: "A field is missing or wrong.", 503: "The journal cannot be written."}),
    )
    async def third_month(request: AnyRequest) -> Answer:
        """Forecast the third month; with its true sales, learn from them."""
        return door.asked(await request.body())  # type: ignore[return-value]

    @get("/healthz", sync_to_thread=False)
    def healthz() -> dict[str, str]:
        """Whether it is up."""
        return {"status": "ok"}

    @get("/card", media_type=MediaType.TEXT, sync_to_thread=False)
    def model_card() -> str:
        return card or "There is no card: start the server with `shelfcast third-month serve`."

    document = document_of([third_month, healthz], "shelfcast third-month", "Sales of the third month.")
    shown = docs_page(document, STYLE)

    @get("/openapi.json", sync_to_thread=False)
    def openapi() -> dict[str, Any]:
        return document

    @get("/docs", media_type=MediaType.HTML, sync_to_thread=False)
    def docs() -> Response[str]:
        return _html(shown)

    return Litestar(
        [form, posted, third_month, model_card, healthz, openapi, docs],
        before_request=door.let_in,
        openapi_config=None,
        logging_config=None,
        request_max_body_size=MOST_BYTES,
        response_headers=_HEADERS,
        exception_handlers={HTTPException: _http_problem, Exception: _unforeseen},
    )


def _html(text: str, status: int = 200) -> Response[str]:
    return Response(text, status_code=status, media_type=MediaType.HTML, headers={"Content-Security-Policy": POLICY})


def _identity() -> str:
    return uuid.uuid4().hex


def _problem(status: int, sentence: str) -> Response[Any]:
    return Response(Refusal(sentence), status_code=status, media_type=MediaType.JSON)


def _http_problem(_: AnyRequest, error: HTTPException) -> Response[Any]:
    sentences = {
        404: "There is nothing here: see /docs.",
        405: "This cannot be done here: see /docs.",
        413: f"A request has at most {MOST_BYTES:,} bytes.",
    }
    return _problem(error.status_code, sentences.get(error.status_code, error.detail))


def _unforeseen(request: AnyRequest, error: Exception) -> Response[Any]:
    _log.error("Unforeseen while answering %s", request.url.path, exc_info=error)
    return _problem(500, "Something unforeseen went wrong: see the log of shelfcast third-month.")
