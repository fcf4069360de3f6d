"""`/v1/decisions`, `/v1/categories`, `/v1/plans`: what to do with each item, what categories bring, what was announced on the pages."""

from typing import Annotated, Any, Final, Literal

from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response
from msgspec import UNSET, Meta, Struct, UnsetType

from charts.queries.columns import Day, Store
from charts.queries.decision_rows import (
    CategoryTotalRow,
    DecisionRow,
    category_key,
    category_rows,
    decision_rows,
    decision_table,
    newest_period,
)
from charts.queries.decision_table import Kind, ProductRow
from charts.queries.paging import Page, Slice, page_of
from charts.web.api.asked import BusinessDate, Listed, StoreName, given, given_date
from charts.web.api.described import listing
from charts.web.api.resource import AnyRequest, Api, Listing
from streams.contract.documents import DESK_PLANS

PlanKind = Literal["promotion", "closed", "open"]


class PlanRow(Struct, frozen=True, kw_only=True):
    """A promotion or an opening day that was announced on the pages. What was announced otherwise is in the log only."""

    id: str
    store: Store
    kind: Annotated[PlanKind, Meta(description="promotion: of an item; closed, open: days of the store, against its habit.")]
    item: Annotated[str | None, Meta(description="Null: of the whole store.")]
    first_day: Day
    last_day: Annotated[str, Meta(description="Included.", extra_json_schema={"format": "date"})]
    active: Annotated[bool, Meta(description="False: it was withdrawn.")]
    announced_at: Annotated[float, Meta(description="Seconds since 1970-01-01 UTC.")]


class CategoriesAsked(Listed, frozen=True, kw_only=True):
    """The parameters of `/v1/categories`."""

    store: StoreName | UnsetType = UNSET
    days: Annotated[int, Meta(ge=1, le=366, description="Of the newest so many days with sales.")] = 28


class DecisionsAsked(CategoriesAsked, frozen=True, kw_only=True):
    """The parameters of `/v1/decisions`."""

    action: Annotated[Kind, Meta(description="One kind of action.")] | UnsetType = UNSET


class PlansAsked(Listed, frozen=True, kw_only=True):
    """The parameters of `/v1/plans`."""

    store: StoreName | UnsetType = UNSET
    until: Annotated[BusinessDate, Meta(description="Plans that begin on this date or before.")] | UnsetType = UNSET
    since: Annotated[BusinessDate, Meta(description="Plans that end on this date or later.")] | UnsetType = UNSET


DECISIONS: Final = Listing("decisions", DecisionRow, tuple[str, str])
CATEGORIES: Final = Listing("categories", CategoryTotalRow, tuple[str, str, str])
PLANS: Final = Listing("plans", PlanRow, tuple[str, str], settled=False)


def routes(api: Api) -> list[HTTPRouteHandler]:
    """Decisions, categories, plans."""
    database = api.database

    def table(store: str | None, days: int) -> list[ProductRow]:
        return api.list_of(("decisions", store, days), lambda: decision_table(database, store, newest_period(database, days), days))

    def read_decisions(asked: DecisionsAsked, wanted: Slice) -> Page[DecisionRow]:
        rows, action = decision_rows(table(given(asked.store), asked.days)), given(asked.action)
        return page_of((row for row in rows if action in (None, row.action)), lambda row: (row.store, row.item), wanted)

    def read_categories(asked: CategoriesAsked, wanted: Slice) -> Page[CategoryTotalRow]:
        return page_of(category_rows(table(given(asked.store), asked.days)), category_key, wanted)

    def read_plans(asked: PlansAsked, wanted: Slice) -> Page[PlanRow]:
        store, since, until = given(asked.store), given_date(asked.since), given_date(asked.until)
        found = [_plan(one) for one in database.find(DESK_PLANS, {} if store is None else {"store": store})]
        rows = [one for one in found if (since is None or one.last_day >= since) and (until is None or one.first_day <= until)]
        rows.sort(key=_plan_key)
        return page_of(rows, _plan_key, wanted)

    @get("/v1/decisions", summary="What to do with each item", **listing(DECISIONS, DecisionsAsked))
    async def decisions(request: AnyRequest) -> Response[list[DecisionRow]]:
        """By the rules of the page of products, by store and item."""
        return await api.rows(request, DecisionsAsked, DECISIONS, read_decisions)

    @get("/v1/categories", summary="What categories brought and should bring", **listing(CATEGORIES, CategoriesAsked))
    async def categories(request: AnyRequest) -> Response[list[CategoryTotalRow]]:
        """By store, category and currency."""
        return await api.rows(request, CategoriesAsked, CATEGORIES, read_categories)

    @get("/v1/plans", summary="What was announced on the pages", **listing(PLANS, PlansAsked))
    async def plans(request: AnyRequest) -> Response[list[PlanRow]]:
        """Promotions, closed and open days, withdrawn ones too, by first day."""
        return await api.rows(request, PlansAsked, PLANS, read_plans)

    return [decisions, categories, plans]


def _plan_key(row: PlanRow) -> tuple[str, str]:
    return row.first_day, row.id


def _plan(document: dict[str, Any]) -> PlanRow:
    return PlanRow(
        id=document["_id"],
        store=document["store"],
        kind=document["kind"],
        item=document["item"] or None,
        first_day=document["first_day"],
        last_day=document["last_day"],
        active=document["active"],
        announced_at=document["at"],
    )
