"""How often demand has reached what it was said to reach: what makes the probability that a shelf will be empty an honest one.

The gamma of the rest of a day (`runs_out`) promises too much near 1: a series may sell next to nothing for hours, more often than any gamma
with its variance says. So the promises are held against what came (recalibration of a predictive distribution, Kuleshov, Fenner & Ermon
2018). Of each day in stock it is noted which probability was said of just the amount that was demanded. The share of such notes below p is
how often a demand came that was said to come with probability p.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]

WINDOW: Final = 3
"""Hours of the shorter of the two spans that are noted; the other one lasts until closing."""
STEPS: Final = 20
"""Equal steps from 0 to 1 in which notes are counted; one more counts the spans that demanded nothing."""
BINS: Final = 6
"""Bins by how many visits a span should bring: below 1, 2, 4, 8, 16, and more."""
KEEP: Final = 0.95
"""Decay of the notes at each business date."""
PRIOR: Final = 20.0
"""Notes that each bin starts with, spread evenly: what is said is believed."""


class Reached:
    """What was said of the demand that came.

    Attributes
    ----------
    notes
        Decayed counts, `[2, BINS, STEPS + 1]`: of the next `WINDOW` hours, and of the rest of the day.
    taught
        Whether the current date has taught anything.

    """

    def __init__(self) -> None:
        self.notes: F64 = _start()
        self.taught = False

    def new_date(self) -> None:
        """Begin a new business date of the pool: the past fades."""
        if self.taught:
            self.notes = KEEP * self.notes + (1 - KEEP) * _start()
            self.taught = False

    def learn(self, said: F64, visits: F64, demand: F64) -> None:
        """Note what was `said` of the demand that came in the two spans, `[2, n]`; visits: how many each should have brought."""
        step = np.where(demand <= 0, STEPS, np.minimum((said * STEPS).astype(np.intp), STEPS - 1))
        place = (np.arange(2)[:, None] * BINS + _bin(visits)) * (STEPS + 1) + step
        self.notes += np.bincount(place.ravel(), minlength=self.notes.size).reshape(self.notes.shape)
        self.taught = True

    def kept(self, said: F64, visits: F64, part: F64) -> F64:
        """How often what is `said` comes; arrays of one shape. part: share of the rest of the day that the span is."""
        counts = np.cumsum(self.notes, 2)
        below = np.concatenate([np.zeros((2, BINS, 1)), counts[:, :, :-1]], 2) / counts[:, :, -1:]
        step = np.clip(np.nan_to_num(said) * STEPS, 0, STEPS)
        low = np.minimum(step.astype(np.intp), STEPS - 1)
        place, over = _bin(visits), step - low
        short, whole = (below[i, place, low] + over * (below[i, place, low + 1] - below[i, place, low]) for i in range(2))
        return np.asarray(np.where(np.isnan(said), np.nan, short + part * (whole - short)))


def _start() -> F64:
    notes = np.full((2, BINS, STEPS + 1), PRIOR / STEPS)
    notes[:, :, STEPS] = 0.0
    return notes


def _bin(visits: F64) -> NDArray[np.intp]:
    return np.clip(np.ceil(np.log2(np.maximum(visits, 0.5))), 0, BINS - 1).astype(np.intp)
