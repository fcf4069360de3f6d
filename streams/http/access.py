"""Who may come in: anyone on this machine by its own name, or whoever shows an API key."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import Final

from streams.contract.errors import SettingsError
from streams.contract.loopback import is_loopback
from streams.contract.settings import Secret
from streams.http.key_book import KeyBook, NamedKey, Scope

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
    book: further keys, each with a name, scopes and stores. required: a key is needed even if there is none, as where people log in.
    """

    def __init__(self, keys: Sequence[str], ticking: Sequence[str] = (), book: KeyBook | None = None, *, required: bool = False) -> None:
        self._book = book
        self._required = required or book is not None
        known = list(dict.fromkeys([*keys, *ticking]))
        self._hashes = [hashlib.sha256(key.encode()).digest() for key in known]
        self._tills = {f"key:{number}" for number, key in enumerate(known) if key in keys}
        self._ticking = {f"key:{number}" for number, key in enumerate(known) if key in ticking}

    def __bool__(self) -> bool:
        return bool(self._hashes) or self._required

    def owner(self, shown: str) -> str | None:
        """A name for the key that was shown; None if it is not one of ours."""
        digest = hashlib.sha256(shown.encode("utf-8", "surrogateescape")).digest()
        # Compare all keys, so that the time does not reveal which one was close.
        found = [hmac.compare_digest(digest, known) for known in self._hashes]
        if any(found):
            return f"key:{found.index(True)}"
        named = self._book.proven(shown) if self._book is not None and shown else None
        return None if named is None else f"key:{named.name}"

    def named_owner(self, shown: str) -> str | None:
        """The same for a named key that was not shown before. It takes longer: ask only whom too many wrong keys have not shut out."""
        named = self._book.prove(shown) if self._book is not None and shown else None
        return None if named is None else f"key:{named.name}"

    def check_scope(self, owner: str | None, scope: Scope) -> None:
        """Raise RefusedError 403 if an owner may not do this. Without keys this machine may do everything."""
        if not self or (scope != "operate" and owner in self._tills) or (scope == "operate" and owner in self._ticking):
            return
        key = self._named(owner)
        if key is None or scope not in key.scopes:
            raise RefusedError(403, f"This key may not {scope}: show one that may (`shelfcast keys list`).")

    def check_stores(self, owner: str | None, stores: Iterable[str]) -> None:
        """Raise RefusedError 403 if an owner's key is for some stores, and one of these is not among them."""
        if (own := self.stores_of(owner)) is not None and (others := sorted(set(stores) - own)):
            raise RefusedError(403, f"This key is not for the store {others[0]!r}.")

    def stores_of(self, owner: str | None) -> frozenset[str] | None:
        """The stores that an owner's key is for; None: all."""
        key = self._named(owner)
        return frozenset(key.stores) if key is not None and key.stores else None

    def _named(self, owner: str | None) -> NamedKey | None:
        return None if self._book is None or owner is None else self._book.key(owner.removeprefix("key:"))

    def check_rights(self, owner: str | None, *, events: int, ticks: int) -> None:
        """Raise RefusedError 403 if an owner may not post what a request holds. Without keys this machine may post everything."""
        if not self:
            return
        if self._named(owner) is not None:
            if events:
                self.check_scope(owner, "publish")
            if ticks:
                self.check_scope(owner, "operate")
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


def check_keys(keys: Sequence[str], host: str, variable: str, *, others: bool = False) -> None:
    """Raise SettingsError for a weak key, or for no key on an address that others can reach; `variable` is the setting of the host.

    others: whether there is another way in, as named keys or a log-in.
    """
    if not keys and not others and not is_loopback(host):
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
