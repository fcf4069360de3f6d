"""The demand of a day on which a shelf was empty for a while, from the hours in which it was not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.results import LostSales
from online_model.stock.rest_of_day import HOURS, RECENT_HOURS, STORE_CALM, Morning, RestOfDay, Seen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Masks = NDArray[np.uint32]

WHOLE: Final = 0.95
"""A day counts as in stock when at least this share of its demand falls into hours with stock: an empty shelf at night costs little."""
LEAST_SEEN: Final = 0.1
"""A day of which less was seen teaches nothing."""
SELLS: Final = 0.005
"""An hour with a smaller share of the usual day does not count as an hour out."""


@dataclass(frozen=True, slots=True)
class DayStock:
    """A day with hours without stock, as the model learns it.

    Attributes
    ----------
    demand
        Units that would have sold with stock all day; what was sold where there was, `[n]`.
    hours
        The same by local hour, `[n, 24]`.
    weight
        What the day teaches, `[n]`: 1 in stock, 0 out from the start.
    lost
        What the hours without stock cost; None where nothing was out.

    """

    demand: F64
    hours: F64
    weight: F32
    lost: LostSales


def out_hours(masks: Masks) -> Bools:
    """Whether each series was out in each local hour, `[24, n]`."""
    return (np.asarray(masks, np.uint32) >> np.arange(HOURS, dtype=np.uint32)[:, None] & 1).astype(np.bool_)


def sold_hours(hours: F64) -> F64:
    """Units by local hour, `[24, n]`, of the units of a close, `[n, 24]`: at least 0, and 0 where they are no numbers."""
    return np.asarray(np.maximum(np.nan_to_num(np.asarray(hours, np.float64).T, nan=0.0, posinf=0.0, neginf=0.0), 0.0))


def store_surprise(morning: Morning, hours: F64, out: Bools) -> F64:
    """Units of the store's series with stock over what was expected of them by the beginning of each hour, less 1, `[25]`.

    `hours` and `out` are `[24, n]`. A series counts up to the hour in which it first runs out.
    """
    here = ~np.logical_or.accumulate(out & (morning.usual >= SELLS), 0)
    calm = STORE_CALM * float(morning.mean.mean()) if len(morning.mean) else 0.0
    sold = np.cumsum(np.where(here, hours, 0.0).sum(1)) + calm + 1e-9
    expected = np.cumsum(np.where(here, morning.mean * morning.usual, 0.0).sum(1)) + calm + 1e-9
    return np.concatenate([[0.0], sold / expected - 1])


def seen_of(morning: Morning, hours: F64, out: Bools, store: F64) -> Seen:
    """What was seen of a day, `[n]`: the hours that were not `out`, `[24, n]`."""
    shown = np.where(out, 0.0, hours)
    share = np.where(out, 0.0, morning.usual)
    end = HOURS - np.argmin(out[::-1], 0)  # the hour from which nothing more was seen; 24 where the last hour was
    end = np.where(out.all(0), 0, end)
    hour = np.arange(HOURS)[:, None]
    recent = (hour < end) & (hour >= end - RECENT_HOURS) & (end < HOURS)
    return Seen(
        np.minimum(share.sum(0), 1.0), shown.sum(0), (share * recent).sum(0), (shown * recent).sum(0), store[np.where(end > 0, end, HOURS)]
    )


def censored_day(rest: RestOfDay, morning: Morning, units: F64, hours: F64, out: Bools, store: F64) -> DayStock | None:
    """Estimate a store's day; None where no hour that sells was out.

    Parameters
    ----------
    units
        Net units of the day, `[n]`.
    hours, out
        Units by local hour, at least 0, and whether a series was out in it, `[24, n]`.
    store
        See `store_surprise`.

    """
    lacking = np.where(out, morning.usual, 0.0).sum(0)
    if not (lacking > 0).any():
        return None
    seen = seen_of(morning, hours, out, store)
    unseen = rest.expect(morning, seen)
    some, above = out.any(0), np.maximum(units - seen.sold, 0.0)
    hidden = np.where(some, np.maximum(unseen.mean, above), 0.0)
    demand = np.where(some, np.maximum(seen.sold + hidden, units), units)
    weight = np.where(seen.share >= WHOLE, 1.0, np.where(seen.share < LEAST_SEEN, 0.0, seen.share)).astype(np.float32)
    rows = np.flatnonzero(seen.share < WHOLE)
    low, high = (np.maximum(seen.sold + end, units)[rows] for end in unseen.ends())
    count = (out & (morning.usual >= SELLS)).sum(0)
    lost = LostSales(rows, count[rows], units[rows], demand[rows], low, high, weight[rows].astype(np.float64))
    shape = np.where(out, np.maximum(morning.usual, 1e-9), 0.0)
    spread = np.where(out, hidden * shape / np.maximum(shape.sum(0), 1e-9), hours)
    return DayStock(demand, np.where(weight > 0, spread, 0.0).T, weight, lost)
