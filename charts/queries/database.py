"""The database as the charts see it: read-only, and an absent server is an error with a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from streams.contract.settings import MongoSettings
from streams.mongodb.trouble import mongo_error

Document = dict[str, Any]


class ReadOnlyDatabase:
    """The database behind the queries. Safe to use from several threads."""

    def __init__(self, settings: MongoSettings) -> None:
        self._shown = settings.shown
        self._client: MongoClient[Document] = MongoClient(
            settings.uri.reveal(),
            serverSelectionTimeoutMS=10_000,  # a small server that is busy answers late but is not away
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
        """Documents one after another; with `newest_by`, those with the largest value of that field first. Raises ServerError."""
        with self._speaking():
            cursor = self._database[collection].find(dict(where), dict.fromkeys(fields, 1) if fields else None)
            if newest_by:
                cursor = cursor.sort(newest_by, -1)
            yield from cursor.limit(limit) if limit else cursor

    def count(self, collection: str) -> int:
        """The approximate number of documents, without reading them. Raises ServerError."""
        with self._speaking():
            return int(self._database[collection].estimated_document_count())

    def ping(self) -> None:
        """Check that the server answers. Raises ServerError."""
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
