"""Experts that learn by one regression over all series of the pool."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from online_model.experts.expert import Expert, Regression

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.experts.expert import Situation

    F32 = NDArray[np.float32]


def regression_expert(name: str, regression: Regression) -> Expert:
    """An expert that forecasts what its regression predicts."""

    def forecast(at: Situation) -> F32:
        inputs, scale, offset = getattr(at.features, regression.inputs), at.features.scale, at.series.offset
        units = [
            model.predict(inputs[h], scale, offset[h] if regression.own_offset else 0.0) for h, model in enumerate(at.regressors[name])
        ]
        return np.asarray(units, np.float32)

    return Expert(name, forecast, year_corrected=True, regression=regression)
