"""The database as far as one store goes: nothing of the others can be asked of it."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from charts.queries.sales import Document, Finds
from streams.contract.documents import PROGRESS

_OF_NO_STORE: Final = frozenset({PROGRESS})


class OfStore:
    """A database for queries that holds one store only; see ReadOnlyDatabase."""

    def __init__(self, database: Finds, store: str) -> None:
        self._database, self._store = database, store

    def find(
        self,
        collection: str,
        where: Mapping[str, Any],
        fields: Any = None,
        *,
        newest_by: str | None = None,
        ordered_by: str | None = None,
        limit: int = 0,
        at_once: int = 0,
    ) -> Iterator[Document]:
        """The store's documents. Raises ServerError."""
        wanted = dict(where)
        if collection not in _OF_NO_STORE:
            if not _may_be(wanted.get("store", self._store), self._store):
                return iter(())
            wanted["store"] = self._store
        return self._database.find(collection, wanted, fields, newest_by=newest_by, ordered_by=ordered_by, limit=limit, at_once=at_once)

    def count(self, collection: str) -> int:
        """The approximate number of documents, those of other stores included. Raises ServerError."""
        return self._database.count(collection)


def _may_be(asked: Any, store: str) -> bool:
    """Whether a condition on the store's name holds for this one."""
    return store in asked.get("$in", ()) if isinstance(asked, Mapping) else bool(asked == store)
