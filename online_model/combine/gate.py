"""While a pool is young, what is served is the same-weekday mean until the mix has shown that it is better.

A month of overlapping windows of 28 days is hardly more than one observation, and pools of few series err together: early losses
alone would hand over to the mix too soon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.constants import LOSS_CAP
from online_model.horizons import N_HORIZONS, tuned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    Numbers = NDArray[np.number[Any]]
    F32 = NDArray[np.float32]

HOLD: Final = tuned(0, 0, 90)
"""Business dates of the pool until the gate of a horizon begins to close."""
AGE: Final = tuned(120, 150, 365)
"""Business dates until it is closed."""
KEEP: Final = 0.5 ** (1 / tuned(14, 14, 28))
"""Decay of losses, a date."""
POWER: Final = tuned(8, 8, 6)
"""Odds of the mix go by (squared error relative to the same-weekday mean's)^-power."""
MARGIN: Final = tuned(0.2, 0.12, 1.0)
"""By how much the log of that must be below 0 for even odds; less as the gate closes."""
MOST: Final = 0.95
"""Largest share: what the mix would have been can then be told from what was served."""
BORROWED_DATES: Final = 7.0
"""A horizon's log loss ratio starts as the next shorter one's, worth so many dates."""


def of_series(share: Numbers, open_days: Numbers, age: Numbers) -> F32:
    """Share for series that have been open for some of the pool's business dates `[..., n]`.

    A new series among old ones has little of a mean of its own; the mix knows what the others do.
    """
    return np.asarray(share * np.clip(open_days / np.maximum(age, 1), 0, 1), np.float32)


class Gate:
    """Squared errors over the scale of the mix and of the same-weekday mean, by horizon.

    Attributes
    ----------
    age
        Business dates on which a series of the pool was open.
    loss, dates
        Decayed sums over dates of the date's mean loss, `[horizons, 2]`; decayed number of dates, `[horizons]`.
    date_sum, date_n
        Of the present date.

    """

    def __init__(self) -> None:
        self.age = 0
        self.counted = False
        self.loss: F64 = np.zeros((N_HORIZONS, 2))
        self.dates: F64 = np.zeros(N_HORIZONS)
        self.date_sum: F64 = np.zeros((N_HORIZONS, 2))
        self.date_n: F64 = np.zeros(N_HORIZONS)

    def new_date(self) -> None:
        """A business date of the pool begins."""
        self.loss, self.dates = self._now()
        self.date_sum, self.date_n = np.zeros((N_HORIZONS, 2)), np.zeros(N_HORIZONS)
        self.counted = False

    def opened(self) -> None:
        """A store was open on the present date."""
        self.age += not self.counted
        self.counted = True

    def _now(self) -> tuple[F64, F64]:
        came = self.date_n > 0
        keep = np.where(came, KEEP, 1.0)
        mean = self.date_sum / np.maximum(self.date_n, 1)[:, None]
        return keep[:, None] * self.loss + mean, keep * self.dates + came

    def learn(self, mixed: F32, weekday_mean: F32, units: F32, scale: F32, known: F32) -> None:
        """Take labels of a store in, `[horizons, n]` each."""
        if self.age > AGE[-1]:
            return
        for i, forecast in enumerate((mixed, weekday_mean)):
            self.date_sum[:, i] += (np.minimum(np.abs(forecast - units) / scale, LOSS_CAP) ** 2 * known).sum(1)
        self.date_n += known.sum(1)

    def shares(self) -> F64:
        """Share of the same-weekday mean in what is served of a series as old as the pool, `[horizons]`."""
        if self.age >= AGE[-1]:
            return np.zeros(N_HORIZONS)
        loss, dates = self._now()
        log_ratio = np.log(np.maximum(loss[:, 0], 1e-12)) - np.log(np.maximum(loss[:, 1], 1e-12))
        borrowed = 0.0
        for h in range(N_HORIZONS):
            borrowed = log_ratio[h] = (dates[h] * log_ratio[h] + BORROWED_DATES * borrowed) / (dates[h] + BORROWED_DATES)
        still_open = np.clip((AGE - self.age) / (AGE - HOLD), 0, 1)
        odds = np.exp(np.clip(-POWER * (log_ratio + MARGIN * still_open), -30, 30))
        return np.asarray(np.minimum(still_open, MOST) / (1 + odds))
