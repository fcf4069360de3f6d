"""The demand of a day on which a shelf was empty for a while, from the hours in which it was not.

The rest of such a day is what the morning's forecast expected of its hours without stock, times how the day went in the others. That
factor is a credibility estimate (Buehlmann 1967; with gamma demand the posterior mean of a Poisson rate): the series' own hours count
by how much was expected of them, the store's day stands in for the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.combine.quantiles import gamma_quantile
from online_model.results import LostSales

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.series.sold_day import DayInput

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Masks = NDArray[np.uint32]

HOURS: Final = 24
WHOLE: Final = 0.95
"""A day counts as in stock when at least this share of its demand falls into hours with stock: an empty shelf at night costs little."""
STORE_UNITS: Final = 20.0
"""The store's day starts as usual; that weighs as much as this many series' usual days."""


def out_hours(masks: Masks) -> Bools:
    """Whether each series was out in each local hour, `[n, 24]`."""
    return (masks[:, None] >> np.arange(HOURS, dtype=np.uint32) & 1).astype(np.bool_)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a store's series sold while they had stock, `[n]` each.

    Attributes
    ----------
    share
        Share of a usual day that falls into the hours with stock, 0 to 1.
    sold
        Units sold in those hours, at least 0.
    total
        Net units of the day.

    """

    share: F64
    sold: F64
    total: F64


def seen_of(hours: F64 | None, units: F64, out: Bools, usual: F64) -> Seen:
    """What was seen of a day; `usual` is the share of each hour in a usual day, `[n, 24]`."""
    share = np.where(out, 0.0, usual).sum(1)
    sold = units if hours is None else np.where(out, 0.0, hours).sum(1)
    return Seen(np.minimum(share, 1.0), np.maximum(sold, 0.0), units)


@dataclass(frozen=True, slots=True)
class Prior:
    """What was known of the day in the morning, `[n]` each: expected units, and the variance `unit (mean + kappa mean^2)`."""

    mean: F64
    unit: F64
    kappa: float


def store_factor(seen: Seen, prior: Prior) -> float:
    """How the store's day went in the hours with stock: sold over expected, pulled to 1."""
    expected = prior.mean * seen.share
    calm = STORE_UNITS * float(prior.mean.mean()) if len(prior.mean) else 1.0
    return float((seen.sold.sum() + calm) / max(float(expected.sum()) + calm, 1e-9))


def rest_of_day(seen: Seen, prior: Prior, factor: float) -> tuple[F64, F64]:
    """Mean and variance of the units that the hours without stock would have sold, `[n]`."""
    own = prior.kappa * prior.mean * seen.share
    theta = (factor + prior.kappa * seen.sold) / (1 + own)
    missing = prior.mean * (1 - seen.share)
    mean = missing * theta
    variance = prior.unit * (mean + missing**2 * theta * prior.kappa / (1 + own))
    return mean, variance


def band_of(mean: F64, variance: F64, level: float) -> F64:
    """Quantile of a gamma at a level on the normal scale, `[n]`."""
    mean = np.maximum(mean, 1e-6)
    shape = np.log(mean * mean / np.maximum(variance, 1e-12)).astype(np.float32)
    return np.asarray(gamma_quantile(shape, np.full(len(mean), level, np.float32)) * mean, np.float64)


@dataclass(frozen=True, slots=True)
class DayStock:
    """A day with hours without stock, as the model learns it.

    Attributes
    ----------
    demand
        Units that would have sold with stock all day; what was sold where there was, `[n]`.
    hours
        The same by local hour, `[n, 24]`; None without sales by hour.
    weight
        What the day teaches, `[n]`: 1 in stock, 0 out from the start.
    lost
        What the hours without stock cost.

    """

    demand: F64
    hours: F64 | None
    weight: F32
    lost: LostSales


LEAST_SEEN: Final = 0.1
"""A day of which less was seen teaches nothing."""
SELLS: Final = 0.005
"""An hour with a smaller share of the usual day does not count as an hour out."""
TENTH: Final = 1.2816
"""P10 and P90 on the normal scale."""


def day_stock(told: DayInput, usual: F64, prior: Prior) -> DayStock:
    """Estimate a store's day; `usual` is the share of each hour in a usual day, `[n, 24]`."""
    out = out_hours(np.asarray(told.out_of_stock, np.uint32))
    units = np.nan_to_num(np.asarray(told.units, np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    seen = seen_of(told.hours, units, out, usual)
    mean, variance = rest_of_day(seen, prior, store_factor(seen, prior))
    hidden = np.where(out.any(1), np.maximum(mean, np.maximum(units - seen.sold, 0.0)), 0.0)
    demand = np.where(out.any(1), np.maximum(seen.sold + hidden, units), units)
    weight = np.where(seen.share >= WHOLE, 1.0, np.where(seen.share < LEAST_SEEN, 0.0, seen.share)).astype(np.float32)
    rows = np.flatnonzero(seen.share < WHOLE)
    low, high = (np.maximum(seen.sold + band_of(mean, variance, z), units)[rows] for z in (-TENTH, TENTH))
    lost = LostSales(rows, (out & (usual >= SELLS)).sum(1)[rows], units[rows], demand[rows], low, high, weight[rows].astype(np.float64))
    return DayStock(demand, _with_hidden(told.hours, out, usual, hidden, weight), weight, lost)


def _with_hidden(hours: F64 | None, out: Bools, usual: F64, hidden: F64, weight: F32) -> F64 | None:
    """Units by hour with the hidden demand spread over the hours without stock; 0 where the day teaches nothing."""
    if hours is None:
        return None
    shape = np.where(out, np.maximum(usual, 1e-9), 0.0)
    spread = hidden[:, None] * shape / np.maximum(shape.sum(1, keepdims=True), 1e-9)
    return np.where(weight[:, None] > 0, np.where(out, spread, hours), 0.0)
