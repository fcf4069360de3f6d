"""The database as the charts read it: never written, and an absent server is a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from streams.contract.settings import MongoSettings
from streams.mongodb.trouble import mongo_error

Document = dict[str, Any]


class ReadOnlyDatabase:
    """What queries are asked of. May be used from several threads."""

    def __init__(self, settings: MongoSettings) -> None:
        self._shown = settings.shown
        self._client: MongoClient[Document] = MongoClient(
            settings.uri.reveal(),
            serverSelectionTimeoutMS=10_000,  # a small server that is busy answers late, and is not away
            connectTimeoutMS=10_000,
            socketTimeoutMS=60_000,
            appname="shelfcast-charts",
        )
        self._database = self._client[settings.database]

    def find(
        self,
        collection: str,
        where: Mapping[str, Any],
        fields: Sequence[str] | None = None,
        *,
        newest_by: str | None = None,
        limit: int = 0,
    ) -> Iterator[Document]:
        """Documents one after the other; with `newest_by` from the largest value of a field downwards. Raises ServerError."""
        with self._speaking():
            cursor = self._database[collection].find(dict(where), dict.fromkeys(fields, 1) if fields else None)
            if newest_by:
                cursor = cursor.sort(newest_by, -1)
            yield from cursor.limit(limit) if limit else cursor

    def count(self, collection: str) -> int:
        """About how many documents there are, without reading them. Raises ServerError."""
        with self._speaking():
            return int(self._database[collection].estimated_document_count())

    def ping(self) -> None:
        """Ask whether the server is there. Raises ServerError."""
        with self._speaking():
            self._client.admin.command("ping")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except PyMongoError as error:
            raise mongo_error(self._shown, error) from error
