"""What a model knows of an ad, computed from the rows that teach it and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any, Final, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin

Floats = NDArray[np.float64]

PRIOR_CONVERSIONS: Final = 5.0
"""How many conversions the rate of all ads counts for in the rate of a kind: kinds with fewer are drawn towards it."""
MOST_DUMMIES: Final = 12
MOST_PAIRED: Final = 3
INNER_FOLDS: Final = 5
FARTHEST: Final = 3.0
"""No forecast is above so many times the most conversions of an ad that taught: an exponential curve goes anywhere for an ad unlike all."""
AMOUNTS: Final = ("impressions", "clicks", "spend")


class AdFeatures(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Logs of the amounts, CTR, CPC and CPM, kinds as 0 or 1, and conversion rates of kinds and of pairs of kinds, shrunk for small n.

    The rates of a row that teaches come from folds without it; those of a row that is asked for, from all that taught.

    Parameters
    ----------
    categories
        Columns that say what kind of ad it is.
    raw
        Whether the amounts are given as they are too: for a model without a logarithm of its own.

    """

    def __init__(self, categories: Sequence[str] = (), *, raw: bool = False) -> None:
        self.categories = categories
        self.raw = raw

    def fit(self, frame: pd.DataFrame, target: Any) -> Self:
        """Learn rates of kinds from rows and their conversions."""
        self.most_ = FARTHEST * max(float(np.max(target)), 1.0)
        self.exposure_ = next(name for name in ("spend", "clicks", "impressions") if name in frame)
        few = [name for name in self.categories if frame[name].nunique() <= MOST_DUMMIES]
        self.levels_ = {name: sorted(frame[name].unique()) for name in few}
        paired = sorted(self.categories, key=lambda name: (frame[name].nunique(), name))[:MOST_PAIRED]
        self.kinds_ = [*((name,) for name in self.categories), *combinations(paired, 2)]
        self.rates_, self.overall_ = self._learn(frame, np.asarray(target, float))
        return self

    def fit_transform(self, frame: pd.DataFrame, target: Any, **_: Any) -> Floats:
        """Features of the rows that teach: their own conversions are in none of their rates."""
        self.fit(frame, target)
        values = np.asarray(target, float)
        columns = [self._plain(frame)]
        rates = np.empty((len(frame), len(self.kinds_)))
        fold = np.random.default_rng(1).permutation(len(frame)) % INNER_FOLDS
        for number in range(INNER_FOLDS):
            asked = fold == number
            learned, overall = self._learn(frame[~asked], values[~asked])
            rates[asked] = self._rates(frame[asked], learned, overall)
        return np.hstack([*columns, rates])

    def transform(self, frame: pd.DataFrame) -> Floats:
        """Features of rows that are asked for, `[rows, features]`."""
        return np.hstack([self._plain(frame), self._rates(frame, self.rates_, self.overall_)])

    @property
    def names(self) -> list[str]:
        """Names of the features, in their order."""
        return [*self._plain_names, *(f"rate of {' x '.join(kind)}" for kind in self.kinds_)]

    def _plain(self, frame: pd.DataFrame) -> Floats:
        found: dict[str, Floats] = {}
        amounts = {name: frame[name].to_numpy(float) for name in AMOUNTS if name in frame}
        for name, values in amounts.items():
            found[f"log {name}"] = np.log1p(values)
            if self.raw:
                found[name] = values
        if {"clicks", "impressions"} <= amounts.keys():
            found["CTR"] = np.log((amounts["clicks"] + 0.5) / (amounts["impressions"] + 1000))
        if {"spend", "clicks"} <= amounts.keys():
            found["CPC"] = np.log1p(amounts["spend"] / (amounts["clicks"] + 1))
        if {"spend", "impressions"} <= amounts.keys():
            found["CPM"] = np.log1p(1000 * amounts["spend"] / (amounts["impressions"] + 1000))
        for name, levels in self.levels_.items():
            for level in levels[1:]:
                found[f"{name} {level}"] = (frame[name] == level).to_numpy(float)
        self._plain_names = list(found)
        return np.column_stack(list(found.values()))

    def _learn(self, frame: pd.DataFrame, target: Floats) -> tuple[list[dict[Any, float]], float]:
        exposure = np.log1p(frame[self.exposure_].to_numpy(float))
        overall = (target.sum() + 1e-9) / max(exposure.sum(), 1e-9)
        rates = []
        for kind in self.kinds_:
            sums = pd.DataFrame({"y": target, "x": exposure}).groupby([frame[name].to_numpy() for name in kind]).sum()
            shrunk = (sums["y"] + PRIOR_CONVERSIONS) / (sums["x"] + PRIOR_CONVERSIONS / overall)
            rates.append(shrunk.to_dict())
        return rates, overall

    def _rates(self, frame: pd.DataFrame, rates: list[dict[Any, float]], overall: float) -> Floats:
        out = np.empty((len(frame), len(self.kinds_)))
        for place, (kind, known) in enumerate(zip(self.kinds_, rates, strict=True)):
            keys = frame[kind[0]] if len(kind) == 1 else list(zip(*(frame[name] for name in kind), strict=True))
            out[:, place] = [np.log(known.get(key, overall)) for key in keys]
        return out
