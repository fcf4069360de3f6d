"""What is known of each product: sales, profit, returns, steadiness, rank, and what it should sell next."""

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean, median, pstdev
from typing import Final

from charts.insight.answers.ahead import forecasts
from charts.insight.answers.values import value
from charts.insight.questions.form import Form
from charts.queries.grouped import Selection, grouped, items_by_week
from charts.queries.held import Months
from charts.queries.sales import Finds, Period, Sums
from streams.contract.documents import ITEM_MONTHS

RECENT_DAYS: Final = 28
"""Days of the newest sales that forecasts of 28 days are compared with."""
SEASON_DAYS: Final = 91
"""Days over which margin, returns and steadiness are measured: 13 weeks."""
LEAST_WEEKS: Final = 8
"""An item that began to sell fewer weeks ago has no class of steadiness."""
ABC: Final = (("A", 0.80), ("B", 0.95))
"""Class A makes the first 80 % of revenue, B the next 15 %, C the rest."""
XYZ: Final = (("X", 0.5), ("Y", 1.0))
"""X: the weekly units' standard deviation is at most half their mean; Y: at most the mean; Z: more."""
QUADRANTS: Final = {
    (True, True): "stars", (True, False): "volume", (False, True): "niche", (False, False): "laggards",
}  # fmt: skip
"""By whether revenue and margin reach the median of all items."""


SAME_MARGIN: Final = 0.005
"""If all margins lie within this range, as with an assumed profit, there are no quadrants."""


@dataclass(frozen=True, slots=True)
class Profile:
    """One product; money in the currency, of 91 days unless a name says otherwise. None: not known."""

    item: str
    revenue: float
    profit: float | None
    margin: float | None
    units: float
    returns: int
    return_rate: float | None
    abc: str
    xyz: str
    quadrant: str
    recent_revenue: float
    recent_units: float
    recent_profit: float | None
    change: float
    """Revenue of the newest 28 days less that of the 28 before."""
    forecast_units: float | None
    forecast_revenue: float | None


def profiles(database: Finds, today: str, currency: str | None, stores: tuple[str, ...] = ()) -> list[Profile]:
    """All items that sold in the 91 days up to yesterday, by revenue. Raises ServerError.

    The newest day may be running, so it is left out.
    """
    end = date.fromisoformat(today) - timedelta(1)

    def of(days: int, skip: int = 0) -> Selection:
        last = end - timedelta(skip)
        return Selection(Period((last - timedelta(days - 1)).isoformat(), last.isoformat()), stores)

    month = (end - timedelta(SEASON_DAYS - 1)).isoformat()[:7]
    held = Months(database, ITEM_MONTHS, Selection(stores=stores).where(Period(f"{month}-01", None)))
    season, recent = grouped(held, of(SEASON_DAYS), "item"), grouped(held, of(RECENT_DAYS), "item")
    earlier = grouped(held, of(RECENT_DAYS, RECENT_DAYS), "item")
    weeks = items_by_week(held, of(SEASON_DAYS), end)
    units, revenue = (
        _ahead(database, "forecast_units", today, currency, stores),
        _ahead(database, "forecast_revenue", today, currency, stores),
    )
    ranks = abc_classes({item: sums.revenue_in(currency) for item, sums in season.items()})
    margins = {item: value(sums, "margin", currency) for item, sums in season.items()}
    known = [margin for margin in margins.values() if margin is not None]
    middle_margin = median(known) if known and max(known) - min(known) >= SAME_MARGIN else None
    middle_revenue = median(sums.revenue_in(currency) for sums in season.values()) if season else 0
    made = []
    for item, sums in season.items():
        margin, newest = margins[item], recent.get(item, Sums())
        is_large = sums.revenue_in(currency) >= middle_revenue
        made.append(
            Profile(
                item=item,
                revenue=_money(sums.revenue_in(currency)),
                profit=value(sums, "profit", currency),
                margin=margin,
                units=sums.units,
                returns=sums.returns,
                return_rate=value(sums, "return_rate", currency),
                abc=ranks[item],
                xyz=xyz_class(weeks.get(item, [])),
                quadrant="" if margin is None or middle_margin is None else QUADRANTS[is_large, margin >= middle_margin],
                recent_revenue=_money(newest.revenue_in(currency)),
                recent_units=newest.units,
                recent_profit=value(newest, "profit", currency),
                change=_money(newest.revenue_in(currency) - earlier.get(item, Sums()).revenue_in(currency)),
                forecast_units=units.get(item),
                forecast_revenue=revenue.get(item),
            )
        )
    return sorted(made, key=lambda one: (-one.revenue, one.item))


def _money(micros: int) -> float:
    return round(micros / 1e6, 2)


def _ahead(database: Finds, measure: str, today: str, currency: str | None, stores: tuple[str, ...]) -> dict[str, float]:
    form = Form(measure=measure, by="item", ahead_days=RECENT_DAYS, stores=stores)
    return {str(row[0]): float(row[1] or 0.0) for row in forecasts(database, form, today, currency).rows}


def abc_classes(revenue: dict[str, int]) -> dict[str, str]:
    """The class of each item by its place in cumulated revenue; an item belongs to the class in which its share begins."""
    whole = sum(max(amount, 0) for amount in revenue.values())
    classes, before = {}, 0
    for item in sorted(revenue, key=lambda one: (-revenue[one], one)):
        share = before / whole if whole else 1.0
        classes[item] = next((name for name, limit in ABC if share < limit), "C") if revenue[item] > 0 else "C"
        before += max(revenue[item], 0)
    return classes


def xyz_class(weeks: list[float]) -> str:
    """The class of steadiness of weekly units, oldest first, counted from the first week with sales; empty if there are too few weeks."""
    begun = next((place for place, units in enumerate(weeks) if units > 0), len(weeks))
    counted = weeks[begun:]
    if len(counted) < LEAST_WEEKS or fmean(counted) <= 0:
        return ""
    ratio = pstdev(counted) / fmean(counted)
    return next((name for name, limit in XYZ if ratio <= limit), "Z")
