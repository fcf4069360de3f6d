"""While a partition is young, the same-weekday mean has a share in what is served, by its errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.settings import LOSS_CAP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]

AGE: Final = 120
"""Business dates of the partition until the gate is closed."""
KEEP: Final = 0.5 ** (1 / 14)
POWER: Final = 2


class Gate:
    """Decayed squared day errors over the scale, of the mix and of the same-weekday mean; of the present date apart.

    Attributes
    ----------
    age
        Business dates on which a series of the partition was open.

    """

    def __init__(self) -> None:
        self.age = 0
        self.counted = False
        self.loss: NDArray[np.float64] = np.zeros(2)
        self.date_sum: NDArray[np.float64] = np.zeros(2)
        self.date_n = 0.0

    def new_date(self) -> None:
        """A business date of the partition begins."""
        self.loss = self._now()
        self.date_sum = np.zeros(2)
        self.date_n = 0.0
        self.counted = False

    def opened(self) -> None:
        """A store was open on the present date."""
        self.age += not self.counted
        self.counted = True

    def _now(self) -> NDArray[np.float64]:
        return self.loss if self.date_n == 0 else KEEP * self.loss + self.date_sum / self.date_n

    def learn(self, mixed: F32, weekday_mean: F32, units: F32, scale: F32, known: F32) -> None:
        """Take day labels of a store in, `[n]` each."""
        if self.age > AGE:
            return
        for i, forecast in enumerate((mixed, weekday_mean)):
            self.date_sum[i] += float((np.minimum(np.abs(forecast - units) / scale, LOSS_CAP) ** 2) @ known)
        self.date_n += float(known.sum())

    def share(self) -> float:
        """Share of the same-weekday mean in what is served."""
        if self.age >= AGE:
            return 0.0
        mix, weekday = (max(float(v), 1e-12) ** -POWER for v in self._now())
        return weekday / (weekday + mix) * (1 - self.age / AGE)
