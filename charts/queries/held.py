"""Documents that are read once and asked many times: the same answers as the database, for one report or one question."""

from collections.abc import Iterator, Mapping
from typing import Any

from charts.queries.sales import Document, Finds


class Remembering:
    """A database that asks each question once, and notes what it asked. Documents must not be changed."""

    def __init__(self, database: Finds) -> None:
        self._database = database
        self._known: dict[str, list[Document]] = {}
        self.asked: list[dict[str, Any]] = []

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
        """As the database does. Raises ServerError."""
        asked = {"collection": collection, "filter": dict(where), "fields": list(fields or ())}
        order: Any = {"newest_by": newest_by, "ordered_by": ordered_by, "limit": limit, "at_once": at_once}
        key = repr((asked, order))
        if key not in self._known:
            self.asked.append(asked)
            self._known[key] = list(self._database.find(collection, where, fields, **order))
        return iter(self._known[key])

    def count(self, collection: str) -> int:
        """As the database does. Raises ServerError."""
        return self._database.count(collection)


class Months:
    """The documents of one collection from some months; other collections are asked of the database."""

    def __init__(self, database: Finds, collection: str, where: Mapping[str, Any]) -> None:
        self._database = database
        self._collection = collection
        self._held = list(database.find(collection, where))

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
        """The held documents that fit, with all their fields; the months asked for must be among those held. Raises ServerError."""
        if collection != self._collection:
            return self._database.find(collection, where, fields, newest_by=newest_by, ordered_by=ordered_by, limit=limit, at_once=at_once)
        return (document for document in self._held if all(_fits(document.get(name), wanted) for name, wanted in where.items()))

    def count(self, collection: str) -> int:
        """As the database does. Raises ServerError."""
        return self._database.count(collection)


def _fits(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, Mapping):
        return bool(value == wanted)
    if "$in" in wanted:
        return value in wanted["$in"]
    return bool(wanted.get("$gte", value) <= value <= wanted.get("$lte", value))
