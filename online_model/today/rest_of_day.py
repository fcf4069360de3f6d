"""The regression of what a running day still sells on what it has shown so far; it learns from each stretch of the day as it ends.

The label is there all day: the units of the quarter of an hour just over, beside what was expected of them when it began. The regression
is linear in the ratio of the two, weighted as sales are: one day of one store teaches no more than the store's common surprise of that
day can tell. One set of weights serves all series of a pool.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.experts.regressors import PooledRegressor
from online_model.today.surprise import DAY_SPREAD, UNITS_A_SALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    F64 = NDArray[np.float64]

FEATURES: Final = (
    "one", "own", "category", "store", "recent", "last", "partition", "store_late", "size", "late", "receipts", "own_late",
    "promotion", "eve",
)  # fmt: skip
"""A constant; the surprise of the item, its category, its store since the morning, lately and in the last stretch, and the other stores;
the store's x how late it is; log size of the item; how much of the day is over; receipts beside units; the item's x how late;
promotion; the day before a holiday."""
FORGET: Final = 1 - 1 / 120
"""Factor on the past at each business date of the pool."""
PRIOR_PRECISION: Final = 20.0
"""Pull to 0, in units of information: a weight is expected to be of the size .2."""
SHAPE_PRECISION: Final = 3000.0
"""The same for what the morning knows already: the level of a day and its course are those of the forecast and of the curves by hour."""
_KNOWN_BEFORE: Final = [FEATURES.index(name) for name in ("one", "size", "late")]
RATIO_CLIP: Final = (-0.6, 1.5)
"""Bounds of the correction relative to what is expected."""
SOLVE_AT: Final = 0.03
LABEL_CAP: Final = 10.0
"""The units of a stretch teach up to ten times what was expected, plus 10."""


class RestOfDay(PooledRegressor):
    """Ridge regression of units over expected units, less 1, with forgetting.

    Examples
    --------
    >>> import pandas as pd
    >>> model = RestOfDay()
    >>> X = pd.DataFrame({"store": [-0.5, 0.0, 0.5, 1.0]})
    >>> for _ in range(300):
    ...     model.learn_many(X, 1 + 0.4 * X["store"])
    >>> round(model.predict_one({"store": 0.5}), 1)
    1.2

    """

    def __init__(self, forget: float = FORGET) -> None:
        super().__init__(forget=forget)

    def _working(self, eta: Floats, scale: Floats, ratio: Floats, offset: Floats | float) -> tuple[Floats, Floats]:
        del eta, offset
        return scale, ratio - 1

    def _mean(self, eta: Floats) -> Floats:
        return np.asarray(1 + np.clip(eta, *RATIO_CLIP))

    def correction(self, features: Floats) -> Floats:
        """Predicted ratio less 1, `[n]`, of features `[P, n]`."""
        return np.minimum(np.maximum(self.weights.astype(features.dtype) @ features, RATIO_CLIP[0]), RATIO_CLIP[1])

    def learn_stretch(self, features: Floats, expected: Floats, units: Floats) -> None:
        """Learn the units of a stretch of a store's day beside what was expected of it, `[n]` each; features `[P, n]` are of its start."""
        expected = np.maximum(expected, 1e-6)
        label = np.minimum(np.maximum(units, -LABEL_CAP), LABEL_CAP * (expected + 1))
        total = float(expected.sum())
        worth = 1 / (UNITS_A_SALE + DAY_SPREAD**2 * total)
        # What `add` would sum up, with fewer passes: weight x (ratio - 1) is what came beside what was expected.
        self.information += (features * (worth * expected).astype(features.dtype)) @ features.T
        self.response += features @ (worth * (label - expected)).astype(features.dtype)
        self.unsolved += worth * total
        self.came = True
        if self.unsolved > SOLVE_AT * float(self.information[0, 0]):
            self.take(np.asarray(np.linalg.solve(*self.system()), np.float64))

    def system(self) -> tuple[F64, F64]:
        """Matrix and right-hand side of the linear system that the weights solve."""
        matrix = self.information.copy()
        precision = np.full(len(matrix), PRIOR_PRECISION)
        if len(matrix) == len(FEATURES):
            precision[_KNOWN_BEFORE] = SHAPE_PRECISION
        matrix[np.diag_indices_from(matrix)] += precision
        return matrix, self.response
