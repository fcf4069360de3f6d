"""What to do, in a few sentences: each follows from numbers by a rule, and names figure, n, period and table. No number, no sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from charts.insight.answers.causes import Explained
from charts.insight.customers.sentences import of_customers
from charts.insight.customers.tables import Customers
from charts.insight.reports.decisions import Decision
from charts.insight.reports.places import Interval, Place
from charts.insight.reports.profiles import Profile
from charts.insight.reports.rhythm import Mover, Weekday
from charts.insight.reports.staff import Cashier
from charts.queries.forecasts import ErrorSums
from charts.queries.sales import Period

MOST: Final = 10
MONTH: Final = "28_days"
SAME: Final = 0.02
"""Errors that differ by less, as a fraction, are about the same."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with its evidence: the figure it rests on, of how many cases, in which period, in which table."""

    text: str
    figure: float
    n: int
    period: str
    table: str


def commentary(
    period: Period, before: Period, total: Interval | None, places: Sequence[Place], causes: Explained | None, products: Sequence[Profile],
    decisions: Sequence[Decision], errors: dict[str, ErrorSums], weekdays: Sequence[Weekday], mover: Mover | None,
    customers: Customers | None = None, at_work: Sequence[Cashier] = (),
) -> list[Sentence]:  # fmt: skip
    """At most ten sentences, what to do first."""
    when = f"{period.first} to {period.last}"
    found = [
        *_total(when, total),
        *_causes(when, causes, period, before),
        *_places(when, places),
        *(Sentence(*one) for one in of_customers(when, customers)),
        *_actions(decisions),
        *_concentration(decisions, products),
        *_staff(when, at_work),
        *_mover(when, mover),
        *_weekday(weekdays),
        *_forecasts(errors),
    ]
    return found[:MOST]


def _total(when: str, total: Interval | None) -> Iterator[Sentence]:
    if total is None:
        return
    band = f"95 % interval of the difference {total.low:+,.2f} to {total.high:+,.2f}, {total.n} and {total.n_before} days"
    if total.is_certain:
        word = "rose" if total.difference > 0 else "fell"
        text = f"Revenue a day {word} by {abs(total.difference):,.2f} ({band})."
    else:
        text = f"Revenue a day changed by {total.difference:+,.2f}, which is no more than days differ anyway ({band})."
    yield Sentence(text, round(total.difference, 2), total.n + total.n_before, when, "places")


def _days(period: Period) -> int:
    first, last = (date.fromisoformat(day or "") for day in (period.first, period.last))
    return (last - first).days + 1


def _causes(when: str, causes: Explained | None, period: Period, before: Period) -> Iterator[Sentence]:
    if causes is None or not causes.causes:
        return
    parts = "; ".join(f"{one.name} {one.amount / 1e6:+,.2f}" for one in causes.causes)
    days, days_before = _days(period), _days(before)
    length = "" if days == days_before else f" in {days} days, after {days_before},"
    text = (
        f"The period's revenue{length} differs from the one before by {causes.change / 1e6:+,.2f}: {parts}. The parts add up to the change."
    )
    yield Sentence(text, round(causes.change / 1e6, 2), sum(one.series for one in causes.causes[:1]), when, "causes")


def _places(when: str, places: Sequence[Place]) -> Iterator[Sentence]:
    certain = [one for one in places if one.interval is not None and one.interval.is_certain]
    for word, sign in (("grew", 1), ("fell", -1)):
        moved = [one for one in certain if one.interval is not None and one.interval.difference * sign > 0]
        if not moved or len(places) < 2:
            continue
        most = max(moved, key=lambda one: abs(one.interval.difference) if one.interval else 0.0)
        band = most.interval
        if band is None:
            continue
        advice = "Look at what it does differently" if sign > 0 else "Ask there first what changed"
        limits = f"95 % interval {band.low:+,.2f} to {band.high:+,.2f}"
        text = f"{most.store} {word} most surely: {band.difference:+,.2f} a day ({limits}). {advice}."
        yield Sentence(text, round(band.difference, 2), band.n + band.n_before, when, "places")


_ADVICE: Final = {
    "raise stock": "Raise the stock of",
    "check price": "Check the price of",
    "discount": "Consider a discount on",
    "promote": "Promote",
    "watch": "Watch",
    "delist": "Consider delisting",
}


def _actions(decisions: Sequence[Decision]) -> Iterator[Sentence]:
    for action, advice in _ADVICE.items():
        mine = sorted((one for one in decisions if one.action == action), key=lambda one: (-(one.at_stake or 0.0), one.item))
        if not mine:
            continue
        stake = sum(one.at_stake or 0.0 for one in mine)
        more = f" and {len(mine) - 1} more" if len(mine) > 1 else ""
        text = f"{advice} {mine[0].item}{more}; {stake:,.2f} are at stake in 28 days. {mine[0].item}: {mine[0].reason}"
        yield Sentence(text, round(stake, 2), len(mine), "91 days, and 28 days ahead", "decisions")


def _staff(when: str, at_work: Sequence[Cashier]) -> Iterator[Sentence]:
    """Who takes more than the same hours would expect; if nobody does for certain, that it is a tie."""
    known = [one for one in at_work if one.low is not None]
    if len(known) < 2:
        return
    above = [one for one in known if one.verdict == "above"]
    n = sum(one.days for one in known)
    if not above:
        text = f"None of {len(known)} cashiers takes more than the same hours would expect: it is a tie, and no ground for a reward."
        yield Sentence(text, 0.0, n, when, "cashiers")
        return
    best = above[0]
    others = f", and {len(above) - 1} more" if len(above) > 1 else ""
    text = (
        f"{best.cashier} took {best.difference_an_hour:+,.2f} an hour against what the same hours would expect (interval "
        f"{best.low:+,.2f} to {best.high:+,.2f}){others}: consider a "
        "reward, once you know of shifts and returns what the receipts do not tell."
    )
    yield Sentence(text, best.difference_an_hour or 0.0, best.days, when, "cashiers")


def _concentration(decisions: Sequence[Decision], products: Sequence[Profile]) -> Iterator[Sentence]:
    high = [one for one in decisions if one.bucket == "High"]
    whole = sum(one.forecast_revenue or 0.0 for one in decisions)
    if not high or not whole:
        return
    share = sum(one.forecast_revenue or 0.0 for one in high) / whole
    many = f"{len(high)} of {len(products)} products"
    text = f"{many} should bring {share:.0%} of the next 28 days' revenue of {whole:,.2f}: keep them on the shelf."
    yield Sentence(text, round(share, 4), len(products), "28 days ahead", "decisions")


def _mover(when: str, mover: Mover | None) -> Iterator[Sentence]:
    if mover is None:
        return
    band = mover.interval
    word = "more" if band.difference > 0 else "less"
    limits = f"95 % interval {band.low:+,.2f} to {band.high:+,.2f}, days with sales"
    advice = "See that it stays on the shelf" if band.difference > 0 else "Find out why before ordering as before"
    text = f"{mover.item} brought {abs(band.difference):,.2f} {word} a day than in the period before ({limits}). {advice}."
    yield Sentence(text, round(band.difference, 2), band.n + band.n_before, when, "movers")


def _weekday(weekdays: Sequence[Weekday]) -> Iterator[Sentence]:
    certain = [one for one in weekdays if one.interval is not None and one.interval.low > 0]
    if not certain:
        return
    best = max(certain, key=lambda one: one.revenue_a_day)
    if best.interval is None:
        return
    limits = f"95 % interval {best.interval.low:+,.2f} to {best.interval.high:+,.2f}"
    text = f"{best.weekday}s bring {best.interval.difference:,.2f} more than other days ({limits}): plan staff and deliveries for them."
    yield Sentence(text, round(best.interval.difference, 2), best.days, "91 days up to yesterday", "weekdays")


def _forecasts(errors: dict[str, ErrorSums]) -> Iterator[Sentence]:
    month = errors.get(MONTH)
    if month is None or month.wape is None or month.wape_same_weekday_mean is None:
        return
    ratio = month.wape / month.wape_same_weekday_mean if month.wape_same_weekday_mean > 0 else 1.0
    better = "smaller" if ratio < 1 - SAME else "larger" if ratio > 1 + SAME else "about the same"
    text = (
        f"Forecasts of 28 days were off by {month.wape:.1%} of what was sold; the same-weekday mean by "
        f"{month.wape_same_weekday_mean:.1%}: our error is {better}."
    )
    yield Sentence(text, round(month.wape, 4), month.n, "all forecasts that came due", "errors")
