"""How far the database has come: what a reader of its numbers should know of their age."""

from typing import Annotated

from msgspec import Meta, Struct

from charts.queries.columns import Day
from charts.queries.sales import Finds, last_date
from streams.contract.documents import FORECASTS, PROGRESS


class ReaderProgress(Struct, frozen=True, kw_only=True):
    """How far a consumer has written a partition."""

    reader: str
    topic: str
    partition: int
    next_offset: Annotated[int, Meta(description="The first message of the topic that is not in the database yet.")]


class DatabaseHealth(Struct, frozen=True, kw_only=True):
    """The database answers, and holds so much."""

    status: str
    counted: Annotated[int, Meta(description="Accepted sales in the statistics, returns included.")]
    last_day: Annotated[Day | None, Meta(description="Newest business date with sales.")]
    series: Annotated[int, Meta(description="Items with forecasts, by store; about.")]
    readers: list[ReaderProgress]


def health(database: Finds) -> DatabaseHealth:
    """How far the database has come. Raises ServerError."""
    found = sorted(database.find(PROGRESS, {}), key=lambda document: (document["reader"], document["partition"]))
    readers = [
        ReaderProgress(reader=one["reader"], topic=one["topic"], partition=one["partition"], next_offset=one["next_offset"])
        for one in found
    ]
    counted = sum(one["seq"] or 0 for one in found if one["reader"] == "statistics")
    return DatabaseHealth(status="ok", counted=counted, last_day=last_date(database), series=database.count(FORECASTS), readers=readers)


def newness(database: Finds) -> tuple[tuple[str, int], ...]:
    """How far each reader has come, in one small read: while it is the same, so is what they wrote. Raises ServerError."""
    return tuple(sorted((document["_id"], document["v"]) for document in database.find(PROGRESS, {}, ("v",))))
