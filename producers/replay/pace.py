"""Reads the speed of a replay as people write it."""

import re

from streams.contract.errors import UsageError


def speed_of(text: str) -> float | None:
    """Event seconds per second: 600 for `600x`, None for `max`. Raises UsageError."""
    if text.strip().lower() == "max":
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)x?", text.strip().lower())
    if found is None or not 0 < float(found[1]) <= 1e9:
        raise UsageError(f"--speed {text!r}: write max, or a factor as in 600x (an hour in 6 seconds).")
    return float(found[1])
