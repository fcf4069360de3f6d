"""How good the models are on ads that they have not seen: repeated folds by campaign, or a split in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workbench.ads.models import REGRESSORS, predicted, recipe
from workbench.ads.reports import online_forecasts
from workbench.ads.table import DATE, Ads

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

ONLINE: Final = "online"
"""The model of `shelfcast ads live`: scored on dated files only, on the same rows, and taught day by day."""
FOLDS: Final = 5
DRAWS: Final = 1000
LEVEL: Final = 0.9
METRICS: Final = ("r2", "rmse", "mae", "deviance")


@dataclass(frozen=True, slots=True)
class Score:
    """Errors on rows that were held out. deviance: mean Poisson deviance, the score that fits counts. n: rows scored.

    intervals: of each metric, 90 %, from a bootstrap of whole groups (campaigns or days).
    """

    r2: float
    rmse: float
    mae: float
    deviance: float
    n: int
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judged:
    """The scores of all models for one target; the best has the smallest deviance.

    split: how rows were held out, in words. lead: share of bootstraps of whole groups in which the best was ahead of the second.
    """

    target: str
    scores: dict[str, Score]
    split: str
    lead: float

    @property
    def order(self) -> list[str]:
        """The models, the smallest deviance first."""
        return sorted(self.scores, key=lambda name: self.scores[name].deviance)

    @property
    def best(self) -> str:
        """The model with the smallest deviance."""
        return self.order[0]

    @property
    def best_batch(self) -> str:
        """The best of those that are fitted at once, which the drivers are explained by."""
        return next(name for name in self.order if name != ONLINE)


def splits(ads: Ads, repeats: int) -> Iterator[tuple[Places, Places]]:
    """Rows that teach and rows that are held out.

    With dates each fold learns from all days before those it is asked for; without, groups are dealt to five folds, several times.
    """
    if ads.dated:
        day = ads.frame[DATE].to_numpy()
        cuts = np.quantile(np.sort(day.astype("datetime64[D]").astype(np.int64)), np.linspace(0.4, 1.0, FOLDS + 1), method="higher")
        number = day.astype("datetime64[D]").astype(np.int64)
        for low, high in pairwise(cuts.tolist()):
            taught, asked = np.flatnonzero(number <= low), np.flatnonzero((number > low) & (number <= high))
            if len(taught) and len(asked):
                yield taught, asked
        return
    groups = int(ads.group.max()) + 1
    for repeat in range(repeats):
        fold = (np.random.default_rng(repeat).permutation(groups) % FOLDS)[ads.group]
        for held in range(FOLDS):
            yield np.flatnonzero(fold != held), np.flatnonzero(fold == held)


def judge(ads: Ads, target: str, repeats: int, progress: Callable[[str], object] = lambda _: None) -> Judged:
    """Fit every model on every split and score what was held out."""
    actual = ads.frame[target].to_numpy(float)
    parts = list(splits(ads, repeats))
    scores, by_group = {}, {}
    for name in REGRESSORS:
        progress(f"{target}: {name}")
        sums = np.zeros((int(ads.group.max()) + 1, 6))
        for taught, asked in parts:
            model = recipe(name, ads.columns.categories)
            model.fit(ads.frame.iloc[taught], actual[taught])
            _add(sums, ads.group[asked], actual[asked], predicted(model, ads.frame.iloc[asked]))
        times = 1 if ads.dated else repeats
        by_group[name] = sums[sums[:, 0] > 0] / times
        scores[name] = _score(by_group[name])
    if ads.dated:
        progress(f"{target}: {ONLINE}")
        told, sums = online_forecasts(ads, target), np.zeros((int(ads.group.max()) + 1, 6))
        for _, asked in parts:
            _add(sums, ads.group[asked], actual[asked], told[asked])
        by_group[ONLINE] = sums[sums[:, 0] > 0]
        scores[ONLINE] = _score(by_group[ONLINE])
    first, second = sorted(scores, key=lambda name: scores[name].deviance)[:2]
    ahead = _drawn(len(by_group[first])) @ (by_group[second] - by_group[first])[:, -1] > 0
    return Judged(target, scores, _words(ads, repeats, len(parts)), float(ahead.mean()))


def poisson_deviance(actual: Floats, mean: Floats) -> Floats:
    """Twice the log likelihood that is lost against a perfect forecast, row by row."""
    safe = np.where(actual > 0, actual, 1.0)
    return np.asarray(2 * (np.where(actual > 0, actual * np.log(safe / mean), 0.0) - actual + mean))


def _add(sums: Floats, group: Places, actual: Floats, mean: Floats) -> None:
    """Add to the sums of each group: rows, actual, actual squared, error squared, absolute error, deviance."""
    error = mean - actual
    columns = (np.ones_like(actual), actual, actual**2, error**2, np.abs(error), poisson_deviance(actual, mean))
    for place, column in enumerate(columns):
        np.add.at(sums[:, place], group, column)


def _metrics(total: Floats) -> Floats:
    """The metrics of sums, `[..., 4]`."""
    n, y, yy, squared, absolute, deviance = np.moveaxis(total, -1, 0)
    n = np.maximum(n, 1e-9)
    spread = np.maximum(yy - y**2 / n, 1e-12)
    return np.stack([1 - squared / spread, np.sqrt(squared / n), absolute / n, deviance / n], axis=-1)


def _drawn(groups: int) -> Floats:
    """How often each group is drawn in each bootstrap, `[draws, groups]`; the same draws for all models."""
    return np.random.default_rng(1).multinomial(groups, np.full(groups, 1 / groups), DRAWS).astype(float)


def _score(used: Floats) -> Score:
    found = _metrics(used.sum(0))
    low, high = np.quantile(_metrics(_drawn(len(used)) @ used), [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    intervals = {name: (float(low[place]), float(high[place])) for place, name in enumerate(METRICS)}
    values: dict[str, Any] = dict(zip(METRICS, map(float, found), strict=True))
    return Score(**values, n=round(float(used[:, 0].sum())), intervals=intervals)


def _words(ads: Ads, repeats: int, folds: int) -> str:
    if ads.dated:
        return f"{folds} spans of days, each forecast from the days before it"
    kept = f"rows of one {ads.columns.groups} together" if ads.columns.groups else "rows dealt singly"
    return f"{FOLDS} folds, {repeats} times, {kept}"
