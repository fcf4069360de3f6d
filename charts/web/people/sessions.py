"""Sessions as signed cookies, and the tokens that prove a form to be ours. Nothing here knows a server or a clock of its own."""

import hmac
import secrets
from typing import Final, NamedTuple

from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

from charts.web.people.users import User
from streams.contract.settings import Secret

COOKIE: Final = "shelfcast_session"
NO_SESSION: Final = "page"
"""What the tokens of forms are bound to where nobody is logged in: only a page of ours could be read to have one."""


class Session(NamedTuple):
    """What a cookie says: whose it is, of which of the user's runs of sessions, and a number that nobody can guess."""

    name: str
    session: str
    nonce: str


class Sessions:
    """Signs and reads cookies and tokens with one key. hours: how long a session lasts."""

    def __init__(self, key: Secret, hours: float) -> None:
        self.seconds = round(hours * 3600)
        self._cookies = URLSafeTimedSerializer(key.reveal(), salt="shelfcast session")
        self._tokens = URLSafeSerializer(key.reveal(), salt="shelfcast form")

    def cookie(self, user: User) -> str:
        """The cookie of a new session."""
        return str(self._cookies.dumps([user.name, user.session, secrets.token_urlsafe(12)]))

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie; None if it is not ours or too old. Whether the user is still there is for the caller to ask."""
        try:
            name, session, nonce = self._cookies.loads(cookie, max_age=self.seconds)
        except (BadData, ValueError, TypeError):
            return None
        return Session(str(name), str(session), str(nonce))

    def token(self, bound_to: str) -> str:
        """The token of forms that are shown to a session; bound_to: its nonce."""
        return str(self._tokens.dumps(bound_to))

    def is_token(self, token: str, bound_to: str) -> bool:
        """Whether a form with this token was shown to this session."""
        try:
            found = self._tokens.loads(token)
        except BadData:
            return False
        return isinstance(found, str) and hmac.compare_digest(found.encode(), bound_to.encode())
