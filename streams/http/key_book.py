"""Named API keys with scopes and stores, kept in one file, of which only scrypt's hashes are known."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, get_args

import msgspec

from streams.contract.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_log = logging.getLogger(__name__)

Scope = Literal["publish", "read", "train", "operate"]
"""What a key may do: post sales and other events; read answers; start /train and /retrain; post clock ticks and what else operates."""

SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
LOOK_SECONDS: Final = 1.0
"""How often the file is looked at: a new or withdrawn key counts after so long."""

_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_SECRET_BYTES: Final = 24
_COST: Final = 2**14
"""scrypt's N with r = 8, p = 1: 16 MB and some 40 ms a guess."""


class NamedKey(msgspec.Struct, frozen=True):
    """A key as the file holds it. stores: those it is for; empty: all. salt, hash: in hex. made_on: a date."""

    name: str
    scopes: tuple[Scope, ...]
    stores: tuple[str, ...]
    salt: str
    hash: str
    made_on: str

    def opens(self, secret: str) -> bool:
        """Whether this is the key's secret part. Takes as long as scrypt does."""
        return hmac.compare_digest(_hashed(secret, bytes.fromhex(self.salt)), bytes.fromhex(self.hash))


class _File(msgspec.Struct, frozen=True):
    keys: tuple[NamedKey, ...] = ()
    format: Literal[1] = 1


def new_key(name: str, scopes: Iterable[Scope], stores: Iterable[str], made_on: str) -> tuple[NamedKey, str]:
    """A key and what its owner shows: its name, a dot, and the secret, which nothing keeps. Raises SettingsError for an odd name."""
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{name!r} cannot name a key: take 1 to 40 small letters, digits and -, a letter first.")
    secret, salt = secrets.token_urlsafe(_SECRET_BYTES), secrets.token_bytes(16)
    key = NamedKey(name, tuple(dict.fromkeys(scopes)), tuple(dict.fromkeys(stores)), salt.hex(), _hashed(secret, salt).hex(), made_on)
    return key, f"{name}.{secret}"


def read_book(file: Path) -> dict[str, NamedKey]:
    """The keys of a file by name; none where there is no file yet. Raises SettingsError."""
    try:
        keys = msgspec.json.decode(file.read_bytes(), type=_File).keys
        for key in keys:
            bytes.fromhex(key.salt + key.hash)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"SHELFCAST_KEY_BOOK={str(file)!r} cannot be read ({error.strerror}).") from None
    except (ValueError, msgspec.MsgspecError):
        raise SettingsError(f"SHELFCAST_KEY_BOOK={str(file)!r} is no file of keys: let `shelfcast keys` write it.") from None
    return {key.name: key for key in keys}


def book_bytes(keys: Iterable[NamedKey]) -> bytes:
    """What a file of these keys holds."""
    return msgspec.json.format(msgspec.json.encode(_File(tuple(keys))), indent=1)


class KeyBook:
    """The keys of a file as it is now. A file that cannot be read any more lets nobody in, and says so in the log."""

    def __init__(self, file: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file, self._clock = file, clock
        self._keys = read_book(file)
        self._seen, self._look_at = self._mark(), clock() + LOOK_SECONDS
        self._proven: dict[bytes, NamedKey] = {}

    def key(self, name: str) -> NamedKey | None:
        """The key of a name."""
        self._look()
        return self._keys.get(name)

    def proven(self, shown: str) -> NamedKey | None:
        """The key that was shown, if it was found right before: at once."""
        known = self._proven.get(_digest(shown))
        return known if known is not None and self.key(known.name) == known else None

    def prove(self, shown: str) -> NamedKey | None:
        """The key that was shown; None if it is not one of ours. Takes as long as scrypt does if the name is one of ours."""
        name, _, secret = shown.partition(".")
        key = self.key(name)
        if key is None or not key.opens(secret):
            return None
        self._proven = {digest: one for digest, one in self._proven.items() if self._keys.get(one.name) == one}
        self._proven[_digest(shown)] = key
        return key

    def _look(self) -> None:
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_SECONDS
        mark = self._mark()
        if mark == self._seen:
            return
        self._seen = mark
        try:
            self._keys = read_book(self._file)
        except SettingsError as error:
            self._keys = {}
            _log.error("No named key is let in: %s", error)
        else:
            _log.info("The file of keys has changed: %d keys.", len(self._keys))

    def _mark(self) -> tuple[int, int, int]:
        try:
            found = self._file.stat()
        except OSError:
            return (0, 0, 0)
        return (found.st_mtime_ns, found.st_size, found.st_ino)


def _hashed(secret: str, salt: bytes) -> bytes:
    return hashlib.scrypt(secret.encode("utf-8", "surrogateescape"), salt=salt, n=_COST, r=8, p=1)


def _digest(shown: str) -> bytes:
    return hashlib.sha256(shown.encode("utf-8", "surrogateescape")).digest()
