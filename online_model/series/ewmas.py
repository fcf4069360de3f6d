"""The running means that every series keeps (EWMAs: exponentially weighted moving averages), and their places in `Series.ewma`."""

from __future__ import annotations

from typing import Final

import numpy as np

HALF_LIVES: Final = np.array([28.0, 90.0, 3.0, 7.0, 14.0, 28.0, 90.0, 14.0, 28.0])
"""Half-lives in open days: two of sales, five of sales over c, two of sales over the profile."""
N_EWMAS: Final = len(HALF_LIVES)
RAW, DS, PROFILE = slice(0, 2), slice(2, 7), slice(7, 9)
"""Places of the three groups: means of sales, of sales over c (deseasonalised, `ds`), of sales over the profile."""
RAW28, RAW90, DS3, DS7, DS14, DS28, DS90, PROFILE14, PROFILE28 = range(N_EWMAS)
"""Places one by one, named by what is averaged and by the half-life."""
