"""The tables of a report about customers: segments and what to do about them, movements, what they buy, the best customers, the test."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np

from charts.insight.customers.outlook import BAND, DAYS_AHEAD, Check, Outlook, check, outlook
from charts.insight.customers.segments import ACTIONS, SEGMENTS, Lift, Rfm, Segment, Yardstick, lifts, moves, rfm, segments, yardstick
from charts.queries.customers import Purchases, purchases
from charts.queries.sales import Finds, Period

Table = list[dict[str, Any]]
LEAST: Final = 20
"""With fewer customers there are no segments."""


@dataclass(frozen=True, slots=True)
class Customers:
    """All there is to tell of customers as of the last day of a period."""

    names: int
    by_segment: dict[str, Segment]
    outlook: Outlook | None
    check: Check | None
    segments: Table
    moves: Table
    lifts: list[Lift]
    customers: Table


def customers(database: Finds, now: Period, before: Period, currency: str | None, stores: tuple[str, ...], top: int) -> Customers | None:
    """Customers as of the last day of the period `now`; None: too few sales name one. Raises ServerError."""
    found = purchases(database, currency, stores, with_lines=True)
    today, earlier = (date.fromisoformat(period.last or "").toordinal() for period in (now, before))
    known = {name: one for name, one in found.items() if min(one.days) <= today}
    if len(known) < LEAST:
        return None
    as_of = {name: at for name, one in known.items() if (at := rfm(one, today)) is not None}
    by = yardstick(as_of.values())
    mine, former = segments(known, today, by), segments(known, earlier, by)
    ahead = outlook(known, today)
    return Customers(
        names=len(known),
        by_segment=mine,
        outlook=ahead,
        check=check(known, today),
        segments=_segment_rows(mine, as_of, ahead),
        moves=[{"before": was or "not a customer", "now": became, "customers": n} for (was, became), n in moves(former, mine).items()],
        lifts=lifts(known, mine),
        customers=_customer_rows(known, mine, as_of, by, ahead, today)[:top],
    )


def _segment_rows(mine: dict[str, Segment], as_of: dict[str, Rfm], ahead: Outlook | None) -> Table:
    whole = sum(one.money for one in as_of.values())
    places = {} if ahead is None else {name: place for place, name in enumerate(ahead.names)}
    rows: Table = []
    for segment in SEGMENTS:
        names = [name for name, one in mine.items() if one == segment]
        if not names:
            continue
        money = sum(as_of[name].money for name in names)
        rows.append(
            {
                "segment": segment,
                "customers": len(names),
                "share_of_customers": round(len(names) / len(mine), 4),
                "revenue_365_days": round(money / 1e6, 2),
                "share_of_revenue": round(money / whole, 4) if whole > 0 else None,
                **_expected_together(ahead, [places[name] for name in names] if places else []),
                "action": ACTIONS[segment],
            }
        )
    return rows


def _expected_together(ahead: Outlook | None, places: list[int]) -> dict[str, float | None]:
    """What is expected of some customers together; the band is that of the sum, not the sum of the bands."""
    if ahead is None:
        return dict.fromkeys(("still_active", "purchases", "purchases_low", "purchases_high", "spend", "spend_low", "spend_high"))
    low, high = np.quantile(ahead.drawn_purchases[:, places].sum(axis=1), BAND)
    row: dict[str, float | None] = {
        "still_active": round(float(ahead.alive[places].mean()), 4),
        "purchases": round(float(ahead.purchases[places].sum()), 1),
        "purchases_low": round(float(low), 1),
        "purchases_high": round(float(high), 1),
        "spend": None,
        "spend_low": None,
        "spend_high": None,
    }
    if ahead.spend is not None and ahead.drawn_spend is not None:
        low, high = np.quantile(ahead.drawn_spend[:, places].sum(axis=1), BAND)
        row |= {
            "spend": round(float(ahead.spend[places].sum()), 2), "spend_low": round(float(low), 2), "spend_high": round(float(high), 2),
        }  # fmt: skip
    return row


def _customer_rows(
    known: dict[str, Purchases], mine: dict[str, Segment], as_of: dict[str, Rfm], by: Yardstick, ahead: Outlook | None, today: int
) -> Table:
    """Every customer, the largest expected spend first (the largest spend so far, where nothing can be expected)."""
    places = {} if ahead is None else {name: place for place, name in enumerate(ahead.names)}
    rows = []
    for name, one in known.items():
        days = one.until(today)
        row: dict[str, Any] = {
            "customer": name,
            "segment": mine[name],
            "rfm": "".join(map(str, by.scores(as_of[name]))),
            "first_day": date.fromordinal(min(days)).isoformat(),
            "last_day": date.fromordinal(max(days)).isoformat(),
            "days_bought": len(days),
            "revenue": round(one.money(0, today) / 1e6, 2),
        }
        rows.append(row | _expected_of_one(ahead, places.get(name)))
    rows.sort(key=lambda row: (-(row["spend"] or 0.0), -row["revenue"], row["customer"]))
    return rows


def _expected_of_one(ahead: Outlook | None, place: int | None) -> dict[str, float | None]:
    if ahead is None or place is None:
        return dict.fromkeys(
            ("still_active", "purchases", "purchases_low", "purchases_high", "as_often_as_so_far", "spend", "spend_low", "spend_high")
        )
    money = ahead.spend is not None and ahead.spend_band is not None
    return {
        "still_active": round(float(ahead.alive[place]), 4),
        "purchases": round(float(ahead.purchases[place]), 2),
        "purchases_low": float(ahead.purchases_band[0, place]),
        "purchases_high": float(ahead.purchases_band[1, place]),
        "as_often_as_so_far": round(float(ahead.as_so_far[place]), 2),
        "spend": round(float(ahead.spend[place]), 2) if ahead.spend is not None and money else None,
        "spend_low": round(float(ahead.spend_band[0, place]), 2) if ahead.spend_band is not None else None,
        "spend_high": round(float(ahead.spend_band[1, place]), 2) if ahead.spend_band is not None else None,
    }


def report_tables(found: Customers) -> dict[str, Table]:
    """The tables by name, as a report has them. Purchases and spend are of the next 90 days."""
    lift_rows: Table = [
        {"segment": one.segment, "buys_more": one.category, "lift": round(one.lift, 2), "lift_low": round(one.low, 2),
         "lift_high": round(one.high, 2), "lines": one.n}
        for one in found.lifts
    ]  # fmt: skip
    tested: Table = []
    if found.check is not None:
        at = found.check
        span = f"{date.fromordinal(at.first_day)} to {date.fromordinal(at.last_day)}"
        for name, total, error in (("BG/NBD", at.expected, at.error), ("as often as so far", at.as_so_far, at.error_as_so_far)):
            off = round(total / at.actual - 1, 4) if at.actual else None
            tested.append(
                {"forecast": name, "tested_on": span, "customers": at.customers, "purchases": at.actual, "expected": round(total, 1),
                 "off_by": off, "mean_error_a_customer": round(error, 3)}
            )  # fmt: skip
    return {
        "segments": found.segments, "segment_lifts": lift_rows, "segment_moves": found.moves, "customers": found.customers,
        "customer_test": tested,
    }  # fmt: skip


__all__ = ["DAYS_AHEAD", "Customers", "customers", "report_tables"]
