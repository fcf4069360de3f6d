"""What the unseen hours of a day sell: the morning's forecast of them, corrected by how the seen hours went.

    unseen = m (1 - F) (1 + w . x),   x = (1, own, store, recent, habit, size) and the same times F

m is the morning's forecast, F the share of a usual day that lies in the seen hours. `own` says how far the series was ahead of its
forecast in those hours, `recent` the same of the two hours just before the unseen ones, `store` how far the store was. `habit` is how far
the rests of the series' newest whole days were ahead of m (1 - F), and `size` is the log of m. The weights w are a pooled ridge
regression with forgetting. It is taught by whole days: each is cut at several hours, and what came after the cut is the label. The same
days teach how wide the band is, and where its ends lie (adaptive conformal inference, Gibbs & Candes 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from online_model.combine.quantiles import gamma_quantile
from online_model.constants import SMALL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    F32 = NDArray[np.float32]
    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]

NAMES: Final = ("one", "own", "store", "recent", "habit", "size")
N_FEATURES: Final = 2 * len(NAMES)
HOURS: Final = 24
RECENT_HOURS: Final = 2
KEEP: Final = 0.95
"""Decay of what was learned at each business date."""
RIDGE: Final = 20.0
"""Weight of the start, at which the unseen hours sell as the morning's forecast says."""
CALM_UNITS: Final = 3.0
"""A surprise is damped as if this many of the series' units more had been expected, and had come."""
STORE_CALM: Final = 2.0
"""The same for the store, in usual days of its series."""
HABIT_KEEP: Final = 0.95
"""Decay of a series' habit at each of its whole days."""
FACTOR_CLIP: Final = (0.2, 3.0)
BINS: Final = 6
"""Bins of F, by each of which the width of the band is learned."""
SPREAD_PRIOR: Final = 20.0
SURPRISE_CAP: Final = 12.0
"""Largest squared error over variance that teaches the width."""
LEVEL: Final = 1.2816
"""Where the ends of the band start on the normal scale: P10 and P90 of a gamma."""
LEVEL_STEP: Final = 0.15
LEVEL_RANGE: Final = (0.5, 4.0)
MISS: Final = 0.1
CUTS_FROM: Final = (0.05, 0.97)
"""A whole day teaches at cuts between these shares of the store's usual day."""


@dataclass(frozen=True, slots=True)
class Morning:
    """What was known of a day before it began.

    Attributes
    ----------
    mean
        Expected units, `[n]`.
    unit, kappa
        The variance of the day is `unit (mean + kappa mean^2)`, `[n]` and a number.
    usual
        Share of each hour in a usual day, `[24, n]`.
    visit
        Units that a visit buys, `[n]`.
    habit
        `[2, n]`: decayed sums of what the rests of whole days sold beyond m (1 - F), and of m (1 - F).

    """

    mean: F64
    unit: F64
    kappa: float
    usual: F64
    visit: F64
    habit: F64

    def of(self, rows: NDArray[np.intp]) -> Morning:
        """Of some series."""
        usual, habit = self.usual[:, rows], self.habit[:, rows]
        return Morning(self.mean[rows], self.unit[rows], self.kappa, usual, self.visit[rows], habit)


@dataclass(frozen=True, slots=True)
class Seen:
    """The seen part of a day, arrays of any one shape `[...]`.

    Attributes
    ----------
    share
        F: share of a usual day in the seen hours.
    sold
        Units sold in them, at least 0.
    recent_share, recent_sold
        The same of the newest seen hours before the unseen ones.
    store
        Store's units over what was expected of it in the seen hours, less 1.

    """

    share: F64
    sold: F64
    recent_share: F64
    recent_sold: F64
    store: F64


@dataclass(frozen=True, slots=True)
class Unseen:
    """Units of the unseen hours: mean, variance, ends of the band on the normal scale, `[2, ...]`, and the units that a visit buys."""

    mean: F64
    variance: F64
    level: F64
    visit: F64

    def ends(self) -> F64:
        """P10 and P90, `[2, ...]`: those of a gamma, half a visit further out, as what is sold comes in visits."""
        mean = np.maximum(self.mean, 1e-9)
        shape = np.log(mean * mean / np.maximum(self.variance, 1e-12)).astype(np.float32)
        low, high = gamma_quantile(shape[None], self.level.astype(np.float32)) * mean
        edge = self.visit / 2
        return np.stack([np.maximum(low - edge, 0), high + edge])


class RestOfDay:
    """What the days of a pool have taught about the rest of a day.

    Attributes
    ----------
    information, response, weights
        Normal equations of the regression, and their solution.
    square, variance
        Decayed sums of squared errors and of the variances before they are scaled, `[BINS]`; their ratio is the scale.
    levels
        Distance of P10 and P90 from the median on the normal scale, `[2, BINS]`.
    date_miss, date_n
        Misses, `[2, BINS]`, and labels, `[BINS]`, of the current date.
    taught
        Whether the current date has taught anything.

    """

    def __init__(self) -> None:
        self.information: F64 = RIDGE * np.eye(N_FEATURES)
        self.response: F64 = np.zeros(N_FEATURES)
        self.weights: F64 = np.zeros(N_FEATURES)
        self.square: F64 = np.full(BINS, SPREAD_PRIOR)
        self.variance: F64 = np.full(BINS, SPREAD_PRIOR)
        self.levels: F64 = np.full((2, BINS), LEVEL)
        self.date_miss: F64 = np.zeros((2, BINS))
        self.date_n: F64 = np.zeros(BINS)
        self.taught = False

    def new_date(self) -> None:
        """Begin a new business date of the pool: solve, move the ends of the band by the misses of the last date, and let the past fade."""
        if not self.taught:
            return
        self.weights = np.asarray(np.linalg.solve(self.information, self.response), np.float64)
        self.information = KEEP * self.information + (1 - KEEP) * RIDGE * np.eye(N_FEATURES)
        self.response = KEEP * self.response
        self.square = KEEP * self.square + (1 - KEEP) * SPREAD_PRIOR
        self.variance = KEEP * self.variance + (1 - KEEP) * SPREAD_PRIOR
        off = self.date_miss / np.maximum(self.date_n, 1) - MISS * (self.date_n > 0)
        step = LEVEL_STEP * self.date_n / (self.date_n + 20)
        self.levels = np.clip(self.levels + step * off, *LEVEL_RANGE)
        self.date_miss, self.date_n, self.taught = np.zeros((2, BINS)), np.zeros(BINS), False

    def expect(self, morning: Morning, seen: Seen) -> Unseen:
        """The unseen hours of a day of which `seen` was seen, `[n]` or `[cuts, n]`."""
        return self._unseen(_features(morning, seen), morning, seen)

    def _unseen(self, x: F64, morning: Morning, seen: Seen) -> Unseen:
        base = morning.mean * (1 - seen.share)
        mean = base * np.clip(1 + np.tensordot(self.weights, x, 1), *FACTOR_CLIP)
        place = _bin(seen.share)
        variance = (self.square / self.variance)[place] * plain_variance(morning, mean)
        return Unseen(mean, variance, np.stack([-self.levels[0][place], self.levels[1][place]]), morning.visit)

    def learn(self, morning: Morning, hours: F64, whole: Bools, store: F64, day: int, habit: F32) -> None:
        """Learn from the whole days of a store's series.

        Parameters
        ----------
        hours
            Units by local hour, `[24, n]`, at least 0.
        whole
            Series that were in stock all day and had been forecast, `[n]`.
        store
            The store's surprise by the beginning of each hour, `[25]`.
        day
            Ordinal: days take turns in where they are cut.
        habit
            `Morning.habit` as the series keep it; changed in place.

        """
        rows = np.flatnonzero(whole)
        if not len(rows):
            return
        own = morning.of(rows)
        share, sold = _summed(own.usual), _summed(hours[:, rows])
        usual = share.mean(1)
        cuts = np.arange(RECENT_HOURS + day % 2, HOURS, 2)
        cuts = cuts[(usual[cuts] > CUTS_FROM[0]) & (usual[cuts] < CUTS_FROM[1])]
        if not len(cuts):
            return
        before = cuts - RECENT_HOURS
        level = np.broadcast_to(store[cuts, None], (len(cuts), len(rows)))
        seen = Seen(share[cuts], sold[cuts], share[cuts] - share[before], sold[cuts] - sold[before], level)
        rest = sold[-1] - sold[cuts]
        self._take(own, seen, rest)
        base = own.mean * (1 - seen.share)
        habit[:, rows] = HABIT_KEEP * habit[:, rows] + np.stack([(rest - base).mean(0), base.mean(0)])

    def _take(self, morning: Morning, seen: Seen, rest: F64) -> None:
        """Learn from cut days, `[cuts, n]` each; `rest` is what came after the cut."""
        x = _features(morning, seen)
        base = morning.mean * (1 - seen.share)
        weight = base / np.maximum(plain_variance(morning, base), 1e-6)
        flat = x.reshape(N_FEATURES, -1)
        self.information += (flat * (weight * base).ravel()) @ flat.T
        self.response += flat @ (weight * (rest - base)).ravel()
        told = self._unseen(x, morning, seen)
        place, plain = _bin(seen.share), plain_variance(morning, told.mean)
        square = np.minimum((rest - told.mean) ** 2, SURPRISE_CAP * told.variance)
        even = 1 / np.maximum(plain, 1e-6)  # a large series counts as much as a small one
        self.square += _by_bin(place, square * even)
        self.variance += _by_bin(place, np.ones_like(plain))
        low, high = told.ends()
        self.date_miss[0] += _by_bin(place, np.where(low > 0, rest < low, MISS))
        self.date_miss[1] += _by_bin(place, rest > high)
        self.date_n += _by_bin(place, np.ones_like(plain))
        self.taught = True


def _summed(by_hour: F64) -> F64:
    """Running sums by the beginning of each hour, `[25, n]`."""
    out = np.zeros((HOURS + 1, by_hour.shape[1]))
    np.cumsum(by_hour, 0, out=out[1:])
    return out


def _bin(share: F64) -> NDArray[np.intp]:
    return np.clip((share * BINS).astype(np.intp), 0, BINS - 1)


def _by_bin(place: NDArray[np.intp], value: NDArray[Any]) -> F64:
    return np.bincount(place.ravel(), np.asarray(value, np.float64).ravel(), BINS).astype(np.float64)


def plain_variance(morning: Morning, mean: F64) -> F64:
    """Variance before it is scaled."""
    return np.asarray(morning.unit * (mean + morning.kappa * mean * mean))


def _features(morning: Morning, seen: Seen) -> F64:
    """The features x, `[N_FEATURES, ...]`."""
    m, calm = morning.mean, CALM_UNITS * morning.unit
    out = np.empty((N_FEATURES, *np.shape(seen.share)))
    expected, recent = m * seen.share, m * seen.recent_share
    out[0] = 1
    out[1] = (seen.sold - expected) / (expected + calm)
    out[2] = seen.store
    out[3] = (seen.recent_sold - recent) / (recent + calm)
    out[4] = morning.habit[0] / (morning.habit[1] + calm)
    out[5] = np.log(m + SMALL)
    np.clip(out[1:5], -1, FACTOR_CLIP[1], out=out[1:5])
    out[len(NAMES) :] = out[: len(NAMES)] * seen.share
    return out
