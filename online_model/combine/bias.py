"""The bias gain: corrects forecasts by how far the matured weeks were off, as far as that has helped each horizon."""

from __future__ import annotations

from math import exp, log
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.horizons import N_HORIZONS, tuned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    Numbers = NDArray[np.number[Any]]

KEEP: Final = 0.5 ** (1 / 28)
"""Decay of the matured weeks at each business date."""
SHRINK: Final = 28.0
"""Weeks without bias that dilute the measured ratio."""
LOG_CLIP: Final = 0.5
START_DAYS, RAMP_DAYS = 28, 90
"""Origins in the pool's first 28 days do not count; the signal then grows to its full strength over 90 days."""
GAIN_KEEP: Final = 0.5 ** (1 / 180)
GAIN_PRIOR, GAIN_WEIGHT = 0.5, 0.02
"""The gain with which each horizon starts, and the weight of that start in the gain's regression."""
GAIN_MAX: Final = tuned(1.5, 1.5, 1.7)
"""Largest gain by horizon. 1.7 makes up for the weeks without bias that dilute the ratio, so four weeks can correct a lasting bias in
full. For a day and a week that cost more than it gained."""
SERVE_CLIP: Final = (0.67, 1.5)
"""Bounds of the factor that corrects a forecast."""


def of_series(open_days: Numbers, age: Numbers) -> F64:
    """Share of the correction that a series gets, and of its labels that teach it, `[..., n]`.

    The share grows with the series' open days relative to the pool's business dates. A new series among old ones has no old level that
    could lag behind.
    """
    return np.asarray(np.clip(open_days / np.clip(age, 1, RAMP_DAYS), 0, 1))


class BiasGain:
    """The bias of a pool, and the gain of each horizon.

    Attributes
    ----------
    actual, forecast
        Decayed sums of actual and forecast units over matured weeks.
    date_forecast, last_forecast, date_closes, last_closes
        Units of the forecasts that matured on the current date and on the one before, and the number of closes that brought them.
    xx, xy
        Sums of each gain's regression, `[horizons]`.

    """

    def __init__(self) -> None:
        self.first_day = 0
        self.actual = self.forecast = 0.0
        self.date_forecast = self.last_forecast = 0.0
        self.date_closes = self.last_closes = 0
        self.log_ratio = 0.0
        self.xx: F64 = np.full(N_HORIZONS, GAIN_WEIGHT)
        self.xy: F64 = np.full(N_HORIZONS, GAIN_WEIGHT * GAIN_PRIOR)

    def new_date(self, day: int) -> None:
        """Begin a new business date of the pool."""
        self.first_day = self.first_day or day
        if self.date_forecast > 0:
            self.last_forecast, self.last_closes = self.date_forecast, self.date_closes
            self.actual *= KEEP
            self.forecast *= KEEP
        self.date_forecast, self.date_closes = 0.0, 0
        self.xx = GAIN_KEEP * self.xx + (1 - GAIN_KEEP) * GAIN_WEIGHT
        self.xy = GAIN_KEEP * self.xy + (1 - GAIN_KEEP) * GAIN_WEIGHT * GAIN_PRIOR

    def learn_week(self, origin: int, actual: float, forecast: float) -> None:
        """Learn from a store's matured forecasts of a week: units summed over its series."""
        if origin - self.first_day < START_DAYS or forecast <= 0:
            return
        self.actual += actual
        self.forecast += forecast
        self.date_forecast += forecast
        self.date_closes += 1
        missing = max(1 - self.date_closes / self.last_closes, 0.0) if self.last_closes else 0.0
        newest = self.date_forecast + self.last_forecast * missing
        ratio = (self.actual + SHRINK * newest) / (self.forecast + SHRINK * newest)
        self.log_ratio = min(max(log(max(ratio, 1e-9)), -LOG_CLIP), LOG_CLIP)

    def learn_gain(self, horizon: int, origin: int, signal: float, actual: float, forecast: float, *, share: float) -> None:
        """Learn how a store's total over a horizon compares with its forecast, which was made when the signal was `signal`."""
        if origin - self.first_day < START_DAYS or forecast <= 0:
            return
        x, y = exp(signal) - 1, min(max(actual / forecast - 1, -1.0), 2.0)
        self.xx[horizon] += share * x * x
        self.xy[horizon] += share * x * y

    def signal(self, day: int) -> float:
        """Log ratio of actual to forecast units now, weakened while the pool is young."""
        return self.log_ratio * min(max((day - self.first_day - START_DAYS) / RAMP_DAYS, 0.0), 1.0)

    def factors(self, signal: float) -> list[float]:
        """The factor on each horizon's forecasts."""
        gains = np.clip(self.xy / self.xx, 0, GAIN_MAX)
        return [float(f) for f in np.clip(1 + gains * (exp(signal) - 1), *SERVE_CLIP)]
