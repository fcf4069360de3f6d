"""Why a sum changed: price, cost, quantity, mix, items and stores, as parts that add up to the change exactly.

The division is that of price-volume-mix analysis. With prices p, quantities q and their sums Q of the two periods 0 and 1, over the items
of a store that sold in both: price = sum (p1 - p0) q1; quantity = (Q1/Q0 - 1) sum p0 q0; mix = sum p0 (q1 - q0 Q1/Q0). What stores or items
brought that sold in one period only is a part of its own. Profit has the change of unit cost, -sum (c1 - c0) q1, beside that of the price.
"""

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from charts.queries.sales import Sums
from streams.contract.documents import DAY_UNITS

STORES: Final = "stores that sold in one period only"
ITEMS: Final = "items that a store sold in one period only"
PRICE: Final = "prices"
COST: Final = "unit costs"
QUANTITY: Final = "quantity, all items alike"
MIX: Final = "mix of items"
OTHER: Final = "items with more returns than sales"

Cells = dict[tuple[str, str], Sums]


@dataclass(frozen=True, slots=True)
class Cause:
    """A part of a change, in millionths of money or thousandths of units, and how many series it comes from."""

    name: str
    amount: int
    series: int


@dataclass(frozen=True, slots=True)
class Explained:
    """A change and its causes; their amounts sum to it."""

    before: int
    now: int
    causes: tuple[Cause, ...]

    @property
    def change(self) -> int:
        """The whole change."""
        return self.now - self.before


def explained(before: Cells, now: Cells, measure: str, currency: str | None) -> Explained:
    """Divide the change of "revenue", "profit" or "units" between two periods, each given by store and item."""
    amounts: defaultdict[str, int] = defaultdict(int)
    series: defaultdict[str, int] = defaultdict(int)
    shops = {store for store, _ in before} & {store for store, _ in now}
    both: list[tuple[Sums, Sums]] = []
    for key in {*before, *now}:
        old, new = before.get(key, Sums()), now.get(key, Sums())
        if key[0] not in shops:
            cause = STORES
        elif key not in before or key not in now:
            cause = ITEMS
        elif old.row[DAY_UNITS] <= 0 or new.row[DAY_UNITS] <= 0:
            cause = OTHER
        else:
            both.append((old, new))
            continue
        amounts[cause] += _amount(new, measure, currency) - _amount(old, measure, currency)
        series[cause] += 1
    _divide(both, measure, currency, amounts)
    order = sorted((name for name in amounts if amounts[name]), key=lambda name: (-abs(amounts[name]), name))
    causes = tuple(Cause(name, amounts[name], series.get(name, len(both))) for name in order)
    old_sum, new_sum = (sum(_amount(one, measure, currency) for one in cells.values()) for cells in (before, now))
    return Explained(old_sum, new_sum, causes)


def _amount(sums: Sums, measure: str, currency: str | None) -> int:
    if measure == "units":
        return sums.row[DAY_UNITS]
    return sums.revenue_in(currency) if measure == "revenue" else sums.profit_in(currency)


def _divide(both: list[tuple[Sums, Sums]], measure: str, currency: str | None, amounts: defaultdict[str, int]) -> None:
    """Divide the change of series that sold in both periods. Each part is rounded; the mix takes what is left, so that the sum is exact."""
    if not both:
        return
    volume = Fraction(sum(new.row[DAY_UNITS] for _, new in both), sum(old.row[DAY_UNITS] for old, _ in both)) - 1
    for old, new in both:
        q0, q1 = old.row[DAY_UNITS], new.row[DAY_UNITS]
        a0, a1 = _amount(old, measure, currency), _amount(new, measure, currency)
        if measure == "units":
            amounts[QUANTITY] += a1 - a0
            continue
        price = new.revenue_in(currency) - round(Fraction(old.revenue_in(currency) * q1, q0))
        cost = a1 - round(Fraction(a0 * q1, q0)) - price if measure == "profit" else 0
        quantity = round(volume * a0)
        amounts[PRICE] += price
        amounts[COST] += cost
        amounts[QUANTITY] += quantity
        amounts[MIX] += a1 - a0 - price - cost - quantity
