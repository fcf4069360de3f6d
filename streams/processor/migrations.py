"""Steps that bring a state of an older format to the present one, so that an upgrade needs no rebuild: the log may be gone.

`STEPS[i]` changes a decoded state of format i + 1 into format i + 2, in place. Adding a step raises the format. A released step never
changes and does not use today's classes; `tests/unit/streams/formats` keeps a snapshot of the format it starts from.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

State = dict[str, Any]


def _to_2(state: State) -> None:
    """The content of sales is hashed differently; stores know whether their history is believed."""
    window = state["window"]
    for generation in ("old", "new"):
        # 0: the id was seen, but its content cannot be compared. A repeat is dropped and never called a conflict.
        window[generation + "_contents"] = np.zeros(len(window[generation + "_ids"]), np.uint32)
    for store in state["shops"]:
        # Format 1 believed every history from its first sale on.
        store |= {"days_sold": 7 if store["first_open"] is not None else 0, "doubted_sales": 0}


def _to_3(state: State) -> None:
    """What each part of the program keeps anew."""
    _to_3_ledger(state)
    _to_3_censoring(state)


def _to_3_ledger(state: State) -> None:
    """The stock of each item becomes a line of a ledger.

    Format 2 did not say where a stock came from, and cut one that fell below zero: so nothing is known of how right it is.
    """
    never = float("nan")
    for store in state["shops"]:
        rows, units = store.pop("stock_rows"), store.pop("stock_units")
        numbers = np.array([[u, -np.inf, never, never, never, 0.0, 0.0] for u in units.tolist()]).reshape(-1, 7)
        store["ledger"] = None if not len(rows) else {
            "rows": rows, "numbers": numbers, "whole": np.array([[2, 0, 0]] * len(rows), np.int64).reshape(-1, 3),
            "written_off": [], "named": [[None, None]] * len(rows), "out": [], "hours_out": [], "moved": [], "closed": float("-inf"),
        }  # fmt: skip


def _to_3_censoring(state: State) -> None:
    """The model knows how much each of the newest days taught: all of it, as nobody told of hours without stock."""
    model = state["model"]
    model["version"] = 7
    for store in range(int(model["n_stores"])):
        model[f"store{store}.stock_days"] = 0
        n = len(model[f"store{store}.series.count"])
        model[f"store{store}.series.stocked"] = np.ones((28, n), np.float16)
        model[f"store{store}.series.visit"] = np.ones(n, np.float32)
        model[f"store{store}.series.habit"] = np.zeros((2, n), np.float32)
    model |= {
        "pool.rest.information": 20.0 * np.eye(12), "pool.rest.response": np.zeros(12), "pool.rest.weights": np.zeros(12),
        "pool.rest.square": np.full(6, 20.0), "pool.rest.variance": np.full(6, 20.0), "pool.rest.levels": np.full((2, 6), 1.2816),
        "pool.rest.date_miss": np.zeros((2, 6)), "pool.rest.date_n": np.zeros(6), "pool.rest.taught": False,
    }  # fmt: skip


STEPS: Final[tuple[Callable[[State], None], ...]] = (_to_2, _to_3)
"""The steps in order, from format 1 on."""
FORMAT: Final = 1 + len(STEPS)
"""The format of the states that this program writes."""


def migrated(state: State, version: int) -> State:
    """Bring a state of format `version`, 1 to `FORMAT`, to `FORMAT`."""
    for step in STEPS[version - 1 :]:
        step(state)
    return state
