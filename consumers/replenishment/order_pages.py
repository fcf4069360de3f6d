"""Purchase orders in the database: one document a store and day, more where it is long; each part with effect once."""

from dataclasses import asdict
from typing import Final

from consumers.replenishment.orders import Part
from consumers.store.port import Change, ContendedError, Document, Documents
from streams.contract.documents import PURCHASE_ORDERS, document_id
from streams.contract.errors import ServerError

COLLECTION: Final = PURCHASE_ORDERS
MOST_ATTEMPTS: Final = 20
MOST_LINES: Final = 10_000
"""Lines of a document: with the longest names there can be they take 6 of the 16 MB that MongoDB allows."""


class OrderPages:
    """The collection `purchase_orders`.

    `_id` is decided by store and day, so a part that comes again finds the order it belongs to; `messages` names the
    plans that are in it, so the part is dropped. `v` counts revisions: an update is refused where another process
    was first, and is done anew on what that one wrote.

    A long order has further pages: a page that is `full` changes no more, and the next one follows it. Filling a page
    up is a revision too, so who knows only an older page cannot write beside a newer one.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._held: list[Document] = []  # pages of the order last used; a page out of date is refused when it is written

    def add(self, part: Part) -> bool:
        """Put a part into its order; False: it was there already. Raises ServerError."""
        for _ in range(MOST_ATTEMPTS):
            pages = self._pages(part.store, part.origin)
            if any(part.message in page["messages"] for page in pages):
                return False
            try:
                self._put(part, pages)
            except ContendedError:
                self._held = []
            except ServerError:
                self._held = []
                raise
            else:
                return True
        key = document_id(part.store, part.origin)
        raise ServerError(f"Other writers changed order {key} {MOST_ATTEMPTS} times in a row.")

    def order(self, store: str, origin: str) -> Document:
        """A store's order of a day, with the lines of all its pages. Raises ServerError."""
        pages = self._pages(store, origin)
        return {"store": store, "origin": origin, "lines": [line for page in pages for line in page["lines"]]}

    def _pages(self, store: str, origin: str) -> list[Document]:
        """The pages of an order, as last read or written."""
        if not self._held or (self._held[0]["store"], self._held[0]["origin"]) != (store, origin):
            pages: list[Document] = []
            page = self._page(store, origin, 1)
            while page is not None:
                pages.append(page)
                page = self._page(store, origin, len(pages) + 1) if page.get("full") else None
            self._held = pages  # whole, or not at all
        return self._held

    def _page(self, store: str, origin: str, number: int) -> Document | None:
        name = _page_id(store, origin, number)
        return self._documents.read(COLLECTION, [name]).get(name)

    def _put(self, part: Part, pages: list[Document]) -> None:
        """Write the part. Raises ContendedError where another process changed the order since it was read."""
        there = {line["item"] for page in pages for line in page["lines"]}
        lines = [asdict(line) for line in part.lines if line.item not in there]  # an item on two shelves is ordered once
        last = pages[-1] if pages else None
        if last is not None and not last.get("full"):
            if len(last["lines"]) + len(lines) <= MOST_LINES:
                after = last | {"messages": [*last["messages"], part.message], "lines": [*last["lines"], *lines]}
                self._replace(pages, after)
                return
            self._replace(pages, last | {"full": True})
        number = len(pages) + 1
        named = {"_id": _page_id(part.store, part.origin, number), "store": part.store, "origin": part.origin}
        page = named | ({"page": number} if number > 1 else {}) | {"v": 1, "messages": [part.message], "lines": lines}
        self._documents.write(COLLECTION, [Change(page, None)])
        pages.append(page)

    def _replace(self, pages: list[Document], after: Document) -> None:
        before = pages[-1]["v"]
        after = after | {"v": before + 1}
        self._documents.write(COLLECTION, [Change(after, before)])
        pages[-1] = after


def _page_id(store: str, origin: str, number: int) -> str:
    return document_id(store, origin) if number == 1 else document_id(store, origin, number)
