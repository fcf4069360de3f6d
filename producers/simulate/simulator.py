"""A seeded shop with tills, as a test bed for drift and load. The same settings give the same bytes on any day."""

import heapq
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from msgspec.json import encode
from numpy.typing import NDArray

from producers.simulate.assortment import OPENS, Assortment, Tills
from streams.contract.codec import encode as encode_event
from streams.contract.errors import UsageError
from streams.contract.messages import ClockTicked, OpeningPlanned, PromotionPlanned
from streams.contract.money import line_micros

POISON: Final = (
    b"not json at all",
    b'{"type":"sale-recorded.v1","event_id":"p","store":"s","item":"i","quantity":NaN,"unit_price":1,"sold_at":1700000000}',
    b'{"type":"sale-recorded.v1","store":"s","item":"i","quantity":1,"unit_price":1,"sold_at":1700000000}',
    b'{"type":"sale-recorded.v1","event_id":"p","store":"s","item":"i","quantity":0,"unit_price":1,"sold_at":1700000000}',
    b'{"type":"sale-recorded.v1","event_id":"p","store":"s","item":"i","quantity":1e308,"unit_price":1,"sold_at":1700000000}',
    b'{"type":"sale-recorded.v1","event_id":"p","store":"s","item":"i","quantity":1,"unit_price":1,"sold_at":253402300799}',
    b'{"type":"sale-recorded.v1","event_id":"p","store":"s","item":"i","quantity":1,"unit_price":1,"sold_at":0}',
    b'{"type":"sale-undone.v1","event_id":"p"}',
    b"\xff\xfe\x00",
)
"""Messages that tills should never send; each must become a dead letter."""

STOCK_TAKING_EVERY, FIRST_STOCK_TAKING, TOLD_AHEAD = 28, 20, 10
"""Each store closes for stock-taking once in this many days, from this day number on, and announces it this many days ahead."""


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """The settings of the shop. Shares are shares of sale lines. closures: whether stores close for stock-taking and announce it.

    shift_day: day number, from 0, on which the level of the shifted items changes.
    """

    seed: int = 1
    stores: int = 3
    items: int = 20
    days: int = 28
    lines_per_day: float = 300.0
    first_day: date = date(2026, 1, 5)
    zone: str = "UTC"
    returns: float = 0.01
    late: float = 0.01
    late_minutes: float = 180.0
    duplicates: float = 0.01
    poison: float = 0.0
    promotions: bool = True
    closures: bool = True
    shift_day: int | None = None
    shift_factor: float = 1.5
    shifted_items: int = 5
    tick_minutes: int = 60

    def __post_init__(self) -> None:
        if self.stores < 1 or self.items < 1 or self.days < 1 or self.lines_per_day <= 0:
            raise UsageError("A simulated shop needs at least one store, one item, one day and some lines a day.")
        if not all(0 <= share <= 1 for share in (self.returns, self.late, self.duplicates, self.poison)):
            raise UsageError("The shares of returns, late, duplicate and poison lines are numbers from 0 to 1.")


@dataclass(slots=True)
class Truth:
    """What was simulated, counted independently of everything that reads it. units: by (store, item, business date)."""

    events: int = 0
    sales: int = 0
    returns: int = 0
    late: int = 0
    duplicates: int = 0
    poison: int = 0
    promotions: int = 0
    closures: int = 0
    ticks: int = 0
    revenue_micros: int = 0
    profit_micros: int = 0
    units: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def count(self, bought: "_Bought", item: str, cost: float) -> None:
        """Count a line that was sold or returned."""
        self.sales += 1
        revenue = line_micros(bought.quantity, bought.price)
        self.revenue_micros += revenue
        self.profit_micros += revenue - line_micros(bought.quantity, cost)
        key = (bought.store, item, bought.day)
        self.units[key] = self.units.get(key, 0) + bought.quantity


@dataclass(frozen=True, slots=True)
class _Bought:
    """A receipt line; `at` in epoch seconds, `item` by number."""

    event_id: str
    store: str
    day: str
    at: float
    receipt: str
    item: int
    quantity: int
    price: float
    on_promotion: bool


@dataclass(frozen=True, slots=True, order=True)
class Simulated:
    """A message as it reaches Kafka: event time in epoch seconds, number, key and bytes."""

    at: float
    number: int
    key: bytes
    raw: bytes


class Simulation:
    """One run of the shop; iterate over `events()` once, then read `truth`."""

    def __init__(self, settings: ShopSettings) -> None:
        self.settings = settings
        self.truth = Truth()
        self._random = np.random.default_rng(settings.seed)
        self._assortment = Assortment.drawn(settings.items, self._random)
        self._tills = Tills(self._assortment, self._random)
        self._zone = ZoneInfo(settings.zone)
        self._number = itertools.count()
        self._waiting: list[Simulated] = []
        self._receipts = itertools.count(1)

    @property
    def stores(self) -> tuple[str, ...]:
        """Names of the stores."""
        return tuple(f"store-{number:02d}" for number in range(1, self.settings.stores + 1))

    @property
    def items(self) -> tuple[str, ...]:
        """Names of the items; the level of the first `shifted_items` of them shifts."""
        return self._assortment.names

    def midnight(self, day: int) -> float:
        """The moment at which day number `day` begins in the shop, epoch seconds."""
        local = datetime.combine(self.settings.first_day + timedelta(days=day), datetime.min.time(), self._zone)
        return local.timestamp()

    def events(self) -> Iterator[Simulated]:
        """Every message in the order in which it reaches Kafka."""
        for day in range(self.settings.days):
            for number, store in enumerate(self.stores):
                self._plan_closure(day, store, number)
                self._day(day, store, closed=self._closed(day, number))
            yield from self._until(self.midnight(day + 1))
        yield from self._until(float("inf"))

    def closing_ticks(self) -> Iterator[Simulated]:
        """A tick for every store two days after the end, so that the last days close."""
        for store in self.stores:
            at = self.midnight(self.settings.days + 1)
            yield Simulated(at, next(self._number), store.encode(), encode_event(ClockTicked(store=store, at=at)))

    def _until(self, end: float) -> Iterator[Simulated]:
        while self._waiting and self._waiting[0].at < end:
            self.truth.events += 1
            yield heapq.heappop(self._waiting)

    def _put(self, at: float, store: str, raw: bytes) -> None:
        heapq.heappush(self._waiting, Simulated(at, next(self._number), store.encode(), raw))

    def _closed(self, day: int, number: int) -> bool:
        """Whether store `number` takes stock on a day; the stores take turns."""
        due = (day - FIRST_STOCK_TAKING - number) % STOCK_TAKING_EVERY == 0
        return self.settings.closures and day >= FIRST_STOCK_TAKING and due

    def _plan_closure(self, day: int, store: str, number: int) -> None:
        if self._closed(day + TOLD_AHEAD, number):
            closed = (self.settings.first_day + timedelta(days=day + TOLD_AHEAD)).isoformat()
            at = self.midnight(day) + OPENS * 3600
            planned = OpeningPlanned(
                event_id=f"stock-taking-{store}-{closed}", store=store, first_day=closed, last_day=closed, open=False, planned_at=at
            )
            self._put(at, store, encode_event(planned))
            self.truth.closures += 1

    def _day(self, day: int, store: str, *, closed: bool) -> None:
        settings = self.settings
        begin = self.midnight(day)
        level = np.ones(settings.items)
        if settings.shift_day is not None and day >= settings.shift_day:
            level[: settings.shifted_items] = settings.shift_factor
        promoted = self._promoted(day, store, begin)
        expected = 0.0 if closed else settings.lines_per_day
        lines = self._tills.day((settings.first_day + timedelta(days=day)).weekday(), expected, level, promoted)
        business_date = (settings.first_day + timedelta(days=day)).isoformat()
        orders = [f"{store}-{next(self._receipts)}" for _ in range(int(lines.receipt.max()) + 1 if len(lines.receipt) else 0)]
        for place, item in enumerate(lines.item.tolist()):
            receipt, on_promotion = orders[int(lines.receipt[place])], bool(promoted[item])
            price = self._assortment.promotion_price(item) if on_promotion else float(self._assortment.price[item])
            at = begin + float(lines.second[place])
            bought = _Bought(f"{receipt}-{place}", store, business_date, at, receipt, item, int(lines.quantity[place]), price, on_promotion)
            self._line(bought, self.midnight(day + 1))
        for minute in range(0, 24 * 60, settings.tick_minutes) if settings.tick_minutes else ():
            self._put(begin + minute * 60, store, encode_event(ClockTicked(store=store, at=begin + minute * 60)))
            self.truth.ticks += 1

    def _line(self, bought: _Bought, midnight: float) -> None:
        settings, raw, arrival = self.settings, self._sale(bought), bought.at
        late, twice, back_again, poison, delay = self._random.random(5).tolist()
        if late < settings.late:
            arrival += 60.0 + delay * settings.late_minutes * 60
            self.truth.late += 1
        self._put(arrival, bought.store, raw)
        if twice < settings.duplicates:
            self._put(arrival + 1 + delay * 120, bought.store, raw)
            self.truth.duplicates += 1
        if back_again < settings.returns:
            at = min(bought.at + 600 + delay * 3 * 3600, midnight - 1)
            back = replace(bought, event_id=f"{bought.event_id}-back", at=at, quantity=-1)
            self._put(at, back.store, self._sale(back))
            self.truth.returns += 1
        if poison < settings.poison:
            self._put(arrival, bought.store, POISON[self.truth.poison % len(POISON)])
            self.truth.poison += 1

    def _sale(self, bought: _Bought) -> bytes:
        """Count a line and return its bytes."""
        name, cost = self._assortment.names[bought.item], float(self._assortment.cost[bought.item])
        self.truth.count(bought, name, cost)
        return encode(
            {
                "type": "sale-recorded.v1",
                "event_id": bought.event_id,
                "store": bought.store,
                "item": name,
                "quantity": bought.quantity,
                "sold_at": round(bought.at, 3),
                "unit_price": bought.price,
                "unit_cost": cost,
                "order_id": bought.receipt,
                "on_promotion": bought.on_promotion,
                "list_price": float(self._assortment.price[bought.item]),
            }
        )

    def _promoted(self, day: int, store: str, begin: float) -> NDArray[np.bool_]:
        """The items on promotion today; a week's promotions are announced when the week before it begins."""
        settings = self.settings
        if not settings.promotions:
            return np.zeros(settings.items, dtype=bool)
        week, weekday = divmod(day, 7)
        if weekday == 0 or day == 0:
            for item in np.flatnonzero(self._assortment.on_promotion(week + 1)).tolist():
                first = settings.first_day + timedelta(days=(week + 1) * 7)
                planned = PromotionPlanned(
                    event_id=f"promotion-{store}-{item}-{week + 1}",
                    store=store,
                    item=self._assortment.names[item],
                    first_day=first.isoformat(),
                    last_day=(first + timedelta(days=6)).isoformat(),
                    planned_at=begin + OPENS * 3600,
                )
                self._put(begin + OPENS * 3600, store, encode_event(planned))
                self.truth.promotions += 1
        return self._assortment.on_promotion(week)
