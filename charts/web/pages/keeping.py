"""Where the pages keep what people decide: taken and ignored work, changed orders, announcements."""

import threading
from collections.abc import Mapping
from typing import Any, Protocol

from pymongo.errors import PyMongoError

from streams.contract.settings import MongoSettings
from streams.mongodb.client import connect
from streams.mongodb.duplicates import is_duplicate
from streams.mongodb.trouble import speaking

Document = dict[str, Any]


class Keeps(Protocol):
    """Documents that people's decisions make."""

    def put(self, collection: str, document: Document) -> None:
        """Write a document under its `_id`, in place of an older one. Raises ServerError."""
        ...

    def all_of(self, collection: str, where: Mapping[str, Any], limit: int) -> list[Document]:
        """The documents that have these values. Raises ServerError."""
        ...

    def drop(self, collection: str, name: str) -> None:
        """Remove the document with this `_id`, if there is one. Raises ServerError."""
        ...


class MongoKeeps:
    """Decisions in MongoDB. Safe to use from several threads."""

    def __init__(self, settings: MongoSettings) -> None:
        self._shown = settings.shown
        self._client = connect(settings, "shelfcast-desk", absent_seconds=5.0)
        self._database = self._client[settings.database]
        self._lock = threading.Lock()

    def put(self, collection: str, document: Document) -> None:
        """Write a document under its `_id`, in place of an older one. Raises ServerError."""
        with self._lock, speaking(self._shown):
            name = {"_id": document["_id"]}
            # Some servers of MongoDB's protocol answer an upsert differently, so it is done in two steps.
            if self._database[collection].replace_one(name, document).matched_count == 0:
                try:
                    self._database[collection].insert_one(document)
                except PyMongoError as error:
                    if not is_duplicate(error):
                        raise
                    # Another process was first.
                    self._database[collection].replace_one(name, document)

    def all_of(self, collection: str, where: Mapping[str, Any], limit: int) -> list[Document]:
        """The documents that have these values. Raises ServerError."""
        with speaking(self._shown):
            return list(self._database[collection].find(dict(where)).limit(limit))

    def drop(self, collection: str, name: str) -> None:
        """Remove the document with this `_id`, if there is one. Raises ServerError."""
        with speaking(self._shown):
            self._database[collection].delete_one({"_id": name})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
