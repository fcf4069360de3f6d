"""Constants that several rooms share. A constant that only one room uses is declared in that room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

YEAR: Final = 364
"""A year of whole weeks, in days: a day and the day one such year before fall on the same weekday."""

TINY: Final = 1e-3
"""Smallest scale or level, units."""
MEAN_FLOOR: Final = 0.05
"""A scale or level is never below this share of the series' mean."""
SMALL: Final = 0.1
"""Added to a scale or level before it serves as a weight, units."""
OVERDISPERSION: Final = 0.1
"""An observation's weight assumes that a count with mean mu has the variance mu (1 + .1 mu)."""
WARM_UP: Final = 7
"""Open days after which a series starts to teach the calendar and the profile."""
RATIO_TO_LEVEL_CAP: Final = 8.0
"""Cap on a day's sales over the level when the day teaches the calendar, the profile and the shock."""
ETA_CLIP: Final = (-4.0, 2.5)
"""Bounds of a log ratio inside a fit, and of the log regression's forecast."""
SHOCK_CLIP: Final = 1.5
"""Bound of a day's shock either way: the log of what the pool sold over what was expected of it."""
LABEL_CAP_DAY: Final = 10.0
"""The label of one day is capped at 10 s + 10."""
LABEL_CAP_WINDOW: Final = 5.0
"""The label of a longer horizon, per open day, is capped at 5 s."""
LOSS_CAP: Final = 10.0
"""An absolute error over s is capped at this before it is squared."""
TEACH_FROM_AGE: Final = 14
"""A label teaches only if its origin was the pool's 14th business date or later."""
STAGGER: Final = 3
"""In horizons longer than a day, a series teaches from every third origin only; neighbouring series take different ones."""


def gain_of(half_life: float) -> float:
    """Gain of an exponentially weighted mean with this half-life."""
    return float(1 - 0.5 ** (1 / half_life))


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What a user may choose; everything else is a named constant.

    Attributes
    ----------
    sale_learning_rate
        AdaGrad step size of `SaleRegressor`.

    """

    sale_learning_rate: float = 0.05
