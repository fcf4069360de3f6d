"""Totals of the running day, of stores and of their categories, each with its band, as rows."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from msgspec import Meta, Struct

from charts.queries.columns import P10, P50, P90, Baseline, Day, Mean, Seconds, Store
from charts.queries.paging import Page, Slice, cut
from charts.queries.sales import Finds
from streams.contract.documents import RUNNING_TOTALS, document_id

_FIELDS: Final = ("store", "category", "total")


class TotalRow(Struct, frozen=True, kw_only=True):
    """What a store, or one of its categories, has sold on a running day and should have sold at its end, as of the newest forecast."""

    store: Store
    category: Annotated[str | None, Meta(description="Null: the whole store.")]
    day: Day
    made_at: Seconds
    sold_so_far: Annotated[float, Meta(description="Units sold when the forecast was made.")]
    mean: Mean
    p10: P10
    p50: P50
    p90: P90
    same_weekday_mean: Baseline


def newest(database: Finds, store: str | None, wanted: Slice) -> Page[TotalRow]:
    """The newest total of each store and category, in a fixed order in which those of a store stand together. Raises ServerError.

    A total stays when its day has closed: `day` says which one it is of. One that has not moved lately was made earlier than others.
    """
    found = [_row(document) for document in _documents(database, store, wanted)]
    return cut(found, _key, wanted.limit)


def of_store(database: Finds, store: str) -> list[TotalRow]:
    """The totals of the newest running day of a store: the store's own, then its categories by name. Raises ServerError.

    A category without a sale or a forecast that day has none. The day may have closed: compare `day` with the store's clock.
    """
    rows = [_row(document) for document in database.find(RUNNING_TOTALS, {"store": store}, _FIELDS)]
    newest_day = max((row.day for row in rows), default="")
    return sorted((row for row in rows if row.day == newest_day), key=_key)


def _documents(database: Finds, store: str | None, wanted: Slice) -> Iterator[dict[str, Any]]:
    where: dict[str, Any] = {} if store is None else {"store": store}
    if wanted.after:
        where["_id"] = {"$gt": document_id(*map(str, wanted.after))}
    return database.find(RUNNING_TOTALS, where, _FIELDS, ordered_by="_id", limit=wanted.limit + 1)


def _row(document: dict[str, Any]) -> TotalRow:
    total = document["total"]
    numbers = {name: total[name] for name in TotalRow.__struct_fields__ if name in total}
    return TotalRow(store=document["store"], category=document["category"], **numbers)


def _key(row: TotalRow) -> tuple[str, str]:
    return row.store, row.category or ""
