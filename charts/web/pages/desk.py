"""What the pages share: who visits, how an answer is made and what happens when it cannot be, templates, headers."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from functools import cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType
from litestar.datastructures import Cookie
from litestar.response import Response

from charts.figures.style import shortened
from charts.web.asking import preferred
from charts.web.pages import chart, marks
from charts.web.pages.books import Books
from charts.web.pages.files import ICON, SCRIPT, STYLE
from charts.web.pages.keeping import Keeps
from charts.web.pages.outside import Outside
from charts.web.pages.speech import Speech, catalog, languages, preferred_language
from charts.web.pages.visit import PERIODS, Filters, Visit, filters_of
from charts.web.web import AnyRequest, problem
from online_model.shelf import ShelfSettings
from streams.contract.errors import ServerError, UsageError

POLICY: Final = (
    "default-src 'none'; img-src 'self'; connect-src 'self'; style-src 'self'; script-src 'self'; worker-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Of the pages: nothing inline, nothing from elsewhere."""
PAGES: Final[tuple[tuple[str, str], ...]] = (
    ("/", "Today"),
    ("/todo", "To do"),
    ("/orders", "Orders"),
    ("/products", "Products"),
    ("/shelves", "Shelves"),
    ("/plans", "Plans"),
    ("/health", "Health"),
    ("/till", "Till"),
    ("/gallery", "Charts"),
)
"""The pages of the navigation: address and title."""
_THEMES: Final = ("light", "dark")
_YEAR: Final = 31_536_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where the stores are. zone: their time zone. country: ISO 3166 code, empty where it is not named."""

    zone: str = "UTC"
    country: str = ""


class Desk:
    """What the pages share."""

    def __init__(
        self,
        books: Books,
        keeps: Keeps | None = None,
        outside: Outside | None = None,
        place: Place | None = None,
        ordering: ShelfSettings | None = None,
        clock: Callable[[], float] = time.time,
        token: Callable[[AnyRequest], str] = lambda _: "",
    ) -> None:
        """keeps: where people's decisions are kept; None: nowhere. ordering: lead time and review. token: proves forms to be ours."""
        self._token = token
        self.books, self.keeps, self.clock = books, keeps, clock
        self.outside, self.place, self.ordering = outside or Outside(), place or Place(), ordering or ShelfSettings()
        place = self.place
        self._zone = ZoneInfo(place.zone) if place.zone != "UTC" else UTC

    async def warm(self) -> None:
        """Make templates, words and formats ready before the first visit: the first of each takes a second."""
        await asyncio.to_thread(self._warm)

    def _warm(self) -> None:
        for language in languages():
            environment = _environment(language)
            for name in environment.list_templates():
                environment.get_template(name)
            say = Speech(language, self.place.country, self._zone)
            say.money(1.0, "EUR")
            say.day("2025-01-01")
            say.clock(0)
            say.compact(1e6)
            say.percent(0.5)

    async def page(self, request: AnyRequest, template: str, work: Callable[[Visit], Mapping[str, Any]]) -> Response[Any]:
        """Answer with a page: `work` reads what its template shows. It runs in a thread."""

        def make(visit: Visit) -> Response[Any]:
            return self.shown(visit, template, work(visit))

        return await self.answered(request, make)

    async def answered(self, request: AnyRequest, work: Callable[[Visit], Response[Any]]) -> Response[Any]:
        """Work in a thread; what is foreseeable becomes a page, or JSON for a program, that says what to do."""
        status, sentence = 200, ""
        try:
            visit = self.visit(request)
            response = await asyncio.to_thread(self._work, work, visit)
        except UsageError as error:
            status, sentence = 422, str(error)
        except ServerError as error:
            status, sentence = 503, str(error)
        if status != 200:
            response = self._trouble(request, status, sentence)
        request.state["status"] = response.status_code or 200
        language = request.query_params.get("lang")
        if language in languages():
            response.cookies.append(Cookie("lang", language, max_age=_YEAR, samesite="lax", httponly=True))
        return response

    def visit(self, request: AnyRequest) -> Visit:
        """Who visits, with which filters. Raises UsageError."""
        pairs = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]
        return self._visit(request, filters_of(pairs))

    def shown(self, visit: Visit, template: str, values: Mapping[str, Any], status: int = 200) -> Response[Any]:
        """A rendered page."""
        frame = self._frame(visit) if status != 503 else {"stores": [], "categories": []}
        text = _environment(visit.speech.language).get_template(template).render({"visit": visit, "say": visit.speech, **frame, **values})
        headers = {"Content-Security-Policy": POLICY, "Vary": "Cookie, Accept-Language", "Content-Language": visit.speech.language}
        if status == 503:
            headers["Retry-After"] = "5"
        return Response(text, media_type=MediaType.HTML, headers=headers, status_code=status)

    def _work(self, work: Callable[[Visit], Response[Any]], visit: Visit) -> Response[Any]:
        with self.books.kept.visit():
            return work(visit)

    def _visit(self, request: AnyRequest, filters: Filters) -> Visit:
        cookies = request.cookies
        asked = request.query_params.get("lang") or cookies.get("lang") or ""
        language = asked if asked in languages() else preferred_language(request.headers.get("accept-language", ""))
        theme = cookies.get("theme", "")
        speech = Speech(language, self.place.country, self._zone)
        user = getattr(request.state.get("visitor"), "user", None)
        return Visit(
            request.url.path,
            filters,
            speech,
            self.clock(),
            theme if theme in _THEMES else "",
            self._token(request),
            "" if user is None else user.name,
            request.state.get("stores"),
        )

    def _frame(self, visit: Visit) -> dict[str, Any]:
        stores = [name for name in self.books.stores() if visit.may_see(name)]
        return {"stores": stores, "categories": self.books.categories(visit.filters.store) if stores else []}

    def _trouble(self, request: AnyRequest, status: int, sentence: str) -> Response[Any]:
        if preferred(request.headers.get("accept", ""), ("application/json", "text/html")) != "text/html":
            return problem(status, sentence)
        visit = self._visit(request, Filters())
        return self.shown(visit, "trouble.html", {"sentence": sentence, "status": status}, status=status)


@cache
def _environment(language: str) -> Environment:
    found = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    words = catalog(language)
    found.install_gettext_callables(words.ugettext, words.ungettext, newstyle=True)  # type: ignore[attr-defined]
    found.filters |= {"shortened": shortened}
    found.globals |= {
        "navigation": PAGES,
        "periods": PERIODS,
        "languages": languages(),
        "style_file": STYLE,
        "script_file": SCRIPT,
        "icon_file": ICON,
        "chart": chart,
        "marks": marks,
    }
    return found
