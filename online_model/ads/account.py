"""One account of ads: gathers the reports of a day, scores what was expected of them when the day closes, and then learns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any, Final

from online_model.ads.rates import LEAST, PRIOR, DriftingRates

MOST_ARMS: Final = 300
OTHERS: Final = "(others)"
"""Takes the reports of arms beyond the most that an account may have."""
CONTENDERS: Final = ("online", "all_time_rate", "mean")
"""The model; the arm's rate since its first report, drawn towards that of all; the rate of all arms since the first report."""


@dataclass(slots=True)
class Error:
    """Of the days that closed so far: sums of Poisson deviance and absolute error over `n` arms' days."""

    n: int = 0
    deviance: float = 0.0
    absolute: float = 0.0

    def add(self, actual: float, mean: float) -> None:
        """Score one arm's day."""
        self.n += 1
        self.deviance += deviance(actual, mean)
        self.absolute += abs(actual - mean)


def deviance(actual: float, mean: float) -> float:
    """Twice the log likelihood of Poisson that is lost against a perfect forecast."""
    mean = max(mean, LEAST)
    return 2 * ((actual * log(actual / mean) if actual > 0 else 0.0) - actual + mean)


class AdAccount:
    """The state of one account; a pure function of its reports in their order.

    day: ordinal of the newest day; its reports wait in `pending`, [spend, clicks, conversions] by arm, until a later day's report
    comes. Clicks are -1 if a report lacks them.
    """

    def __init__(self) -> None:
        self.day = 0
        self.pending: dict[str, list[float]] = {}
        self.rates = DriftingRates()
        self.errors = {name: Error() for name in CONTENDERS}

    def report(self, arm: str, day: int, spend: float, clicks: float, conversions: float) -> int | None:
        """Add a report of a day, clicks -1 if unknown; returns the day that it closes, if it does.

        Reports of days that have closed count for the rates, and are not scored.
        """
        closed = None
        if arm not in self.rates.arms and arm not in self.pending and len(self.rates.arms.keys() | self.pending.keys()) >= MOST_ARMS:
            arm = OTHERS
        if day > self.day:
            if self.day:
                self._close()
                closed = self.day
            self.day = day
        if day < self.day:
            self.rates.learn_one(_asked(arm, day, spend, clicks), conversions)
            return closed
        held = self.pending.setdefault(arm, [0.0, 0.0, 0.0])
        held[0] += spend
        held[1] = held[1] + clicks if clicks >= 0 and held[1] >= 0 else -1.0
        held[2] += conversions
        return closed

    def _close(self) -> None:
        """Score all arms of the day from what was known before it, then learn them."""
        expected = {arm: self.rates.predict_one(_asked(arm, self.day, spend, clicks)) for arm, (spend, clicks, _) in self.pending.items()}
        for arm, (spend, _, sold) in self.pending.items():
            pool = self.rates.pool
            if pool.all_spent > 0 and spend > 0:
                of_all = (pool.all_sold + 0.5) / pool.all_spent
                known = self.rates.arms.get(arm)
                own = of_all if known is None else (known.all_sold + PRIOR) / (known.all_spent + PRIOR / of_all)
                for name, mean in zip(CONTENDERS, (expected[arm], own * spend, of_all * spend), strict=True):
                    self.errors[name].add(sold, mean)
        for arm in sorted(self.pending):
            spend, clicks, sold = self.pending[arm]
            self.rates.learn_one(_asked(arm, self.day, spend, clicks), sold)
        self.pending = {}

    def dump(self) -> dict[str, Any]:
        """The complete state as plain values."""
        errors = {name: [error.n, error.deviance, error.absolute] for name, error in self.errors.items()}
        return {"day": self.day, "pending": self.pending, "rates": self.rates.dump(), "errors": errors}

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> AdAccount:
        """Restore what `dump` returned."""
        self = cls()
        self.day = int(state["day"])
        self.pending = {arm: list(held) for arm, held in state["pending"].items()}
        self.rates = DriftingRates.load(state["rates"])
        self.errors = {name: Error(int(n), lost, absolute) for name, (n, lost, absolute) in state["errors"].items()}
        return self


def _asked(arm: str, day: int, spend: float, clicks: float) -> dict[str, Any]:
    return {"arm": arm, "day": day, "spend": spend, "clicks": clicks}
