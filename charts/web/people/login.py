"""The pages on which a person logs in and out."""

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, get, post
from litestar.datastructures import Cookie
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from markupsafe import Markup

from charts.web.assets import POLICY, STYLE
from charts.web.people.doorkeeper import LOGIN, AnyRequest, Doorkeeper
from charts.web.people.sessions import COOKIE
from streams.contract.errors import ServerError
from streams.http.access import RefusedError

_WRONG: Final = "Name or password is wrong, or there were too many wrong ones: then wait five minutes."
_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"), autoescape=True, undefined=StrictUndefined
)


def login_routes(keeper: Doorkeeper) -> list[HTTPRouteHandler]:
    """`GET` and `POST /login`, `POST /logout`; none where nobody logs in."""
    if not keeper.people_log_in:
        return []

    @get(LOGIN)
    async def ask(request: AnyRequest) -> Response[str]:
        return _page(keeper, request, 200, wanted=request.query_params.get("next", "/"))

    @post(LOGIN)
    async def log_in(request: AnyRequest) -> Response[Any]:
        form = await request.form()
        wanted = _own(str(form.get("next", "/")))
        try:
            cookie = await keeper.log_in(request, str(form.get("name", "")), str(form.get("password", "")))
        except RefusedError as refused:
            return _page(keeper, request, refused.status, sentence=str(refused), wanted=wanted)
        except ServerError as error:
            return _page(keeper, request, 503, sentence=str(error), wanted=wanted)
        if cookie is None:
            return _page(keeper, request, 401, sentence=_WRONG, wanted=wanted)
        seconds = (await keeper.sessions()).seconds
        request.state["status"] = 303
        return Response(None, status_code=303, headers={"Location": wanted}, cookies=[_cookie(request, cookie, seconds)])

    @post("/logout")
    async def log_out(request: AnyRequest) -> Response[Any]:
        try:
            await keeper.log_out(request)
        except ServerError as error:
            return _page(keeper, request, 503, sentence=str(error))
        request.state["status"] = 303
        return Response(None, status_code=303, headers={"Location": LOGIN}, cookies=[_cookie(request, "", 0)])

    return [ask, log_in, log_out]


def _cookie(request: AnyRequest, value: str, seconds: int) -> Cookie:
    # Without TLS a cookie that is only for TLS would never come back; behind a trusted proxy the scheme is that of the browser.
    secure = request.url.scheme == "https"
    return Cookie(COOKIE, value=value, max_age=seconds, path="/", httponly=True, samesite="lax", secure=secure)


def _own(wanted: str) -> str:
    """The path to go to after the log-in; another site's address is not taken."""
    try:
        parts = urlsplit(wanted)
    except ValueError:
        return "/"
    own = not parts.scheme and not parts.netloc and wanted.startswith("/") and not wanted.startswith("//")
    return wanted if own and "\\" not in wanted and wanted.isascii() and wanted.isprintable() else "/"


def _page(keeper: Doorkeeper, request: AnyRequest, status: int, *, sentence: str = "", wanted: str = "/") -> Response[str]:
    user = request.state["visitor"].user
    shown = _TEMPLATES.get_template("login.html").render(
        style=Markup(STYLE),  # noqa: S704  ours
        user=user,
        token=keeper.token(request),
        sentence=sentence,
        next=_own(wanted),
    )
    request.state["status"] = status
    return Response(shown, status_code=status, media_type=MediaType.HTML, headers={"Content-Security-Policy": POLICY})
