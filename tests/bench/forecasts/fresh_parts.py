"""Parts of the stock model that the ablation leaves out, one at a time, by replacing a name for the length of a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

import numpy as np

from online_model.stock import censored, rest_of_day

_features = rest_of_day._features


def _without(*names: str):
    """The features of the regression with some of them 0."""
    places = [rest_of_day.NAMES.index(name) for name in names]

    def features(morning, seen):
        out = _features(morning, seen)
        for place in places:
            out[[place, place + len(rest_of_day.NAMES)]] = 0
        return out

    return ((rest_of_day, "_features", features),)


PARTS: dict[str, tuple] = {
    "nothing": (),
    "the regression: m (1 - F) instead": ((rest_of_day, "FACTOR_CLIP", (1.0, 1.0)),),
    "own": _without("own"),
    "recent": _without("recent"),
    "store": _without("store"),
    "habit": _without("habit"),
    "size": _without("size"),
    "less weight: estimates teach like sales": ((censored, "weight_of", lambda share: np.ones(len(share), np.float32)),),
    "estimates: only days in stock teach": ((censored, "weight_of", lambda share: (share >= censored.WHOLE).astype(np.float32)),),
}
"""Name -> what is replaced: owner, name, by what."""


@contextmanager
def without(part: str) -> Iterator[None]:
    """The model without a part."""
    with ExitStack() as stack:
        for owner, name, value in PARTS[part]:
            stack.enter_context(patch.object(owner, name, value))
        yield
