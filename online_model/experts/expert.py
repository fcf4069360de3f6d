"""An expert: a forecast of the mean units per open day, and what the mix has to know about it."""

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
    """What the experts forecast from at a close.

    Attributes
    ----------
    series
        The store's series, after they have learned the day.
    features
        Features of the days ahead.
    regressors
        The pool's regressions by the name of their expert, one for each horizon.

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
        Returns a new regressor with the given caution.
    inputs
        The field of `Features` that it takes: `linear` or `log`.
    own_offset
        Whether each series adds its own offset to the linear predictor.

    """

    make: Callable[[float], PooledRegressor]
    inputs: str
    own_offset: bool = False


@dataclass(frozen=True, slots=True)
class Expert:
    """One of the forecasters that are mixed.

    Attributes
    ----------
    name
        Its unique name, under which its forecasts are kept until their labels come.
    forecast
        Returns the mean units per open day of each horizon, `[horizons, n]`.
    year_corrected
        Whether its own error of a year ago corrects it.
    longest_days
        The longest horizon in which it takes part, in days.
    regression
        The regression by which it learns, if any.

    """

    name: str
    forecast: Callable[[Situation], F32]
    year_corrected: bool = False
    longest_days: int = DAYS_AHEAD
    regression: Regression | None = None
