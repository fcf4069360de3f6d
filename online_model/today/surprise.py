"""How far a store is off what was expected of it by now, and whether chance can explain that.

A surprise is the log of units sold over units expected. Its usual size is learned by hour: the first hours of a day say little. Within
that size it counts as chance, and only the regression may make something of it. Beyond it the whole store has moved (a storm, a match,
a road that is closed), and the rest of the day is expected to move with it. That step is not learned: such days are too rare.
"""

from __future__ import annotations

from math import exp, log, sqrt
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]

UNITS_A_SALE: Final = 2.0
"""Variance of a store's units over their mean, to begin with: sales come in lines of several units."""
DAY_SPREAD: Final = 0.15
"""Standard deviation of a store's day around its forecast, relative, to begin with."""
LOG_CLIP: Final = 1.5
"""Bound of a surprise either way."""
HALF_LIFE_HOURS: Final = 3.0
"""Half-life of what counts as recent."""
MOVED_AT, STEEPNESS = 1.75, 6
"""A surprise of so many usual sizes counts half as a move of the store; and how quickly the share rises around that."""
WINDOW_SHARE: Final = 0.2
"""A surprise counts in full when the recent hours hold this share of the day: a slow first hour is no slow day."""
BREADTH: Final = 3.0
"""And when the store sells as if by this many equal items: one item's bulk order is no move of the store."""
SIZE_CAP: Final = 4.0
"""Largest squared surprise over its usual square that teaches the size: rare moves must not come to look usual."""
UNDO_CAP: Final = 1.1
"""Makes up for what the cap takes off the mean square of a normal variable."""
PRIOR_DAYS, SLOWEST = 8.0, 0.01
HOURS: Final = 24


def surprise(sold: float, expected: float) -> float:
    """Log of units sold over expected, drawn to 0 while few are expected."""
    ratio = (max(sold, 0.0) + UNITS_A_SALE) / (max(expected, 0.0) + UNITS_A_SALE)
    return min(max(log(ratio), -LOG_CLIP), LOG_CLIP)


def _variance(expected: float) -> float:
    return UNITS_A_SALE / max(expected, 0.2) + DAY_SPREAD**2


class UsualSize:
    """The usual size of a store's surprise by hour, relative to that of sales in lines with an uncertain day.

    Attributes
    ----------
    square
        Mean squared surprise over its assumed variance, `[24]`.
    days
        Days learned.

    """

    def __init__(self) -> None:
        self.square: F64 = np.full(HOURS, 2.0)
        self.days = 0.0

    def of(self, hour: int, expected: float) -> float:
        """Standard deviation of the surprise of a store of which so many units were expected."""
        return sqrt(float(self.square[hour]) * _variance(expected))

    def learn(self, hour: int, found: float, expected: float, hours: float) -> None:
        """Learn a surprise that was found `hours` after the last one; its neighbours in the day learn a third of it."""
        self.days += hours / HOURS
        gain = max(1.0 / (self.days + PRIOR_DAYS), SLOWEST) * min(hours, 1.0)
        square = found * found / _variance(expected)
        for place, step in ((hour - 1, gain / 3), (hour, gain), (hour + 1, gain / 3)):
            if 0 <= place < HOURS:
                usual = float(self.square[place])
                self.square[place] = usual + step * (UNDO_CAP * min(square, SIZE_CAP * usual) - usual)


def moved(found: float, usual: float, evidence: float) -> float:
    """The part of a surprise that chance does not explain: all of it where it is large beside `usual`, none where it is small."""
    z = (abs(found) / usual * evidence / MOVED_AT) ** STEEPNESS
    return found * z / (1.0 + z)


def faded(hours: float) -> float:
    """Factor on what is recent after so many hours."""
    return exp(-log(2.0) * hours / HALF_LIFE_HOURS)


def evidence(recent: float, day: float, breadth: float) -> float:
    """How much of the day the recent hours hold, and how many items carry it, 0 to 1."""
    return min(recent / max(WINDOW_SHARE * day, 1e-9), 1.0) * min(breadth / BREADTH, 1.0)
