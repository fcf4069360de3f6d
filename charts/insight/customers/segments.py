"""Customers in segments as a shop names them, by recency and frequency; money stands beside them."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import exp, sqrt
from statistics import NormalDist
from typing import Final, Literal

import numpy as np

from charts.queries.customers import Purchases

Segment = Literal["champions", "loyal", "promising", "new", "needs attention", "about to sleep", "at risk", "lost"]
SEGMENTS: Final[tuple[Segment, ...]] = (
    "champions", "loyal", "promising", "new", "needs attention", "about to sleep", "at risk", "lost",
)  # fmt: skip
YEAR_DAYS: Final = 365
"""Frequency and money are of so many days up to the day looked at."""
QUINTILES: Final = (0.2, 0.4, 0.6, 0.8)
LEAST_LINES: Final = 30
_SURE: Final = NormalDist().inv_cdf(0.995)
"""Of many categories some differ by chance: 99 % instead of 95 %."""

ACTIONS: Final[dict[Segment, str]] = {
    "champions": "Thank them first: early access and a loyalty programme, no discounts.",
    "loyal": "Invite them into the loyalty programme; offer what champions buy.",
    "promising": "Give a reason for the next visit: a voucher that ends soon.",
    "new": "Welcome them, and ask for a second purchase within weeks.",
    "needs attention": "Remind them of what they bought before.",
    "about to sleep": "One friendly reminder; no expensive offer.",
    "at risk": "Win them back now, by a personal offer on what they used to buy.",
    "lost": "Spend nothing on them beyond the usual mailing.",
}


@dataclass(frozen=True, slots=True)
class Rfm:
    """A customer on one day: days since the last purchase, purchase days and millionths paid in the 365 days up to then."""

    recency: int
    frequency: int
    money: int


@dataclass(frozen=True, slots=True)
class Yardstick:
    """Quintiles of recency, frequency and money among the customers of one day: the scores 1 to 5 of any day are read off it."""

    recency: tuple[float, ...]
    frequency: tuple[float, ...]
    money: tuple[float, ...]

    def scores(self, one: Rfm) -> tuple[int, int, int]:
        """Recency, frequency and money, each from 1 to 5 (best)."""
        return (
            5 - bisect_left(self.recency, one.recency),
            1 + bisect_left(self.frequency, one.frequency),
            1 + bisect_left(self.money, one.money),
        )


@dataclass(frozen=True, slots=True)
class Lift:
    """How much more often a segment's lines are of a category than those of all other customers: ratio of shares, 99 % interval."""

    segment: Segment
    category: str
    lift: float
    low: float
    high: float
    n: int
    """Lines of the segment in the category."""


def rfm(one: Purchases, today: int) -> Rfm | None:
    """A customer as of the ordinal `today`; None if he had bought nothing yet."""
    bought = [day for day in one.days if day <= today]
    if not bought:
        return None
    first = today - YEAR_DAYS + 1
    return Rfm(today - max(bought), sum(day >= first for day in bought), one.money(first, today))


def yardstick(customers: Iterable[Rfm]) -> Yardstick:
    """The quintiles of some customers; there must be at least one."""
    table = np.array([(one.recency, one.frequency, one.money) for one in customers], np.float64)
    columns = np.quantile(table, QUINTILES, axis=0).T.tolist()
    return Yardstick(*(tuple(column) for column in columns))


def segment_of(recency: int, frequency: int) -> Segment:
    """The segment of two scores."""
    if recency >= 4:
        return "champions" if frequency >= 4 else "promising" if frequency >= 2 else "new"
    if recency == 3:
        return "loyal" if frequency >= 4 else "needs attention" if frequency >= 2 else "about to sleep"
    return "at risk" if frequency >= 3 else "lost"


def segments(customers: Mapping[str, Purchases], today: int, by: Yardstick) -> dict[str, Segment]:
    """Each customer's segment as of a day; those who had bought nothing by then have none."""
    found = {name: rfm(one, today) for name, one in customers.items()}
    return {name: segment_of(*by.scores(one)[:2]) for name, one in found.items() if one is not None}


def moves(before: Mapping[str, Segment], now: Mapping[str, Segment]) -> dict[tuple[Segment | None, Segment], int]:
    """How many customers went from one segment to another; from None: they bought for the first time."""
    counts: dict[tuple[Segment | None, Segment], int] = {}
    for name, segment in now.items():
        counts[before.get(name), segment] = counts.get((before.get(name), segment), 0) + 1
    order = {name: place for place, name in enumerate((None, *SEGMENTS))}
    return dict(sorted(counts.items(), key=lambda one: (order[one[0][0]], order[one[0][1]])))


def lifts(customers: Mapping[str, Purchases], by_segment: Mapping[str, Segment], most: int = 3) -> list[Lift]:
    """What each segment buys more than all customers, for certain: at most so many categories a segment, the largest lift first."""
    whole: dict[str, int] = {}
    parts: dict[Segment, dict[str, int]] = {name: {} for name in SEGMENTS}
    for name, one in customers.items():
        mine = parts[by_segment[name]] if name in by_segment else {}
        for category, lines in one.lines.items():
            whole[category] = whole.get(category, 0) + lines
            mine[category] = mine.get(category, 0) + lines
    found = []
    for segment, mine in parts.items():
        all_mine, all_lines = sum(mine.values()), sum(whole.values())
        candidates = [
            lift(segment, category, (lines, all_mine), (whole[category] - lines, all_lines - all_mine))
            for category, lines in mine.items() if lines >= LEAST_LINES and whole[category] > lines
        ]  # fmt: skip
        sure = sorted((one for one in candidates if one.low > 1), key=lambda one: (-one.lift, one.category))
        found += sure[:most]
    return found


def lift(segment: Segment, category: str, mine: tuple[int, int], others: tuple[int, int]) -> Lift:
    """The ratio of two shares, (lines of the category, all lines) of a segment and of all others, by the log method of Katz."""
    ratio = (mine[0] / mine[1]) / (others[0] / others[1])
    reach = exp(_SURE * sqrt(1 / mine[0] - 1 / mine[1] + 1 / others[0] - 1 / others[1]))
    return Lift(segment, category, ratio, ratio / reach, ratio * reach, mine[0])
