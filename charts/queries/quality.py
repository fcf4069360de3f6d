"""How good the forecasts were over time: by week, against the baseline, and how often the truth lay in the band."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from charts.queries.forecasts import ErrorSums, errors_by_origin
from charts.queries.sales import Finds
from streams.contract.documents import PROGRESS


@dataclass(frozen=True, slots=True)
class Week:
    """The forecasts of a horizon that were made in a week and have come due. monday: its first date."""

    monday: str
    sums: ErrorSums


def quality_by_week(database: Finds, store: str | None) -> dict[str, list[Week]]:
    """By horizon, the weeks in order. Raises ServerError."""
    found = {}
    for horizon, origins in errors_by_origin(database, store).items():
        weeks: defaultdict[str, ErrorSums] = defaultdict(ErrorSums)
        for origin, sums in origins.items():
            add_to(weeks[_monday(origin)], sums)
        if weeks:
            found[horizon] = [Week(monday, sums) for monday, sums in sorted(weeks.items())]
    return found


def whole(weeks: list[Week]) -> ErrorSums:
    """The sums over weeks."""
    sums = ErrorSums()
    for week in weeks:
        add_to(sums, week.sums)
    return sums


def add_to(sums: ErrorSums, more: ErrorSums) -> None:
    """Add sums to sums."""
    baseline = more.absolute_error_same_weekday_mean
    sums.add((more.n, more.actual, more.absolute_error, baseline, more.error, more.within_band))


def _monday(day: str) -> str:
    on = date.fromisoformat(day)
    return (on - timedelta(days=on.weekday())).isoformat()


@dataclass(frozen=True, slots=True)
class ReaderPlace:
    """How far a reader has come: events read, and accepted sales counted; None: it counts none."""

    reader: str
    partitions: int
    read: int
    counted: int | None


def reader_places(database: Finds) -> list[ReaderPlace]:
    """How far each reader has come, over its partitions. Raises ServerError."""
    found: defaultdict[str, list[Mapping[str, int | None]]] = defaultdict(list)
    for document in database.find(PROGRESS, {}, ("reader", "partition", "next_offset", "seq")):
        found[document["reader"]].append(document)
    places = []
    for reader, rows in sorted(found.items()):
        counted = [row["seq"] for row in rows if row.get("seq") is not None]
        read = sum(row["next_offset"] or 0 for row in rows)
        places.append(ReaderPlace(reader, len(rows), read, sum(n for n in counted if n is not None) if counted else None))
    return places
