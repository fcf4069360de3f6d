"""To do: one list of work across orders, items, silent stores and dead letters, most money first; taken, or ignored with a reason."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from litestar import MediaType, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Response

from charts.queries.decision_table import ProductRow
from charts.queries.trading_day import TradingDay
from charts.web.pages import freshness
from charts.web.pages.advice import action_words, evidence_words
from charts.web.pages.bodies import answered_json, body_of, stored_here
from charts.web.pages.desk import Desk
from charts.web.pages.outcomes import outcome_of
from charts.web.pages.outside import DeadLetter
from charts.web.pages.shelf_alarms import ShelfAlarm, alarm_words, alarms_with_money
from charts.web.pages.speech import Speech
from charts.web.pages.today import PRICED_DAYS
from charts.web.pages.visit import ROWS, Visit
from charts.web.web import AnyRequest
from streams.contract.documents import document_id
from streams.contract.errors import ServerError, UsageError

COLLECTION: Final = "desk_tasks"
"""One document per task that somebody took or ignored."""
STATES: Final = ("taken", "ignored", "open")
MOST_DECIDED: Final = 500
LONGEST_REASON: Final = 300


@dataclass(frozen=True, slots=True)
class Task:
    """Something to do. name: the same as long as its grounds are. money: at stake, in `currency`; None: not known."""

    name: str
    kind: str
    store: str
    item: str
    what: str
    why: str
    money: float | None
    currency: str | None
    link: str
    """The page on which it is done: orders, item, shelves, health or today."""


def item_tasks(rows: Iterable[ProductRow], origin: str, say: Speech) -> list[Task]:
    """The advices of the decision table. One without a date of its own comes again a week after it was put aside."""
    on = date.fromisoformat(origin)
    week = (on - timedelta(days=on.weekday())).isoformat()
    found = []
    for row in rows:
        if row.action.kind in ("keep", "watch"):
            continue
        name = document_id(row.action.kind, row.store, row.item, row.action.since or week)
        link = "shelves" if row.action.kind == "facings" else "item"
        found.append(
            Task(
                name,
                row.action.kind,
                row.store,
                row.item,
                action_words(row.action, say),
                evidence_words(row, say),
                row.action.gain,
                row.currency,
                link,
            )
        )
    return found


def order_task(store: str, origin: str, units: float, value: float, currency: str | None, say: Speech) -> Task:
    """The order of a store. At stake is what it should sell for."""
    why = say.gettext("%(units)s units should sell until the next order.", units=say.number(units))
    return Task(document_id("order", store, origin), "order", store, "", say.gettext("Place the order"), why, value, currency, "orders")


def silent_task(day: TradingDay, now: float, say: Speech) -> Task | None:
    """A store that should have sold meanwhile; None: its silence is usual. At stake are the sales that are missing."""
    if day.newest_sale is None or freshness.state_of(day.newest_sale, now, day.arrivals_an_hour, say.zone) not in ("warn", "bad"):
        return None
    due = freshness.arrivals_due(day.newest_sale, now, day.lines_an_hour, say.zone)
    lines = max(day.sums.sales, 1)
    why = say.gettext("No sale since %(clock)s; %(n)s were due.", clock=say.clock(day.newest_sale), n=say.number(due))
    name = document_id("silent", day.store, day.day, int(day.newest_sale))
    return Task(name, "silent", day.store, "", say.gettext("Look at the tills"), why, due * day.revenue / lines, day.currency, "today")


def shelf_tasks(alarms: Iterable[ShelfAlarm], say: Speech) -> list[Task]:
    """A task for each shelf that is silent or will be empty today."""
    found = []
    for one in alarms:
        row = one.row
        what = say.gettext("Look at the shelf") if row.kind == "silent" else say.gettext("Fill the shelf")
        name = document_id(row.kind, row.store, row.item, row.day)
        found.append(Task(name, row.kind, row.store, row.item, what, alarm_words(row, say), one.money, one.currency, "item"))
    return found


def letter_tasks(letters: Sequence[DeadLetter], say: Speech) -> list[Task]:
    """Refused events, one task for each store and reason."""
    groups: dict[tuple[str, str], list[DeadLetter]] = {}
    for letter in letters:
        groups.setdefault((letter.store, letter.reason), []).append(letter)
    found = []
    for (store, reason), group in groups.items():
        why = say.ngettext("%(n)s event was refused: %(reason)s", "%(n)s events were refused: %(reason)s", len(group), reason=reason)
        amounts = [letter.money for letter in group if letter.money is not None]
        name = document_id("letters", store, reason, group[0].place)
        found.append(
            Task(name, "letters", store, "", say.gettext("Mend refused events"), why, sum(amounts) if amounts else None, None, "health")
        )
    return found


def all_tasks(desk: Desk, visit: Visit) -> list[Task] | None:
    """Everything that is to be done, most money first; None: it is being read."""
    books, say, chosen = desk.books, visit.speech, visit.filters.store
    found: list[Task] = []
    for store in books.stores() if chosen is None else [chosen]:
        rows = books.products(store, visit.filters.days)
        if rows is None:
            return None
        ahead = books.foreseen(store) or {}
        origin = max((one.origin for one in ahead.values()), default=None)
        if origin is not None:
            found += item_tasks(rows, origin, say)
            prices = {(row.store, row.item): row.price or 0.0 for row in rows}
            units = sum(one.next_day[0] for one in ahead.values())
            value = sum(one.next_day[0] * prices.get(key, 0.0) for key, one in ahead.items())
            found.append(order_task(store, origin, units, value, rows[0].currency if rows else None, say))
        day = books.trading_day(store)
        silent = None if day is None else silent_task(day, visit.now, say)
        if silent is not None:
            found.append(silent)
        if day is not None:
            alarms = alarms_with_money(books.alarms(store), books.sold(store, PRICED_DAYS) or {}, {store: day.day})
            found += shelf_tasks(alarms, say)
    found += letter_tasks([letter for letter in _letters(desk) if chosen is None or letter.store in ("", chosen)], say)
    category = visit.filters.category
    if category is not None:
        rows = books.products(chosen, visit.filters.days) or []
        items = {(row.store, row.item) for row in rows if row.category == category}
        found = [task for task in found if (task.store, task.item) in items]
    return sorted(found, key=lambda task: (task.money is None, -(task.money or 0.0), task.name))


def _letters(desk: Desk) -> Sequence[DeadLetter]:
    if desk.outside.letters is None:
        return ()
    try:
        return desk.books.kept.get(("outside", "letters"), desk.outside.letters, 20.0, 0.3) or ()
    except ServerError:
        return ()  # the page of health says why


def todo(desk: Desk, visit: Visit) -> dict[str, Any]:
    """What the page shows."""
    tasks = all_tasks(desk, visit)
    if tasks is None:
        return {"tasks": None}
    kept = desk.keeps.all_of(COLLECTION, {}, MOST_DECIDED) if desk.keeps else []
    decided = {one["_id"]: one for one in kept}
    opened = [task for task in tasks if decided.get(task.name, {}).get("state", "open") == "open"]
    pages = max(1, -(-len(opened) // ROWS))
    page = min(visit.filters.page, pages)
    mine = [one for one in kept if visit.filters.store in (None, one.get("store"))]
    mine.sort(key=lambda one: -one["at"])
    taken = [one for one in mine if one["state"] == "taken"][:ROWS]
    return {
        "tasks": opened[(page - 1) * ROWS : page * ROWS],
        "count": len(opened),
        "page": page,
        "pages": pages,
        "taken": taken,
        "outcomes": {one["_id"]: outcome_of(desk, one, visit.speech.zone) for one in taken},
        "ignored": [one for one in mine if one["state"] == "ignored"][:ROWS],
        "may_change": desk.keeps is not None,
        "link": lambda task: link_of(task.link, task.store, task.item, visit),
    }


def link_of(link: str, store: str, item: str, visit: Visit) -> str:
    """Where a task is done."""
    if link == "item":
        return visit.item(store, item)
    return visit.to("/" if link == "today" else f"/{link}", **({"store": store} if store else {}))


def decide(desk: Desk, body: Mapping[str, Any], now: float) -> str:
    """Keep what somebody decided about a task; returns it as a sentence. Raises UsageError, ServerError."""
    texts = {name: body.get(name, "") for name in ("name", "state", "reason", "store", "item", "what", "why", "money", "link")}
    if not all(isinstance(text, str) and len(text) <= 2000 for text in texts.values()):
        raise UsageError("Give every field as text of at most 2000 characters.")
    if texts["state"] not in STATES or not texts["name"]:
        raise UsageError(f"state: give one of {', '.join(STATES)}; name: that of the task.")
    if texts["state"] == "ignored" and not texts["reason"].strip():
        raise UsageError("Say why it is ignored, so that others know.")
    keeps = stored_here(desk)
    older = keeps.all_of(COLLECTION, {"_id": texts["name"]}, 1)
    if older and older[0]["store"] not in ("", body.get("asked", older[0]["store"])):
        raise UsageError("This task is of another store.")
    if texts["state"] == "open":
        keeps.drop(COLLECTION, texts["name"])
        return "It is open again."
    kept = {name: text for name, text in texts.items() if name != "name"} | {"reason": texts["reason"].strip()[:LONGEST_REASON], "at": now}
    keeps.put(COLLECTION, {"_id": texts["name"], **kept})
    return "It is kept."


def todo_routes(desk: Desk) -> list[HTTPRouteHandler]:
    """`/todo`."""

    @get("/todo", media_type=MediaType.HTML, include_in_schema=False)
    async def page(request: AnyRequest) -> Response[Any]:
        return await desk.page(request, "todo.html", lambda visit: todo(desk, visit))

    @post("/todo", include_in_schema=False, status_code=200)
    async def change(request: AnyRequest) -> Response[Any]:
        body = await body_of(request)
        return await answered_json(request, lambda: decide(desk, body, desk.clock()))

    return [page, change]
