"""Constants of the model, named and frozen."""

from __future__ import annotations

from dataclasses import dataclass

HORIZONS: dict[str, tuple[int, int]] = {"day": (1, 1), "7_days": (1, 7), "28_days": (1, 28)}
"""Horizon name -> first and last day ahead."""

DAYS_AHEAD = 28
KNOWN_OPEN_DAYS = DAYS_AHEAD + 7


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What may be chosen; everything else is a constant of the room that uses it.

    Attributes
    ----------
    level_half_life
        Half-life of the smoothing baseline, in open days.

    """

    level_half_life: float = 14.0
