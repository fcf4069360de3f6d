"""Constants that several rooms share, named and frozen; a constant of one room stands in that room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

YEAR: Final = 364
"""A year that keeps the weekday, days."""

TINY: Final = 1e-3
"""Floor of a scale or level, units."""
MEAN_FLOOR: Final = 0.05
"""A scale is at least this share of the running mean."""
SMALL: Final = 0.1
"""Added to a scale or level in a weight, units."""
OVERDISPERSION: Final = 0.1
"""Variance of a count is mu (1 + .1 mu) where it weighs an observation."""
WARM_UP: Final = 7
"""Open days a series needs before it teaches the calendar and the profile."""
RATIO_TO_LEVEL_CAP: Final = 8.0
"""Cap of sales over level where a day teaches the calendar, the profile, the shock."""
ETA_CLIP: Final = (-4.0, 2.5)
"""Clip of a log ratio inside a fit and of the log regression's forecast."""
SHOCK_CLIP: Final = 1.5
LABEL_CAP_DAY: Final = 10.0
"""Label of a day: at most 10 s + 10."""
LABEL_CAP_WINDOW: Final = 5.0
"""Label of a window, per open day: at most 5 s."""
LOSS_CAP: Final = 10.0
"""Absolute errors over s are capped at this before they are squared."""
TEACH_FROM_AGE: Final = 14
"""A label teaches if its origin was at least the 14th business date of the pool."""
STAGGER: Final = 3
"""A window of a series teaches from every third origin; which one goes by the series."""


def gain_of(half_life: float) -> float:
    """EWMA gain of a half-life."""
    return float(1 - 0.5 ** (1 / half_life))


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What may be chosen; everything else is a named constant.

    Attributes
    ----------
    sale_learning_rate
        AdaGrad's step size of the per-sale learner.

    """

    sale_learning_rate: float = 0.05
