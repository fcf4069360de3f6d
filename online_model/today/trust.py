"""How far the regression's corrections of today are applied, by the time of day: as far as they have helped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.today.band import SLOTS
from online_model.today.surprise import DAY_SPREAD, UNITS_A_SALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    F64 = NDArray[np.float64]

KEEP: Final = 0.99
PRIOR_WORTH: Final = 20.0
"""Weight of the share 0, with which each time of day starts: a correction has to prove itself for some weeks before it is applied."""
LARGEST: Final = 1.2
ERROR_CAP: Final = 5.0


class Trust:
    """A regression of the errors without the correction on the correction, by time of day.

    The regression learns from the stretch that follows, hence how far a surprise lasts for an hour. This says how far it lasts for the
    rest of the day.

    Attributes
    ----------
    xx, xy
        Decayed sums, `[12]`.

    """

    def __init__(self) -> None:
        self.xx: F64 = np.zeros(SLOTS)
        self.xy: F64 = np.zeros(SLOTS)

    def share(self, slot: int) -> float:
        """Share of a correction that is applied at a time of day."""
        share = float(self.xy[slot]) / (float(self.xx[slot]) + PRIOR_WORTH)
        return min(max(share, 0.0), LARGEST)

    def learn(self, slots: NDArray[np.intp], rest: Floats, correction: Floats, units: Floats, share: float) -> None:
        """Learn a closed day: expected rest without the correction, the correction, and what came, `[m, n]` each; NaN: not served."""
        known = np.isfinite(rest)
        size = np.where(known, np.maximum(rest, 0.1), 1.0)
        error = np.clip(np.where(known, units - rest, 0), -ERROR_CAP * (size + 1), ERROR_CAP * (size + 1))
        ratio = np.where(known, correction, 0) / size
        worth = share / (UNITS_A_SALE + DAY_SPREAD**2 * np.where(known, size, 0).sum(1))
        keep = 1 - (1 - KEEP) * share
        self.xx[slots] = keep * self.xx[slots] + worth * (ratio * ratio * size).sum(1)
        self.xy[slots] = keep * self.xy[slots] + worth * (ratio * error).sum(1)
