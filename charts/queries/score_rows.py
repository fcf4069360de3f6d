"""How good the forecasts were, and where demand has changed, as rows."""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, convert

from charts.queries.columns import Day, Item, Seconds, Store
from charts.queries.forecasts import ErrorSums
from charts.queries.paging import Page, Slice, cut
from charts.queries.sales import Finds
from streams.contract.documents import DRIFTS, SCORE_MONTHS
from streams.contract.horizons import HORIZON_NAMES
from streams.contract.messages import Horizon

Fraction = Annotated[float | None, Meta(description="A fraction; null where nothing was sold.")]
Per = Literal["horizon", "store", "origin"]
DriftKind = Literal["level_shift", "sale_error"]
MOST_OF_ONE_SECOND: Final = 10_000
"""Drift events with the same time: as many as one close of a very large store can have."""


class AccuracyRow(Struct, frozen=True, kw_only=True):
    """How good the forecasts of a horizon were, against the same-weekday mean."""

    store: Annotated[str | None, Meta(description="Null: over all stores.")]
    horizon: Horizon
    origin: Annotated[str | None, Meta(description="Business date whose close made the forecasts; null: over all of them.")]
    n: Annotated[int, Meta(description="Forecasts that have come due.")]
    actual: Annotated[float, Meta(description="Units sold.")]
    wape: Annotated[Fraction, Meta(description="Sum |forecast - sold| / sum of sold.")]
    wape_same_weekday_mean: Annotated[Fraction, Meta(description="The same of the baseline.")]
    bias: Annotated[Fraction, Meta(description="Sum of forecast - sold / sum of sold.")]
    coverage: Annotated[float | None, Meta(description="Fraction within p10 to p90; 0.8 is the aim.")]


class DriftRow(Struct, frozen=True, kw_only=True):
    """A change that the model saw: `drift-detected.v1` as it is kept."""

    id: str
    store: Annotated[Store | None, Meta(description="Null: seen over the whole partition.")] = None
    item: Item | None = None
    kind: Annotated[DriftKind, Meta(description="level_shift: of a series' daily level; sale_error: of the error per sale.")]
    since: Day
    before: float
    after: float
    factor: float
    action: Annotated[str, Meta(description="What the model did about it.")]
    made_at: Seconds
    partition: int
    offset: int


def accuracy_rows(
    database: Finds, store: str | None, horizon: str | None, origins: tuple[str | None, str | None], per: Per
) -> list[AccuracyRow]:
    """Errors over stores and origins, or of each; shortest horizon first. Raises ServerError."""
    first, last = origins
    where: dict[str, Any] = {} if store is None else {"store": store}
    sums: dict[tuple[str, str, str], ErrorSums] = {}
    for document in database.find(SCORE_MONTHS, where, ("store", "horizon", "month", "origins")):
        if document["horizon"] not in HORIZON_NAMES or horizon not in (None, document["horizon"]):
            continue
        for day, row in document["origins"].items():
            origin = f"{document['month']}-{day}"
            if (first or origin) <= origin <= (last or origin):
                of_store = document["store"] if per != "horizon" or store is not None else ""
                key = of_store, document["horizon"], origin if per == "origin" else ""
                sums.setdefault(key, ErrorSums()).add(row)
    ordered = sorted(sums.items(), key=lambda pair: accuracy_key(pair[0][0], pair[0][1], pair[0][2]))
    return [
        AccuracyRow(store=name or None, horizon=span, origin=day or None, actual=one.actual, **_measures(one))
        for (name, span, day), one in ordered
    ]


def accuracy_key(store: str | None, horizon: str, origin: str | None) -> tuple[str, int, str]:
    """Where a row stands: by store, horizon and origin."""
    return store or "", HORIZON_NAMES.index(horizon), origin or ""


def _measures(sums: ErrorSums) -> dict[str, Any]:
    return sums.shown()


def drift_rows(database: Finds, store: str | None, item: str | None, kind: str | None, since: str | None, wanted: Slice) -> Page[DriftRow]:
    """Drift events, the newest first. Raises ServerError."""
    after = wanted.after
    asked: dict[str, Any] = {"store": store, "item": item, "kind": kind}
    asked |= {"since": since and {"$gte": since}, "made_at": after and {"$lte": after[0]}}
    where = {name: value for name, value in asked.items() if value is not None}
    found: list[DriftRow] = []
    for document in database.find(DRIFTS, where, newest_by="made_at", limit=wanted.limit + MOST_OF_ONE_SECOND):
        row = convert(document, DriftRow)
        if found and row.made_at != found[-1].made_at and len(found) > wanted.limit:
            break
        if after is None or (-row.made_at, row.id) > (-float(after[0]), str(after[1])):
            found.append(row)
    found.sort(key=lambda row: (-row.made_at, row.id))
    return cut(found, lambda row: (row.made_at, row.id), wanted.limit)
