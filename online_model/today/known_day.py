"""What is known of a running day before it begins. It stays the same from one moment of the day to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]
    F32 = NDArray[np.float32]
    Bools = NDArray[np.bool_]

SIZE_RANGE, SIZE_UNIT = (0.6, 55.0), 0.1
ODD_DAYS, ODD_EVIDENCE = (-3, -2, -1, 0), 0.5
"""On a holiday and the three days before it, the hours run in another way than usual: a surprise there says half as much."""
HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class KnownDay:
    """What is known of a store's day before it begins.

    Attributes
    ----------
    morning
        Units expected of each series, `[n]`.
    curve
        Share of each series' day that is over by each full hour, `[25, n]`.
    size, promoted
        Features of the regression: log size; whether each item is on an announced promotion, `[n]` each.
    units, breadth
        Units expected of the store; the number of equal items that would scatter as much as its items.
    eve, worth
        Feature of the regression: 1 on the day before a holiday. How much a surprise of this day says.

    """

    morning: F64
    curve: F32
    size: F32
    promoted: F32
    units: float
    breadth: float
    eve: float
    worth: float

    def share(self, hour: float) -> F64:
        """Share of each series' day that is over by an hour, `[n]`."""
        whole = min(max(int(hour), 0), HOURS - 1)
        part = min(max(hour - whole, 0.0), 1.0)
        before = self.curve[whole].astype(np.float64)
        return np.asarray(before + part * (self.curve[whole + 1] - before)) if part else before


def known_day(morning: F64, curve: F32, promoted: Bools, holiday: int | None) -> KnownDay:
    """What is known of a day, from what was forecast of it; holiday: days from the nearest named holiday, None: none near."""
    units = float(morning.sum())
    return KnownDay(
        morning=morning,
        curve=curve,
        size=np.asarray(SIZE_UNIT * np.log(np.clip(morning + 0.5, *SIZE_RANGE)), np.float32),
        promoted=promoted.astype(np.float32),
        units=units,
        breadth=units * units / max(float(morning @ morning), 1e-9),
        eve=float(holiday == -1),
        worth=ODD_EVIDENCE if holiday in ODD_DAYS else 1.0,
    )


@dataclass(frozen=True, slots=True)
class Expected:
    """What was expected at a moment: what is known of the day, the share of it that is over, `[n]`, and the gain of an item's lead."""

    day: KnownDay
    share: F64
    gain: float
