"""Where the next money earns most: conversions per spend by kind of ad, drawn towards the mean where little is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln
from sklearn.linear_model import PoissonRegressor

from workbench.ads.kinds import kinds_of
from workbench.ads.table import Ads

Floats = NDArray[np.float64]

BUDGET: Final = 1000.0
DRAWS: Final = 4000
ELASTICITY_DRAWS: Final = 40
SHOWN: Final = 5
CAVEAT: Final = (
    "This is observational: nobody chose by chance who saw which ad, so a kind may sell well for another reason than its ads. Try the "
    "advice on a part of the budget, beside a part that stays as it is, before you move all of it."
)


@dataclass(frozen=True, slots=True)
class Segment:
    """A kind of ad. spent, conversions: so far. expected, low, high: conversions that the next budget brings, and where 80 % of draws lie.

    best: the chance that no other kind brings more.
    """

    name: str
    spent: float
    conversions: float
    expected: float
    low: float
    high: float
    best: float


@dataclass(frozen=True, slots=True)
class Advice:
    """The kinds, those that bring most first; by which columns; the elasticity of conversions by spend with its 80 % interval."""

    target: str
    by: list[str]
    segments: list[Segment]
    elasticity: float
    elasticity_low: float
    elasticity_high: float
    currency: str = ""

    @property
    def sentences(self) -> list[str]:
        """The advice in words."""
        out = []
        for one in self.segments[:SHOWN]:
            far = f"; that is {BUDGET / one.spent:.1f} times what it has spent so far" if one.spent < BUDGET else ""
            out.append(
                f"{one.name}: the next {BUDGET:,.0f} bring {one.expected:,.1f} {_words(self.target)} "
                f"(80 %: {one.low:,.0f} to {one.high:,.0f}); the best choice with probability {one.best:.0%}{far}."
            )
        twice, low, high = (2**power for power in (self.elasticity, self.elasticity_low, self.elasticity_high))
        out.append(
            f"Within ads, twice the spend brings {twice:.2f} times the conversions, taken as at most twice "
            f"(80 %: {low:.2f} to {high:.2f}); the numbers above allow for that."
        )
        return [*out, CAVEAT]


def advise(ads: Ads) -> Advice:
    """Advice on the target that counts most. Kinds without spend are left out: nothing tells what money earns there."""
    target = ads.targets[0]
    by = kinds_of(ads)
    kind = ads.frame[by].agg(", ".join, axis=1) if by else pd.Series(["all ads"] * len(ads.frame))
    sums = ads.frame.groupby(kind.to_numpy())[["spend", target]].sum()
    sums = sums[sums["spend"] > 0]
    spent, sold = sums["spend"].to_numpy(float), sums[target].to_numpy(float)
    shape, scale = gamma_prior(sold, spent)
    elasticities = _elasticities(ads, target)
    random = np.random.default_rng(1)
    rates = random.gamma(shape + sold, 1 / (scale + spent), (DRAWS, len(spent)))
    bends = random.choice(elasticities, DRAWS)[:, None]
    gains = rates * spent * ((1 + BUDGET / spent) ** bends - 1)
    counts = random.poisson(np.minimum(gains, 1e9))
    low, high = np.quantile(counts, [0.1, 0.9], axis=0)
    best = np.bincount(gains.argmax(1), minlength=len(spent)) / DRAWS
    order = np.argsort(-gains.mean(0), kind="stable")
    columns = (spent, sold, gains.mean(0), low, high, best)
    segments = [Segment(str(sums.index[i]), *(float(column[i]) for column in columns)) for i in order.tolist()]
    bend_low, bend_high = np.quantile(elasticities, [0.1, 0.9])
    return Advice(target, by, segments, float(elasticities.mean()), float(bend_low), float(bend_high))


def gamma_prior(sold: Floats, spent: Floats) -> tuple[float, float]:
    """Shape and inverse scale of the gamma distribution of rates under which these counts are most likely (empirical Bayes)."""
    mean = (sold.sum() + 0.5) / spent.sum()

    def loss(log_shape: Floats) -> float:
        shape = float(np.exp(log_shape[0]))
        scale = shape / mean
        return -float((gammaln(shape + sold) - gammaln(shape) + shape * np.log(scale) - (shape + sold) * np.log(scale + spent)).sum())

    found = minimize(loss, [0.0], method="L-BFGS-B", bounds=[(-3.0, 6.0)])
    shape = float(np.exp(found.x[0]))
    return shape, shape / mean


def _elasticities(ads: Ads, target: str) -> Floats:
    """Exponents with which conversions grow with an ad's spend, given its kind: a Poisson regression on bootstraps of whole groups."""
    frame = ads.frame[ads.frame["spend"] > 0]
    group = ads.group[(ads.frame["spend"] > 0).to_numpy()]
    kinds = pd.get_dummies(frame[kinds_of(ads)], dtype=float).to_numpy() if kinds_of(ads) else np.zeros((len(frame), 0))
    x = np.column_stack([np.log(frame["spend"].to_numpy(float)), kinds])
    y = frame[target].to_numpy(float)
    random, found = np.random.default_rng(1), []
    groups = int(ads.group.max()) + 1
    for _ in range(ELASTICITY_DRAWS):
        weights = random.multinomial(groups, np.full(groups, 1 / groups))[group].astype(float)
        if (weights * y).sum() == 0:
            continue
        fit = PoissonRegressor(alpha=1e-3, solver="newton-cholesky").fit(x, y, sample_weight=weights)
        # More than in proportion is not to be promised: the next money buys what the last one left.
        found.append(min(max(float(fit.coef_[0]), 0.05), 1.0))
    return np.array(found or [1.0])


def _words(target: str) -> str:
    return "approved conversions" if target == "approved" else "conversions"
