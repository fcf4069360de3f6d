"""Where the next 1,000 of budget earn most, from what an account has learned."""

from __future__ import annotations

from datetime import date
from math import exp
from typing import Final

import numpy as np

from online_model.ads.account import AdAccount
from streams.contract.ad_messages import AdsAdvised, AdsError, ArmAdvice

BUDGET: Final = 1000.0
SPREAD_DAYS: Final = 28
"""The budget is thought to be spent evenly on so many days, beside what an arm usually spends."""
ACTIVE_DAYS: Final = 56
"""An arm without a report for longer is not advised."""
MOST_ADVISED: Final = 50
DRAWS: Final = 1000
_SEPARATOR: Final = " \N{MIDDLE DOT} "


def arm_of(campaign: str, audience: str | None) -> str:
    """The name of a campaign and audience in the model."""
    return campaign if audience is None else f"{campaign}{_SEPARATOR}{audience}"


def advise(account: AdAccount, name: str, closed: int, partition: int, offset: int, currency: str | None) -> AdsAdvised:
    """The advice after the day `closed`; the same for the same state, so that a repeat has the same bytes."""
    rates = account.rates
    active = [
        arm for arm, rate in rates.arms.items() if closed - rate.day < ACTIVE_DAYS and rate.all_spent > 0 and rate.reports > 0
    ]  # fmt: skip
    chosen = sorted(active, key=lambda arm: (-rates.arms[arm].all_spent, arm))[:MOST_ADVISED]
    errors = tuple(
        AdsError(model=model, n=error.n, deviance=round(error.deviance / error.n, 6), mae=round(error.absolute / error.n, 6))
        for model, error in account.errors.items()
        if error.n
    )
    return AdsAdvised(
        id=f"ads-{partition}-{offset}", account=name, day=_iso(closed), advice=_advice(account, chosen), errors=errors,
        elasticity=round(rates.elasticity, 6), partition=partition, offset=offset, currency=currency,
    )  # fmt: skip


def _advice(account: AdAccount, chosen: list[str]) -> tuple[ArmAdvice, ...]:
    if not chosen:
        return ()
    rates = account.rates
    shape, scale = np.array([rates.evidence(arm) for arm in chosen]).T
    usual = np.array([exp(rates.arms[arm].log_spend) for arm in chosen])
    # Seeded: what is advised depends on the state alone.
    random = np.random.default_rng(1)
    drawn = random.gamma(shape, 1 / scale, (DRAWS, len(chosen)))
    more = usual * SPREAD_DAYS * ((1 + BUDGET / SPREAD_DAYS / usual) ** rates.elasticity - 1)
    gains = drawn * more
    low, high = np.quantile(random.poisson(np.minimum(gains, 1e9)), [0.1, 0.9], axis=0)
    best = np.bincount(gains.argmax(1), minlength=len(chosen)) / DRAWS
    expected = shape / scale * more
    order = np.argsort(-expected, kind="stable").tolist()
    return tuple(_arm(account, chosen[at], float(expected[at]), float(low[at]), float(high[at]), float(best[at])) for at in order)


def _arm(account: AdAccount, arm: str, expected: float, low: float, high: float, best: float) -> ArmAdvice:
    rate = account.rates.arms[arm]
    campaign, _, audience = arm.partition(_SEPARATOR)
    return ArmAdvice(
        campaign=campaign, audience=audience or None, expected=round(expected, 6), low=low, high=high, best=best,
        spent=round(rate.all_spent, 6), conversions=round(rate.all_sold, 6), drifted_on=_iso(rate.drifted) if rate.drifted else None,
    )  # fmt: skip


def _iso(day: int) -> str:
    return date.fromordinal(day).isoformat()
