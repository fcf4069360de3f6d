"""BG/NBD: how often customers buy and when they stop (Fader, Hardie and Lee 2005, "Counting your customers" the easy way).

While active, a customer buys as a Poisson process of rate lambda ~ Gamma(r, alpha); after each purchase he stops with probability
p ~ Beta(a, b). Of a customer it needs three numbers: x repeat purchases, the last of them t_x after the first purchase, observed for T.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import betaln, gammaln, hyp2f1

Floats = NDArray[np.float64]

DAYS_A_WEEK: Final = 7.0
LEAST_CUSTOMERS: Final = 50
LEAST_REPEATERS: Final = 20
"""With fewer customers, or fewer that came back, four parameters are guesswork."""
_BOUNDS: Final = ((-9.0, 9.0), (-9.0, 12.0), (-9.0, 7.0), (-9.0, 7.0))
"""Of the logarithms of r, alpha, a and b: where nobody stops, the likelihood has no maximum."""


@dataclass(frozen=True, slots=True)
class Histories:
    """Customers as three arrays of the same length: `x` repeat purchase days, `t_x` and `T` in weeks since the first purchase."""

    x: Floats
    t_x: Floats
    T: Floats

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Purchasing:
    """The four parameters; time in weeks."""

    r: float
    alpha: float
    a: float
    b: float

    def alive(self, of: Histories) -> Floats:
        """Probability that each customer is still active."""
        odds = np.zeros(len(of))
        again = of.x > 0
        x, t_x, until = of.x[again], of.t_x[again], of.T[again]
        logs = np.log(self.a) - np.log(self.b + x - 1) + (self.r + x) * (np.log(self.alpha + until) - np.log(self.alpha + t_x))
        odds[again] = np.exp(np.minimum(logs, 700.0))
        return 1.0 / (1.0 + odds)

    def expected(self, of: Histories, weeks: float) -> Floats:
        """Purchases expected of each customer in the coming weeks, equation (10) with Euler's transformation of 2F1 for large x."""
        z = weeks / (self.alpha + of.T + weeks)
        part = (1 - z) ** (self.a - 1) * hyp2f1(self.a + self.b - 1 - self.r, self.a - 1, self.a + self.b + of.x - 1, z)
        found = (self.a + self.b + of.x - 1) / (self.a - 1) * (1 - part)
        # Nobody buys more than if he never stopped; where next to nobody stops, 2F1 is beyond numbers and that is the limit.
        return np.asarray(np.fmin(found, (self.r + of.x) / (self.alpha + of.T) * weeks) * self.alive(of))

    def drawn(self, of: Histories, weeks: float, draws: int, rng: np.random.Generator) -> NDArray[np.int64]:
        """Purchases of the coming weeks, drawn: an array of `draws` rows and a column a customer.

        Of an active customer the posterior is lambda ~ Gamma(r + x, alpha + T) and p ~ Beta(a, b + x); he buys until his time is over or he
        stops, so the smaller of a Poisson and a geometric number counts.
        """
        size = (draws, len(of))
        rate = rng.gamma(self.r + of.x, 1.0 / (self.alpha + of.T), size)
        stop = np.maximum(rng.beta(self.a, self.b + of.x, size), 1e-9)
        bought = np.minimum(rng.poisson(rate * weeks), rng.geometric(stop))
        return np.where(rng.random(size) < self.alive(of), bought, 0)


def fit(of: Histories) -> Purchasing | None:
    """The parameters of greatest likelihood; None where there is too little to fit."""
    if len(of) < LEAST_CUSTOMERS or int((of.x > 0).sum()) < LEAST_REPEATERS:
        return None
    best: Any = None
    for start in ((0.25, 4.0, 0.8, 2.5), (1.0, 1.0, 0.5, 5.0)):
        found = minimize(_loss, np.log(start), args=(of,), method="L-BFGS-B", bounds=_BOUNDS, options={"maxiter": 500, "ftol": 1e-12})
        if best is None or found.fun < best.fun:
            best = found
    r, alpha, a, b = map(float, np.exp(best.x))
    # At a = 1 the formula of the expectation is 0 / 0; its limit is taken from beside it.
    return Purchasing(r, alpha, a if abs(a - 1) > 1e-6 else 1 + 1e-6, b)


def _loss(logs: Floats, of: Histories) -> float:
    """The negative log likelihood a customer, equation (6)."""
    r, alpha, a, b = np.exp(logs)
    x = of.x
    common = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + betaln(a, b + x) - betaln(a, b)
    active = -(r + x) * np.log(alpha + of.T)
    stopped = np.log(a) - np.log(np.maximum(b + x - 1, 1e-300)) - (r + x) * np.log(alpha + of.t_x)
    return -float(np.mean(common + np.where(x > 0, np.logaddexp(active, stopped), active)))


def histories(days: Iterable[Iterable[int]], today: int) -> Histories:
    """Histories as of the ordinal `today` from each customer's purchase days (ordinals, at least one, none later)."""
    rows = []
    for one in days:
        ordered = sorted(one)
        rows.append((len(ordered) - 1, (ordered[-1] - ordered[0]) / DAYS_A_WEEK, (today - ordered[0]) / DAYS_A_WEEK))
    table = np.array(rows, np.float64).reshape(len(rows), 3)
    return Histories(table[:, 0], table[:, 1], table[:, 2])
