"""Linear regression that learns a row at a time and knows how little it knows.

A missing rate takes each known rate in turn: one regression for every way to fill the gaps. The forecast is their mean, and its variance
is the mean variance within them plus the variance between them (Rubin, 1987); the degrees of freedom follow Barnard and Rubin (1999).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from streams.contract.errors import UsageError
from workbench.third_month.months import Month

Floats = NDArray[np.float64]

COEFFICIENTS: Final = 4
MOST_FILLINGS: Final = 256
"""Of more ways to fill the gaps, an even choice is taken."""
LEVELS: Final = (0.8, 0.95)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The expected sales of the third month, and intervals by level; no intervals where no row is left to judge the spread by.

    leverage: how far the case lies from the rows that have taught; theirs is 1 at most.
    """

    mean: float
    intervals: dict[float, tuple[float, float]]
    freedom: float
    leverage: float


class Regression:
    """Ordinary least squares on rate and the sales of two months.

    `learn` updates the inverse of the normal matrix by Sherman and Morrison's formula. After any number of rows it equals a fit of all of
    them at once.
    """

    def __init__(self, months: Sequence[Month]) -> None:
        known = [month.rate for month in months if month.rate is not None]
        if not known:
            raise UsageError("No row has a rate: at least one is needed.")
        self.n = len(months)
        self._centre, self._scale = _scaling(months, known)
        fillings = _fillings(known, sum(month.rate is None for month in months))
        target = np.array([month.third for month in months])
        fits = [self._fit(self._matrix(months, filling), target) for filling in fillings]
        self._inverse = np.stack([fit[0] for fit in fits])
        self._beta = np.stack([fit[1] for fit in fits])
        self._squares = np.array([fit[2] for fit in fits])
        rates, firsts, seconds = known, [m.first for m in months], [m.second for m in months]
        self.seen = [(min(values), max(values)) for values in (rates, firsts, seconds)]

    @property
    def freedom(self) -> int:
        """Rows beyond the coefficients."""
        return self.n - COEFFICIENTS

    @property
    def coefficients(self) -> dict[str, float]:
        """Units of the third month for one more of each, and the constant; mean of the fillings."""
        slopes = self._beta[:, 1:].mean(0) / self._scale
        constant = float(self._beta[:, 0].mean() - (slopes * self._centre).sum())
        names = ("rate", "sales_in_first_month", "sales_in_second_month")
        return {"constant": constant, **dict(zip(names, map(float, slopes), strict=True))}

    def predict(self, rate: float, first: float, second: float) -> Forecast:
        """The forecast for one case; sales are never negative."""
        x = self._row(rate, first, second)
        means = self._beta @ x
        leverage = np.einsum("i,fij,j->f", x, self._inverse, x)
        if self.freedom < 1:
            return Forecast(max(float(means.mean()), 0.0), {}, 0.0, float(leverage.mean()))
        within = float((self._squares / self.freedom * (1 + leverage)).mean())
        between = float(means.var())
        total = within + between
        lost = between / total if total > 0 else 0.0
        freedom = (self.freedom + 1) / (self.freedom + 3) * self.freedom * (1 - lost) if lost > 0 else float(self.freedom)
        mean, spread = float(means.mean()), math.sqrt(total)
        # Below a half Student's quantiles grow beyond any use; the interval is unbounded in all but name.
        reach = {level: float(stdtrit(max(freedom, 0.5), (1 + level) / 2)) * spread for level in LEVELS}
        intervals = {level: (max(mean - r, 0.0), max(mean + r, 0.0)) for level, r in reach.items()}
        return Forecast(max(mean, 0.0), intervals, freedom, float(leverage.mean()))

    def learn(self, rate: float, first: float, second: float, third: float) -> None:
        """Take up a row whose third month is known."""
        x = self._row(rate, first, second)
        gain = self._inverse @ x
        along = 1 + gain @ x
        error = third - self._beta @ x
        self._beta = self._beta + gain * (error / along)[:, None]
        self._squares = self._squares + error**2 / along
        self._inverse = self._inverse - gain[:, :, None] * gain[:, None, :] / along[:, None, None]
        self.n += 1
        self.seen = [(min(low, v), max(high, v)) for (low, high), v in zip(self.seen, (rate, first, second), strict=True)]

    def _row(self, rate: float, first: float, second: float) -> Floats:
        return np.concatenate([[1.0], (np.array([rate, first, second]) - self._centre) / self._scale])

    def _matrix(self, months: Sequence[Month], filling: Sequence[float]) -> Floats:
        gaps = iter(filling)
        return np.stack([self._row(next(gaps) if m.rate is None else m.rate, m.first, m.second) for m in months])

    def _fit(self, x: Floats, y: Floats) -> tuple[Floats, Floats, float]:
        if np.linalg.matrix_rank(x) < COEFFICIENTS:
            raise UsageError(
                f"{len(x)} rows do not tell {COEFFICIENTS} coefficients apart: give at least {COEFFICIENTS + 1} rows in which rate and "
                "sales of the two months vary independently of each other."
            )
        inverse: Floats = np.linalg.inv(x.T @ x).astype(np.float64)
        beta = inverse @ x.T @ y
        return inverse, beta, float(((y - x @ beta) ** 2).sum())


def _scaling(months: Sequence[Month], known: Sequence[float]) -> tuple[Floats, Floats]:
    """Centre and spread of each input, fixed at the start: they keep the sums well conditioned and change no forecast."""
    columns = (np.array(known), np.array([m.first for m in months]), np.array([m.second for m in months]))
    spread = np.array([column.std() for column in columns])
    return np.array([column.mean() for column in columns]), np.where(spread > 0, spread, 1.0)


def _fillings(known: Sequence[float], gaps: int) -> list[tuple[float, ...]]:
    """Every way to fill the gaps with known rates, or an even choice of them."""
    ways = len(known) ** gaps
    if ways <= MOST_FILLINGS:
        return list(itertools.product(known, repeat=gaps))
    chosen = [place * ways // MOST_FILLINGS + place for place in range(MOST_FILLINGS)]
    return [tuple(known[(place // len(known) ** gap) % len(known)] for gap in range(gaps)) for place in chosen]
