"""The calendar multiplier of one day, cause by cause: what weekday, season, holiday and promotion make of a usual day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.calendar.dates import DATE_FEATURES
from online_model.calendar.day_features import COMMON
from online_model.calendar.multiplier import C_CLIP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.calendar.day_features import PromotionDays
    from online_model.calendar.multiplier import CalendarModel

    F32 = NDArray[np.float32]

WEEKDAYS: Final = slice(1, 7)
"""Places of the weekdays Tuesday to Sunday among the features; Monday has none."""
SEASON: Final = slice(7, DATE_FEATURES)
"""Places of the parts of the month and of the weeks around Christmas."""
CAUSES: Final = ("usual", "weekday", "season", "holiday", "promotion")
"""In the order in which they are multiplied. What is left to the whole multiplier are closed days nearby."""


def by_cause(
    model: CalendarModel, x: F32, key: int, promoted: PromotionDays | None, delta: F32, weekday: int, week: F32
) -> tuple[F32, ...]:
    """The multiplier with one cause after the other, `[n]` each, in the order of `CAUSES`.

    Parameters
    ----------
    x, key, promoted
        Common features of the day, `[COMMON]`; its holiday key, -1: none; its promotions, None: none.
    delta
        Effects of the series, `[K, n]`.
    weekday
        0 = Monday.
    week
        Share of each weekday among the store's open days, `[7]`: the mean over them is the usual day.

    """
    effects = model.beta[:COMMON].astype(np.float32)[:, None] + delta[:COMMON]
    of_weekday = np.concatenate([np.zeros_like(effects[:1]), effects[WEEKDAYS]]) + effects[0]
    eta = of_weekday[weekday]
    out = [week @ np.exp(np.clip(of_weekday, *C_CLIP)), np.exp(np.clip(eta, *C_CLIP))]
    active = np.flatnonzero(x[SEASON]) + SEASON.start
    eta = eta + x[active] @ effects[active]
    out.append(np.exp(np.clip(eta, *C_CLIP)))
    eta = eta + np.float32(model.holiday[key] if key >= 0 else 0.0)
    out.append(np.exp(np.clip(eta, *C_CLIP)) if key >= 0 else out[-1])
    if promoted is None:
        return (*out, out[-1])
    weights = model.beta[COMMON:].astype(np.float32)[:, None] + delta[COMMON:]
    return (*out, np.exp(np.clip(eta + promoted.effect(weights)[0], *C_CLIP)))
