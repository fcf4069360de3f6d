"""How good the forecasts are: each row is forecast from all others, beside two rules that need no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from streams.contract.errors import UsageError
from workbench.third_month.months import Month
from workbench.third_month.regression import Regression

REGRESSION, MEAN, LAST = "regression", "mean", "as last month"


@dataclass(frozen=True, slots=True)
class Error:
    """Errors of the rows that could be forecast. n: how many."""

    mae: float
    rmse: float
    n: int


def leave_one_out(months: Sequence[Month]) -> dict[str, Error]:
    """Errors by method; the regression fills missing rates from the other rows only.

    The row that is left out and lacks its rate is forecast at the mean of the others' rates.
    """
    misses: dict[str, list[float]] = {REGRESSION: [], MEAN: [], LAST: []}
    for place, month in enumerate(months):
        others = [other for at, other in enumerate(months) if at != place]
        if not others:
            continue
        misses[MEAN].append(float(np.mean([other.third for other in others])) - month.third)
        misses[LAST].append(month.second - month.third)
        known = [other.rate for other in others if other.rate is not None]
        try:
            fitted = Regression(others)
        except UsageError:  # too few rows without this one
            continue
        rate = month.rate if month.rate is not None else float(np.mean(known))
        misses[REGRESSION].append(fitted.predict(rate, month.first, month.second).mean - month.third)
    return {name: error_of(found) for name, found in misses.items() if found}


def error_of(misses: Sequence[float]) -> Error:
    """Mean absolute and root mean squared error."""
    values = np.asarray(misses, float)
    return Error(float(np.abs(values).mean()), float(np.sqrt((values**2).mean())), len(values))
