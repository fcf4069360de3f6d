"""Keeps what is told of stock: the newest word of each ledger line, what empty shelves cost, silent shelves, expected stock-outs."""

from typing import Any, Final

from msgspec import to_builtins

from consumers.forecasts.newest import Slot, is_newer, number_of
from consumers.store.cache import CachedDocuments
from consumers.store.port import Change, Document, Documents
from streams.contract import documents as names
from streams.contract.documents import LOST_ITEM_COLUMNS, document_id
from streams.contract.stock_messages import LostSalesEstimated, RunsOutExpected, ShelfSilent, StockOutput, StockStated

_NAMED: Final = ("type", "store", "item")


class StockBatch:
    """What remains of a batch's messages about stock: of each ledger line the newest."""

    def __init__(self) -> None:
        self.lines: dict[tuple[str, str], StockStated] = {}
        self.kept: dict[str, dict[str, Document]] = {}  # collection -> documents whose id determines their content
        self.superseded = 0

    def add(self, message: StockOutput) -> None:
        """Add a message; the newest of each line stays."""
        if isinstance(message, StockStated):
            key = (message.store, message.item)
            known = self.lines.get(key)
            if known is not None:
                self.superseded += 1
            if known is None or is_newer(line_slot(message), line_slot(known)):
                self.lines[key] = message
        elif isinstance(message, LostSalesEstimated):
            document = lost_document(message)
            self.kept.setdefault(names.LOST_SALES, {})[document["_id"]] = document
        else:
            collection = names.SILENCES if isinstance(message, ShelfSilent) else names.RUN_OUTS
            self.kept.setdefault(collection, {})[message.id] = alarm_document(message)

    def write(self, documents: Documents, cache: CachedDocuments) -> tuple[int, int]:
        """Write everything; returns how many lines were out of date, and how many documents were written."""
        for collection, kept in self.kept.items():
            documents.merge(collection, kept)
        written = sum(map(len, self.kept.values()))
        if not self.lines:
            return 0, written
        ids = {key: document_id(*key) for key in self.lines}
        read = cache.read(names.STOCK, list(ids.values()))
        changes = []
        for key, message in self.lines.items():
            document = read.get(ids[key])
            slot = line_slot(message)
            if document is None:
                changes.append(Change({"_id": ids[key], "v": 0, "store": key[0], "item": key[1], "ledger": slot}, None))
            elif is_newer(slot, document["ledger"]):
                changes.append(Change(document | {"v": document["v"] + 1, "ledger": slot}, document["v"]))
        cache.write(names.STOCK, changes)
        return len(self.lines) - len(changes), written + len(changes)


def line_slot(message: StockStated) -> Slot:
    """A ledger line as the document keeps it; what was never said is null."""
    slot: Slot = {name: to_builtins(getattr(message, name)) for name in message.__struct_fields__ if name not in _NAMED}
    return slot | {"number": number_of(message.id)}


def lost_document(message: LostSalesEstimated) -> Document:
    """The document of a day's lost sales, or of a further part; the id alone determines its content."""
    body: Document = to_builtins(message)
    del body["type"]
    body["items"] = {name: [getattr(item, name) for item in message.items] for name in LOST_ITEM_COLUMNS}
    body["money"] = [{name: getattr(one, name) for name in one.__struct_fields__} for one in message.money]
    place: tuple[Any, ...] = (message.store, message.business_date)
    return {"_id": document_id(*place) if message.part == 1 else document_id(*place, message.part), **body, "part": message.part}


def alarm_document(message: ShelfSilent | RunsOutExpected) -> Document:
    """The document of a silent shelf or an expected stock-out; the id alone determines its content."""
    body: Document = to_builtins(message)
    del body["type"]
    return {"_id": message.id, **body}
