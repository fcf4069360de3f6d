"""What an expert is: a forecast of the mean by open day, and what the mix needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from online_model.horizons import DAYS_AHEAD

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from online_model.experts.features import Features
    from online_model.experts.regressors import PooledRegressor
    from online_model.series.series import Series

    F32 = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Situation:
    """What experts forecast from at the close of a day.

    Attributes
    ----------
    series
        Of the store, after it learned the day.
    features
        Of the days ahead.
    regressors
        The pool's regressions by the name of their expert, one a horizon.

    """

    series: Series
    features: Features
    regressors: Mapping[str, list[PooledRegressor]]


@dataclass(frozen=True, slots=True)
class Regression:
    """The pooled regression behind an expert that has one.

    Attributes
    ----------
    make
        A new regressor with the given caution.
    inputs
        The field of `Features` it takes: `linear` or `log`.
    own_offset
        Whether each series adds an offset of its own to the linear predictor.

    """

    make: Callable[[float], PooledRegressor]
    inputs: str
    own_offset: bool = False


@dataclass(frozen=True, slots=True)
class Expert:
    """A forecaster in the mix.

    Attributes
    ----------
    name
        Unique; its forecasts are kept under it until their labels come.
    forecast
        Mean units by open day of each horizon, `[horizons, n]`.
    year_corrected
        Whether what it got wrong a year ago corrects it.
    longest_days
        It takes no part in longer horizons.
    regression
        The regression it learns by, if it has one.

    """

    name: str
    forecast: Callable[[Situation], F32]
    year_corrected: bool = False
    longest_days: int = DAYS_AHEAD
    regression: Regression | None = None
