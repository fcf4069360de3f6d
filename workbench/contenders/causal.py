"""A guard that fails features which know the future."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streams.contract.errors import UsageError


def check_causal(make: Callable[[NDArray[Any]], Mapping[str, NDArray[Any]]], units: NDArray[Any], origin: int) -> None:
    """Raise UsageError, with the names, if features of an origin change when the sales from the origin on do.

    make: features by name from sales `[series, days]`; those of days that an origin does not forecast yet must be cut off by it.
    origin: the first day that is not known.
    """
    changed = units.copy()
    # Not a constant factor or sum, which a feature that is a ratio or a rank would not show.
    changed[:, origin:] = 7 * units[:, origin:][:, ::-1] + 13 + np.arange(units.shape[1] - origin) % 5
    told, other = make(units), make(changed)
    known = sorted(name for name in told if not np.array_equal(np.asarray(told[name]), np.asarray(other[name]), equal_nan=True))
    if known:
        raise UsageError(f"These features know the future: {', '.join(known)}. A forecast may use only what was known when it was made.")
