"""Gamma-Gamma: what customers spend on a day they buy (Fader and Hardie 2013, The Gamma-Gamma model of monetary value).

A customer's amounts are Gamma(p, nu), nu ~ Gamma(q, v) among customers. Of a customer it needs the number of amounts and their mean.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

Floats = NDArray[np.float64]
LEAST_CUSTOMERS: Final = 20
_REACH: Final = 14.0


@dataclass(frozen=True, slots=True)
class Spending:
    """The three parameters; `v` in the currency."""

    p: float
    q: float
    v: float

    def expected(self, count: Floats, mean: Floats) -> Floats:
        """The mean amount expected of each customer, from so many amounts with that mean: his own pulled towards all customers'."""
        weight = self.p * count + self.q - 1
        return np.asarray((self.p * self.v + self.p * count * mean) / weight) if self.q > 1 else np.where(count > 0, mean, np.nan)

    def drawn(self, count: Floats, mean: Floats, bought: NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """Amounts of so many drawn purchases (an array of draws by customers), summed."""
        rate = rng.gamma(self.q + self.p * count, 1.0 / (self.v + count * mean), bought.shape)
        return np.where(bought > 0, rng.gamma(self.p * np.maximum(bought, 1)) / rate, 0.0)


def fit(count: Floats, mean: Floats) -> Spending | None:
    """The parameters of greatest likelihood, from customers with at least one amount and a positive mean; None: too few."""
    known = (count > 0) & (mean > 0)
    count, mean = count[known], mean[known]
    if len(count) < LEAST_CUSTOMERS:
        return None
    scale = float(mean.mean())

    def loss(logs: Floats) -> float:
        p, q, v = np.exp(logs)
        shape, m = p * count, mean / scale
        parts = gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v) + (shape - 1) * np.log(m) + shape * np.log(count)
        return -float(np.mean(parts - (shape + q) * np.log(count * m + v)))

    found = minimize(
        loss, np.log([4.0, 3.0, 1.0]), method="L-BFGS-B", bounds=[(-_REACH, _REACH)] * 3, options={"maxiter": 500, "ftol": 1e-12}
    )
    p, q, v = map(float, np.exp(found.x))
    return Spending(p, q, v * scale)
