"""Two forecasts of the same days under different announcements, and how sure the model is of the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.calendar.day_features import COMMON, N_FEATURES
from online_model.horizons import DAYS_AHEAD

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.combine.outlook import Outlook
    from online_model.pool import Pool
    from online_model.results import DayClosed
    from online_model.series.series import Series

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]

LEAST_VARIANCE: Final = 0.01**2
"""Of a date's pooled log residual; it is that of the last 28 days, but never less than this."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Forecasts as it is and as changed, and the standard deviation of the log of their 28-day ratio, `[n]`."""

    before: DayClosed
    after: DayClosed
    log_deviation: F64


def log_deviation(s: Series, before: Outlook, after: Outlook, pool: Pool) -> F64:
    """Standard deviation of the log ratio of two forecasts of the 28 days, `[n]`, to first order.

    The ratio is that of the calendar multipliers. Its log is linear in the effects, whose variance is that of the pooled regression (the
    inverse of its information times the variance of a date's residual) plus that of the series' own effects (their Kalman filter). What a
    scenario moves outside what was ever seen is not in it.
    """
    moved = _mean_features(after, len(s)) - _mean_features(before, len(s))
    recent = pool.profile.shocks(np.arange(before.day - DAYS_AHEAD + 1, before.day + 1))
    noise = max(float((recent**2).mean()), LEAST_VARIANCE)
    pooled = np.linalg.solve(pool.calendar.information, moved)
    return np.asarray(np.sqrt(np.maximum(noise * (moved * pooled).sum(0) + (moved**2 * s.delta_var).sum(0), 0)))


def _mean_features(o: Outlook, n: int) -> F64:
    """Mean calendar features of the open days ahead, `[K, n]`."""
    out = np.zeros((N_FEATURES, n))
    opens = np.flatnonzero(o.days.opens)
    if not len(opens):
        return out
    out[:COMMON] = o.days.x[1 + opens].mean(0)[:, None]
    if o.promotions is not None:
        for day in opens.tolist():
            out[COMMON:] += o.promotions.part(slice(day, day + 1)).columns() / len(opens)
    return out
