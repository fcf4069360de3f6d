"""Who may read: anyone on this machine by its own name, or whoever shows an API key."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from charts.web.settings import is_loopback


class NotLetInError(Exception):
    """A request that is not let in: the HTTP status and a sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Doorkeeper:
    """Lets requests in. Keys are compared in constant time and only by their hashes."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._hashes = [hashlib.sha256(key.encode()).digest() for key in keys]

    def let_in(self, host: str, authorization: str, api_key: str) -> None:
        """Raises NotLetInError. The arguments are the headers Host, Authorization and X-API-Key.

        Without keys a request must name this machine: a web page elsewhere must not reach it by rebinding a name.
        A browser may show the key as the password of Basic authentication.
        """
        if not self._hashes:
            if not is_loopback(host if host.endswith("]") else host.rsplit(":", 1)[0]):
                raise NotLetInError(403, "Without API keys this answers only to localhost: set SHELFCAST_API_KEYS.")
            return
        digest = hashlib.sha256((api_key or shown_key(authorization)).encode("utf-8", "surrogateescape")).digest()
        # Every key is compared, so that the time tells nothing about which one was near.
        found = [hmac.compare_digest(digest, known) for known in self._hashes]
        if not any(found):
            raise NotLetInError(401, "Show an API key: Authorization: Bearer KEY, X-API-Key: KEY, or as the password in a browser.")


def shown_key(authorization: str) -> str:
    """The key in an Authorization header, Bearer or Basic; empty when there is none."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return ""
