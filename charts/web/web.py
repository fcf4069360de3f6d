"""What the page's routes share: who is let in, what is measured, and how a question is answered."""

import asyncio
import time
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from litestar import MediaType, Request
from litestar.response import Response

from charts.figures.draw import Format
from charts.figures.gallery import Question
from charts.queries.sales import Finds
from charts.web.answers import Answers
from charts.web.api import problems
from charts.web.asking import JSON, PNG, SVG, preferred, question_of
from charts.web.assets import PICTURE_POLICY, POLICY
from charts.web.page import page
from charts.web.people.doorkeeper import THIS_MACHINE, Doorkeeper
from charts.web.telemetry import WebMetrics
from charts.web.web_settings import WebSettings
from streams.contract.errors import ServerError, UsageError
from streams.http.access import RefusedError
from streams.http.description import Refusal
from streams.http.foreign import changes_something
from streams.http.guard import address_of
from streams.http.rate import RateLimit

AnyRequest = Request[Any, Any, Any]
SALES_DAYS: Final = 28
"""The page's charts of sales show the newest so many days."""


class Web:
    """What the routes share."""

    def __init__(self, answers: Answers, database: Finds, settings: WebSettings, metrics: WebMetrics, doorkeeper: Doorkeeper) -> None:
        self.answers = answers
        self.database = database
        self._metrics = metrics
        self._chart_seconds = max(1.0, settings.chart_seconds)
        self.rate = RateLimit(settings.rate_per_second, settings.rate_burst, time.monotonic)
        self.doorkeeper = doorkeeper

    async def let_in(self, request: AnyRequest) -> Response[Any] | None:
        """Before each request: an answer for those who stay outside."""
        request.state["began"] = time.perf_counter()
        if request.url.path == "/healthz":
            return None
        try:
            await self.doorkeeper.admit(request)
            if _is_of_api(request):
                name = request.state["visitor"].name
                request.state["who"] = who = address_of(request) if name == THIS_MACHINE else name
                request.state["left"] = self.rate.take(who)
        except RefusedError as refused:
            if (way := self.doorkeeper.elsewhere(request, refused)) is not None:
                request.state["status"] = way.status_code
                return way
            request.state["status"] = refused.status
            if _is_of_api(request):
                headers = self.rate.headers(0) if refused.status == 429 else {}
                return problems.problem(refused.status, str(refused), retry_after=refused.retry_after, headers=headers)
            response = problem(refused.status, str(refused), refused.retry_after)
            if refused.status == 401 and (changes_something(request.method) or self.doorkeeper.people_log_in):
                response.headers["WWW-Authenticate"] = "Bearer"
            return response
        except ServerError as error:
            request.state["status"] = 503
            return problem(503, str(error))
        return None

    def form_token(self, request: AnyRequest) -> str:
        """The value of the hidden field `csrf_token` that every form of the page needs."""
        return self.doorkeeper.token(request)

    async def measure(self, request: AnyRequest) -> None:
        """After each answer."""
        handler = request.scope.get("path_template") or "other"
        began = request.scope.get("state", {}).get("began")
        status = request.scope.get("state", {}).get("status", 200)
        self._metrics.requests.labels(handler, status).inc()
        if began is not None:
            self._metrics.seconds.labels(handler).observe(time.perf_counter() - began)
        await self.doorkeeper.note(request, status)

    async def answered(self, request: AnyRequest, work: Callable[[Question], Response[Any]]) -> Response[Any]:
        """Check that only what the route asks is given, work in a thread, and turn what is foreseeable into a sentence."""
        allowed = request.route_handler.opt["asked"]
        try:
            question = question_of(((k, v) for k, v in request.query_params.multi_items() if k != "_"), allowed)
            response = await asyncio.to_thread(work, question)
        except UsageError as error:
            response = problem(422, str(error))
        except ServerError as error:
            response = problem(503, str(error))
        request.state["status"] = response.status_code or 200
        return response

    async def data(self, request: AnyRequest, work: Callable[[Question], Any]) -> Response[Any]:
        """The same for what is answered as JSON."""
        return await self.answered(request, lambda question: Response(work(question)))

    def page(self, question: Question) -> Response[Any]:
        """The page."""
        answers = self.answers
        summary = answers.summary()
        since = None
        if summary["last_day"]:
            since = (date.fromisoformat(summary["last_day"]) - timedelta(days=SALES_DAYS - 1)).isoformat()
        shown = page(
            summary,
            answers.stores(),
            answers.stock(question.store),
            question.store,
            since=since,
            version=int(time.time() / self._chart_seconds),
        )
        return Response(shown, media_type=MediaType.HTML, headers={"Content-Security-Policy": POLICY})

    def picture(self, name: str, question: Question, form: Format) -> Response[Any]:
        """A chart."""
        return Response(
            self.answers.picture(name, question, form),
            media_type=PNG if form == "png" else SVG,
            headers={"Content-Security-Policy": PICTURE_POLICY},
        )

    def negotiated(self, request: AnyRequest, name: str, question: Question, data: Callable[[Question], Any]) -> Response[Any]:
        """A chart or its data, whichever the client likes best; PNG where it has no wish."""
        kind = preferred(request.headers.get("accept", ""), (PNG, SVG, JSON))
        if kind is None:
            return problem(406, f"There is {PNG}, {SVG} and {JSON}: name one of them in Accept.")
        if kind == JSON:
            return Response(data(question))
        return self.picture(name, question, "png" if kind == PNG else "svg")


def _is_of_api(request: AnyRequest) -> bool:
    return bool(request.route_handler.opt.get("api"))


def problem(status: int, sentence: str, retry_after: int | None = None) -> Response[Any]:
    """An answer that says what to do."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="shelfcast: the API key is the password"'
    if status == 503:
        headers["Retry-After"] = "5"
    return Response(Refusal(sentence), status_code=status, headers=headers, media_type=MediaType.JSON)
