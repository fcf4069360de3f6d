"""What is expected of customers in the next 90 days, and how well the same model would have done so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from charts.insight.customers import purchasing, spending
from charts.insight.customers.purchasing import DAYS_A_WEEK, Histories, Purchasing, histories
from charts.insight.customers.spending import Spending
from charts.queries.customers import Purchases

Floats = NDArray[np.float64]

DAYS_AHEAD: Final = 90
DRAWS: Final = 400
SEED: Final = 20_170_101
"""The draws are the same for the same customers, so that two reports of one state agree."""
_CELLS_AT_ONCE: Final = 400_000
BAND: Final = (0.1, 0.9)
TESTED: Final = 0.25
"""The share of the history that the model is tested on, having seen the rest."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """Expectations of the next 90 days by customer, in the order of `names`; bands are P10 to P90. None: too few customers to fit."""

    names: tuple[str, ...]
    alive: Floats
    purchases: Floats
    purchases_band: Floats
    """Two rows: P10 and P90."""
    as_so_far: Floats
    """The baseline: as often as so far."""
    spend: Floats | None
    spend_band: Floats | None
    drawn_purchases: NDArray[np.int32]
    drawn_spend: Floats | None
    model: Purchasing
    money: Spending | None


@dataclass(frozen=True, slots=True)
class Check:
    """The model fitted on the first three quarters of the days, tested on the rest, beside the baseline; purchases by customer."""

    first_day: int
    last_day: int
    customers: int
    actual: int
    expected: float
    as_so_far: float
    error: float
    error_as_so_far: float


def outlook(customers: Mapping[str, Purchases], today: int, days_ahead: int = DAYS_AHEAD) -> Outlook | None:
    """Expectations of every customer who has bought by the ordinal `today`."""
    names = tuple(sorted(name for name, one in customers.items() if min(one.days) <= today))
    days = [customers[name].until(today) for name in names]
    of = histories(days, today)
    model = purchasing.fit(of)
    if model is None:
        return None
    weeks = days_ahead / DAYS_A_WEEK
    count, mean = _amounts(days)
    money = spending.fit(count, mean)
    bought, spent = _drawn(model, money, of, (count, mean), weeks)
    expected = model.expected(of, weeks)
    spend = None if money is None else expected * money.expected(count, mean)
    return Outlook(
        names, model.alive(of), expected, np.quantile(bought, BAND, axis=0), _as_so_far(of, weeks), spend,
        None if spent is None else np.quantile(spent, BAND, axis=0), bought, spent, model, money,
    )  # fmt: skip


def check(customers: Mapping[str, Purchases], today: int) -> Check | None:
    """How the model does on days that it has not seen; None: too little to fit."""
    first = min(min(one.days) for one in customers.values())
    split = today - round((today - first) * TESTED)
    seen = [one for one in customers.values() if min(one.days) <= split]
    of = histories([one.until(split) for one in seen], split)
    model = purchasing.fit(of) if today - split >= DAYS_A_WEEK else None
    if model is None:
        return None
    weeks = (today - split) / DAYS_A_WEEK
    actual = np.array([sum(split < day <= today for day in one.days) for one in seen], np.float64)
    expected, so_far = model.expected(of, weeks), _as_so_far(of, weeks)
    errors = [float(np.abs(one - actual).mean()) for one in (expected, so_far)]
    return Check(split + 1, today, len(seen), int(actual.sum()), float(expected.sum()), float(so_far.sum()), *errors)


def _as_so_far(of: Histories, weeks: float) -> Floats:
    """Repeat purchases in proportion to the time since the first; none of a customer who came first today."""
    return np.divide(of.x * weeks, of.T, out=np.zeros(len(of)), where=of.T > 0)


def _amounts(days: Sequence[Mapping[int, int]]) -> tuple[Floats, Floats]:
    """Number and mean of what was paid on repeat days, in the currency; days with nothing or less paid are left out."""
    counts, means = np.zeros(len(days)), np.zeros(len(days))
    for place, one in enumerate(days):
        first = min(one)
        paid = [amount / 1e6 for day, amount in one.items() if day > first and amount > 0]
        if paid:
            counts[place], means[place] = len(paid), sum(paid) / len(paid)
    return counts, means


def _drawn(
    model: Purchasing, money: Spending | None, of: Histories, amounts: tuple[Floats, Floats], weeks: float
) -> tuple[NDArray[np.int32], Floats | None]:
    """Draws of purchases and of what is paid for them, some customers at a time."""
    rng = np.random.default_rng(SEED)
    bought, spent = [], []
    step = max(1, _CELLS_AT_ONCE // DRAWS)
    for start in range(0, len(of), step):
        part = slice(start, start + step)
        some = model.drawn(Histories(of.x[part], of.t_x[part], of.T[part]), weeks, DRAWS, rng)
        bought.append(some.astype(np.int32))
        if money is not None:
            spent.append(money.drawn(amounts[0][part], amounts[1][part], some, rng).astype(np.float32))
    return np.hstack(bought), np.hstack(spent).astype(np.float64) if spent else None
