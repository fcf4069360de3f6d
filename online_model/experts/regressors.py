"""The two pooled regressors: one set of weights for all series of a pool, learned as labels mature.

Both are ridge regressions with exponential forgetting on the normal equations. `LinearRatio` fits sales over the scale by least squares.
`LogRatio` fits them with a log link and an overdispersed Poisson variance, with one reweighting step for each observation (iteratively
reweighted least squares in one pass; McCullagh & Nelder 1989, ch. 2). River's mini-batch interface works on ratios to the scale; the pool
takes the fast path on arrays: `add`, `solve_together` and `predict`.
"""
# ruff: noqa: N803  River's interface says X

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd
from river import base

from online_model.constants import ETA_CLIP, OVERDISPERSION, SMALL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    F64 = NDArray[np.float64]

FORGET: Final = 1 - 1 / 365
"""Factor on the past at each business date of the pool (in River's interface: at each call)."""
RIDGE: Final = 1e-3
"""Ridge relative to the weight of the constant."""
PRIOR: Final = 0.5
"""Weight of the features named to `start`, to begin with and as the value that the ridge pulls to."""
SOLVE_AT: Final = 0.002
"""Weights are solved again once new observations make up this share of their information."""


class PooledRegressor(base.MiniBatchRegressor):
    """Ridge regression with forgetting on the normal equations.

    Parameters
    ----------
    forget
        Factor on the past at each date, or at each call of `learn_one` and `learn_many`.
    ridge
        Strength of the pull to the prior, relative to the information of the first feature, the constant.
    caution
        Extra ridge while there are few dates, relative to the information of one date: the rows of one date err together.

    """

    def __init__(self, forget: float = FORGET, ridge: float = RIDGE, caution: float = 0.0) -> None:
        self.forget = forget
        self.ridge = ridge
        self.caution = caution
        self._names: list[base.typing.FeatureName] = []
        self.information: F64 = np.zeros((0, 0))
        self.response: F64 = np.zeros(0)
        self.prior: F64 = np.zeros(0)
        self.weights: F64 = np.zeros(0)
        self.unsolved = 0.0
        self.dates = 0.0
        self.came = False

    def start(self, n_features: int, prior_on: Sequence[int]) -> None:
        """Fix the number of features for the path on arrays; the weights of those in `prior_on` start at `PRIOR`."""
        self._names = list(range(n_features))
        self.information, self.response = np.zeros((n_features, n_features)), np.zeros(n_features)
        self.prior = np.zeros(n_features)
        self.prior[list(prior_on)] = PRIOR
        self.weights = self.prior.copy()

    def _working(self, eta: Floats, scale: Floats, ratio: Floats, offset: Floats | float) -> tuple[Floats, Floats]:
        """Weight and working response of each observation."""
        raise NotImplementedError

    def _mean(self, eta: Floats) -> Floats:
        """The ratio to the scale that belongs to a linear predictor."""
        raise NotImplementedError

    def predict(self, features: Floats, scale: Floats, offset: Floats | float = 0.0) -> Floats:
        """Units predicted from features `[P, n]`; an absurdly large prediction falls back to the scale."""
        out = self._mean(self.weights.astype(features.dtype) @ features + offset) * scale
        return np.asarray(np.where(out < 1e12, out, scale))

    def age(self) -> None:
        """Let the past fade: a new date begins."""
        self.information *= self.forget
        self.response *= self.forget
        self.dates = self.dates * self.forget + self.came
        self.came = False

    def add(self, features: Floats, scale: Floats, units: Floats, known: NDArray[Any], offset: Floats | float = 0.0) -> None:
        """Add labels: features `[P, m]`, scale and units `[m]`; they change the weights when the system is next solved."""
        eta = self.weights.astype(features.dtype) @ features
        weight, z = self._working(eta, scale, units / scale, offset)
        weighted = features * (weight * known)
        self.information += weighted @ features.T
        self.response += weighted @ z
        self.unsolved += float(weighted[0].sum())
        self.came = True

    def due(self) -> bool:
        """Whether enough observations have come to solve again."""
        return self.unsolved > SOLVE_AT * float(self.information[0, 0])

    def system(self) -> tuple[F64, F64]:
        """Matrix and right-hand side of the linear system that the weights solve."""
        ridge = (self.ridge + self.caution / (self.dates + 1) ** 1.5) * max(float(self.information[0, 0]), 1e-6) + 1e-9
        matrix = self.information.copy()
        matrix[np.diag_indices_from(matrix)] += ridge
        return matrix, self.response + ridge * self.prior

    def take(self, weights: F64) -> None:
        """Take solved weights, unless they are not finite."""
        self.unsolved = 0.0
        if np.isfinite(weights).all():
            self.weights = weights

    def _unit_test_skips(self) -> set[str]:
        """One call is one date: rows learned together fade together, unlike rows learned one by one."""
        return {"check_learn_many_matches_learn_one"}

    # River's interface
    def _columns(self, names: Sequence[base.typing.FeatureName]) -> None:
        new = [name for name in sorted(names, key=str) if name not in self._names]
        if not self._names:
            new = ["one", *new]
        if new:
            k = len(new)
            self._names.extend(new)
            self.information = np.pad(self.information, ((0, k), (0, k)))
            self.response, self.prior = np.pad(self.response, (0, k)), np.pad(self.prior, (0, k))
            self.weights = np.pad(self.weights, (0, k))

    def _matrix(self, X: pd.DataFrame) -> Floats:
        rows = np.zeros((len(self._names), len(X)))
        if len(rows):
            rows[0] = 1
        for i, name in enumerate(self._names[1:], 1):
            if name in X:
                rows[i] = np.nan_to_num(X[name].to_numpy(dtype=np.float64))
        return rows

    def learn_many(self, X: pd.DataFrame, y: pd.Series) -> None:
        """Learn rows; `y` is a ratio to the series' scale."""
        self._columns(list(X.columns))
        rows, n = self._matrix(X), len(X)
        self.age()
        self.add(rows, np.ones(n), y.to_numpy(dtype=np.float64), np.ones(n, np.bool_))
        self.take(np.asarray(np.linalg.solve(*self.system())))

    def predict_many(self, X: pd.DataFrame) -> pd.Series:
        """Predict rows."""
        n = len(X)
        mean = self.predict(self._matrix(X), np.ones(n)) if self._names else np.zeros(n)
        return pd.Series(np.asarray(mean, np.float64), index=X.index, name="prediction")

    def learn_one(self, x: dict[base.typing.FeatureName, Any], y: base.typing.RegTarget) -> None:
        """Learn one row."""
        self.learn_many(pd.DataFrame([x]), pd.Series([y]))

    def predict_one(self, x: dict[base.typing.FeatureName, Any]) -> base.typing.RegTarget:
        """Predict one row."""
        return float(self.predict_many(pd.DataFrame([x])).iloc[0])


class LinearRatio(PooledRegressor):
    """The linear regression: least squares on sales over the scale s, each observation weighted by s + .1.

    Examples
    --------
    >>> import pandas as pd
    >>> model = LinearRatio()
    >>> X = pd.DataFrame({"lag": [0.5, 1.0, 1.5, 2.0]})
    >>> for _ in range(20):
    ...     model.learn_many(X, X["lag"])
    >>> round(model.predict_one({"lag": 1.2}), 2)
    1.2

    """

    def _working(self, eta: Floats, scale: Floats, ratio: Floats, offset: Floats | float) -> tuple[Floats, Floats]:
        del eta, offset
        return scale + SMALL, ratio

    def _mean(self, eta: Floats) -> Floats:
        return np.maximum(eta, 0)


class LogRatio(PooledRegressor):
    """The log regression: a log link, with the weights of an overdispersed count; `offset` is a series' own constant."""

    def _working(self, eta: Floats, scale: Floats, ratio: Floats, offset: Floats | float) -> tuple[Floats, Floats]:
        eta = np.clip(eta + offset, *ETA_CLIP)
        mu = np.exp(eta)
        weight = mu * (scale + SMALL) / (1 + OVERDISPERSION * mu * scale)
        return np.asarray(weight), np.asarray(eta - offset + (ratio - mu) / mu)

    def _mean(self, eta: Floats) -> Floats:
        return np.exp(np.clip(eta, *ETA_CLIP))


def solve_together(models: Sequence[PooledRegressor]) -> None:
    """Solve all models in one call as soon as one of them is due; they must have the same number of features."""
    if any(m.due() for m in models):
        systems = [m.system() for m in models]
        solved = np.linalg.solve(np.array([a for a, _ in systems]), np.array([v for _, v in systems])[:, :, None])
        for model, weights in zip(models, solved, strict=True):
            model.take(weights[:, 0])
