"""From forecasts and shelf plans to purchase orders: pure, and the same after any replay."""

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
"""A store that has not closed a day for so long, while others have, is no longer waited for."""

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
    """What one shelf plan adds to the order of its store and day. `message` makes it count once."""

    store: str
    origin: str
    message: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A plan of which parts are missing for good: nothing is ordered from it."""

    store: str
    shelf: str
    origin: str
    parts_there: int
    parts: int


@dataclass(slots=True)
class _Gathering:
    """The parts of a plan that have come so far, by number."""

    first_offset: int
    parts: dict[int, ShelfAllocation]


_PlanKey = tuple[str, str, str, int]
"""Store, shelf, origin, and the offset in `sales.events` that led to the plan."""


@dataclass(slots=True)
class _Store:
    """Forecasts of a store's newest close that no plan has used: item -> day and week."""

    origin: str
    first_offset: int
    waiting: dict[str, tuple[Numbers, Numbers | None]]


class OrderBook:
    """The orders of one partition: takes its messages in order, gives the parts of an order for each shelf plan.

    Forecasts wait in memory for the plan of the same close, which follows them in the topic, and the parts of a long
    plan for the last of them. `safe_offset` says how far a group may commit: what still waits is read again after a
    restart, and nothing else need be kept.
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
        """Remember a forecast of the days ahead; one of the running day says nothing about orders."""
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
        """The order lines of a shelf plan, which wait no more: a `Part` for each part of it, none before all are there."""
        return tuple(self._part(one) for one in self._gathered(message, offset))

    def take_given_up(self) -> list[Incomplete]:
        """Plans that a newer close came after before all their parts had; each is given once."""
        given_up, self._given_up = self._given_up, []
        return given_up

    def safe_offset(self, next_offset: int) -> int:
        """The offset from which a restart must read, when all before `next_offset` has been taken in."""
        waiting = [store.first_offset for store in self._stores.values()]
        return min(waiting + [plan.first_offset for plan in self._gathering.values()], default=next_offset)

    def _gathered(self, message: ShelfAllocation, offset: int) -> list[ShelfAllocation]:
        """All parts of the plan, in order, when this is the last of them to come."""
        if message.parts == 1:
            return [message]
        key = (message.store, message.shelf, message.origin, message.offset)
        if key[2:] <= self._given.get(key[:2], ("", -1)):
            return []  # read again, as after a worker's crash
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
        """Drop what was gathered of plans older than a date, of a store or of all."""
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
        """The newsvendor quantity of items whose plan names none; without a forecast the plan's own mean must do."""
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
    """A week of independent days like this one: spreads grow with the root of the days."""
    mean, p10, p50, p90 = day
    return 7 * mean, max(7 * p50 - 7**0.5 * (p50 - p10), 0.0), 7 * p50, 7 * p50 + 7**0.5 * (p90 - p50)
