"""Turns forecasts and shelf plans into purchase orders, with pure functions: any replay gives the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal

import numpy as np

from consumers.replenishment.replenishment_settings import ReplenishSettings
from online_model.shelf import Demand, Quantiles, ShelfSettings, order_units
from streams.contract.horizons import DAY, WEEK
from streams.contract.messages import Allocation, PredictedSales, ShelfAllocation

QUIET_DAYS: Final = 7
"""A store that closes no day for this long, while others do, is no longer waited for."""

Numbers = tuple[float, float, float, float]
"""Mean, P10, P50 and P90."""


@dataclass(frozen=True, slots=True)
class Line:
    """Units of an item to order, and whether the shelf plan or the service chose the quantity."""

    item: str
    units: float
    chosen_by: Literal["plan", "forecast"]


@dataclass(frozen=True, slots=True)
class Part:
    """What one message of a shelf plan adds to the order of its store and day. `message` is its id, by which it counts once."""

    store: str
    origin: str
    message: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A plan whose missing parts will not come any more: nothing is ordered from it."""

    store: str
    shelf: str
    origin: str
    parts_there: int
    parts: int


@dataclass(slots=True)
class _Gathering:
    """The parts of a plan that have come so far, by their number."""

    first_offset: int
    parts: dict[int, ShelfAllocation]


_PlanKey = tuple[str, str, str, int]
"""Store, shelf, origin, and the offset in `sales.events` of the event that led to the plan."""


@dataclass(slots=True)
class _Store:
    """Forecasts of a store's newest close that no plan has used yet: item -> day and week."""

    origin: str
    first_offset: int
    waiting: dict[str, tuple[Numbers, Numbers | None]]


class OrderBook:
    """The orders of one partition: takes its messages in order, and returns the parts of an order for each shelf plan.

    Forecasts wait in memory for the plan of the same close, which follows them in the topic; the parts of a long plan wait for the last
    one. `safe_offset` says how far the group may commit: after a restart, what still waited is read again, so nothing has to be saved.
    """

    def __init__(self, settings: ReplenishSettings) -> None:
        self._settings = ShelfSettings(
            service_level=settings.service_level,
            lead_time_days=settings.lead_time_days,
            review_days=settings.review_days,
        )
        self._stores: dict[str, _Store] = {}
        self._gathering: dict[_PlanKey, _Gathering] = {}
        self._given: dict[tuple[str, str], tuple[str, int]] = {}  # store, shelf -> origin, offset of the newest plan in several parts
        self._given_up: list[Incomplete] = []
        self._newest = ""

    def forecast(self, message: PredictedSales, offset: int) -> None:
        """Remember a forecast of the days ahead; orders do not depend on forecasts of the running day."""
        spans = {h.horizon: (h.mean, h.p10, h.p50, h.p90) for h in message.horizons}
        if DAY.name not in spans:
            return
        store = self._stores.get(message.store)
        if store is None or message.origin > store.origin:
            store = self._stores[message.store] = _Store(message.origin, offset, {})
            if self._gathering:
                self._give_up(message.origin, message.store)
        if message.origin == store.origin:
            store.waiting[message.item] = (spans[DAY.name], spans.get(WEEK.name))
        self._forget_quiet(message.origin)

    def plan(self, message: ShelfAllocation, offset: int) -> tuple[Part, ...]:
        """Add a message of a shelf plan; returns one `Part` for each part of the plan once all have come, before that none."""
        return tuple(self._part(one) for one in self._gathered(message, offset))

    def take_given_up(self) -> list[Incomplete]:
        """Plans that a newer close overtook before all their parts came; each is returned once."""
        given_up, self._given_up = self._given_up, []
        return given_up

    def safe_offset(self, next_offset: int) -> int:
        """The offset from which a restart must read, once everything before `next_offset` has been added."""
        waiting = [store.first_offset for store in self._stores.values()]
        return min(waiting + [plan.first_offset for plan in self._gathering.values()], default=next_offset)

    def _gathered(self, message: ShelfAllocation, offset: int) -> list[ShelfAllocation]:
        """All parts of the plan in order, if this message is the last to come; else none."""
        if message.parts == 1:
            return [message]
        key = (message.store, message.shelf, message.origin, message.offset)
        if key[2:] <= self._given.get(key[:2], ("", -1)):
            return []  # it came again, for example after a crash of the worker
        gathering = self._gathering.setdefault(key, _Gathering(offset, {}))
        gathering.parts[message.part] = message
        if len(gathering.parts) < message.parts:
            return []
        del self._gathering[key]
        self._given[key[:2]] = key[2:]
        return [one for _, one in sorted(gathering.parts.items())]

    def _part(self, message: ShelfAllocation) -> Part:
        store = self._stores.get(message.store)
        known = store.waiting if store is not None and store.origin == message.origin else {}
        lines = self._lines(message, known)
        for allocation in message.items:
            known.pop(allocation.item, None)
        if store is not None and not store.waiting:
            del self._stores[message.store]
        return Part(message.store, message.origin, message.id, lines)

    def _give_up(self, before: str, store: str | None = None) -> None:
        """Drop incomplete plans that are older than a date, of one store or of all."""
        for key in [key for key in self._gathering if key[2] < before and store in (None, key[0])]:
            parts = self._gathering.pop(key).parts
            self._given_up.append(Incomplete(*key[:3], len(parts), next(iter(parts.values())).parts))

    def _lines(self, message: ShelfAllocation, known: dict[str, tuple[Numbers, Numbers | None]]) -> tuple[Line, ...]:
        units = {a.item: a.order_units for a in message.items if a.order_units is not None}
        rest = [a for a in message.items if a.order_units is None]
        chosen = dict(zip((a.item for a in rest), self._units(rest, known, message.origin), strict=True))
        return tuple(
            Line(a.item, units.get(a.item, chosen.get(a.item, 0.0)), "plan" if a.item in units else "forecast")
            for a in message.items
            if units.get(a.item, chosen.get(a.item, 0.0)) > 0
        )

    def _units(self, rest: list[Allocation], known: dict[str, tuple[Numbers, Numbers | None]], origin: str) -> Iterable[float]:
        """The newsvendor quantity of items for which the plan names none; without a forecast, from the plan's own mean."""
        if not rest:
            return []
        found = [known.get(a.item, ((a.predicted_sales,) * 4, None)) for a in rest]
        days = np.array([day for day, _ in found])
        weeks = np.array([_week_of(day) if week is None else week for day, week in found])
        demand = Demand(
            Quantiles(*days.T),
            Quantiles(*weeks.T),
            stock=np.array([np.nan if a.stock is None else a.stock for a in rest]),
            date_number=date.fromisoformat(origin).toordinal(),
        )
        units: list[float] = order_units(demand, self._settings).tolist()
        return units

    def _forget_quiet(self, origin: str) -> None:
        if origin <= self._newest:
            return
        self._newest = origin
        newest = date.fromisoformat(origin)
        for name in [n for n, s in self._stores.items() if (newest - date.fromisoformat(s.origin)).days > QUIET_DAYS]:
            del self._stores[name]
        self._give_up((newest - timedelta(days=QUIET_DAYS)).isoformat())


def _week_of(day: Numbers) -> Numbers:
    """A week of independent days like this one: the spread grows with the square root of the days."""
    mean, p10, p50, p90 = day
    return 7 * mean, max(7 * p50 - 7**0.5 * (p50 - p10), 0.0), 7 * p50, 7 * p50 + 7**0.5 * (p90 - p50)
