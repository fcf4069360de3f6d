"""The newest open days of each weekday: the basis of the baselines, and the lags that serve the regressions as features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.series import Series

    F32 = NDArray[np.float32]

FIRST, SECOND, FOUR, EIGHT, FOUR_DS = range(5)
"""The lags of a weekday: newest value; the one before; mean of the newest four; of the newest eight; of the newest four over c."""
SEEN: Final = 0.2
"""Smallest weight of a day without stock for a while whose estimated demand becomes a lag."""
LAG_DAYS: Final = 49
"""Lags of a weekday that has not been open for this long are dropped, except its mean of eight."""


class WeekdayLags:
    """Lags of a store's series by weekday, `[5, 7, n]`; NaN where there is none.

    They are computed from `Series.weekdays` and `Series.weekdays_ds`, so they are not state themselves.
    """

    def __init__(self) -> None:
        self._lags: F32 | None = None

    def forget(self) -> None:
        """Drop the lags, because the series have changed; the next use computes them again."""
        self._lags = None

    def push(self, s: Series, weekday: int, y: F32, demand: F32, started: NDArray[np.bool_], weight: F32 | None = None) -> None:
        """Add an open day: sales and sales over c of the series that have sold yet; a day of `weight` below `SEEN` is left out."""
        lags = self._of(s)
        hidden = None if weight is None or (weight >= SEEN).all() else weight < SEEN
        for ring, value in ((s.weekdays, y), (s.weekdays_ds, demand)):
            kept = None if hidden is None else ring[:, weekday, hidden].copy()
            ring[1:, weekday] = ring[:-1, weekday]
            ring[0, weekday] = value if started.all() else np.where(started, value, np.nan)
            if kept is not None:
                ring[:, weekday, hidden] = kept
        lags[:, weekday] = _lags_of(s.weekdays[:, weekday], s.weekdays_ds[:, weekday])

    def _of(self, s: Series) -> F32:
        if self._lags is None:
            self._lags = _lags_of(s.weekdays, s.weekdays_ds)
        return self._lags

    def filled(self, s: Series, day: int, last_open: NDArray[np.int64], level: F32, level_ds: F32) -> F32:
        """Lags without gaps: the level stands in for a missing lag, the first lag for the second, the overall mean for the mean of eight.

        Parameters
        ----------
        day, last_open
            Ordinals of today and of the newest open day of each weekday, `[7]`.
        level, level_ds
            EWMA28 of sales and of sales over c, `[n]`.

        """
        lags = self._of(s)
        stale = last_open <= day - LAG_DAYS
        if stale.any():
            lags = lags.copy()
            for lag in (FIRST, SECOND, FOUR, FOUR_DS):
                lags[lag, stale] = np.nan
        missing = np.isnan(lags)
        if not missing.any():
            return lags
        out = lags.copy()
        out[FIRST] = np.where(missing[FIRST], level, lags[FIRST])
        out[SECOND] = np.where(missing[SECOND], out[FIRST], lags[SECOND])
        out[FOUR] = np.where(missing[FOUR], level, lags[FOUR])
        out[EIGHT] = np.where(missing[EIGHT], s.mean, lags[EIGHT])
        out[FOUR_DS] = np.where(missing[FOUR_DS], level_ds, lags[FOUR_DS])
        return out


def _lags_of(raw: F32, ds: F32) -> F32:
    """Lags from the newest days `[8, ..., n]` and `[4, ..., n]`, newest first; NaN only after the last known one."""
    known, known_ds = ~np.isnan(raw), ~np.isnan(ds)
    value, value_ds = np.where(known, raw, 0), np.where(known_ds, ds, 0)
    n4, n8, n_ds = known[:4].sum(0), known.sum(0), known_ds.sum(0)
    with np.errstate(invalid="ignore"):
        means = [value[:4].sum(0) / n4, value.sum(0) / n8, value_ds.sum(0) / n_ds]
    return np.stack([raw[0], raw[1], *means]).astype(np.float32)
