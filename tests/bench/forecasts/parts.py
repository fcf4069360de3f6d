"""Parts of the model that the ablation leaves out, one at a time, by replacing a name for the length of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import numpy as np

from online_model import pool, store
from online_model.calendar import multiplier
from online_model.calendar.day_features import N_FEATURES
from online_model.combine import bias, gate, mixture, year_correction
from online_model.experts import shared_residual
from online_model.series import level_shift
from online_model.series import sold_day as today

NEVER = -1e9


def _unserved(*experts: int) -> np.ndarray:
    """Added to the log weights of the mix: these experts, and those that are never served, have none."""
    out = mixture.NOT_SERVED.copy()
    out[:, experts] = NEVER
    return out


def _same_year(self, day, before):
    self._open(day)
    return np.ones((3, 3))


PARTS = {
    "nothing": (),
    "named holidays": (),
    "effects of a series (delta)": (
        (store, "prior_variance", lambda: np.zeros(N_FEATURES, np.float32)),
        (multiplier, "DELTA_VARIANCE", 0.0),
    ),
    "shared residuals": ((shared_residual.SharedResiduals, "close", lambda self, *_: None),),
    "year correction": ((year_correction.YearCorrection, "factors", _same_year),),
    "weights of the mix (all equal)": ((mixture, "POWER", np.zeros(3, np.float32)),),
    "profile x level": ((mixture, "NOT_SERVED", _unserved(0)),),
    "c x level": ((mixture, "NOT_SERVED", _unserved(1)),),
    "M1": ((mixture, "NOT_SERVED", _unserved(2)),),
    "M2": ((mixture, "NOT_SERVED", _unserved(3)),),
    "same-weekday mean in the mix": ((mixture, "NOT_SERVED", _unserved(4)),),
    "all but c x level": ((mixture, "NOT_SERVED", _unserved(0, 2, 3, 4)),),
    "bias gain": ((bias.BiasGain, "factors", lambda self, _: [1.0, 1.0, 1.0]),),
    "gate": ((gate.Gate, "shares", lambda self: np.zeros(3)),),
    "caution while dates are few": ((pool, "CAUTION", (0.0, 0.0, 0.0)),),
    "level shifts": ((level_shift, "THRESHOLD", 1e9),),
    "winsorising": ((today, "WINSOR_STATE", 1e9),),
}
"""Name -> what is replaced: owner, name, by what."""


@contextmanager
def without(part: str) -> Iterator[dict[str, bool]]:
    """The model without a part; yields the options of the replay that leave it out."""
    with ExitStack() as stack:
        for owner, name, value in PARTS[part]:
            stack.enter_context(patch.object(owner, name, value))
        yield {"country": False} if part == "named holidays" else {}
