"""What the next day's forecast is made of: the experts asked at each stage of the day, weighed as the mix weighs them.

The sum of the parts is the forecast by construction: each part is the difference that one cause makes to the mix of all causes before it
(a telescoping sum), and the last stage is the day as the experts saw it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.combine.stages import SEASON, STAGES, staged
from online_model.experts.registry import CORRECTED, EXPERT_NAMES, EXPERTS
from online_model.horizons import DAY, PARTS
from online_model.results import DayParts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.combine.outlook import Foreseen, Outlook
    from online_model.pool import Pool
    from online_model.series.series import Series

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]

_GATE: Final = EXPERT_NAMES.index("weekday_mean")
"""The expert that the gate serves beside the mix."""


def parts_of(s: Series, o: Outlook, f: Foreseen, pool: Pool) -> DayParts:
    """Take the next day's forecast apart; the store opens on that day. Changes nothing."""
    shares = _shares(s, f, pool)
    at = staged(s, o, pool)
    asked = np.stack([expert.forecast(at) for expert in EXPERTS], 1)
    asked[-1] = f.raw[DAY]
    asked[SEASON:, CORRECTED] *= o.year_factors[DAY, :, None].astype(np.float32)
    mixed = np.einsum("ken,en->kn", asked, shares, dtype=np.float64)
    units = np.empty((len(PARTS) - 1, len(s)))
    units[0], units[1 : len(STAGES)] = mixed[0], np.diff(mixed, axis=0)
    units[-1] = f.mean[DAY] - f.unbiased[DAY]
    units[:, s.count == 0] = np.nan
    return DayParts(units, shares.argmax(0), _holiday(int(o.days.key[1]), pool))


def _shares(s: Series, f: Foreseen, pool: Pool) -> F32:
    """The share of each expert in what is served before the bias gain, `[E, n]`."""
    weights = pool.mixture.weights(s)[DAY]
    shares = weights * ((1 - f.held[DAY]) / weights.sum(0))
    shares[_GATE] += f.held[DAY]
    return np.asarray(shares)


def _holiday(key: int, pool: Pool) -> tuple[str, int] | None:
    """Name and offset of a holiday key, COUNTRY|NAME|OFFSET."""
    if key < 0:
        return None
    name, _, offset = pool.keys.names[key].partition("|")[2].rpartition("|")
    return name, int(offset)
