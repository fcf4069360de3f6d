"""WRMSSE and weighted scaled pinball loss as the M5 competition defines them (Makridakis, Spiliotis and Assimakopoulos, 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workbench.m5.data import HORIZON, M5

Floats = NDArray[np.float64]

LEVELS: Final[tuple[tuple[str, ...], ...]] = (
    (),
    ("state_id",),
    ("store_id",),
    ("cat_id",),
    ("dept_id",),
    ("state_id", "cat_id"),
    ("state_id", "dept_id"),
    ("store_id", "cat_id"),
    ("store_id", "dept_id"),
    ("item_id",),
    ("item_id", "state_id"),
    ("item_id", "store_id"),
)
"""The twelve levels, by what their series are sums over. In the data of one store several of them are the same series."""
QUANTILES: Final = (0.005, 0.025, 0.165, 0.25, 0.5, 0.75, 0.835, 0.975, 0.995)


@dataclass(frozen=True, slots=True)
class Level:
    """One level: the group of each series of the bottom, and of each group its weight, the scales and what was sold.

    squared: mean squared difference of successive days before the origin, from the first sale on. absolute: the same of absolute
    differences. weights: share of the money of the last 28 days before the origin.
    """

    name: str
    group: NDArray[np.intp]
    weights: Floats
    squared: Floats
    absolute: Floats
    actual: Floats

    def sums(self, bottom: Floats) -> Floats:
        """Sums over the groups, `[groups, ...]`."""
        out = np.zeros((len(self.weights), *bottom.shape[1:]))
        np.add.at(out, self.group, bottom)
        return out


def level_name(keys: tuple[str, ...]) -> str:
    """As state x category."""
    return " x ".join(key.removesuffix("_id") for key in keys) or "total"


def levels_of(data: M5, origin: int) -> list[Level]:
    """The twelve levels at an origin: the forecast covers days `origin` to `origin + 27`, counted from 0."""
    units = data.units.astype(np.float64)
    money = (units[:, origin - HORIZON : origin] * np.nan_to_num(data.prices[:, origin - HORIZON : origin])).sum(1)
    found = []
    for keys in LEVELS:
        labels = data.keys[list(keys)].agg("/".join, axis=1) if keys else data.keys["item_id"].map(lambda _: "total")
        group = np.unique(labels.to_numpy(str), return_inverse=True)[1]
        count = int(group.max()) + 1
        whole = np.zeros((count, units.shape[1]))
        np.add.at(whole, group, units)
        earned = np.bincount(group, money, count)
        squared, absolute = scales(whole[:, :origin])
        weights = earned / max(float(earned.sum()), 1e-12)
        found.append(Level(level_name(keys), group, weights, squared, absolute, whole[:, origin : origin + HORIZON]))
    return found


def scales(history: Floats) -> tuple[Floats, Floats]:
    """Mean squared and mean absolute difference of successive days, from the first day with a sale on, `[series]`; NaN without two days."""
    started = np.maximum.accumulate(history > 0, axis=1)[:, :-1]
    steps = np.diff(history, axis=1)
    count = started.sum(1)
    safe = np.maximum(count, 1)
    squared, absolute = (started * steps**2).sum(1) / safe, (started * np.abs(steps)).sum(1) / safe
    return np.where(count > 0, squared, np.nan), np.where(count > 0, absolute, np.nan)


def wrmsse(levels: list[Level], forecast: Floats) -> dict[str, float]:
    """WRMSSE by level, of forecasts of the bottom series, `[series, 28]`; their mean is the competition's score."""
    return {level.name: _weighted(level, np.sqrt(((level.sums(forecast) - level.actual) ** 2).mean(1) / level.squared)) for level in levels}


def wspl(levels: list[Level], quantiles: list[Floats]) -> dict[str, float]:
    """Weighted scaled pinball loss by level, of quantiles of each level, `[quantiles, groups, 28]`."""
    found = {}
    for level, forecast in zip(levels, quantiles, strict=True):
        error = level.actual[None] - forecast
        probability = np.array(QUANTILES)[:, None, None]
        loss = np.maximum(probability * error, (probability - 1) * error).mean(2) / level.absolute
        found[level.name] = float(np.mean([_weighted(level, one) for one in loss]))
    return found


def _weighted(level: Level, scaled: Floats) -> float:
    """The weighted sum; a series that never changed before the origin has no scale and, unless it sold, no weight."""
    usable = np.isfinite(scaled)
    return float((level.weights[usable] * scaled[usable]).sum())
