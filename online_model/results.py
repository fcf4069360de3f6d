"""What the close of a business day returns."""

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
    """Reads the quantiles by name."""

    __slots__ = ()
    quantiles: Floats

    @property
    def p10(self) -> Floats:
        """Quantile 0.1: sales stay at or below it one time in ten, `[n]`."""
        return np.asarray(self.quantiles[_PLACE["p10"]])

    @property
    def p50(self) -> Floats:
        """The median, `[n]`."""
        return np.asarray(self.quantiles[_PLACE["p50"]])

    @property
    def p90(self) -> Floats:
        """Quantile 0.9: sales exceed it one time in ten, `[n]`."""
        return np.asarray(self.quantiles[_PLACE["p90"]])


@dataclass(frozen=True, slots=True)
class HorizonForecast(_Band):
    """Forecast of one horizon: units summed over its days, `[n]` each; NaN where a series has not sold yet.

    Attributes
    ----------
    mean
        The expected sum; this is the forecast that is published.
    quantiles
        Quantiles of the sum, `[quantiles, n]`, in the order of `QUANTILES`.
    weekday_mean, seasonal_naive, smoothing
        The baselines that always run beside the model: the mean of each weekday's last 8 open days; each weekday's newest value;
        simple exponential smoothing.
    open_days
        Days of the horizon on which the store should open; where there are none, every sum is 0.

    """

    mean: Floats
    quantiles: Floats
    weekday_mean: Floats
    seasonal_naive: Floats
    smoothing: Floats
    open_days: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scored(_Band):
    """A forecast beside what was then sold, `[m]` each: only series that had sold by the origin.

    Attributes
    ----------
    origin_day
        Ordinal of the day whose close made the forecast.
    rows
        Indices of the series in the pool.
    actual
        Net units sold over the horizon, not winsorised.
    out_of_stock
        Number of series left out because they were out of stock within the horizon: a forecast is not wrong because the shelf was empty.

    """

    origin_day: int
    rows: NDArray[np.intp]
    actual: Floats
    mean: Floats
    quantiles: Floats
    weekday_mean: Floats
    seasonal_naive: Floats
    smoothing: Floats
    out_of_stock: int = 0


@dataclass(frozen=True, slots=True)
class LostSales:
    """What the series that were out of stock on a day would have sold, `[m]` each; units of the whole day.

    Attributes
    ----------
    rows
        Places of the series in the order of `DayClosed.rows`.
    hours_out
        Hours out of stock in which the store usually sells.
    sold
        Net units sold.
    demand, p10, p90
        Expected units had there been stock all day, and the band around it; never below `sold`.
    weight
        How much the day teaches, 0 to 1: 0 where the series was out from the start.

    """

    rows: NDArray[np.intp]
    hours_out: NDArray[np.int64]
    sold: Floats
    demand: Floats
    p10: Floats
    p90: Floats
    weight: Floats

    @property
    def lost(self) -> Floats:
        """Units lost to empty shelves, `[3, m]`: expected, P10 and P90."""
        return np.maximum(np.array((self.demand, self.p10, self.p90)) - self.sold, 0.0)


@dataclass(frozen=True, slots=True)
class Drift:
    """A change that the model has noticed, and what it did about it.

    Attributes
    ----------
    kind
        `level_shift`: a series sells on another level. `sale_error`: the errors of `SaleRegressor` have another size.
    series
        Index of the series in the pool; None when the change concerns all.
    since_day
        Ordinal of the day on which the change began; 0 from a detector that counts events rather than days.
    before, after
        The level in units a day, or the mean absolute error of a sale line relative to its usual size.
    factor
        after / before.
    action
        What the model did, as a phrase.

    """

    kind: str
    series: int | None
    since_day: int
    before: float
    after: float
    factor: float
    action: str


@dataclass(frozen=True, slots=True)
class DayParts:
    """What the next day's forecast is made of.

    Attributes
    ----------
    units
        What each cause adds to those before it, in the order of `PARTS` without the last, `[parts - 1, n]`; NaN where a series has
        not sold yet. Their sum is the forecast, up to the precision of float32.
    expert
        Place of the expert that weighs most, `[n]`.
    holiday
        The named holiday that is near, with the days from it to the next day, as in `("Christmas Day", -1)`; None: none is near.

    """

    units: Floats
    expert: NDArray[np.intp]
    holiday: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class DayClosed:
    """Everything that the close of one store's business day returns.

    Attributes
    ----------
    day
        Ordinal of the closed day.
    store
        Index of the store in the pool.
    rows
        Indices of the store's series in the pool, in the order in which they were added, `[n]`.
    horizons
        By name (`day`, `7_days`, `28_days`).
    path
        Expected units of each of the 28 days ahead, `[n, 28]`; 0 on closed days. Its sums agree with the horizons.
    scored
        The forecasts that matured with this close, by the name of their horizon.
    drifts
        Changes noticed at this close.
    lost
        What the series that were out of stock would have sold; None when none was.
    parts
        What the next day's forecast is made of; None when nobody asked, or the store stays closed.

    """

    day: int
    store: int
    rows: NDArray[np.intp]
    horizons: dict[str, HorizonForecast]
    path: Floats
    scored: dict[str, Scored]
    drifts: list[Drift]
    lost: LostSales | None = None
    parts: DayParts | None = None

    @property
    def started(self) -> NDArray[np.bool_]:
        """Whether each series has sold yet, `[n]`; only those that have are forecast."""
        return ~np.isnan(self.path[:, 0])
