"""What drives conversions: permutation importance on held-out ads, and partial dependence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from workbench.ads.evaluation import poisson_deviance, splits
from workbench.ads.features import AMOUNTS
from workbench.ads.models import predicted, recipe
from workbench.ads.table import Ads

Floats = NDArray[np.float64]

SHUFFLES: Final = 5
TOGETHER: Final = "all amounts together"
GRID: Final = 20
SHOWN: Final = 4


@dataclass(frozen=True, slots=True)
class Importance:
    """How much the deviance of held-out ads grows when an input is shuffled, as a share of the deviance; mean and spread over folds."""

    name: str
    share: float
    spread: float


@dataclass(frozen=True, slots=True)
class Dependence:
    """Expected conversions of an ad if an input had each of these values and all else stayed."""

    name: str
    values: list[str] | Floats
    mean: Floats


def importances(ads: Ads, target: str, model_name: str) -> list[Importance]:
    """Of every input, the largest first. Amounts say much the same, so each alone looks less important than all of them together."""
    actual = ads.frame[target].to_numpy(float)
    amounts = [name for name in ads.inputs if name in AMOUNTS]
    shuffled = {name: [name] for name in ads.inputs} | ({TOGETHER: amounts} if len(amounts) > 1 else {})
    grown: dict[str, list[float]] = {name: [] for name in shuffled}
    random = np.random.default_rng(1)
    for taught, asked in splits(ads, 1):
        model = recipe(model_name, ads.columns.categories).fit(ads.frame.iloc[taught], actual[taught])
        frame = ads.frame.iloc[asked]
        before = poisson_deviance(actual[asked], predicted(model, frame)).mean()
        for name, columns in shuffled.items():
            after = [poisson_deviance(actual[asked], predicted(model, _mixed(frame, columns, random))).mean() for _ in range(SHUFFLES)]
            grown[name].append(float(np.mean(after) / before - 1))
    found = [Importance(name, float(np.mean(shares)), float(np.std(shares))) for name, shares in grown.items()]
    return sorted(found, key=lambda one: -one.share)


def dependences(ads: Ads, target: str, model_name: str, names: list[str]) -> list[Dependence]:
    """Partial dependence of the best model, fitted on all ads (Friedman, 2001)."""
    actual = ads.frame[target].to_numpy(float)
    model = recipe(model_name, ads.columns.categories).fit(ads.frame, actual)
    found = []
    for name in names:
        column = ads.frame[name]
        if name in AMOUNTS:
            grid = np.unique(np.quantile(column, np.linspace(0.02, 0.98, GRID)))
            means = [predicted(model, ads.frame.assign(**{name: value})).mean() for value in grid.tolist()]
            found.append(Dependence(name, grid, np.array(means)))
        else:
            levels = sorted(column.unique(), key=lambda level: (len(level), level))
            means = [predicted(model, ads.frame.assign(**{name: level})).mean() for level in levels]
            found.append(Dependence(name, levels, np.array(means)))
    return found


def _mixed(frame: pd.DataFrame, columns: list[str], random: np.random.Generator) -> pd.DataFrame:
    order = random.permutation(len(frame))
    return frame.assign(**{name: frame[name].to_numpy()[order] for name in columns})
