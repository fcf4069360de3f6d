"""Customers and cashiers under pseudonyms: with a key set, their names never reach Kafka.

A pseudonym is a keyed hash (BLAKE2b, 100 bits). The same name under the same key always gets the same one; without the key nobody can
compute it, and trying all names in turn needs the key too. Customers and cashiers have separate hashes.
"""

import re
from base64 import b32encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Final

import msgspec

from streams.contract.errors import SettingsError
from streams.contract.messages import InputEvent, SaleRecorded
from streams.contract.settings import FromEnvironment, Secret, setting

PEOPLE: Final = ("customer", "cashier")
"""The fields of a sale that name a person."""

LEAST_KEY: Final = 16
_REMEMBERED: Final = 100_000
_FORM: Final = re.compile(r"~[a-z2-7]{20}")


@dataclass(frozen=True, slots=True)
class PrivacySettings(FromEnvironment):
    """How people are named in events."""

    key: Secret = setting(
        "SHELFCAST_PSEUDONYM_KEY",
        "Key under which gateway and replay replace the names of customers and cashiers by pseudonyms; empty: names stay.",
        Secret(),
    )

    def __post_init__(self) -> None:
        if self.key and len(self.key.reveal()) < LEAST_KEY:
            raise SettingsError(
                f"SHELFCAST_PSEUDONYM_KEY is too short: set at least {LEAST_KEY} characters, for example `openssl rand -hex 32`."
            )

    def pseudonyms(self) -> "Pseudonyms | None":
        """What replaces names; None without a key."""
        return Pseudonyms(self.key) if self.key else None


class Pseudonyms:
    """Replaces names of people under one key."""

    def __init__(self, key: Secret) -> None:
        # A key may be longer than BLAKE2b's 64 bytes.
        digest = blake2b(key.reveal().encode(), digest_size=32).digest()
        self._of: dict[str, Callable[[str], str]] = {field: _hashing(digest, field) for field in PEOPLE}

    def of(self, field: str, name: str) -> str:
        """The pseudonym of a customer or cashier. What has the form of one stays, so that events may be published again."""
        return self._of[field](name)

    def column(self, field: str, names: Sequence[str | None]) -> list[str | None]:
        """The pseudonyms of a column; None stays None."""
        one = self._of[field]
        return [None if name is None else one(name) for name in names]

    def replaced(self, event: InputEvent, raw: bytes) -> bytes:
        """The bytes of an event with pseudonyms; the very same bytes if it names nobody."""
        if not isinstance(event, SaleRecorded) or (event.customer is None and event.cashier is None):
            return raw
        fields = msgspec.json.decode(raw)
        for field in PEOPLE:
            name = getattr(event, field)
            if name is not None:
                fields[field] = self.of(field, name)
        return msgspec.json.encode(fields)


def _hashing(key: bytes, field: str) -> Callable[[str], str]:
    @lru_cache(maxsize=_REMEMBERED)
    def one(name: str) -> str:
        if _FORM.fullmatch(name):
            return name
        digest = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=13, key=key, person=field.encode()).digest()
        return "~" + b32encode(digest)[:20].decode().lower()

    return one
