"""The models that are compared: each a recipe that a fold fits anew, features included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import AdaBoostRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.linear_model import LogisticRegression, PoissonRegressor, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from workbench.ads.features import AdFeatures

Floats = NDArray[np.float64]
SEED: Final = 1
LEAST: Final = 1e-3
"""A forecast of exactly 0 would make the deviance of one conversion infinite."""


class HurdlePoisson(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """Whether there is any conversion, by logistic regression; how many more than one, if there is, by a Poisson regression.

    It gives zeros their own cause, as a zero-inflated model does: Mullahy (1986).
    """

    def __init__(self, alpha: float = 0.1) -> None:
        self.alpha = alpha

    def fit(self, x: Floats, y: Floats) -> Self:
        """Fit both parts."""
        some = y > 0
        self.always_ = float(some.mean())
        self.any_ = LogisticRegression(C=1 / self.alpha, solver="newton-cholesky").fit(x, some) if 0 < some.sum() < len(y) else None
        self.more_ = PoissonRegressor(alpha=self.alpha, solver="newton-cholesky").fit(x[some], y[some] - 1) if some.sum() > 1 else None
        return self

    def predict(self, x: Floats) -> Floats:
        """Expected conversions."""
        chance = np.full(len(x), self.always_) if self.any_ is None else self.any_.predict_proba(x)[:, 1]
        return np.asarray(chance * (1 + (0 if self.more_ is None else self.more_.predict(x))))


def _boosted_poisson() -> Any:
    return HistGradientBoostingRegressor(
        loss="poisson", max_iter=120, learning_rate=0.06, max_leaf_nodes=8, min_samples_leaf=20, random_state=SEED
    )


def _forest() -> Any:
    return RandomForestRegressor(150, min_samples_leaf=3, max_features=0.5, random_state=SEED)


def _adaboost() -> Any:
    return AdaBoostRegressor(DecisionTreeRegressor(max_depth=4, random_state=SEED), n_estimators=80, learning_rate=0.3, random_state=SEED)


REGRESSORS: Final[dict[str, tuple[Callable[[], Any], bool]]] = {
    "mean": (DummyRegressor, False),
    "linear": (lambda: Ridge(alpha=1.0), True),
    "poisson": (lambda: PoissonRegressor(alpha=0.1, solver="newton-cholesky"), True),
    "hurdle_poisson": (HurdlePoisson, True),
    "gradient_boosting": (_boosted_poisson, False),
    "adaboost": (_adaboost, False),
    "random_forest": (_forest, False),
}
"""Name -> how the regressor is made, and whether its features must have one scale."""


def recipe(name: str, categories: Sequence[str]) -> Pipeline:
    """A model that is not fitted yet: features, scale, regressor."""
    make, scaled = REGRESSORS[name]
    steps: list[tuple[str, Any]] = [("features", AdFeatures(tuple(categories), raw=name == "linear"))]
    if scaled:
        steps.append(("scale", StandardScaler()))
    return Pipeline([*steps, ("regressor", make())])


def predicted(model: Pipeline, frame: Any) -> Floats:
    """Expected conversions of rows; never 0 or below, nor far above all that was seen."""
    most = float(model.named_steps["features"].most_)
    return np.asarray(np.clip(np.asarray(model.predict(frame), float), LEAST, most))
