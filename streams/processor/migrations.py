"""Steps that bring a state of an older format to the present one, so that an upgrade needs no rebuild: the log may be gone.

`STEPS[i]` changes a decoded state of format i + 1 into format i + 2, in place. Adding a step raises the format. A released step never
changes and does not use today's classes; `tests/unit/streams/formats` keeps a snapshot of the format it starts from.
"""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from streams.processor.format_4_stock import to_4_stock
from streams.processor.format_4_today import to_4_today

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
    _to_3_watch(state)
    _to_3_censoring(state)
    _to_3_today(state)


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


def _to_3_watch(state: State) -> None:
    """Stores remember what was said of their shelves on running days, and rules say when it is said."""
    state["rules"] |= {"runs_out_probability": 0.7, "silence_probability": 0.001}
    for store in state["shops"]:
        store |= {"alarms": [], "quiet": np.zeros((24, 0), np.int8), "quiet_day": -1}


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


def _to_3_today(state: State) -> None:
    """The model follows the running day; stores know their items' categories. It has learned nothing of either yet."""
    for store in state["shops"]:
        for _, day in store["days"]:
            day |= {"sold": np.zeros(0), "receipts": [0, 0], "last_order": None}
            rows = day["hour_keys"] // 24
            if len(rows):
                day["sold"] = np.bincount(rows, day["hour_units"])
        newest, close_at, nowcast_at = store["times"].tolist()
        follows = nowcast_at < np.inf
        store["times"] = np.array([newest, close_at, nowcast_at, (newest // 900 + 1) * 900 if follows else np.inf])
        store |= {"totals": np.zeros(0), "categories": [], "groups": []}
    model = state["model"]
    _fill(model, "pool.today", {
        "lately": np.zeros((3, 0)), "information": np.zeros((14, 14)), "response": np.zeros(14), "weights": np.zeros(14),
        "numbers": [0.0, 0.0, 0.0], "trust.xx": np.zeros(12), "trust.xy": np.zeros(12), "usual.square": np.full(24, 2.0), "usual.days": 0.0,
    })  # fmt: skip
    start: dict[str, Any]
    for band in ("band", "total_band"):
        start = {"error": np.full(12, 0.1), "square": np.ones(12), "levels": np.full((2, 12), 1.4)}
        _fill(model, f"pool.today.{band}", start)
    for store in range(int(model["n_stores"])):
        start = {"day": 0, "days": 0.0, "values": np.zeros((12, 5, 0), np.float32), "spread": np.zeros(0)}
        _fill(model, f"store{store}.today", {"usual.square": np.full(24, 2.0), "usual.days": 0.0})
        _fill(model, f"store{store}.today.items", start)
        _fill(model, f"store{store}.today.totals", start)
        _fill(model, f"store{store}.today.running", {
            "day": 0, "hour": 0.0, "recent_sold": 0.0, "recent_expected": 0.0, "receipts": 0.0, "usual_receipts": 0.0, "usual_units": 0.0,
            "sold": np.zeros(0), "share": np.zeros(0), "base": np.zeros(0, np.float32), "features": np.zeros((14, 0), np.float32),
            "groups": np.zeros(0, np.int32), "categories": 0,
        })  # fmt: skip


def _fill(model: dict[str, Any], prefix: str, values: dict[str, Any]) -> None:
    model |= {f"{prefix}.{name}": value.copy() if isinstance(value, np.ndarray) else value for name, value in values.items()}


def _to_4(state: State) -> None:
    """What each part of the program keeps anew."""
    to_4_today(state)
    to_4_stock(state)


STEPS: Final[tuple[Callable[[State], None], ...]] = (_to_2, _to_3, _to_4)
"""The steps in order, from format 1 on."""
FORMAT: Final = 1 + len(STEPS)
"""The format of the states that this program writes."""


def migrated(state: State, version: int) -> State:
    """Bring a state of format `version`, 1 to `FORMAT`, to `FORMAT`."""
    for step in STEPS[version - 1 :]:
        step(state)
    return state
