"""The state of a store's series: one array for each field, with the series along the last axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.calendar.day_features import N_FEATURES
from online_model.constants import STAGGER
from online_model.horizons import DAYS_AHEAD, N_HORIZONS, N_TAILS, SPANS
from online_model.series.ewmas import N_EWMAS
from online_model.series.last_year import BINS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]
    I32 = NDArray[np.int32]
    I64 = NDArray[np.int64]
    Bools = NDArray[np.bool_]
    F16 = NDArray[np.float16]

SLOTS: Final = sum(SPANS)
"""Pending forecasts that a store keeps at a time: a horizon of 7 days has 7 of them."""
TEACH_NAMES: Final = tuple({1: "teach_day", 7: "teach_week", 28: "teach_month"}.get(days, f"teach_{days}_days") for days in SPANS)
"""Names of the fields that hold the frozen features of each horizon."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the arrays of a series are as long as: the list of experts decides.

    Attributes
    ----------
    experts
        Experts in the mix.
    pending
        Numbers that a forecast leaves behind until its label comes.
    features
        Features of the regressions.

    """

    experts: int
    pending: int
    features: int


_SPECS: Final[dict[str, tuple[tuple[int, ...], str, float]]] = {
    "series": ((), "i8", 0),
    "item": ((), "i8", 0),
    "count": ((), "i4", 0),
    "age": ((), "i4", 0),
    "integer": ((), "?", 1),
    "mean": ((), "f4", 0),
    "bias_mean": ((), "f4", 0),
    "bias_ewma": ((), "f4", 0),
    "ewma": ((N_EWMAS,), "f4", 0),
    "last": ((2,), "f4", 0),
    "since_sale": ((), "f4", 0),
    "p_sale": ((), "f4", 0),
    "profile": ((14,), "f4", 1),
    "visits": ((14,), "i2", 0),
    "cell_ewma": ((14,), "f4", np.nan),
    "weekdays": ((8, 7), "f4", np.nan),
    "weekdays_ds": ((4, 7), "f4", np.nan),
    "delta": ((N_FEATURES,), "f4", 0),
    "delta_var": ((N_FEATURES,), "f4", np.nan),
    "year_sums": ((BINS,), "f4", 0),
    "year_counts": ((BINS,), "u1", 0),
    "promoted": ((7,), "f4", 0),
    "last_promotion": ((), "f4", 0),
    "told_promotion": ((), "?", 0),
    "units": ((3, DAYS_AHEAD), "f4", 0),
    "stocked": ((DAYS_AHEAD,), "f2", 1),
    "offset": ((N_HORIZONS,), "f4", 0),
    "labels": ((N_HORIZONS,), "f4", 0),
    "spread": ((N_HORIZONS,), "f4", 1),
    "levels_z": ((N_TAILS, N_HORIZONS), "f4", 0),
    "expected": ((), "f4", np.nan),
    "cusum": ((2, 4), "f4", 0),
    "waiting": ((5,), "f4", np.nan),
    "morning": ((7,), "f4", 0),
    "by_hour": ((24,), "f4", 0),
    "visit": ((), "f4", 1),
    "habit": ((2,), "f4", 0),
}


def _specs(layout: Layout) -> dict[str, tuple[tuple[int, ...], str, float]]:
    """Shape by series, type and first value of each field, in the order of the state."""
    out: dict[str, tuple[tuple[int, ...], str, float]] = {}
    for name, spec in _SPECS.items():
        if name == "offset":
            out["pending"] = ((SLOTS, layout.pending), "f4", np.nan)
        out[name] = spec
        if name == "offset":
            out["loss"] = ((N_HORIZONS, layout.experts), "f4", 0)
    return out


class Series:
    """Arrays of one store's series; their last axis always has exactly one entry a series.

    Attributes
    ----------
    series, item
        Index of the series in the pool; number of its item in the pool.
    count, age
        Open days since the first sale; open days that the running means have seen, set back at a level shift.
    integer
        Whether the series has sold only whole units so far.
    mean, bias_mean, bias_ewma
        Mean of winsorised sales; the same mean and an EWMA28 under the looser cap of the bias gain.
    ewma
        `[9]`: the running means of `online_model.series.ewmas`, corrected for the bias of a short history.
    last
        `[2]`: newest sales, newest sales over c.
    since_sale, p_sale
        Open days since the last sale; running share of open days with a sale.
    profile, visits, cell_ewma
        `[14]`, cell weekday + 7 x promotion: the profile, how often each cell was seen, EWMA of its sales.
    weekdays, weekdays_ds
        `[8, 7]`, `[4, 7]`: the newest open days of each weekday, newest first, as sales and as sales over c.
    delta, delta_var
        Calendar effects of the series and their variances.
    year_sums, year_counts
        Weekly sums of sales over c, and the number of open days in each.
    promoted, last_promotion, told_promotion
        Promotions of the last 7 days; of the newest open day; whether a promotion was announced for the day after the newest close.
    units
        `[3, 28]`: units of the last 28 days by ordinal modulo 28, as net units, winsorised, and under the cap of the bias gain. The last
        two are estimates of the demand where there was no stock.
    stocked
        `[28]`: what each of those days teaches, 1 where the series was in stock; below 1 on days without stock for a while.
    pending
        Forecasts that wait for their labels.
    offset, loss, labels
        By horizon: offset of the log regression; decayed squared errors of the experts, and the decayed number of labels.
    spread, levels_z
        By horizon: variance relative to the pooled one; how far the tails lie beyond the pooled ones, on the normal scale.
    expected
        Expected units of the next day by multiplier times level, for the shared residuals.
    cusum
        `[2, 4]`, for upward and downward shifts: the sum, days since it began to rise, mean level since then, level at that time.
    waiting
        `[5]`, what the CUSUM still has to judge: both residuals, units, level and ordinal of a day that other stores may not have
        closed yet; NaN: nothing.
    morning
        Expected units of the next 7 days.
    by_hour
        Decayed sum of units by local hour.
    visit
        Units that one visit buys, as the hours without a sale tell.
    habit
        `[2]`: see `online_model.stock.rest_of_day.Morning`.

    """

    series: I64
    item: I64
    count: I32
    age: I32
    integer: Bools
    mean: F32
    bias_mean: F32
    bias_ewma: F32
    ewma: F32
    last: F32
    since_sale: F32
    p_sale: F32
    profile: F32
    visits: NDArray[np.int16]
    cell_ewma: F32
    weekdays: F32
    weekdays_ds: F32
    delta: F32
    delta_var: F32
    year_sums: F32
    year_counts: NDArray[np.uint8]
    promoted: F32
    last_promotion: F32
    told_promotion: Bools
    units: F32
    stocked: F16
    pending: F32
    offset: F32
    loss: F32
    labels: F32
    spread: F32
    levels_z: F32
    expected: F32
    cusum: F32
    waiting: F32
    morning: F32
    by_hour: F32
    visit: F32
    habit: F32

    def __init__(self, layout: Layout) -> None:
        self._specs = _specs(layout)
        for name, (shape, kind, fill) in self._specs.items():
            setattr(self, name, np.full((*shape, 0), fill, kind))
        for name, days in zip(TEACH_NAMES, SPANS, strict=True):
            setattr(self, name, np.zeros((days, layout.features, 0), np.float16))

    def __len__(self) -> int:
        return int(self.series.shape[0])

    @property
    def frozen(self) -> tuple[F16, ...]:
        """By horizon, the features of the origins whose labels will teach, `[days, features, n]`; beyond a day, every third series only."""
        return tuple(getattr(self, name) for name in TEACH_NAMES)

    def append(self, series: list[int], items: list[int], new_var: F32) -> None:
        """Append series that have not sold yet; `new_var`, `[K]`, is the prior variance of their calendar effects."""
        more = len(series)
        for name, (shape, kind, fill) in self._specs.items():
            new = np.full((*shape, more), fill, kind)
            setattr(self, name, np.concatenate([getattr(self, name), new], -1))
        self.series[-more:], self.item[-more:] = series, items
        self.delta_var[:, -more:] = new_var[:, None]
        some = -(-len(self) // STAGGER)
        for name, days in zip(TEACH_NAMES, SPANS, strict=True):
            old = getattr(self, name)
            wider = np.zeros((*old.shape[:2], some if days > 1 else len(self)), np.float16)
            wider[:, :, : old.shape[2]] = old
            setattr(self, name, wider)

    def bytes_each(self) -> float:
        """Bytes of state a series."""
        return float(sum(a.nbytes for a in vars(self).values() if isinstance(a, np.ndarray))) / max(len(self), 1)
