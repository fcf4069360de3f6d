"""The step from format 3 to 4, as far as stock is concerned."""

from typing import Any

import numpy as np


def to_4_stock(state: dict[str, Any]) -> None:
    """The model holds what it said of stock-outs against what came; it has not compared anything yet."""
    model = state["model"]
    model["version"] = 8
    notes = np.full((2, 6, 21), 1.0)
    notes[:, :, 20] = 0.0
    model |= {"pool.reached.notes": notes, "pool.reached.taught": False}
