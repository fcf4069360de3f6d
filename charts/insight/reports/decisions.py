"""What to do about each product: rules over its profile, each with a reason and the money it is about."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

from charts.insight.reports.profiles import Profile, profiles
from charts.queries.sales import Finds

Action = Literal["raise stock", "check price", "discount", "promote", "delist", "watch", "keep"]
Bucket = Literal["High", "Medium", "Low"]

BUCKETS: Final[tuple[tuple[Bucket, float], ...]] = (("High", 0.5), ("Medium", 0.8))
"""High: the products that make the first half of the predicted revenue; Medium: up to 80 %; Low: the rest."""
RISE: Final = 1.15
FALL: Final = 0.80
"""Forecast over recent units, from which a rise or fall is acted upon."""
MANY_RETURNS: Final = 0.10
LEAST_RETURNS: Final = 5
THIN: Final = 0.5
"""A margin is thin at half the median margin or less."""
FAT: Final = 1.25
"""A margin is high at 1.25 times the median margin."""
SMALL: Final = 0.10
"""A product earns little if its profit is below a tenth of the median product's."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A product's predicted revenue of 28 days, its bucket, and the recommended action; `at_stake` in the currency, for 28 days."""

    item: str
    bucket: Bucket
    forecast_revenue: float | None
    action: Action
    rule: str
    reason: str
    at_stake: float | None


def decided(database: Finds, today: str, currency: str | None, stores: tuple[str, ...] = ()) -> list[Decision]:
    """Decisions on all products, by predicted revenue. Raises ServerError."""
    return decisions(profiles(database, today, currency, stores))


def decisions(products: Iterable[Profile]) -> list[Decision]:
    """Decisions on these products, by predicted revenue; the first rule that applies counts."""
    products = list(products)
    sizes = buckets({one.item: one.forecast_revenue for one in products})
    margins = [one.margin for one in products if one.margin is not None]
    profits = [one.recent_profit for one in products if one.recent_profit is not None]
    usual = median(margins) if margins else None
    earned = median(profits) if profits else None
    made = [_decision(one, sizes[one.item], usual, earned) for one in products]
    return sorted(made, key=lambda one: (one.forecast_revenue is None, -(one.forecast_revenue or 0.0), one.item))


def buckets(revenue: dict[str, float | None]) -> dict[str, Bucket]:
    """The bucket in which each product's share of predicted revenue begins."""
    whole = sum(amount for amount in revenue.values() if amount)
    made: dict[str, Bucket] = {}
    before = 0.0
    for item in sorted(revenue, key=lambda one: (-(revenue[one] or 0.0), one)):
        share = before / whole if whole else 1.0
        made[item] = next((name for name, limit in BUCKETS if share < limit), "Low") if revenue[item] else "Low"
        before += revenue[item] or 0.0
    return made


def _decision(one: Profile, bucket: Bucket, usual: float | None, earned: float | None) -> Decision:
    action, rule, reason, stake = _rule(one, bucket, usual, earned)
    return Decision(one.item, bucket, one.forecast_revenue, action, rule, reason, None if stake is None else round(stake, 2))


def _rule(  # noqa: PLR0911 - a table of rules: the first that applies
    one: Profile, bucket: Bucket, usual: float | None, earned: float | None
) -> tuple[Action, str, str, float | None]:
    margin, profit = one.margin, one.recent_profit
    if margin is not None and margin < 0:
        reason = f"It was sold at a loss: margin {margin:.1%} in 13 weeks."
        return "check price", "margin below 0", reason, max(-(profit or 0.0), 0.0)
    if one.return_rate is not None and one.return_rate >= MANY_RETURNS and one.returns >= LEAST_RETURNS:
        reason = f"{one.return_rate:.0%} of the units came back ({one.returns} returns in 13 weeks)."
        return "watch", "returns of 10 % or more", reason, one.return_rate * max(one.recent_revenue, 0.0)
    ratio = one.forecast_units / one.recent_units if one.forecast_units is not None and one.recent_units > 0 else None
    forecast = one.forecast_revenue or 0.0
    if ratio is not None and ratio >= RISE and bucket == "High":
        reason = (
            f"{one.forecast_units:,.0f} units are expected in 28 days, after {one.recent_units:,.0f} in the last 28 ({ratio - 1:+.0%})."
        )
        return "raise stock", "High, and 15 % or more above the last 28 days", reason, max(forecast - one.recent_revenue, 0.0)
    is_little = profit is not None and earned is not None and profit < SMALL * earned
    if one.abc == "C" and is_little and (one.xyz in ("Z", "") or (ratio is not None and ratio <= FALL)):
        reason = f"It earned {profit:,.2f} in 28 days; the median product earned {earned:,.2f}. Its sales are unsteady or falling."
        return "delist", "class C, little profit, unsteady or falling", reason, profit
    if margin is not None and usual is not None and usual > 0 and margin <= THIN * usual and one.abc in ("A", "B"):
        reason = f"Its margin is {margin:.1%}; the median product's is {usual:.1%}."
        return "check price", "class A or B at half the usual margin or less", reason, (usual - margin) * max(one.recent_revenue, 0.0)
    if ratio is not None and ratio <= FALL:
        reason = (
            f"{one.forecast_units:,.0f} units are expected in 28 days, after {one.recent_units:,.0f} in the last 28 ({ratio - 1:+.0%})."
        )
        stake = max(one.recent_revenue - forecast, 0.0)
        if margin is not None and usual is not None and margin >= usual:
            return (
                "discount",
                "20 % or more below the last 28 days, margin to spare",
                f"{reason} Its margin of {margin:.1%} leaves room.",
                stake,
            )
        return "watch", "20 % or more below the last 28 days", reason, stake
    if bucket != "High" and margin is not None and usual is not None and usual > 0 and margin >= FAT * usual and one.xyz in ("X", "Y"):
        reason = f"It sells steadily, and its margin of {margin:.1%} is above the usual {usual:.1%}."
        return "promote", "not High, steady, margin a quarter above the usual", reason, margin * forecast
    return "keep", "no rule applies", "Nothing stands out.", None
