"""Caches documents as they were last read or written, so that a batch need not read what the previous batch wrote.

An outdated document does no harm: its guarded write fails, and the cache is emptied.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from consumers.store.port import Change, Document, Documents


class CachedDocuments:
    """Keeps the `capacity` documents used last, in front of a database. For one thread."""

    def __init__(self, documents: Documents, capacity: int = 4000) -> None:
        self._documents = documents
        self._capacity = capacity
        self._kept: OrderedDict[tuple[str, str], Document] = OrderedDict()

    def read(self, collection: str, ids: Iterable[str]) -> dict[str, Document]:
        """The documents that exist, by id. Raises ServerError."""
        found: dict[str, Document] = {}
        missing: list[str] = []
        for document_id in ids:
            kept = self._kept.get((collection, document_id))
            if kept is None:
                missing.append(document_id)
            else:
                found[document_id] = kept
        if missing:
            read = self._documents.read(collection, missing)
            self._keep(collection, read)
            found |= read
        return found

    def write(self, collection: str, changes: list[Change]) -> None:
        """Guarded writes. Raises ContendedError or ServerError, and then keeps nothing."""
        if not changes:
            return
        try:
            self._documents.write(collection, changes)
        except BaseException:
            self.forget()
            raise
        self._keep(collection, {change.document["_id"]: change.document for change in changes})

    def forget(self) -> None:
        """Keep nothing: the next read asks the database."""
        self._kept.clear()

    def _keep(self, collection: str, documents: Mapping[str, Document]) -> None:
        for document_id, document in documents.items():
            self._kept[collection, document_id] = document
            self._kept.move_to_end((collection, document_id))
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
