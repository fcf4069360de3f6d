"""The part of the step from format 3 to 4 that concerns the running day."""

from typing import Any


def to_4_today(state: dict[str, Any]) -> None:
    """Of a forecast that waits for its day's end, the tails of its band are made anew instead of kept."""
    model = state["model"]
    for store in range(int(model["n_stores"])):
        for rows in ("items", "totals"):
            name = f"store{store}.today.{rows}.values"
            model[name] = model[name][:, :3].copy()
