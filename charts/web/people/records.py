"""Where users, the key of their sessions, and the record of what was changed are kept: in MongoDB."""

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol

from pymongo.collection import Collection
from pymongo.errors import PyMongoError

from charts.web.people.users import LOCK_SECONDS, WRONG_BEFORE_LOCK, User, document_of, new_session, user_of
from streams.contract.documents import AUDIT, USERS, WEB_KEYS
from streams.contract.errors import UsageError
from streams.contract.settings import MongoSettings, Secret
from streams.mongodb.client import connect
from streams.mongodb.duplicates import is_duplicate
from streams.mongodb.trouble import speaking


class Records(Protocol):
    """What the page needs to know of people. Each method raises ServerError."""

    def user(self, name: str) -> User | None:
        """The user of a name."""
        ...

    def wrong_password(self, name: str, now: float) -> None:
        """Count a wrong password; the last of too many locks the user."""
        ...

    def right_password(self, name: str) -> None:
        """Forget the wrong ones."""
        ...

    def end_sessions(self, name: str) -> None:
        """Log a user out everywhere."""
        ...

    def session_key(self) -> Secret:
        """The key that signs sessions, made at the first call."""
        ...

    def note(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the record of changes."""
        ...


class MongoRecords:
    """Records in the collections `users`, `web_keys` and `audit`. Safe to use from several threads."""

    def __init__(self, settings: MongoSettings) -> None:
        self._shown = settings.shown
        self._client = connect(settings, "shelfcast-people", absent_seconds=5.0)
        database = self._client[settings.database]
        self._users, self._keys, self._audit = database[USERS], database[WEB_KEYS], database[AUDIT]

    def user(self, name: str) -> User | None:
        """The user of a name."""
        with speaking(self._shown):
            found = self._users.find_one({"_id": name})
        return None if found is None else user_of(found)

    def users(self) -> list[User]:
        """All users, by name."""
        with speaking(self._shown):
            return [user_of(found) for found in self._users.find().sort("_id", 1)]

    def add(self, user: User) -> None:
        """Add a user. Raises UsageError if the name is taken."""
        with speaking(self._shown):
            if not _inserted(self._users, document_of(user)):
                raise UsageError(f"There is a user {user.name!r} already: remove it first, or take another name.")

    def remove(self, name: str) -> bool:
        """Remove a user; whether there was one."""
        with speaking(self._shown):
            return self._users.delete_one({"_id": name}).deleted_count == 1

    def wrong_password(self, name: str, now: float) -> None:
        """Count a wrong password; the last of too many locks the user."""
        with speaking(self._shown):
            self._users.update_one({"_id": name}, {"$inc": {"wrong": 1}})
            self._users.update_one(
                {"_id": name, "wrong": {"$gte": WRONG_BEFORE_LOCK}}, {"$set": {"wrong": 0, "locked_until": now + LOCK_SECONDS}}
            )

    def right_password(self, name: str) -> None:
        """Forget the wrong ones."""
        with speaking(self._shown):
            self._users.update_one({"_id": name}, {"$set": {"wrong": 0, "locked_until": 0.0}})

    def end_sessions(self, name: str) -> None:
        """Log a user out everywhere."""
        with speaking(self._shown):
            self._users.update_one({"_id": name}, {"$set": {"session": new_session()}})

    def session_key(self) -> Secret:
        """The key that signs sessions, made at the first call."""
        with speaking(self._shown):
            found = self._keys.find_one({"_id": "session"})
            if found is None:
                _inserted(self._keys, {"_id": "session", "key": secrets.token_urlsafe(32)})  # unless another process was first
                found = self._keys.find_one({"_id": "session"}) or {}
        return Secret(found["key"])

    def note(self, entry: Mapping[str, Any]) -> None:
        """Add an entry to the record of changes."""
        with speaking(self._shown):
            self._audit.insert_one({"at": datetime.now(UTC), **entry})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


def _inserted(collection: Collection[dict[str, Any]], document: dict[str, Any]) -> bool:
    """Insert a document; False where there is one of that `_id` already."""
    try:
        collection.insert_one(document)
    except PyMongoError as error:
        if not is_duplicate(error):
            raise
        return False
    return True


@contextmanager
def records_at(settings: MongoSettings) -> Iterator[MongoRecords]:
    """Records that are closed afterwards."""
    records = MongoRecords(settings)
    try:
        yield records
    finally:
        records.close()
