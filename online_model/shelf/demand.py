"""What is expected to sell, as the forecasts say it, and quantiles between those that were forecast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Z90 = float(ndtri(0.9))
WEEK_DAYS = 7.0


@dataclass(frozen=True, slots=True, eq=False)
class Quantiles:
    """Units over a horizon, `[n]` each: mean and quantiles."""

    mean: Floats
    p10: Floats
    p50: Floats
    p90: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What a store expects to sell of a shelf's items, in the shelf's order. NaN counts as no demand.

    Attributes
    ----------
    day
        The next business day.
    week
        The next 7 days; None: 7 independent days like `day`.
    unit_profit
        Profit a unit as the sales had it, currency; NaN or None where not known. Price and cost of the shelf win.
    seen_at
        Facings at which that demand was seen; None: the current plan's, or equal space where there is none.
    stock
        Units on hand; NaN or None where not known.
    date_number
        Days since some fixed date of the forecast's origin; rounds the orders of items whose stock is not known.

    """

    day: Quantiles
    week: Quantiles | None = None
    unit_profit: Floats | None = None
    seen_at: Floats | None = None
    stock: Floats | None = None
    date_number: int = 0

    def units_a_day(self) -> Floats:
        """Units a day that a plan counts with: the P50 of the week over 7; where that is 0, the mean.

        A plan stands for weeks, so the week's median says more than one day's. An item that sells less than once in
        two weeks has a median of 0 and still earns: its mean counts.
        """
        if self.week is None:
            p50, mean = self.day.p50, self.day.mean
        else:
            p50, mean = self.week.p50 / WEEK_DAYS, self.week.mean / WEEK_DAYS
        units: Floats = np.maximum(np.nan_to_num(np.where(p50 > 0, p50, mean)), 0.0)
        return units

    def quantile(self, level: float | Floats, days: float) -> Floats:
        """Quantile of the demand of the next `days` days, `[n]` units.

        Between and beyond P10, P50 and P90 a split normal distribution is taken (two halves of a normal, one standard
        deviation below the median and one above), cut at 0: it meets all three. Over other spans than a day and a
        week the medians are interpolated linearly in days, and so are the squares of the two deviations.
        """
        median, below, above = self._spread(days)
        z = ndtri(level)
        units: Floats = np.nan_to_num(np.maximum(median + z * np.where(z < 0, below, above), 0.0))
        return units

    def expected(self, days: float) -> Floats:
        """Mean demand of the next `days` days, `[n]` units."""
        day, week = np.nan_to_num(self.day.mean), self.week
        total = day * WEEK_DAYS if week is None else np.nan_to_num(week.mean)
        return np.maximum(_between(day, total, days), 0.0)

    def _spread(self, days: float) -> tuple[Floats, Floats, Floats]:
        """Median and standard deviations of the lower and upper half over `days` days."""
        day, week = self.day, self.week
        below, above = ((day.p50 - day.p10) / Z90) ** 2, ((day.p90 - day.p50) / Z90) ** 2
        if week is None:
            return day.p50 * days, np.sqrt(below * days), np.sqrt(above * days)
        week_below, week_above = ((week.p50 - week.p10) / Z90) ** 2, ((week.p90 - week.p50) / Z90) ** 2
        return (
            _between(day.p50, week.p50, days),
            np.sqrt(_between(below, week_below, days)),
            np.sqrt(_between(above, week_above, days)),
        )


def _between(day: Floats, week: Floats, days: float) -> Floats:
    """A sum over days, known for one and for seven: linear between, proportional below one day and above seven."""
    if days <= 1:
        return day * days
    if days >= WEEK_DAYS:
        return week * (days / WEEK_DAYS)
    return day + (week - day) * ((days - 1) / (WEEK_DAYS - 1))
