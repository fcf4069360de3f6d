"""Tills and the gateway as simulated processes: requests that come out of order, late, twice, or break off half-way."""

import json
from random import Random
from typing import TYPE_CHECKING, Any

from producers.gateway.checks import check
from streams.contract.topics import EVENTS, partition_of
from tests.simulation.broker import PARTITIONS
from tests.simulation.clock import Process
from tests.unit.streams.logs import DAY, MONDAY

if TYPE_CHECKING:
    from tests.simulation.world import World

STORES = tuple(next(f"{name}{n}" for n in range(99) if partition_of(f"{name}{n}", PARTITIONS) == i % 2) for i, name in enumerate("abc"))
ITEMS = ("milk", "bread", "tea", "价 <b>$gt")
MOST_LINES = 4


class Sale:
    """What a customer bought: its `order` names it for the judge, whatever id a till gives the event."""

    def __init__(self, chance: Random, number: int, sold_at: float) -> None:
        self.order = f"o{number}"
        self.event: dict[str, Any] = {
            "type": "sale-recorded.v1",
            "event_id": f"e{number}",
            "order_id": self.order,
            "store": chance.choice(STORES),
            "item": chance.choice(ITEMS),
            "quantity": chance.choice((1, 2, 3, 0.5, -1)),
            "unit_price": chance.choice((1.39, 0.89, 12.5)),
            "sold_at": sold_at,
        }
        if chance.random() < 0.5:
            self.event |= {"unit_cost": 0.5, "category": chance.choice(("dairy", "dry")), "currency": chance.choice(("EUR", "CHF"))}


def day_of_sales(chance: Random, count: int) -> list[Sale]:
    """Sales of some hours, in some shops with the end of a day among them; now and then one comes late."""
    gap = chance.choice((60, 300, 300, 1200, 3000))
    sales = [Sale(chance, number, MONDAY + number * gap) for number in range(count)]
    for place in range(1, count):
        if chance.random() < 0.15:
            other = max(0, place - chance.randint(1, 6))
            sales[place], sales[other] = sales[other], sales[place]
    return sales


class Till(Process):
    """Sends its sales through the gateway, each until it is told that Kafka has it."""

    def __init__(self, world: "World", name: str, sales: list[Sale]) -> None:
        super().__init__(name)
        self._world = world
        self._waiting = sales
        self._tries = 0
        self.done = False

    async def run(self) -> None:
        while self._waiting:
            await self._world.pause(0.3)
            sent = self._waiting[: self._world.chance.randint(1, MOST_LINES)]
            if await self._answered([sale.event for sale in sent]):
                self._world.judge.acknowledged([sale.order for sale in sent])
                self._waiting = self._waiting[len(sent) :]
            elif self._world.broken == "ids":
                self._tries += 1
                for sale in sent:
                    sale.event["event_id"] += f"-{self._tries}"
        self.done = True

    async def _answered(self, events: list[dict[str, Any]]) -> bool:
        """Whether the gateway answered 202. The request, some of its lines or the answer may be lost."""
        await self._world.pause(0.1)
        if self._world.strikes("lose a request"):
            return False
        checked, errors = check([json.dumps(event).encode() for event in events], self._world.now, sales_only=False, max_depth=16)
        if errors:
            self._world.violated(f"the gateway refused {errors[0]}")
        if self._world.broken == "acknowledgement" and not self._world.strikes("lose an answer"):
            self._world.later(0.5, lambda: self._store(checked.keys, checked.raws))
            return True
        return self._store(checked.keys, checked.raws) and not self._world.strikes("lose an answer")

    def _store(self, keys: list[bytes], raws: list[bytes]) -> bool:
        for key, raw in zip(keys, raws, strict=True):
            if self._world.strikes("kill the gateway"):
                return False
            self._world.broker.store(EVENTS, partition_of(key.decode(), PARTITIONS), key, raw, self._world.milliseconds)
        return True


class Stranger(Process):
    """Writes to Kafka past the gateway what nobody should: garbage, conflicts, events of a store in the wrong partition, old ticks."""

    def __init__(self, world: "World", name: str) -> None:
        super().__init__(name)
        self._world = world

    async def run(self) -> None:
        chance = self._world.chance
        for number in range(chance.randint(0, 5)):
            await self._world.pause(1.5)
            store = chance.choice(STORES)
            tick = {"type": "clock-ticked.v1", "store": store, "at": MONDAY + chance.choice((0, 600, DAY // 2))}
            sale = Sale(chance, 0, MONDAY).event | {"order_id": None, "event_id": f"x{number % 2}"}
            event = chance.choice((tick, sale, sale | {"quantity": 0}, "?"))
            partition = chance.randrange(PARTITIONS)
            self._world.broker.store(EVENTS, partition, store.encode(), json.dumps(event).encode(), self._world.milliseconds)
