"""Sales over c of a year ago, kept as weekly sums and counts. A window that cuts through a week takes its share of that week."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.constants import YEAR
from online_model.horizons import N_HORIZONS, SPANS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]

BIN_DAYS: Final = 7
BINS: Final = 57
"""Number of weekly sums: they reach back 391 days or more."""


def add(sums: F32, counts: NDArray[np.uint8], day: int, demand: F32 | None, started: NDArray[np.bool_] | None) -> None:
    """Add a day's sales over c, or move on past a closed day.

    Parameters
    ----------
    sums, counts
        `[BINS, n]`, changed in place.
    day
        Days since the store's first close.
    demand, started
        Sales over c and whether the series has sold yet, `[n]`; None on a closed day.

    """
    b = day // BIN_DAYS % BINS
    if day % BIN_DAYS == 0:
        sums[b] = 0
        counts[b] = 0
    if demand is not None and started is not None:
        sums[b] += np.where(started, demand, 0)
        counts[b] += started


def leap(sums: F32, counts: NDArray[np.uint8], first: int, end: int) -> None:
    """Skip the closed days from `first` up to `end`, in days since the store's first close: weeks that began in them are empty."""
    begun = np.arange(max(-(-first // BIN_DAYS), (end - 1) // BIN_DAYS + 1 - BINS), (end - 1) // BIN_DAYS + 1) % BINS
    sums[begun] = 0
    counts[begun] = 0


def _share(first: int, last: int) -> list[float]:
    """The share of each weekly sum that falls in the days `first` to `last`, `[BINS]`."""
    out = [0.0] * BINS
    first = max(first, 0)
    for b in range(first // BIN_DAYS, last // BIN_DAYS + 1):
        overlap = min(last, (b + 1) * BIN_DAYS - 1) - max(first, b * BIN_DAYS) + 1
        out[b % BINS] += overlap / BIN_DAYS
    return out


def windows(sums: F32, counts: NDArray[np.uint8], day: int) -> tuple[F32, F32, F32, F32, F32, F32] | None:
    """Last year's sales over c around the days that the horizons of `day` cover.

    Returns
    -------
    tuple or None
        Three pairs of mean and number of open days: each horizon's window widened by 3 days, `[horizons, n]`; widened by 7 days,
        `[horizons, n]`; the 28 days that end a year ago, `[n]`. None in the first year.

    """
    ago = day - YEAR
    if ago - 27 < 0:
        return None
    shares = [_share(ago + 1 - 3, min(ago + b + 3, day)) for b in SPANS]
    shares += [_share(ago + 1 - 7, min(ago + b + 7, day)) for b in SPANS]
    shares.append(_share(ago - 27, ago))
    weight = np.array(shares, np.float32)
    n = weight @ counts.astype(np.float32)
    mean = ((weight @ sums) / np.maximum(n, 1e-9)).astype(np.float32)
    near, wide = slice(N_HORIZONS), slice(N_HORIZONS, 2 * N_HORIZONS)
    return mean[near], n[near], mean[wide], n[wide], mean[-1], n[-1]
