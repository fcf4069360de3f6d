"""The gate: a young pool serves the same-weekday mean until the mix of experts has proved better.

Early losses alone would hand over to the mix too soon: a month of overlapping 28-day windows is hardly more than one observation, and the
series of a small pool err together. So the gate also goes by the pool's age.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.constants import LOSS_CAP
from online_model.horizons import N_HORIZONS, SPANS, tuned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    Numbers = NDArray[np.number[Any]]
    F32 = NDArray[np.float32]

HOLD: Final = tuned(0, 0, 90)
"""Business dates of the pool after which the gate of a horizon begins to close."""
AGE: Final = tuned(120, 150, 365)
"""Business dates after which it is closed: from then on only the mix is served."""
KEEP: Final = 0.5 ** (1 / tuned(14, 14, 28))
"""Decay of the losses at each date."""
POWER: Final = tuned(8, 8, 6)
"""The odds of the mix are (its squared error over that of the same-weekday mean)^-power."""
MARGIN: Final = tuned(0.2, 0.12, 1.0)
"""How far below 0 the log of that ratio must lie for even odds; the margin shrinks as the gate closes."""
WHOLE_WEEKS: Final = np.array([days >= 28 for days in SPANS])
"""Horizons of which a young pool serves the smoothed level."""
MOST: Final = 0.95
"""Largest share of the same-weekday mean: below 1, so that the mix can be recovered from what was served."""
BORROWED_DATES: Final = 7.0
"""A horizon's log loss ratio starts from that of the next shorter horizon, which weighs as much as this many dates."""


def of_series(share: Numbers, open_days: Numbers, age: Numbers) -> F32:
    """Share of the same-weekday mean for series younger than the pool, `[..., n]`.

    It grows with the series' open days relative to the pool's business dates. A new series among old ones hardly has a mean of its own,
    while the mix knows what the others do.
    """
    return np.asarray(share * np.clip(open_days / np.maximum(age, 1), 0, 1), np.float32)


def fallback(weekday_mean: F32, smoothing: F32) -> F32:
    """What a young pool serves, `[horizons, n]`: the same-weekday mean, from four weeks on the smoothed level.

    A sum of four weeks has every weekday as often, so it gains nothing from one mean a weekday, each from a seventh of the days.
    """
    return np.where(WHOLE_WEEKS[:, None], smoothing, weekday_mean)


class Gate:
    """Squared errors, over the scale, of the mix and of the same-weekday mean, by horizon.

    Attributes
    ----------
    age
        Business dates on which at least one store of the pool was open.
    loss, dates
        Decayed sums of the dates' mean losses, `[horizons, 2]`; decayed number of dates, `[horizons]`.
    date_sum, date_n
        Sums of losses and number of labels of the current date.

    """

    def __init__(self) -> None:
        self.age = 0
        self.counted = False
        self.loss: F64 = np.zeros((N_HORIZONS, 2))
        self.dates: F64 = np.zeros(N_HORIZONS)
        self.date_sum: F64 = np.zeros((N_HORIZONS, 2))
        self.date_n: F64 = np.zeros(N_HORIZONS)

    def new_date(self) -> None:
        """Begin a new business date of the pool."""
        self.loss, self.dates = self._now()
        self.date_sum, self.date_n = np.zeros((N_HORIZONS, 2)), np.zeros(N_HORIZONS)
        self.counted = False

    def opened(self) -> None:
        """Note that a store was open on the current date."""
        self.age += not self.counted
        self.counted = True

    def _now(self) -> tuple[F64, F64]:
        came = self.date_n > 0
        keep = np.where(came, KEEP, 1.0)
        mean = self.date_sum / np.maximum(self.date_n, 1)[:, None]
        return keep[:, None] * self.loss + mean, keep * self.dates + came

    def learn(self, mixed: F32, weekday_mean: F32, units: F32, scale: F32, known: F32) -> None:
        """Learn from a store's labels, `[horizons, n]` each."""
        if self.age > AGE[-1]:
            return
        for i, forecast in enumerate((mixed, weekday_mean)):
            self.date_sum[:, i] += (np.minimum(np.abs(forecast - units) / scale, LOSS_CAP) ** 2 * known).sum(1)
        self.date_n += known.sum(1)

    def shares(self) -> F64:
        """Share of the same-weekday mean in the served forecast of a series as old as the pool, `[horizons]`."""
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
