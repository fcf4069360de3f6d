"""What to say of customers: sentences that follow from numbers by a rule, each with its evidence."""

from collections.abc import Iterator

from charts.insight.customers.outlook import DAYS_AHEAD
from charts.insight.customers.tables import Customers

ENOUGH = 0.05
"""A segment that brought less of the revenue is not worth a sentence."""


def of_customers(when: str, found: Customers | None) -> Iterator[tuple[str, float, int, str, str]]:
    """Text, figure, n, period and table of each sentence."""
    if found is None:
        return
    rows = {row["segment"]: row for row in found.segments}
    best, risky = rows.get("champions"), rows.get("at risk")
    if best is not None and (best["share_of_revenue"] or 0.0) >= ENOUGH:
        text = (
            f"{best['customers']:,} of {found.names:,} customers are champions ({best['share_of_customers']:.0%}) and brought "
            f"{best['share_of_revenue']:.0%} of the revenue of 365 days that names a customer. {best['action']}"
        )
        yield text, best["share_of_revenue"], found.names, f"365 days to {when[-10:]}", "segments"
    if risky is not None and (risky["share_of_revenue"] or 0.0) >= ENOUGH:
        ahead = (
            ""
            if risky["spend"] is None
            else (
                f"; {risky['spend']:,.2f} are expected of them in {DAYS_AHEAD} days "
                f"(80 % band {risky['spend_low']:,.2f} to {risky['spend_high']:,.2f})"
            )
        )
        text = (
            f"{risky['customers']:,} customers are at risk: they brought {risky['revenue_365_days']:,.2f} in 365 days and have not come "
            f"for longer than others{ahead}. {risky['action']}"
        )
        yield text, risky["revenue_365_days"], risky["customers"], f"365 days to {when[-10:]}", "segments"
    for one in found.lifts[:1]:
        text = (
            f"Lines of {one.category} are {one.lift:.2f} times as frequent with {one.segment} as with other customers (99 % interval "
            f"{one.low:.2f} to {one.high:.2f}): put it into what you send them."
        )
        yield text, round(one.lift, 2), one.n, "the years with sales", "segment_lifts"
