"""The expected demand, as the forecasts give it, and quantiles between the forecast ones."""

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
    """Units sold over a horizon, `[n]` each: mean and quantiles."""

    mean: Floats
    p10: Floats
    p50: Floats
    p90: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Demand:
    """What a store expects to sell of a shelf's items, in the order of the shelf. NaN counts as no demand.

    Attributes
    ----------
    day
        The next business day.
    week
        The next 7 days; None: they count as 7 independent days like `day`.
    unit_profit
        Profit per unit on past sales, in the currency; NaN or None where unknown. Price and cost of the shelf take precedence.
    seen_at
        Facings at which that demand was seen; None: those of the current plan, or equal space if there is none.
    stock
        Units on hand; NaN or None where unknown.
    date_number
        Days from any fixed date to the day whose close made the forecast; decides how orders are rounded for items of unknown stock.

    """

    day: Quantiles
    week: Quantiles | None = None
    unit_profit: Floats | None = None
    seen_at: Floats | None = None
    stock: Floats | None = None
    date_number: int = 0

    def units_a_day(self) -> Floats:
        """Units a day on which a plan is based, `[n]`: the week's P50 over 7; where that is 0, the mean.

        A plan stands for weeks, so the week's median says more than a single day's. An item that sells less than once in two weeks has
        a median of 0 but still earns something, so its mean counts.
        """
        if self.week is None:
            p50, mean = self.day.p50, self.day.mean
        else:
            p50, mean = self.week.p50 / WEEK_DAYS, self.week.mean / WEEK_DAYS
        units: Floats = np.maximum(np.nan_to_num(np.where(p50 > 0, p50, mean)), 0.0)
        return units

    def quantile(self, level: float | Floats, days: float) -> Floats:
        """Quantile of the demand over the next `days` days, `[n]` units.

        The demand is taken as split normal (two halves of normals, with one standard deviation below the median and another above),
        cut at 0; it has the forecast P10, P50 and P90. For other spans than a day and a week, medians and squared deviations are
        interpolated linearly in days.
        """
        median, below, above = self._spread(days)
        z = ndtri(level)
        units: Floats = np.nan_to_num(np.maximum(median + z * np.where(z < 0, below, above), 0.0))
        return units

    def expected(self, days: float) -> Floats:
        """Mean demand over the next `days` days, `[n]` units."""
        day, week = np.nan_to_num(self.day.mean), self.week
        total = day * WEEK_DAYS if week is None else np.nan_to_num(week.mean)
        return np.maximum(_between(day, total, days), 0.0)

    def _spread(self, days: float) -> tuple[Floats, Floats, Floats]:
        """Median, and standard deviations of the lower and the upper half, over `days` days."""
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
    """A sum over `days` days from the sums over one and seven: linear between them, proportional below one and above seven."""
    if days <= 1:
        return day * days
    if days >= WEEK_DAYS:
        return week * (days / WEEK_DAYS)
    return day + (week - day) * ((days - 1) / (WEEK_DAYS - 1))
