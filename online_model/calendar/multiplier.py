"""The calendar multiplier c(series, day) = exp(x . (beta + delta_series) + h[key]), learned at every close.

`x` are the day's calendar features. Three parts learn their effects: `beta`, shared by the pool, is a weighted ridge regression with
forgetting (recursive least squares, e.g. Ljung & Soderstrom 1983) on the working response of a log-linear Poisson model with
overdispersion (McCullagh & Nelder 1989, ch. 9); `delta`, one a series, is a diagonal Kalman filter; `h` is a running mean by named
holiday.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.calendar.day_features import COMMON, N_FEATURES
from online_model.constants import ETA_CLIP, MEAN_FLOOR, OVERDISPERSION, RATIO_TO_LEVEL_CAP, SMALL, TINY
from online_model.series.ewmas import DS14

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.calendar.day_features import PromotionDays
    from online_model.series.series import Series
    from online_model.series.sold_day import Today

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]

FORGET: Final = 1 - 1 / 730
"""Factor on the evidence for beta at each business date."""
RIDGE, RIDGE_ONE = 0.3, 0.1
"""Prior precision of beta, and of its constant, in days."""
DAY_WEIGHT_GAIN: Final = 0.05
"""Gain of the running mean of a date's total weight."""
DELTA_VARIANCE: Final = 0.005
DELTA_RECOVERY: Final = 1 / 500
"""A variance of delta returns to its prior by this share each open day."""
C_CLIP: Final = (-3.0, 2.0)
"""Bounds of log c."""
C_FLOOR: Final = 0.05
"""Smallest c that divides sales."""
RESIDUAL_CLIP: Final = (-1.0, 3.0)
DELTA_RESIDUAL_MAX: Final = 1.5
HOLIDAY_STEP: Final = 0.7
"""Bounds of (ratio - mu) / mu: for beta; for delta; for the mean step of h."""
SOLVE_AT: Final = 0.001
"""beta is solved again once new observations make up this share of its information."""


def prior_variance() -> F32:
    """Variances with which the effects of a new series start, `[K]`; 0 for the constant, which only the pool learns."""
    out = np.full(N_FEATURES, DELTA_VARIANCE, np.float32)
    out[0] = 0
    return out


class CalendarModel:
    """The pooled part of the multiplier.

    Attributes
    ----------
    information, response
        Normal equations of beta, `[K, K]` and `[K]`.
    beta, beta_start
        The effects now, and at the start of the pool's business date. All stores measure their residuals of a date against the latter,
        so that the order in which they close matters less.
    holiday, holiday_start, holiday_seen
        Effects of the holiday keys now and at the start of the date; how often each was seen, in shares of the pool's series.

    """

    def __init__(self) -> None:
        self.prior: F64 = np.full(N_FEATURES, RIDGE)
        self.prior[0] = RIDGE_ONE
        self.information: F64 = np.diag(self.prior)
        self.response: F64 = np.zeros(N_FEATURES)
        self.beta: F64 = np.zeros(N_FEATURES)
        self.beta_start: F64 = np.zeros(N_FEATURES)
        self.holiday: F64 = np.zeros(0)
        self.holiday_start: F64 = np.zeros(0)
        self.holiday_seen: F64 = np.zeros(0)
        self.usual_weight = 0.0
        self.date_weight = 0.0
        self.unsolved = 0.0
        self.forgotten = False
        self.promotions = False

    def new_date(self) -> None:
        """Begin a new business date of the pool."""
        if self.date_weight > 0:
            gap = self.date_weight - self.usual_weight
            self.usual_weight += gap if self.usual_weight == 0 else DAY_WEIGHT_GAIN * gap
        self.date_weight = 0.0
        self.beta_start = self.beta.copy()
        self.holiday_start = self.holiday.copy()
        self.forgotten = False

    def know_keys(self, n: int) -> None:
        """Make room for `n` holiday keys."""
        if n > len(self.holiday):
            more = np.zeros(n - len(self.holiday))
            self.holiday = np.concatenate([self.holiday, more])
            self.holiday_start = np.concatenate([self.holiday_start, more])
            self.holiday_seen = np.concatenate([self.holiday_seen, more])

    def eta(self, x: F32, key: NDArray[np.int64], promoted: PromotionDays | None, delta: F32, *, start: bool) -> F32:
        """The logarithm of c, `[d, n]`.

        Parameters
        ----------
        x, key
            Common features of d days, `[d, COMMON]`; their holiday keys, `[d]`.
        promoted
            The promotions of those days, or None.
        delta
            Effects of the series, `[K, n]`.
        start
            Use the pooled effects as they were at the start of the date.

        """
        beta = self.beta_start if start else self.beta
        holiday = self.holiday_start if start else self.holiday
        pooled = x @ beta[:COMMON]
        if len(holiday):
            pooled = pooled + np.where(key >= 0, holiday[key], 0.0)
        eta: F32 = x @ delta[:COMMON] + pooled.astype(np.float32)[:, None]
        if promoted is not None:
            eta += promoted.effect(beta[COMMON:].astype(np.float32)[:, None] + delta[COMMON:])
        return eta

    def multiplier(self, x: F32, key: NDArray[np.int64], promoted: PromotionDays | None, delta: F32) -> F32:
        """The multiplier c of d days and n series, `[d, n]`."""
        return np.exp(np.clip(self.eta(x, key, promoted, delta, start=False), *C_CLIP))

    def learn(self, s: Series, today: Today, pool_series: int) -> None:
        """Learn a store's day; `delta` and `delta_var` of the series change in place.

        `pool_series` is the number of series in the pool that have sold.
        """
        key, teaches = today.key, today.teaches
        level = np.maximum(s.ewma[DS14], np.maximum(MEAN_FLOOR * s.mean, TINY))
        eta = self.eta(today.x[None], np.array([key]), today.promotions, s.delta, start=True)[0]
        mu = np.exp(np.clip(eta, *ETA_CLIP))
        size = mu * (level + SMALL)
        w = size / (1 + OVERDISPERSION * size) * teaches
        e = np.clip((np.minimum(today.units / level, RATIO_TO_LEVEL_CAP) - mu) / mu, *RESIDUAL_CLIP)
        share = float(teaches.sum()) / max(pool_series, 1)
        self._learn_beta(today, w, e, share)
        _learn_delta(s, today, w, e)
        if key >= 0:
            self.holiday_seen[key] += share
            step = min(max(float(w @ e) / float(w.sum()), -HOLIDAY_STEP), HOLIDAY_STEP)
            self.holiday[key] += share / (self.holiday_seen[key] + 1) * step

    def _learn_beta(self, today: Today, w: F32, e: F32, share: float) -> None:
        """Learn the pooled effects. A date weighs as much as one day, however many series it has; its stores share that weight."""
        if not self.forgotten:
            self.forgotten = True
            self.information *= FORGET
            self.information[np.diag_indices_from(self.information)] += (1 - FORGET) * self.prior
            self.response *= FORGET
        x, promoted, total = today.x, today.x_promoted, float(w.sum())
        self.date_weight += total
        usual = self.usual_weight + DAY_WEIGHT_GAIN * (self.date_weight - self.usual_weight)
        if self.usual_weight == 0:
            usual = total / max(share, 1e-6)
        w = w / max(usual, self.date_weight)
        x64 = x.astype(np.float64)
        if promoted is None or not promoted.any():
            weight = float(w.sum())
            self.information[:COMMON, :COMMON] += weight * np.outer(x64, x64)
            self.response[:COMMON] += x64 * (weight * float(x64 @ self.beta_start[:COMMON]) + float(w @ e))
        else:
            self.promotions = True
            rows = np.concatenate([np.broadcast_to(x[:, None], (COMMON, len(w))), promoted])
            weighted = rows * w
            z = self.beta_start.astype(np.float32) @ rows + e
            self.information += weighted @ rows.T
            self.response += weighted @ z
        self.unsolved += total / max(usual, self.date_weight)
        if self.unsolved >= SOLVE_AT * self.information[0, 0]:
            self.unsolved = 0.0
            k = N_FEATURES if self.promotions else COMMON
            self.beta[:k] = np.linalg.solve(self.information[:k, :k], self.response[:k])


def _learn_delta(s: Series, today: Today, w: F32, e: F32) -> None:
    """One step of the diagonal Kalman filter, on the features that are not 0 today."""
    x, promoted, teaches, delta, delta_var = today.x, today.x_promoted, today.teaches, s.delta, s.delta_var
    active = np.flatnonzero(x[1:]) + 1
    column = x[active, None]
    if promoted is not None and promoted.any():
        active = np.concatenate([active, np.arange(COMMON, N_FEATURES)])
        column = np.concatenate([np.broadcast_to(column, (len(column), len(w))), promoted])
    if len(active):
        var = delta_var[active]
        gain = var * column
        gain /= 1 / np.maximum(w, 1e-6) + (gain * column).sum(0)
        delta[active] += gain * (np.minimum(e, DELTA_RESIDUAL_MAX) * teaches)
        delta_var[active] = var - gain * column * var * teaches
    delta_var[1:] += (DELTA_RECOVERY * teaches) * np.maximum(DELTA_VARIANCE - delta_var[1:], 0)
