"""A database in memory that keeps the promises of `consumers.store.port.Documents`, and can be told to fail."""

import copy

from prometheus_client import CollectorRegistry

from consumers.runtime.metrics import ConsumerMetrics
from consumers.store.port import Change, ContendedError
from streams.contract.errors import ServerError


class MemoryDocuments:
    """fail_after: so many single writes succeed, then all fail until it is set to None."""

    def __init__(self):
        self.collections = {}
        self.fail_after = None
        self.writes = 0

    def read(self, collection, ids):
        held = self.collections.get(collection, {})
        return {key: copy.deepcopy(held[key]) for key in ids if key in held}

    def write(self, collection, changes: list[Change]):
        contended = False
        for change in changes:
            self._one_write()
            held = self.collections.setdefault(collection, {})
            key = change.document["_id"]
            if (held[key]["v"] if key in held else None) != change.v_read:
                contended = True
                continue
            held[key] = copy.deepcopy(change.document)
        if contended:
            raise ContendedError("another was first")

    def merge(self, collection, documents):
        for key, document in documents.items():
            self._one_write()
            self.collections.setdefault(collection, {})[key] = copy.deepcopy(document)

    def _one_write(self):
        if self.fail_after is not None:
            if self.fail_after <= 0:
                raise ServerError("the database went away")
            self.fail_after -= 1
        self.writes += 1

    def find(self, collection, where, fields=None, *, newest_by=None, ordered_by=None, limit=0, at_once=0):
        found = [
            copy.deepcopy(d) for d in self.collections.get(collection, {}).values() if all(_fits(_value(d, k), w) for k, w in where.items())
        ]
        if newest_by:
            found.sort(key=lambda d: d[newest_by], reverse=True)
        elif ordered_by:
            found.sort(key=lambda d: d[ordered_by])
        yield from found[:limit] if limit else found

    def count(self, collection):
        return len(self.collections.get(collection, {}))

    def each(self, collection, fields):
        yield from self.find(collection, {}, fields)

    def statistics(self):
        """The documents of the statistics, without progress."""
        return {name: self.collections.get(name, {}) for name in ("item_months", "store_months", "customer_years", "cashier_months")}


def _value(document, path):
    for name in path.split("."):
        document = document.get(name)
    return document


def _fits(value, wanted):
    if not isinstance(wanted, dict):
        return value == wanted
    if "$in" in wanted:
        return value in wanted["$in"]
    if value is None or ("$gt" in wanted and not value > wanted["$gt"]) or ("$lt" in wanted and not value < wanted["$lt"]):
        return False
    return wanted.get("$gte", value) <= value <= wanted.get("$lte", value)


def metrics() -> ConsumerMetrics:
    return ConsumerMetrics(CollectorRegistry())


class MemoryKeeps:
    """What people decided on the pages, in memory; see `charts.web.pages.keeping.Keeps`."""

    def __init__(self):
        self.held = {}

    def put(self, collection, document):
        self.held.setdefault(collection, {})[document["_id"]] = copy.deepcopy(document)

    def all_of(self, collection, where, limit):
        found = [d for d in self.held.get(collection, {}).values() if all(d.get(k) == v for k, v in where.items())]
        return copy.deepcopy(found[:limit])

    def drop(self, collection, name):
        self.held.get(collection, {}).pop(name, None)
