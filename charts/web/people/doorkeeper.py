"""Who may do what on the page: a person with a session, or a program with a key; and what they changed is written down."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from urllib.parse import quote, urlencode

from litestar import Request
from litestar.response import Response

from charts.web.people.records import Records
from charts.web.people.sessions import COOKIE, NO_SESSION, Session, Sessions
from charts.web.people.users import SCOPES_OF, User, is_password
from charts.web.web_settings import WebSettings
from streams.contract.errors import ServerError
from streams.contract.settings import Secret
from streams.http.access import RefusedError
from streams.http.foreign import changes_something, check_own, is_form
from streams.http.guard import Guard, address_of
from streams.http.key_book import Scope
from streams.http.wrong_keys import WrongKeys

AnyRequest = Request[Any, Any, Any]

LOGIN: Final = "/login"
THIS_MACHINE: Final = "this machine"
"""The name of a visitor who needs no key."""
TOKEN_FIELD, TOKEN_HEADER = "csrf_token", "X-CSRF-Token"
_KNOWN_SECONDS: Final = 2.0
"""How long a user is taken for what the database said: so long a removed one gets in."""

_FORM_SECONDS: Final = 15.0

_NO_STORE: Final = frozenset({LOGIN, "/logout", "/docs", "/openapi.json"})
"""Paths that tell nothing of any store."""

_log = logging.getLogger(__name__)


class Visitor(NamedTuple):
    """Who makes a request. user: None: a key, or this machine. bound_to: what the tokens of forms shown to them are bound to."""

    name: str
    user: User | None = None
    bound_to: str = NO_SESSION


class Doorkeeper:
    """Admits requests. records: None: nobody logs in, and nothing is written down."""

    def __init__(
        self, guard: Guard, wrong: WrongKeys, records: Records | None, settings: WebSettings, clock: Callable[[], float] = time.time
    ) -> None:
        self._guard, self._wrong, self._records, self._clock = guard, wrong, records, clock
        self.people_log_in = settings.login and records is not None
        self._hours = settings.session_hours
        self._sessions: Sessions | None = None if self.people_log_in else Sessions(Secret(secrets.token_urlsafe(32)), self._hours)
        self._known: dict[str, tuple[float, User | None]] = {}

    async def admit(self, request: AnyRequest) -> None:
        """Let a request in, and note who makes it in `request.state["visitor"]`. Raises RefusedError, ServerError."""
        changes, form = changes_something(request.method), is_form(request.headers)
        sessions = await self.sessions()
        visitor = await self._by_session(request, sessions) if self.people_log_in else None
        if visitor is not None:
            request.state["visitor"] = visitor
        proved = False
        if changes and (form or visitor is not None):
            shown = await self._token_of(request, form=form)
            if shown or visitor is not None or self.people_log_in:
                if not sessions.is_token(shown, visitor.bound_to if visitor is not None else NO_SESSION):
                    raise RefusedError(403, "This form is too old, or not ours: load the page again.")
                proved = form
        if visitor is not None:
            if changes:
                check_own(request.headers, form=proved)
        elif self.people_log_in and request.url.path == LOGIN:
            if changes:
                check_own(request.headers, form=proved)
            request.state["visitor"] = Visitor("nobody")
            return
        else:
            visitor = Visitor(self._guard.let_in(request, form=proved) or THIS_MACHINE)
        request.state["visitor"] = visitor
        self._check_rights(request, visitor)

    def elsewhere(self, request: AnyRequest, refused: RefusedError) -> Response[Any] | None:
        """The way for a person who asks for a page: to the log-in, or to the first of the stores that they may see."""
        if not self.people_log_in or request.method != "GET" or "text/html" not in request.headers.get("accept", ""):
            return None
        stores = request.state.get("stores")
        asks_none = "store" not in request.query_params and "store" not in request.path_params
        if refused.status == 403 and stores and asks_none and not request.url.path.startswith("/v1/"):
            query = urlencode([*request.query_params.multi_items(), ("store", min(stores))])
            return Response(None, status_code=303, headers={"Location": f"{request.url.path}?{query}"})
        if refused.status != 401:
            return None
        wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return Response(None, status_code=303, headers={"Location": f"{LOGIN}?next={quote(wanted, safe='')}"})

    def token(self, request: AnyRequest) -> str:
        """The token for the forms of a page that answers a request which was let in."""
        if self._sessions is None:
            raise RuntimeError("the request was not let in")
        return self._sessions.token(request.state["visitor"].bound_to)

    def person(self, request: AnyRequest) -> tuple[str, str]:
        """Who has logged in, and the token of their forms; empty where nobody logs in."""
        user = request.state["visitor"].user
        return ("" if user is None else user.name, self.token(request)) if self.people_log_in else ("", "")

    async def log_in(self, request: AnyRequest, name: str, password: str) -> str | None:
        """The cookie of a new session; None for a wrong name or password, or a locked user. Raises RefusedError 429, ServerError."""
        if self._records is None:
            return None
        address = address_of(request)
        self._wrong.check_open(address)
        user = await asyncio.to_thread(self._records.user, name)
        right = await asyncio.to_thread(is_password, user, password)
        locked = user is not None and user.locked_until > self._clock()
        opened = right and not locked
        self._wrong.check(address, f"user:{name}" if opened else None)
        if user is not None and not locked:
            count = self._records.right_password if right else self._wrong_password
            await asyncio.to_thread(count, user.name)
        request.state["visitor"] = Visitor(name[:64] if user is not None else "nobody")
        if not opened or user is None:
            return None
        return (await self.sessions()).cookie(user)

    async def log_out(self, request: AnyRequest) -> None:
        """End all sessions of the visitor. Raises ServerError."""
        user = request.state["visitor"].user
        if user is not None and self._records is not None:
            await asyncio.to_thread(self._records.end_sessions, user.name)
            self._known.pop(user.name, None)

    async def note(self, request: AnyRequest, status: int) -> None:
        """Write down a request that may have changed something: who, what, and how it was answered."""
        if self._records is None or not changes_something(request.method):
            return
        visitor = request.scope.get("state", {}).get("visitor")
        entry = {
            "who": visitor.name if visitor is not None else "nobody",
            "did": f"{request.method} {request.url.path[:200]}",
            "status": int(status),
            "address": address_of(request),
        }
        try:
            await asyncio.to_thread(self._records.note, entry)
        except ServerError as error:
            _log.error("Not in the record of changes: %s (%s)", entry, error)

    async def sessions(self) -> Sessions:
        """What signs the cookies. Raises ServerError."""
        if self._sessions is None and self._records is not None:
            self._sessions = Sessions(await asyncio.to_thread(self._records.session_key), self._hours)
        if self._sessions is None:
            raise RuntimeError("without records there are no sessions")
        return self._sessions

    async def _by_session(self, request: AnyRequest, sessions: Sessions) -> Visitor | None:
        session = sessions.read(request.cookies.get(COOKIE, ""))
        user = await self._user(session) if session is not None else None
        return None if user is None or session is None else Visitor(user.name, user, session.nonce)

    async def _user(self, session: Session) -> User | None:
        at, user = self._known.get(session.name, (float("-inf"), None))
        if self._clock() - at > _KNOWN_SECONDS and self._records is not None:
            user = await asyncio.to_thread(self._records.user, session.name)
            self._known[session.name] = (self._clock(), user)
        return user if user is not None and user.session == session.session else None

    async def _token_of(self, request: AnyRequest, *, form: bool) -> str:
        shown = request.headers.get(TOKEN_HEADER, "")
        if shown or not form:
            return shown
        try:
            async with asyncio.timeout(_FORM_SECONDS):  # whoever is not let in yet must not hold us
                return str((await request.form()).get(TOKEN_FIELD, ""))
        except TimeoutError:
            raise RefusedError(408, f"The form did not arrive within {_FORM_SECONDS:g} s.") from None

    def _check_rights(self, request: AnyRequest, visitor: Visitor) -> None:
        opt = request.route_handler.opt
        needs: Scope = opt.get("needs", "publish" if changes_something(request.method) else "read")
        keyring = self._guard.keyring
        stores = keyring.stores_of(visitor.name)
        if visitor.user is None:
            keyring.check_scope(visitor.name, needs)
        else:
            stores = frozenset(visitor.user.stores) or None
            if needs not in SCOPES_OF[visitor.user.role] and request.url.path not in _NO_STORE:
                raise RefusedError(403, f"A {visitor.user.role} may not {needs}.")
        request.state["stores"] = stores
        if stores is None or opt.get("checks_stores") or request.url.path in _NO_STORE:
            return
        asked = {*request.query_params.getall("store", []), *([request.path_params["store"]] if "store" in request.path_params else [])}
        if not asked or not asked <= stores:
            raise RefusedError(403, f"You may see the stores {', '.join(sorted(stores))}: name one of them with ?store=.")

    def _wrong_password(self, name: str) -> None:
        if self._records is not None:
            self._records.wrong_password(name, self._clock())


def doorkeeper_of(settings: WebSettings, records: Records | None) -> Doorkeeper:
    """The doorkeeper of a page with these settings."""
    wrong = WrongKeys(settings.wrong_keys_per_minute, time.monotonic)
    return Doorkeeper(Guard(settings.keyring(), wrong, passwords=not settings.login), wrong, records, settings)
