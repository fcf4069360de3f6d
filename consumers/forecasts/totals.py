"""Keeps what is said of a running day's totals: of each store and category the newest word."""

from typing import Final

from consumers.forecasts.newest import Slot, is_newer, number_of
from consumers.store.cache import CachedDocuments
from consumers.store.port import Change
from streams.contract import documents as names
from streams.contract.documents import document_id
from streams.contract.messages import TotalForecast, TotalsPredicted

Key = tuple[str, str | None]
_NUMBERS: Final = tuple(name for name in TotalForecast.__struct_fields__ if name != "category")


class TotalsBatch:
    """What remains of a batch's messages about totals: of each store and category the newest."""

    def __init__(self) -> None:
        self.slots: dict[Key, Slot] = {}

    def add(self, message: TotalsPredicted) -> None:
        """Add a message; the newest of each total stays."""
        for total in message.totals:
            key, slot = (message.store, total.category), total_slot(message, total)
            if is_newer(slot, self.slots.get(key)):
                self.slots[key] = slot

    def write(self, cache: CachedDocuments) -> int:
        """Write what is newer than what the database holds; returns how many documents were written."""
        if not self.slots:
            return 0
        ids = {key: total_id(*key) for key in self.slots}
        read = cache.read(names.RUNNING_TOTALS, list(ids.values()))
        changes = []
        for (store, category), slot in self.slots.items():
            name = ids[store, category]
            document = read.get(name)
            if document is None:
                changes.append(Change({"_id": name, "v": 0, "store": store, "category": category, "total": slot}, None))
            elif is_newer(slot, document["total"]):
                changes.append(Change(document | {"v": document["v"] + 1, "total": slot}, document["v"]))
        cache.write(names.RUNNING_TOTALS, changes)
        return len(changes)


def total_id(store: str, category: str | None) -> str:
    """The `_id` of the document of a store's total, or of that of one of its categories, whose names are never empty."""
    return document_id(store, category or "")


def total_slot(message: TotalsPredicted, total: TotalForecast) -> Slot:
    """A total as the document keeps it."""
    slot: Slot = {
        "id": message.id, "partition": message.partition, "offset": message.offset, "number": number_of(message.id),
        "day": message.day, "made_at": message.made_at,
    }  # fmt: skip
    return slot | {name: getattr(total, name) for name in _NUMBERS}
