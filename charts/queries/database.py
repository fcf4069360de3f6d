"""The database as the charts see it: read-only, and an absent server is an error with a sentence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from streams.contract.settings import MongoSettings
from streams.mongodb.client import ANSWER_SECONDS, Document, connect
from streams.mongodb.trouble import speaking

READ_AT_ONCE: Final = 2000
"""Documents that a server sends at a time: left to itself it fills 16 MB, and a slow one takes longer for that than a client waits."""


class ReadOnlyDatabase:
    """The database behind the queries. Safe to use from several threads."""

    def __init__(self, settings: MongoSettings) -> None:
        self._shown = settings.shown
        self._client = connect(settings, "shelfcast-charts", absent_seconds=10.0, busy_seconds=ANSWER_SECONDS)
        self._database = self._client[settings.database]

    def find(
        self,
        collection: str,
        where: Mapping[str, Any],
        fields: Sequence[str] | None = None,
        *,
        newest_by: str | None = None,
        ordered_by: str | None = None,
        limit: int = 0,
        at_once: int = 0,
    ) -> Iterator[Document]:
        """Documents one after the other. Raises ServerError.

        newest_by: from the largest value of a field downwards. ordered_by: from the smallest upwards. at_once: how many the server
        sends at a time; fewer than usual where they are large and perhaps not all wanted.
        """
        with speaking(self._shown):
            cursor = self._database[collection].find(dict(where), dict.fromkeys(fields, 1) if fields else None)
            if newest_by:
                cursor = cursor.sort(newest_by, -1)
            elif ordered_by:
                cursor = cursor.sort(ordered_by, 1)
            cursor = cursor.batch_size(at_once or READ_AT_ONCE)
            yield from cursor.limit(limit) if limit else cursor

    def count(self, collection: str) -> int:
        """About how many documents there are, without reading them. Raises ServerError."""
        with speaking(self._shown):
            return int(self._database[collection].estimated_document_count())

    def ping(self) -> None:
        """Ask whether the server is there. Raises ServerError."""
        with speaking(self._shown):
            self._client.admin.command("ping")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
