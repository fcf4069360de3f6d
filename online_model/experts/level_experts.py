"""Experts that carry a running level forward: by the weekday profile, by the calendar multiplier, or each weekday by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from online_model.experts.features import RATIO_CAP
from online_model.series.ewmas import DS14, PROFILE14

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.experts.expert import Situation

    F32 = NDArray[np.float32]


def by_profile(at: Situation) -> F32:
    """The series' profile of weekdays and promotions, times its level without them."""
    features = at.features
    return np.asarray(np.minimum(features.profile * at.series.ewma[PROFILE14] / features.scale, RATIO_CAP) * features.scale)


def by_calendar(at: Situation) -> F32:
    """The calendar multiplier, times the series' level without it."""
    return np.asarray(at.features.cbar * at.series.ewma[DS14])


def by_weekday(at: Situation) -> F32:
    """The mean of the newest eight days of each weekday: the baseline as an expert."""
    return at.features.weekday_mean
