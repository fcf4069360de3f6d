"""What a simulated shop sells, and when its tills are busy; draws whole days at once. Pure except for the generator it is given."""

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

OPENS: Final = 8
PROMOTION_LIFT: Final = 2.0
PROMOTION_PRICE: Final = 0.8
WEEK: Final = np.array([0.9, 0.85, 0.9, 1.0, 1.25, 1.4, 0.7])
"""Demand by weekday, Monday first; its mean is 1."""

_HOURS: Final = np.array([0.5, 0.7, 0.9, 1.1, 1.2, 1.0, 0.9, 1.0, 1.3, 1.6, 1.5, 1.0, 0.6])
"""Demand by hour from opening to closing, with a peak at lunch and one in the evening."""

_GOODS: Final = ("milk", "bread", "butter", "eggs", "apples", "coffee", "rice", "pasta", "cheese", "yogurt")


@dataclass(frozen=True, slots=True)
class Assortment:
    """The items: names, shares of demand (which sum to 1), prices and costs with 2 decimals, and when each is promoted."""

    names: tuple[str, ...]
    weight: NDArray[np.float64]
    price: NDArray[np.float64]
    cost: NDArray[np.float64]
    promotion_phase: NDArray[np.int64]

    @classmethod
    def drawn(cls, items: int, random: np.random.Generator) -> Self:
        """Draw an assortment: demand falls with rank, prices are those of groceries."""
        names = tuple(f"{_GOODS[n % len(_GOODS)]}-{n // len(_GOODS) + 1}" for n in range(items))
        weight = 1.0 / np.arange(1, items + 1) ** 0.7
        price = np.round(np.exp(random.normal(1.0, 0.6, items)), 2) + 0.5
        cost = np.round(price * random.uniform(0.55, 0.85, items), 2)
        return cls(names, weight / weight.sum(), np.round(price, 2), cost, random.integers(0, 6, items))

    def promotion_price(self, item: int) -> float:
        """The price while it is on promotion."""
        return round(float(self.price[item]) * PROMOTION_PRICE, 2)

    def on_promotion(self, week: int) -> NDArray[np.bool_]:
        """The items on promotion in a week, counted from 0: each item in one week of six, and none in the first week."""
        promoted: NDArray[np.bool_] = (self.promotion_phase == week % 6) if week > 0 else np.zeros(len(self.names), dtype=bool)
        return promoted


@dataclass(frozen=True, slots=True)
class Lines:
    """A day's receipt lines in order of time: number of the receipt from 0, item, quantity, second of the day."""

    receipt: NDArray[np.int64]
    item: NDArray[np.int64]
    quantity: NDArray[np.int64]
    second: NDArray[np.float64]


class Tills:
    """Customers who arrive in a Poisson process whose rate follows weekday and hour, and each buy a basket."""

    def __init__(self, assortment: Assortment, random: np.random.Generator) -> None:
        self._assortment, self._random = assortment, random

    def day(self, weekday: int, lines_per_day: float, level: NDArray[np.float64], promoted: NDArray[np.bool_]) -> Lines:
        """Draw a day's lines. level: demand of each item relative to normal."""
        random = self._random
        demand = self._assortment.weight * level * np.where(promoted, PROMOTION_LIFT, 1.0)
        basket = 3.0
        receipts = int(random.poisson(lines_per_day * WEEK[weekday] * demand.sum() / basket))
        hours = random.choice(len(_HOURS), receipts, p=_HOURS / _HOURS.sum())
        second = np.sort((OPENS + hours) * 3600.0 + random.random(receipts) * 3600.0)
        receipt = np.repeat(np.arange(receipts), 1 + random.poisson(basket - 1, receipts))
        item = random.choice(len(demand), len(receipt), p=demand / demand.sum())
        return Lines(receipt, item, random.geometric(0.7, len(receipt)), second[receipt])
