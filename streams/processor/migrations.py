"""Steps that bring a state of an older format to the present one, so that an upgrade needs no rebuild: the log may be gone.

`STEPS[i]` takes a state of format i + 1, as it was decoded, to format i + 2, in place. Adding a step raises the format. A step is
never changed once it was released, knows nothing of today's classes, and a snapshot of the format it starts from lies in
`tests/unit/streams/formats`.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

State = dict[str, Any]


def _to_2(state: State) -> None:
    """Contents are hashed otherwise; stores know whether their history is believed."""
    window = state["window"]
    for generation in ("old", "new"):
        # 0: the id was seen, its content can be compared with nothing. A repeat of it is dropped and never called a conflict.
        window[generation + "_contents"] = np.zeros(len(window[generation + "_ids"]), np.uint32)
    for store in state["shops"]:
        # A history that is there was believed from its first sale on.
        store |= {"days_sold": 7 if store["first_open"] is not None else 0, "doubted_sales": 0}


STEPS: Final[tuple[Callable[[State], None], ...]] = (_to_2,)
"""In order, from format 1 on."""
FORMAT: Final = 1 + len(STEPS)
"""Format of the state that this program keeps."""


def migrated(state: State, version: int) -> State:
    """A state of format `version`, 1 to `FORMAT`, as one of `FORMAT`."""
    for step in STEPS[version - 1 :]:
        step(state)
    return state
