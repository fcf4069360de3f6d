"""Compares all contenders with what was sold, and gives the result as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.backtest.differences import Difference, difference
from workbench.backtest.live import Live
from workbench.backtest.panel import Contender
from workbench.backtest.scores import Score, naive_squared, score, scored_windows


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores by horizon and contender, how each differs from shelfcast, and the time and memory that it took.

    series: number of series with a scored forecast. days: number of scored days, the last ones of the file.
    """

    scores: dict[str, dict[str, Score]]
    series: int
    days: int
    seconds: dict[str, float]
    megabytes: dict[str, float]
    differences: dict[str, dict[str, Difference]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The evaluation as plain values; what does not exist, such as the quantile loss of a contender without quantiles, is null."""
        return {
            "horizons": {
                name: {contender: asdict(found) for contender, found in by_contender.items()} for name, by_contender in self.scores.items()
            },
            "differences": {
                name: {contender: asdict(found) for contender, found in by_contender.items()}
                for name, by_contender in self.differences.items()
            },
            "series": self.series,
            "days": self.days,
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
        }


def evaluate(live: Live, contenders: list[Contender], scored_days: int) -> Evaluation:
    """Score each contender at each horizon, over the windows that count for our forecasts."""
    first_scored = live.panel.units.shape[1] - scored_days
    ours = live.contenders[0]
    scores: dict[str, dict[str, Score]] = {}
    differences: dict[str, dict[str, Difference]] = {}
    seen = None
    for name, window in live.windows.items():
        counts = scored_windows(live.panel, window, ours.forecasts[name], live.expected_open[name])
        seen = counts.any(1) if seen is None else seen | counts.any(1)
        scale = naive_squared(live.panel, window, first_scored)
        found = {c.name: score(window, c.forecasts[name], counts, scale) for c in contenders}
        # A batch contender that had too few days to learn from made no forecasts to judge.
        scores[name] = {c.name: found[c.name] for c in contenders if found[c.name].n or c in live.contenders}
        differences[name] = {
            c.name: difference(window, ours.forecasts[name], c.forecasts[name], counts) for c in contenders if c.name in scores[name]
        }
    return Evaluation(
        scores,
        0 if seen is None else int(seen.sum()),
        scored_days,
        {c.name: c.seconds for c in contenders if c.seconds is not None},
        {c.name: c.megabytes for c in contenders if c.megabytes is not None},
        differences,
    )
