"""Who may come in: anyone on this machine by its own name, or whoever shows an API key."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from typing import Final

from streams.contract.errors import SettingsError
from streams.contract.loopback import is_loopback
from streams.contract.settings import Secret

MIN_KEY_LENGTH: Final = 16


class RefusedError(Exception):
    """A request that is not let in: the HTTP status, a sentence, and the seconds after which to try again."""

    def __init__(self, status: int, sentence: str, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after = retry_after


class Keyring:
    """The API keys, compared in constant time and only by their hashes. Without keys, only this machine may come in.

    keys: may do everything but post clock ticks. ticking: may post clock ticks. A key in both may do everything.
    """

    def __init__(self, keys: Sequence[str], ticking: Sequence[str] = ()) -> None:
        known = list(dict.fromkeys([*keys, *ticking]))
        self._hashes = [hashlib.sha256(key.encode()).digest() for key in known]
        self._tills = {f"key:{number}" for number, key in enumerate(known) if key in keys}
        self._ticking = {f"key:{number}" for number, key in enumerate(known) if key in ticking}

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def owner(self, shown: str) -> str | None:
        """A name for the key that was shown; None if it is not one of ours."""
        digest = hashlib.sha256(shown.encode("utf-8", "surrogateescape")).digest()
        # Compare all keys, so that the time does not reveal which one was close.
        found = [hmac.compare_digest(digest, known) for known in self._hashes]
        return f"key:{found.index(True)}" if any(found) else None

    def check_rights(self, owner: str | None, *, events: int, ticks: int) -> None:
        """Raise RefusedError 403 if an owner may not post what a request holds. Without keys this machine may post everything."""
        if not self:
            return
        if ticks and owner not in self._ticking:
            raise RefusedError(
                403, "This key may not post clock ticks: put one that may into SHELFCAST_TICK_KEYS. The gateway sends its own."
            )
        if events and owner not in self._tills:
            raise RefusedError(403, "This key may post clock ticks only: use one of SHELFCAST_API_KEYS.")


def check_local(host: str) -> None:
    """Raise RefusedError 403 if the header `Host` names another machine than this one.

    Without keys this is the only protection against a web page elsewhere that reaches us by rebinding a name.
    """
    if not is_local(host):
        raise RefusedError(403, "Without API keys this answers only to localhost: set SHELFCAST_API_KEYS.")


def is_local(host: str) -> bool:
    """Whether a header `Host` names this machine."""
    return is_loopback(host if host.endswith("]") else host.rsplit(":", 1)[0])


def bearer(authorization: str) -> str:
    """The key in a header `Authorization: Bearer KEY`; empty if there is none."""
    scheme, _, rest = authorization.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else ""


def bearer_or_password(authorization: str) -> str:
    """As `bearer`, or the password of Basic authentication, which is how a browser shows a key."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return bearer(authorization)
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def keys_of(api_keys: Secret) -> tuple[str, ...]:
    """The keys of a setting that separates them by commas."""
    return tuple(key.strip() for key in api_keys.reveal().split(",") if key.strip())


def check_keys(keys: Sequence[str], host: str, variable: str) -> None:
    """Raise SettingsError for a weak key, or for no key on an address that others can reach; `variable` is the setting of the host."""
    if not keys and not is_loopback(host):
        raise SettingsError(
            f"{variable}={host} can be reached from other machines: set SHELFCAST_API_KEYS to one or more keys "
            "separated by commas (`openssl rand -hex 24` makes one), or listen on 127.0.0.1."
        )
    check_strength(keys, "SHELFCAST_API_KEYS")


def check_strength(keys: Sequence[str], variable: str) -> None:
    """Raise SettingsError if a setting holds a key that is too short or cannot be sent."""
    if any(len(key) < MIN_KEY_LENGTH for key in keys):
        raise SettingsError(f"{variable} has a key of fewer than {MIN_KEY_LENGTH} characters: set longer ones.")
    if any(not key.isascii() or not key.isprintable() or " " in key for key in keys):
        raise SettingsError(f"{variable} has a key that cannot stand in an HTTP header: use letters, digits and signs of ASCII.")
