"""Regressors of scikit-learn and River as contenders: the same features as LightGBM's, on ratios to each series' own level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from workbench.backtest.live import Live
from workbench.backtest.panel import Contender, Floats
from workbench.contenders.own import History, Model, runner

LAGS: Final = (1, 2, 3, 7, 14, 21, 28)
TAUGHT_DAYS: Final = 180
MOST_ROWS: Final = 20_000
SEED: Final = 1
NAMES: Final = ("linear", "ridge", "gradient_boosting", "adaboost", "random_forest", "river")
NOTE: Final = (
    "zoo: one regressor of all series for a day ahead, rolled forward, on ratios to the mean of 28 days; lags 1-3, 7, 14, 21, 28, means of "
    f"7 and 28 days, weekday; the last {TAUGHT_DAYS} days; every 7th origin (river: learns each day), so n is smaller; no quantiles."
)


class Rolled:
    """A regressor that forecasts one day and is rolled forward on its own forecasts."""

    every = 7

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._units: Floats = np.zeros((0, 0))
        self._first_weekday = 0
        self._model: Any = None

    def fit(self, history: History) -> None:
        """Learn from the newest days of all series."""
        self._take(history)
        days = self._units.shape[1]
        columns = range(max(*LAGS, days - TAUGHT_DAYS), days)
        if not columns:
            self._model = None
            return
        rows = [self._features(self._units, column) for column in columns]
        x = np.concatenate([features for features, _ in rows])
        y = np.concatenate([self._units[:, column] / scale for column, (_, scale) in zip(columns, rows, strict=True)])
        if len(y) > MOST_ROWS:
            chosen = np.sort(np.random.default_rng(SEED).choice(len(y), MOST_ROWS, replace=False))
            x, y = x[chosen], y[chosen]
        self._model = self._make().fit(x, np.minimum(y, 30))

    def predict(self, days: int) -> Floats:
        """Day after day, each on those before it."""
        units, first = self._units, self._units.shape[1]
        for _ in range(days):
            if self._model is None:
                told = units[:, -7]
            else:
                features, scale = self._features(units, units.shape[1])
                told = np.maximum(self._told(features), 0) * scale
            units = np.column_stack([units, told])
        return units[:, first:]

    def _told(self, features: Floats) -> Floats:
        return np.asarray(self._model.predict(features), float)

    def _take(self, history: History) -> None:
        self._units = np.maximum(history.units, 0)
        self._first_weekday = (history.first_day + 3) % 7  # 1970-01-01 was a Thursday

    def _features(self, units: Floats, column: int) -> tuple[Floats, Floats]:
        """Features of a day from those before it, `[series, features]`, and the level of each series."""
        past = units[:, max(0, column - 28) : column]
        scale = past.mean(1) + 0.05 * units[:, :column].mean(1) + 1e-3
        lags = [units[:, column - lag] / scale for lag in LAGS]
        weekday = np.zeros((len(units), 7))
        weekday[:, (self._first_weekday + column) % 7] = 1.0
        same = np.mean([units[:, column - 7 * week] for week in range(1, 5)], axis=0) / scale
        return np.column_stack([*lags, past[:, -7:].mean(1) / scale, same, np.log(scale), weekday]), scale


class RiverRolled(Rolled):
    """A regressor of River that learns each day as it comes."""

    def learn(self, history: History) -> None:
        """Learn the newest day."""
        self._take(history)
        if self._model is None:
            self.fit(history)
            return
        column = self._units.shape[1] - 1
        features, scale = self._features(self._units, column)
        self._model.learn(features, np.minimum(self._units[:, column] / scale, 30))


class _River:
    """River's linear regression behind standardised features, on arrays."""

    def __init__(self) -> None:
        from river import linear_model, optim, preprocessing  # noqa: PLC0415 - only for this contender

        self._pipeline = preprocessing.StandardScaler() | linear_model.LinearRegression(optimizer=optim.SGD(0.01), l2=1e-4)

    def fit(self, x: Floats, y: Floats) -> _River:
        self.learn(x, y)
        return self

    def learn(self, x: Floats, y: Floats) -> None:
        for row, target in zip(x.tolist(), y.tolist(), strict=True):
            self._pipeline.learn_one(dict(enumerate(row)), target)

    def predict(self, x: Floats) -> Floats:
        return np.array([self._pipeline.predict_one(dict(enumerate(row))) for row in x.tolist()])


def run(name: str) -> Callable[[Live, Callable[[float], None]], list[Contender]]:
    """A contender of the backtest. Small fits: threads would only wait for each other."""
    made = runner(make(name), name)

    def quietly(live: Live, progress: Callable[[float], None]) -> list[Contender]:
        from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn

        with threadpool_limits(1):
            return made(live, progress)

    return made if name == "river" else quietly


def make(name: str) -> Callable[[], Model]:
    """How a contender of the zoo is made. scikit-learn is imported only here."""
    if name == "river":
        return lambda: RiverRolled(_River)
    from sklearn.ensemble import AdaBoostRegressor, HistGradientBoostingRegressor, RandomForestRegressor  # noqa: PLC0415
    from sklearn.linear_model import LinearRegression, Ridge  # noqa: PLC0415
    from sklearn.tree import DecisionTreeRegressor  # noqa: PLC0415

    regressors: dict[str, Callable[[], Any]] = {
        "linear": LinearRegression,
        "ridge": lambda: Ridge(10.0),
        "gradient_boosting": lambda: HistGradientBoostingRegressor(max_iter=120, learning_rate=0.08, random_state=SEED),
        "adaboost": lambda: AdaBoostRegressor(DecisionTreeRegressor(max_depth=5, random_state=SEED), n_estimators=30, random_state=SEED),
        "random_forest": lambda: RandomForestRegressor(60, min_samples_leaf=10, max_features=0.4, random_state=SEED),
    }
    return lambda: Rolled(regressors[name])
