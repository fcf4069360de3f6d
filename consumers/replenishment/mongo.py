"""Purchase orders in MongoDB: one document a store and day, each part with effect once."""

from dataclasses import asdict
from typing import Any, Final

from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from consumers.replenishment.orders import Part
from streams.contract.documents import document_id
from streams.contract.errors import ServerError
from streams.contract.settings import MongoSettings
from streams.mongo_trouble import mongo_error

COLLECTION: Final = "purchase_orders"
MOST_ATTEMPTS: Final = 20

Document = dict[str, Any]


class MongoOrders:
    """The collection `purchase_orders`.

    `_id` is decided by store and day, so a part that comes again finds the order it belongs to; `messages` names the
    plans that are in it, so the part is dropped. `v` counts revisions: an update is refused where another process
    was first, and is done anew on what that one wrote.
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

    def add(self, part: Part) -> tuple[Document, bool]:
        """The order with this part in it, and whether the part is new. Raises ServerError."""
        key = document_id(part.store, part.origin)
        try:
            for _ in range(MOST_ATTEMPTS):
                order = self._orders.find_one({"_id": key})
                if order is not None and part.message in order["messages"]:
                    return order, False
                after = _with(part, key, order)
                if self._written(after, order):
                    return after, True
        except PyMongoError as error:
            raise mongo_error(self._shown, error) from error
        raise ServerError(f"MongoDB at {self._shown}: other writers changed order {key} {MOST_ATTEMPTS} times in a row.")

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _written(self, after: Document, before: Document | None) -> bool:
        """Whether the order was written; False: another process wrote it since it was read."""
        if before is not None:
            return self._orders.replace_one({"_id": after["_id"], "v": before["v"]}, after).matched_count == 1
        try:
            self._orders.insert_one(after)
        except DuplicateKeyError:
            return False
        except OperationFailure as error:
            # Servers that only speak MongoDB's protocol may refuse a second `_id` without its error code.
            if "UNIQUE constraint" in str(error):
                return False
            raise
        return True


def _with(part: Part, key: str, order: Document | None) -> Document:
    """The order with a part added; an item that is in it from another shelf is not ordered twice."""
    order = order or {"_id": key, "store": part.store, "origin": part.origin, "v": 0, "messages": [], "lines": []}
    there = {line["item"] for line in order["lines"]}
    new = [asdict(line) for line in part.lines if line.item not in there]
    return order | {"v": order["v"] + 1, "messages": [*order["messages"], part.message], "lines": order["lines"] + new}
