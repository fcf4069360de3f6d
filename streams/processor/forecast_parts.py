"""The parts of the next day's forecast as they are published: whole thousandths of a unit that add up to the published mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from online_model.experts.registry import EXPERT_NAMES
from streams.contract.horizons import DAY
from streams.contract.messages import ForecastParts

if TYPE_CHECKING:
    from online_model import DayClosed


def parts_of(closed: DayClosed) -> list[ForecastParts] | None:
    """The parts of each item's forecast, [n]; None: the model was not asked for them. What rounding leaves over is the last part."""
    found = closed.parts
    if found is None:
        return None
    mean = np.rint(np.maximum(np.nan_to_num(closed.horizons[DAY.name].mean), 0.0) * 1000).astype(np.int64)
    thousandths = np.rint(np.nan_to_num(found.units) * 1000).astype(np.int64)
    rows = np.concatenate([thousandths, [mean - thousandths.sum(0)]]).T.tolist()
    experts = [EXPERT_NAMES[place] for place in found.expert.tolist()]
    holiday, after = found.holiday or (None, 0)
    return [ForecastParts(tuple(row), expert, holiday, after) for row, expert in zip(rows, experts, strict=True)]
