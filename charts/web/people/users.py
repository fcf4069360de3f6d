"""A person who may use the page, and what each role may do."""

import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, get_args

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from msgspec import Struct

from streams.contract.errors import UsageError
from streams.http.key_book import Scope

Role = Literal["viewer", "manager", "operator"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
SCOPES_OF: Final[Mapping[Role, frozenset[Scope]]] = {
    "viewer": frozenset({"read"}),
    "manager": frozenset({"read", "publish"}),
    "operator": frozenset({"read", "publish", "train", "operate"}),
}
"""What a role may do, in the words in which API keys are given rights: a route asks for one and does not care who shows it."""

LEAST_PASSWORD, MOST_PASSWORD = 12, 200
WRONG_BEFORE_LOCK: Final = 5
LOCK_SECONDS: Final = 300.0

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_HASHER: Final = PasswordHasher()
"""Argon2id with the parameters of RFC 9106 for little memory: 64 MiB, three passes."""


class User(Struct, frozen=True):
    """A person. stores: those they may see; empty: all. password: Argon2's encoded hash. session: another value ends their sessions.

    wrong: wrong passwords in a row. locked_until: epoch seconds.
    """

    name: str
    role: Role
    stores: tuple[str, ...]
    password: str
    session: str
    wrong: int = 0
    locked_until: float = 0.0

    def __repr__(self) -> str:
        return f"User({self.name!r}, {self.role!r})"


def new_user(name: str, role: Role, stores: Sequence[str], password: str) -> User:
    """A person with a new password. Raises UsageError for an odd name or a weak password."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a user: take 1 to 64 small letters, digits, and . _ @ -.")
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise UsageError(f"Take a password of {LEAST_PASSWORD} to {MOST_PASSWORD} characters.")
    if name in password.lower():
        raise UsageError("The password holds the name: take another one.")
    return User(name, role, tuple(dict.fromkeys(stores)), _HASHER.hash(password), new_session())


def new_session() -> str:
    """A value that no session has yet."""
    return secrets.token_urlsafe(12)


_NOBODY: Final = _HASHER.hash(secrets.token_urlsafe(16))


def is_password(user: User | None, shown: str) -> bool:
    """Whether this is a user's password. It takes as long for a user that is not there."""
    if len(shown) > MOST_PASSWORD:
        return False
    try:
        return _HASHER.verify(user.password if user is not None else _NOBODY, shown) and user is not None
    except (Argon2Error, InvalidHashError):
        return False


def document_of(user: User) -> dict[str, Any]:
    """As MongoDB keeps a user."""
    return {
        "_id": user.name,
        "role": user.role,
        "stores": list(user.stores),
        "password": user.password,
        "session": user.session,
        "wrong": user.wrong,
        "locked_until": user.locked_until,
    }


def user_of(document: Mapping[str, Any]) -> User:
    """The user of a document."""
    return User(
        document["_id"],
        document["role"],
        tuple(document["stores"]),
        document["password"],
        document["session"],
        document.get("wrong", 0),
        document.get("locked_until", 0.0),
    )
