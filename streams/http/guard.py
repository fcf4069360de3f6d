"""The check that every request passes before a server does anything for it."""

from typing import Any

from litestar import Request

from streams.http.access import Keyring, RefusedError, bearer, bearer_or_password, check_local
from streams.http.foreign import changes_something, check_own
from streams.http.wrong_keys import WrongKeys


class Guard:
    """Lets in this machine by its own name, or whoever shows a key; a foreign page must not change anything.

    passwords: a browser may show a key as its password, for reading only. A browser sends the password with requests of foreign pages too,
    so requests that change something do not accept it. forms: a form of our own page may change something.
    """

    def __init__(self, keyring: Keyring, wrong: WrongKeys, *, passwords: bool = False, forms: bool = False) -> None:
        self.keyring = keyring
        self._wrong = wrong
        self._passwords = passwords
        self._forms = forms

    def let_in(self, request: Request[Any, Any, Any], *, form: bool = False) -> str | None:
        """The owner of the key that was shown; None if none is needed. Raises RefusedError 401, 403, 415 or 429.

        form: a token has proved that the body is a form of ours.
        """
        headers, changes = request.headers, changes_something(request.method)
        if changes:
            check_own(headers, form=form, forms=self._forms)
        if not self.keyring:
            check_local(headers.get("host", ""))
            return None
        read = bearer_or_password if self._passwords and not changes else bearer
        shown = headers.get("x-api-key", "") or read(headers.get("authorization", ""))
        owner = self.keyring.owner(shown)
        if shown:
            if owner is None:
                self._wrong.check_open(address_of(request))
                owner = self.keyring.named_owner(shown)
            self._wrong.check(address_of(request), owner)
        if owner is None:
            also = ", or as the password in a browser" if self._passwords and not changes else ""
            raise RefusedError(401, f"Show an API key: Authorization: Bearer KEY, or X-API-Key: KEY{also}.")
        return owner


def address_of(request: Request[Any, Any, Any]) -> str:
    """Who asks: the address of the connection, or the one that a trusted proxy names."""
    return request.client.host if request.client else "unknown"
