"""Plans: promotions and opening days, announced and withdrawn here, with a calendar of the coming weeks."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from litestar import MediaType, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.web.pages.bodies import answered_json, body_of, stored_here
from charts.web.pages.desk import Desk
from charts.web.pages.visit import Visit
from charts.web.web import AnyRequest
from streams.contract.documents import DESK_PLANS
from streams.contract.errors import UsageError
from streams.contract.messages import OpeningPlanned, PromotionPlanned

KINDS: Final = ("promotion", "closed", "open")
WEEKS: Final = 6
MOST: Final = 1000
PROPOSED_DAYS: Final = (1, 7)
"""From today to the first and the last day that the form begins with: a week from tomorrow on."""
MOST_SUGGESTED: Final = 500


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of the calendar and what is announced of it."""

    day: str
    past: bool
    plans: Sequence[Mapping[str, Any]]


def calendar(plans: Sequence[Mapping[str, Any]], today: date) -> list[list[CalendarDay]]:
    """Weeks from Monday on, this one first."""
    monday = today - timedelta(days=today.weekday())
    weeks = []
    for week in range(WEEKS):
        days = [(monday + timedelta(days=7 * week + n)) for n in range(7)]
        weeks.append([
            CalendarDay(day.isoformat(), day < today, [one for one in plans if one["first_day"] <= day.isoformat() <= one["last_day"]])
            for day in days
        ])  # fmt: skip
    return weeks


def plans_page(desk: Desk, visit: Visit) -> dict[str, Any]:
    """What the page shows."""
    store = visit.filters.store
    kept = desk.keeps.all_of(DESK_PLANS, {} if store is None else {"store": store}, MOST) if desk.keeps else []
    active = sorted((one for one in kept if one["active"]), key=lambda one: (one["first_day"], one["store"], one["item"]))
    today = datetime.fromtimestamp(visit.now, UTC).astimezone(visit.speech.zone).date()
    rows = (desk.books.products(store, visit.filters.days) or []) if store is not None else []
    return {
        "plans": [one for one in active if one["last_day"] >= today.isoformat()],
        "past": sum(one["last_day"] < today.isoformat() for one in active),
        "calendar": calendar(active, today),
        "today": today.isoformat(),
        "proposed": [(today + timedelta(days=days)).isoformat() for days in PROPOSED_DAYS],
        "may_change": desk.keeps is not None and desk.outside.publish is not None,
        "items": [row.item for row in rows[:MOST_SUGGESTED]],
    }


def announce(desk: Desk, body: Mapping[str, Any], now: float) -> str:
    """Publish an announcement and keep it; returns what was done. Raises UsageError, ServerError."""
    values = {name: body.get(name, "") for name in ("kind", "store", "item", "first_day", "last_day")}
    if not all(isinstance(value, str) and len(value) <= 200 for value in values.values()):
        raise UsageError("Give every field as text.")
    if values["kind"] not in KINDS:
        raise UsageError(f"kind: give one of {', '.join(KINDS)}.")
    for name in ("store", "first_day", "last_day", *(["item"] if values["kind"] == "promotion" else [])):
        if not values[name]:
            raise UsageError(f"{name} is missing.")
    plan = values | {"_id": f"desk-{secrets.token_hex(12)}", "active": True, "at": now}
    keeps = stored_here(desk)
    _publish(desk, plan, now)
    keeps.put(DESK_PLANS, plan)
    return "It is announced. The next close of the day counts with it."


def withdraw(desk: Desk, body: Mapping[str, Any], now: float) -> str:
    """Withdraw an announcement that was made here. Raises UsageError, ServerError."""
    keeps = stored_here(desk)
    found = keeps.all_of(DESK_PLANS, {"_id": body.get("name", "")}, 1)
    if not found or found[0]["store"] != body.get("asked", found[0]["store"]):
        raise UsageError("There is no such announcement.")
    plan = found[0] | {"active": False, "at": now}
    _publish(desk, plan, now)
    keeps.put(DESK_PLANS, plan)
    return "It is withdrawn."


def _publish(desk: Desk, plan: Mapping[str, Any], now: float) -> None:
    """Publish a plan as an event. An announcement and its withdrawal are events of their own."""
    if desk.outside.publish is None:
        raise UsageError("This process announces nothing: start it with `shelfcast web`.")
    event_id = plan["_id"] if plan["active"] else f"{plan['_id']}-withdrawn"
    named: dict[str, Any] = {"event_id": event_id, "store": plan["store"], "first_day": plan["first_day"], "last_day": plan["last_day"]}
    named |= {"planned_at": now, "active": plan["active"]}
    event: PromotionPlanned | OpeningPlanned
    event = (
        PromotionPlanned(item=plan["item"], **named)
        if plan["kind"] == "promotion"
        else OpeningPlanned(open=plan["kind"] == "open", **named)
    )
    desk.outside.publish(plan["store"], event)


def plan_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/plans`, `/plans/withdraw`."""

    @get("/plans", media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "plans.html", lambda visit: plans_page(desk, visit))

    @post("/plans", include_in_schema=False, status_code=200)
    async def add(request: AnyRequest) -> Response[Any]:
        body = await body_of(request)
        return await answered_json(request, lambda: announce(desk, body, desk.clock()))

    @post("/plans/withdraw", include_in_schema=False, status_code=200)
    async def take_back(request: AnyRequest) -> Response[Any]:
        body = await body_of(request)
        return await answered_json(request, lambda: withdraw(desk, body, desk.clock()))

    return [page, add, take_back]
