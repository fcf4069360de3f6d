"""What the stores of a pool share about running days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.state import dump_fields, load_fields
from online_model.today.band import TodayBand
from online_model.today.rest_of_day import FEATURES, RestOfDay
from online_model.today.surprise import UsualSize
from online_model.today.trust import Trust

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

STALE_DAYS: Final = 3 / 24
"""Another store's surprise counts as that of the same moment for three hours."""


class SharedToday:
    """The regression of the rest of the day, how far it is trusted, the bands, and what the stores have sold lately.

    Attributes
    ----------
    regression, trust
        The correction of the expected rest, and the share of it that is applied by time of day.
    band, total_band
        The bands of items, and of stores and categories.
    usual
        The usual size of the surprise of all other stores together.
    lately
        Units that each store sold lately, what was expected of them, and when that was, in days, `[3, stores]`.

    """

    PARTS = ("trust", "band", "total_band", "usual")

    def __init__(self) -> None:
        self.regression = RestOfDay()
        self.regression.start(len(FEATURES), ())
        self.trust, self.band, self.total_band, self.usual = Trust(), TodayBand(), TodayBand(), UsualSize()
        self.lately: NDArray[np.float64] = np.zeros((3, 0))

    def know(self, stores: int) -> None:
        """Make room for this many stores."""
        more = stores - self.lately.shape[1]
        if more > 0:
            self.lately = np.pad(self.lately, ((0, 0), (0, more)))

    def note(self, store: int, at: float, sold: float, expected: float) -> None:
        """Note what a store sold lately, and what was expected of it."""
        self.know(store + 1)
        self.lately[:, store] = sold, expected, at

    def others(self, store: int, at: float) -> tuple[float, float]:
        """What the other stores sold at about the same moment, and what was expected of them."""
        if self.lately.shape[1] < 2:
            return 0.0, 0.0
        fresh = np.abs(self.lately[2] - at) < STALE_DAYS
        fresh[store] = False
        sold, expected = (self.lately[:2] @ fresh).tolist()
        return sold, expected

    def dump(self, prefix: str) -> dict[str, Any]:
        """The complete state."""
        model = self.regression
        out: dict[str, Any] = {
            f"{prefix}.lately": self.lately.copy(),
            f"{prefix}.information": model.information.copy(),
            f"{prefix}.response": model.response.copy(),
            f"{prefix}.weights": model.weights.copy(),
            f"{prefix}.numbers": [model.unsolved, model.dates, float(model.came)],
        }
        for part in self.PARTS:
            out |= dump_fields(getattr(self, part), f"{prefix}.{part}")
        return out

    @classmethod
    def load(cls, prefix: str, state: Mapping[str, Any]) -> SharedToday:
        """Restore what `dump` returned."""
        self = cls()
        model = self.regression
        self.lately = np.array(state[f"{prefix}.lately"])
        model.information, model.response = np.array(state[f"{prefix}.information"]), np.array(state[f"{prefix}.response"])
        model.weights = np.array(state[f"{prefix}.weights"])
        model.unsolved, model.dates, came = (float(v) for v in state[f"{prefix}.numbers"])
        model.came = bool(came)
        for part in cls.PARTS:
            load_fields(getattr(self, part), f"{prefix}.{part}", state)
        return self
