"""MongoDB as the database of documents, with few, plain commands, so that smaller servers of its protocol work too."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from pymongo import ReplaceOne
from pymongo.database import Database
from pymongo.errors import PyMongoError

from consumers.store.port import Change, ContendedError, Document
from streams.contract import documents as names
from streams.contract.errors import ServerError
from streams.mongodb.duplicates import is_duplicate
from streams.mongodb.trouble import speaking

INDEXES: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    names.ITEM_MONTHS: (("store", "month"), ("month",)),
    names.STORE_MONTHS: (("store", "month"), ("month",)),
    names.FORECASTS: (("store", "item"),),
    names.RUNNING_TOTALS: (("store",),),
    names.PLANS: (("store",),),
    names.PLAN_PARTS: (("store",),),
    names.SCORES: (("store", "horizon", "origin"),),
    names.SCORE_MONTHS: (("month",),),
    names.DRIFTS: (("made_at",),),
    names.STOCK: (("store", "item"),),
    names.LOST_SALES: (("business_date",), ("store", "business_date")),
    names.SILENCES: (("made_at",),),
    names.RUN_OUTS: (("made_at",),),
    names.PURCHASE_ORDERS: (("origin",),),
}

READ_AT_ONCE: Final = 2000


class MongoDocuments:
    """The documents of one database."""

    def __init__(self, database: "Database[Document]", shown: str) -> None:
        self._database = database
        self._shown = shown

    def prepare(self) -> None:
        """Make the indexes. Raises ServerError."""
        with self._speaking():
            for collection, indexes in INDEXES.items():
                for fields in indexes:
                    self._database[collection].create_index([(field, 1) for field in fields])

    def read(self, collection: str, ids: Sequence[str]) -> dict[str, Document]:
        """The documents that exist, by id. Raises ServerError."""
        found: dict[str, Document] = {}
        with self._speaking():
            for start in range(0, len(ids), READ_AT_ONCE):
                wanted = list(ids[start : start + READ_AT_ONCE])
                found |= {d["_id"]: d for d in self._database[collection].find({"_id": {"$in": wanted}})}
        return found

    def each(self, collection: str, fields: Sequence[str]) -> Iterator[Document]:
        """All documents, one after another, with some of their fields. Raises ServerError."""
        with self._speaking():
            yield from self._database[collection].find({}, dict.fromkeys(fields, 1))

    def write(self, collection: str, changes: Sequence[Change]) -> None:
        """Write each document if its `v` is still the one that was read. Raises ContendedError, ServerError.

        A new document is an insert: if another writer has made it meanwhile, the server refuses the duplicate id. (An upsert would do, but
        servers answer it differently.)
        """
        old = [ReplaceOne({"_id": c.document["_id"], "v": c.v_read}, c.document) for c in changes if c.v_read is not None]
        new = [c.document for c in changes if c.v_read is None]
        with self._speaking():
            if old:
                matched = self._replaced(collection, old)
                if matched != len(old):
                    raise ContendedError(f"Another writer changed {len(old) - matched} documents of {collection}.")
            if new:
                self._database[collection].insert_many(new, ordered=False)

    def merge(self, collection: str, documents: Mapping[str, Document]) -> None:
        """Write documents whose id determines their content. Raises ServerError."""
        if not documents:
            return
        there = self._there(collection, list(documents))
        old = [ReplaceOne({"_id": key}, document) for key, document in documents.items() if key in there]
        new = [document for key, document in documents.items() if key not in there]
        with self._speaking():
            if old:
                self._replaced(collection, old)
            if new:
                self._database[collection].insert_many(new, ordered=False)

    def _there(self, collection: str, ids: Sequence[str]) -> set[str]:
        """Those of the ids that have a document."""
        there: set[str] = set()
        with self._speaking():
            for start in range(0, len(ids), READ_AT_ONCE):
                wanted = list(ids[start : start + READ_AT_ONCE])
                there.update(d["_id"] for d in self._database[collection].find({"_id": {"$in": wanted}}, {"_id": 1}))
        return there

    def _replaced(self, collection: str, writes: "Sequence[ReplaceOne[Document]]") -> int:
        """Replace existing documents; returns how many existed."""
        try:
            return self._database[collection].bulk_write(writes, ordered=False).matched_count
        except KeyError as error:
            # FerretDB leaves `nModified` out of its answer when it refuses a document, and pymongo then hides the refusal.
            raise ServerError(f"MongoDB at {self._shown} refused a document of {collection} and gave no reason.") from error

    def clear(self) -> None:
        """Remove all documents of all our collections. Raises ServerError."""
        with self._speaking():
            for collection in names.COLLECTIONS:
                self._database[collection].delete_many({})

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        with speaking(self._shown):
            try:
                yield
            except PyMongoError as error:
                if is_duplicate(error):
                    raise ContendedError("Another writer made a document first.") from error
                raise
