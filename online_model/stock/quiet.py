"""Which silences of a coming day could be alarming at all: so that a running day need not ask the radar about every series all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from online_model.stock.silence import CLUMPING, HOURS, PACE_CLIP

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F64 = NDArray[np.float64]


def quiet_from(visits: F64, below: float) -> NDArray[np.int8]:
    """For each hour of a day, the latest full hour since which a series must have been silent for its silence to be alarming.

    It bounds `silence`: however briskly the day goes, a silence that began later is likelier than `below`.

    Parameters
    ----------
    visits
        Visits that each hour should bring, `[24, n]`.
    below
        Probability below which a silence is alarming.

    Returns
    -------
    array
        Hours `[24, n]`; -1 where no silence up to the end of that hour could be alarming.

    """
    found = np.full((HOURS, visits.shape[1]), -1, np.int8)
    if below <= 0:
        return found
    enough = (below**-CLUMPING - 1) / CLUMPING / PACE_CLIP[1] * (1 - 1e-9)
    running = np.zeros((HOURS + 1, visits.shape[1]))
    np.cumsum(visits, 0, out=running[1:])
    for hour in range(HOURS):
        found[hour] = (running[hour + 1] - running[: hour + 1] >= enough).sum(0) - 1
    return found
