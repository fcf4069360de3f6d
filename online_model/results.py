"""What a pool says when a business day has closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.horizons import QUANTILE_NAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_PLACE: Final = {name: place for place, name in enumerate(QUANTILE_NAMES)}


class _Band:
    """The quantiles by name."""

    __slots__ = ()
    quantiles: Floats

    @property
    def p10(self) -> Floats:
        """One day in ten sells at most this, `[n]`."""
        return np.asarray(self.quantiles[_PLACE["p10"]])

    @property
    def p50(self) -> Floats:
        """The median, `[n]`."""
        return np.asarray(self.quantiles[_PLACE["p50"]])

    @property
    def p90(self) -> Floats:
        """One day in ten sells more, `[n]`."""
        return np.asarray(self.quantiles[_PLACE["p90"]])


@dataclass(frozen=True, slots=True)
class HorizonForecast(_Band):
    """Forecast of one horizon: units summed over its days, `[n]` each, NaN where a series has not started.

    Attributes
    ----------
    mean
        What is served: the expected sum.
    quantiles
        And its quantiles, `[quantiles, n]`, in the order of `QUANTILES`.
    weekday_mean, seasonal_naive, smoothing
        The baselines that always run beside it: mean of the last 8 open days of each weekday; newest value of each weekday;
        simple exponential smoothing.
    open_days
        Days of the horizon on which the store is expected to open; 0 makes every sum 0.

    """

    mean: Floats
    quantiles: Floats
    weekday_mean: Floats
    seasonal_naive: Floats
    smoothing: Floats
    open_days: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scored(_Band):
    """A forecast held against what came after it, `[m]` each: only series that had started at the origin.

    Attributes
    ----------
    origin_day
        `date.toordinal()` of the close that made the forecast.
    rows
        Series in the pool.
    actual
        Net units that were sold over the horizon, as they are (not winsorised).

    """

    origin_day: int
    rows: NDArray[np.intp]
    actual: Floats
    mean: Floats
    quantiles: Floats
    weekday_mean: Floats
    seasonal_naive: Floats
    smoothing: Floats


@dataclass(frozen=True, slots=True)
class Drift:
    """A change the model has noticed and what it did about it.

    Attributes
    ----------
    kind
        `level_shift` (a series sells on another level) or `sale_error` (the per-sale learner errs differently).
    series
        Series in the pool; None when all are concerned.
    since_day
        `date.toordinal()` of the day the change is dated to; 0 when the detector counts events and not days.
    before, after
        Level in units a day, or mean absolute error of a sale line over its usual size.
    factor
        after / before.
    action
        What the model did, in words.

    """

    kind: str
    series: int | None
    since_day: int
    before: float
    after: float
    factor: float
    action: str


@dataclass(frozen=True, slots=True)
class DayClosed:
    """All that follows from the close of one business day of one store.

    Attributes
    ----------
    day
        `date.toordinal()` of the closed day.
    store
        Index of the store in the pool.
    rows
        Series of the store in the order of addition, `[n]`.
    horizons
        By name (`day`, `7_days`, `28_days`).
    path
        Mean units of each of the 28 days ahead, `[n, 28]`; 0 on closed days, sums agree with the horizons.
    scored
        Horizons whose forecasts matured with this close.
    drifts
        Changes noticed at this close.

    """

    day: int
    store: int
    rows: NDArray[np.intp]
    horizons: dict[str, HorizonForecast]
    path: Floats
    scored: dict[str, Scored]
    drifts: list[Drift]

    @property
    def started(self) -> NDArray[np.bool_]:
        """Whether each series has begun to sell, `[n]`: only these are forecast."""
        return ~np.isnan(self.path[:, 0])
