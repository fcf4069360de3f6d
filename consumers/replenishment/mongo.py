"""Purchase orders in MongoDB: one document for each store and day, more for a long order; each part takes effect once."""

from dataclasses import asdict
from typing import Any, Final

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from consumers.replenishment.orders import Part
from streams.contract.documents import document_id
from streams.contract.errors import ServerError
from streams.contract.settings import MongoSettings
from streams.mongodb.trouble import mongo_error

COLLECTION: Final = "purchase_orders"
MOST_ATTEMPTS: Final = 20
MOST_LINES: Final = 10_000
"""Most lines of a document: with the longest possible names they take 6 of the 16 MB that MongoDB allows."""

Document = dict[str, Any]


class MongoOrders:
    """The collection `purchase_orders`.

    `_id` consists of store and day, so a part that comes again finds its order; `messages` names the plans that the order holds, so the
    part is dropped. `v` counts revisions: an update that another process overtook is refused, and repeated on what that process wrote.

    A long order has further pages: a page that is `full` never changes again, and the next one follows it. Filling a page is a revision
    too, so a process that knows only an older page cannot write beside a newer one.
    """

    def __init__(self, settings: MongoSettings) -> None:
        self._shown = settings.shown
        self._client: MongoClient[Document] = MongoClient(
            settings.uri.reveal(),
            serverSelectionTimeoutMS=3000,
            connectTimeoutMS=3000,
            appname="shelfcast-replenishment",
        )
        self._orders: Collection[Document] = self._client[settings.database][COLLECTION]
        self._held: list[Document] = []  # pages of the order used last; writing an outdated page is refused

    def add(self, part: Part) -> bool:
        """Add a part to its order; False if the order held it already. Raises ServerError."""
        try:
            for _ in range(MOST_ATTEMPTS):
                pages = self._pages(part.store, part.origin)
                if any(part.message in page["messages"] for page in pages):
                    return False
                if self._put(part, pages):
                    return True
                self._held = []
        except PyMongoError as error:
            self._held = []
            raise mongo_error(self._shown, error) from error
        key = document_id(part.store, part.origin)
        raise ServerError(f"MongoDB at {self._shown}: other writers changed order {key} {MOST_ATTEMPTS} times in a row.")

    def order(self, store: str, origin: str) -> Document:
        """The order of a store and day, with the lines of all its pages. Raises ServerError."""
        try:
            pages = self._pages(store, origin)
        except PyMongoError as error:
            raise mongo_error(self._shown, error) from error
        return {"store": store, "origin": origin, "lines": [line for page in pages for line in page["lines"]]}

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _pages(self, store: str, origin: str) -> list[Document]:
        """The pages of an order, as they were last read or written."""
        if not self._held or (self._held[0]["store"], self._held[0]["origin"]) != (store, origin):
            self._held = []
            page = self._orders.find_one({"_id": _page_id(store, origin, 1)})
            while page is not None:
                self._held.append(page)
                following = _page_id(store, origin, len(self._held) + 1)
                page = self._orders.find_one({"_id": following}) if page.get("full") else None
        return self._held

    def _put(self, part: Part, pages: list[Document]) -> bool:
        """Write the part; False if another process has changed the order since it was read."""
        there = {line["item"] for page in pages for line in page["lines"]}
        lines = [asdict(line) for line in part.lines if line.item not in there]  # an item on two shelves is ordered once
        last = pages[-1] if pages else None
        if last is not None and not last.get("full"):
            if len(last["lines"]) + len(lines) <= MOST_LINES:
                after = last | {"messages": [*last["messages"], part.message], "lines": [*last["lines"], *lines]}
                return self._replaced(pages, after)
            if not self._replaced(pages, last | {"full": True}):
                return False
        number = len(pages) + 1
        named = {"_id": _page_id(part.store, part.origin, number), "store": part.store, "origin": part.origin}
        page = named | ({"page": number} if number > 1 else {}) | {"v": 1, "messages": [part.message], "lines": lines}
        if not self._inserted(page):
            return False
        pages.append(page)
        return True

    def _replaced(self, pages: list[Document], after: Document) -> bool:
        before = pages[-1]
        after = after | {"v": before["v"] + 1}
        if self._orders.replace_one({"_id": before["_id"], "v": before["v"]}, after).matched_count != 1:
            return False
        pages[-1] = after
        return True

    def _inserted(self, page: Document) -> bool:
        try:
            self._orders.insert_one(page)
        except DuplicateKeyError:
            return False
        except OperationFailure as error:
            # Other servers of MongoDB's protocol may refuse a duplicate `_id` without the usual error code.
            if "UNIQUE constraint" in str(error):
                return False
            raise
        return True


def _page_id(store: str, origin: str, number: int) -> str:
    return document_id(store, origin) if number == 1 else document_id(store, origin, number)
