"""The bias gain: how far matured weeks were off, applied as far as that has helped each horizon."""

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
"""Decay of matured weeks, a business date."""
SHRINK: Final = 28.0
"""Weeks without bias that are mixed in."""
LOG_CLIP: Final = 0.5
START_DAYS, RAMP_DAYS = 28, 90
"""Origins before day 28 of the pool do not count; the signal has its full strength on day 28 + 90."""
GAIN_KEEP: Final = 0.5 ** (1 / 180)
GAIN_PRIOR, GAIN_WEIGHT = 0.5, 0.02
"""Prior of the gain and the prior's weight in its regression."""
GAIN_MAX: Final = tuned(1.5, 1.5, 1.7)
"""Largest gain by horizon. The weeks without bias dilute the ratio, and 1.7 undoes that: a lasting bias of four weeks may be undone whole.
For a day and a week it cost more than it gave."""
SERVE_CLIP: Final = (0.67, 1.5)


def of_series(open_days: Numbers, age: Numbers) -> F64:
    """Share of the correction for series open for some of the pool's business dates `[..., n]`; it is learned from that share.

    A new series among old ones has no old level that could lag behind.
    """
    return np.asarray(np.clip(open_days / np.clip(age, 1, RAMP_DAYS), 0, 1))


class BiasGain:
    """Pooled bias of a pool and the gains of its horizons.

    Attributes
    ----------
    actual, forecast
        Decayed sums over matured weeks.
    date_forecast, last_forecast, date_closes, last_closes
        Forecast that matured on the present date and the one before, and the closes they came with.
    xx, xy
        Of each gain's regression, `[horizons]`.

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
        """A business date of the pool begins."""
        self.first_day = self.first_day or day
        if self.date_forecast > 0:
            self.last_forecast, self.last_closes = self.date_forecast, self.date_closes
            self.actual *= KEEP
            self.forecast *= KEEP
        self.date_forecast, self.date_closes = 0.0, 0
        self.xx = GAIN_KEEP * self.xx + (1 - GAIN_KEEP) * GAIN_WEIGHT
        self.xy = GAIN_KEEP * self.xy + (1 - GAIN_KEEP) * GAIN_WEIGHT * GAIN_PRIOR

    def learn_week(self, origin: int, actual: float, forecast: float) -> None:
        """A store's forecasts of a week have matured: sums of units over its series."""
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
        """How a store's sum of a horizon came out against a forecast made under `signal`."""
        if origin - self.first_day < START_DAYS or forecast <= 0:
            return
        x, y = exp(signal) - 1, min(max(actual / forecast - 1, -1.0), 2.0)
        self.xx[horizon] += share * x * x
        self.xy[horizon] += share * x * y

    def signal(self, day: int) -> float:
        """Log ratio of actual to forecast as of now, ramped up while the pool is young."""
        return self.log_ratio * min(max((day - self.first_day - START_DAYS) / RAMP_DAYS, 0.0), 1.0)

    def factors(self, signal: float) -> list[float]:
        """What each horizon's forecasts are multiplied by."""
        gains = np.clip(self.xy / self.xx, 0, GAIN_MAX)
        return [float(f) for f in np.clip(1 + gains * (exp(signal) - 1), *SERVE_CLIP)]
