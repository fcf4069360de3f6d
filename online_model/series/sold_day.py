"""A store's business day in the form in which the model learns it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import MEAN_FLOOR, WARM_UP
from online_model.series.ewmas import RAW28

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from online_model.calendar.day_features import PromotionDays, StoreDay
    from online_model.series.series import Series
    from online_model.stock.censored import DayStock

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Masks = NDArray[np.uint32]

WINSOR_AFTER: Final = 14
"""Open days of a series after which its sales are capped."""
WINSOR_STATE, WINSOR_BIAS = 10.0, 30.0
"""Sales are capped at k s + k; the first k serves state, features and labels, the second the bias gain."""

WILD_SERIES, WILD_SHARE = 3, 0.5
"""A store's day is wild when at least 3 series, and at least half of those that sold, exceed their cap."""
ROUNDING: Final = 1e-6
"""Relative rounding error of float32."""
WILD_DAYS: Final = 3
"""After this many wild days in a row, the model takes them for real."""


@dataclass(frozen=True, slots=True)
class DayInput:
    """The input of a close; see `Forecaster.close`."""

    day: int
    units: F64
    opened: bool
    hours: F64 | None
    promotion: Bools | None
    openings: Mapping[int, bool]
    out_of_stock: Masks | None = None
    silent: Bools | None = None
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Today:
    """One day of a store's series, `[n]` each.

    Attributes
    ----------
    day, weekday, opened
        Ordinal; weekday, 0 = Monday; whether the day counts as open.
    x, key
        Common calendar features, `[COMMON]`; number of the holiday key, -1: none.
    promotions, x_promoted
        Promotions of the day, and their features, `[11, n]`; None while no promotion is near.
    raw
        Net units.
    units, units_bias
        Net units but at least 0, winsorised; the same under the looser cap of the bias gain.
    started
        Whether the series has sold yet, today included.
    teaches
        1 where the series is old enough to teach the calendar and the profile, else 0; times `weight`.
    weight
        How much of the day was seen, 0 to 1; None: all series were in stock. `units` and `units_bias` are then estimates of the demand.
    promoted
        Whether the series is promoted today; None when no series is.
    wild
        Most series that sold exceed their cap: rather a mistake in the store's data than demand.

    """

    day: int
    weekday: int
    opened: bool
    x: F32
    key: int
    promotions: PromotionDays | None
    x_promoted: F32 | None
    raw: F64
    units: F32
    units_bias: F32
    started: Bools
    teaches: F32
    promoted: Bools | None
    wild: bool
    weight: F32 | None = None

    def taught(self) -> Bools:
        """Whether the series has sold yet and the day teaches it anything, `[n]`."""
        return self.started if self.weight is None else self.started & (self.weight > 0)

    def kept_share(self) -> F32:
        """Share of the sold units that teaches, `[n]`: below 1 where a cap applied."""
        capped = self.raw > self.units * (1 + ROUNDING)
        return np.where(capped, self.units / np.where(capped, self.raw, 1), 1).astype(np.float32)


def today_of(s: Series, told: DayInput, days: StoreDay, promotions: PromotionDays | None, stock: DayStock | None, *, opened: bool) -> Today:
    """Turn the input of a close into a day to learn: cap each series by its own past, and count NaN and infinity as 0.

    Where there was no stock, the estimated demand stands in for what was sold.
    """
    raw = np.asarray(told.units, np.float64)
    raw = np.where(np.isfinite(raw), raw, 0.0)
    y = np.maximum(raw if stock is None else stock.demand, 0).astype(np.float32)
    started = (s.count > 0) | (raw > 0) if opened else s.count > 0
    teaches = (started & (s.count > WARM_UP)).astype(np.float32)
    old = s.count > WINSOR_AFTER
    scale = np.maximum(s.ewma[RAW28], MEAN_FLOOR * s.mean)
    scale_bias = np.maximum(s.bias_ewma, MEAN_FLOOR * s.bias_mean)
    now = None if promotions is None else promotions.part(slice(1))
    limit = WINSOR_STATE * (scale + 1)
    beyond, sold = int((old & (y > limit)).sum()), int((old & (y > 0)).sum())
    held = now.held[0] > 0.5 if now is not None and now.held.any() else None
    return Today(
        day=told.day,
        weekday=int(days.weekday[0]),
        opened=opened,
        x=days.x[0],
        key=int(days.key[0]),
        promotions=now,
        x_promoted=None if now is None else now.columns(),
        raw=raw,
        units=np.where(old, np.minimum(y, limit), y),
        units_bias=np.where(old, np.minimum(y, WINSOR_BIAS * (scale_bias + 1)), y),
        started=started,
        teaches=teaches if stock is None else teaches * stock.weight,
        promoted=held,
        wild=beyond >= WILD_SERIES and beyond >= WILD_SHARE * sold,
        weight=None if stock is None else stock.weight,
    )


def as_expected(today: Today, s: Series) -> Today:
    """The same day as if each series had sold exactly what was expected of it; scores still use what was reported."""
    expected = np.where(s.count > 0, s.morning[0], today.units).astype(np.float32)
    return replace(today, units=expected, units_bias=expected, teaches=np.zeros_like(today.teaches))
