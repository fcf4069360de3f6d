"""A River regressor of conversions: rates per spend that fade at several speeds, mixed by how well each has forecast lately."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp, log, sqrt
from typing import Any, Final

from river import base

from online_model.lines.adwin import Adwin

HALF_LIVES: Final = (7.0, 28.0, 112.0)
"""Days after which a report counts half, one for each memory."""
PRIOR: Final = 5.0
"""How many conversions the rate of all arms counts for in the rate of one."""
FADING: Final = 0.5 ** (1 / 28)
"""A day's loss of what is known of the memories' past likelihood."""
TEMPER: Final = 0.5
"""Exponent of the likelihood: counts of ads scatter more than Poisson's."""
STEP: Final = 0.05
BENDS: Final = ((-0.9, 0.2), (-0.5, 1.5))
"""Bounds of the exponents of spend and of clicks."""
LEAST: Final = 1e-3
FEWEST: Final = 0.5
"""The detector sees no report with fewer conversions than this, expected and counted together: it would see chance only."""
SENSITIVITY: Final = 0.1
"""Bound on the probability of a false alarm in one test for drift."""


@dataclass(slots=True)
class Rate:
    """What is known of one arm: faded conversions and spend by memory, its usual spend and clicks of a report, its drift detector.

    day: ordinal of the newest report; 0: none. drifted: ordinal of the day on which drift was last seen; 0: never.
    """

    day: int = 0
    sold: list[float] = field(default_factory=lambda: [0.0] * len(HALF_LIVES))
    spent: list[float] = field(default_factory=lambda: [0.0] * len(HALF_LIVES))
    all_sold: float = 0.0
    all_spent: float = 0.0
    reports: int = 0
    log_spend: float = 0.0
    clicks: float = 0.0
    clicks_spent: float = 0.0
    drifted: int = 0
    detector: Adwin = field(default_factory=lambda: Adwin(SENSITIVITY))

    def add(self, day: int, spend: float, sold: float) -> None:
        """Add a report; what is older than the newest one counts as if it had been added in its turn."""
        if day > self.day:
            for place, half_life in enumerate(HALF_LIVES):
                fade = 0.5 ** ((day - self.day) / half_life) if self.day else 1.0
                self.sold[place] *= fade
                self.spent[place] *= fade
            self.day = day
        for place, half_life in enumerate(HALF_LIVES):
            weight = 0.5 ** ((self.day - day) / half_life)
            self.sold[place] += weight * sold
            self.spent[place] += weight * spend
        self.all_sold += sold
        self.all_spent += spend


@dataclass(slots=True)
class _Seen:
    """A report seen from its arm: the rate by each memory, their mix, and how it differs from the arm's usual reports, as logarithms."""

    rates: list[float]
    rate: float
    differs: tuple[float, float]


class DriftingRates(base.Regressor):
    """Expected conversions of a report of ads.

    `x` may hold `arm` (the kind of ad, default ""), `spend` (1), `clicks` (-1: unknown) and `day` (ordinal, 1). Other features are
    ignored. Conversions are spend times the rate of the arm, which is drawn towards that of all arms, times a power of how far spend and
    clicks differ from the arm's usual ones.

    The rate is a mix of memories that fade with half-lives of 7, 28 and 112 days, weighted by their likelihood of late. Drift of an
    arm (ADWIN on the share of what was counted in the sum of that and what the slowest memory expected) makes the slower memories forget
    what the fastest has forgotten.

    Examples
    --------
    >>> model = DriftingRates()
    >>> for day in range(1, 200):
    ...     model.learn_one({"arm": "search", "spend": 100.0, "day": day}, 4.0)
    >>> round(model.predict_one({"arm": "search", "spend": 100.0, "day": 200}), 1)
    4.0

    """

    def __init__(self) -> None:
        self.arms: dict[str, Rate] = {}
        self.pool = Rate()
        self.weights = [0.0] * len(HALF_LIVES)
        """Logarithms of the memories' likelihood of late."""
        self.bends = [0.0, 0.0]
        """Exponents of spend and clicks beyond the rate."""
        self._steps = [1.0, 1.0]

    def predict_one(self, x: Mapping[Any, Any]) -> float:
        """Expected conversions, above 0."""
        return self._mean(self._seen(x), _spend(x))

    def learn_one(self, x: Mapping[Any, Any], y: float) -> None:
        """Learn from the conversions of a report. One that is older than the arm's newest counts for the rates only."""
        name, day, spend = str(x.get("arm", "")), _day(x), _spend(x)
        y = max(float(y), 0.0)
        arm = self.arms.get(name)
        if arm is None:
            arm = self.arms[name] = Rate()
        if day >= arm.day:
            seen = self._seen(x)
            mean = self._mean(seen, spend)
            self._reweigh(seen, spend, mean, y, day)
            self._bend(seen, mean, y)
            # Against the slowest memory: what the mix expects follows a drift before the detector sees it.
            self._watch(arm, mean * seen.rates[-1] / seen.rate if seen.rate > 0 else mean, y, day)
        self._count(arm, x, day, spend, y)

    @property
    def mix(self) -> list[float]:
        """Weights of the memories; they sum to 1."""
        highest = max(self.weights)
        shares = [exp(weight - highest) for weight in self.weights]
        return [share / sum(shares) for share in shares]

    @property
    def elasticity(self) -> float:
        """The power of spend with which the conversions of an arm grow, at most 1."""
        return min(1.0 + self.bends[0], 1.0)

    def evidence(self, name: str) -> tuple[float, float]:
        """Conversions and spend that stand behind the rate of an arm, with those of all arms that it is drawn towards."""
        arm = self.arms[name]
        sold = spent = 0.0
        for place, weight in enumerate(self.mix):
            sold += weight * (arm.sold[place] + PRIOR)
            spent += weight * (arm.spent[place] + PRIOR / self._of_all(place, 1.0))
        return sold, spent

    def _of_all(self, place: int, spend: float) -> float:
        pool = self.pool
        return (pool.sold[place] + 0.5) / pool.spent[place] if pool.spent[place] > 0 else 0.5 / max(spend, LEAST)

    def _seen(self, x: Mapping[Any, Any]) -> _Seen:
        arm, spend = self.arms.get(str(x.get("arm", ""))), _spend(x)
        rates = []
        for place in range(len(HALF_LIVES)):
            of_all = self._of_all(place, spend)
            rates.append(of_all if arm is None else (arm.sold[place] + PRIOR) / (arm.spent[place] + PRIOR / of_all))
        rate = sum(weight * one for weight, one in zip(self.mix, rates, strict=True))
        if arm is None or not arm.reports or spend <= 0:
            return _Seen(rates, rate, (0.0, 0.0))
        clicks = float(x.get("clicks", -1))
        usual = spend * arm.clicks / arm.clicks_spent if arm.clicks_spent > 0 else -1.0
        more_clicks = log((clicks + 1) / (usual + 1)) if clicks >= 0 and usual >= 0 else 0.0
        return _Seen(rates, rate, (_cut(log(spend) - arm.log_spend, 2.0), _cut(more_clicks, 2.0)))

    def _mean(self, seen: _Seen, spend: float) -> float:
        return max(spend * seen.rate * exp(self.bends[0] * seen.differs[0] + self.bends[1] * seen.differs[1]), LEAST)

    def _reweigh(self, seen: _Seen, spend: float, mean: float, y: float, day: int) -> None:
        """Add the log likelihood of the report by each memory."""
        if seen.rate <= 0 or spend <= 0 or not self.pool.day:
            return
        fade = FADING ** max(day - self.pool.day, 0)
        for place, rate in enumerate(seen.rates):
            expected = max(mean * rate / seen.rate, LEAST)
            self.weights[place] = fade * self.weights[place] + TEMPER * (y * log(expected) - expected)
        # Only differences count; without this the numbers would grow without bound.
        highest = max(self.weights)
        self.weights = [max(weight - highest, -50.0) for weight in self.weights]

    def _bend(self, seen: _Seen, mean: float, y: float) -> None:
        """One step of AdaGrad (Duchi, Hazan & Singer 2011) on the Poisson loss, in units of its spread."""
        error = _cut((mean - y) / sqrt(mean + 1.0), 3.0)
        for place, differs in enumerate(seen.differs):
            if differs:
                slope = error * differs
                self._steps[place] += slope * slope
                low, high = BENDS[place]
                self.bends[place] = min(max(self.bends[place] - STEP * slope / sqrt(self._steps[place]) * 3, low), high)

    @staticmethod
    def _watch(arm: Rate, expected: float, y: float, day: int) -> None:
        if not arm.reports or y + expected < FEWEST:
            return
        arm.detector.update(y / (y + expected))
        if arm.detector.drift_detected:
            arm.drifted = day
            arm.detector = Adwin(SENSITIVITY)  # what comes is compared with another expectation than what came
            for place in range(1, len(HALF_LIVES)):
                arm.sold[place], arm.spent[place] = arm.sold[0], arm.spent[0]

    def _count(self, arm: Rate, x: Mapping[Any, Any], day: int, spend: float, y: float) -> None:
        arm.add(day, spend, y)
        self.pool.add(day, spend, y)
        clicks = float(x.get("clicks", -1))
        if clicks >= 0:
            arm.clicks += clicks
            arm.clicks_spent += spend
        if spend > 0:
            arm.reports += 1
            arm.log_spend += (log(spend) - arm.log_spend) / min(arm.reports, 50)

    def dump(self) -> dict[str, Any]:
        """The complete state as plain values."""
        arms = {name: _plain(rate) for name, rate in self.arms.items()}
        return {"arms": arms, "pool": _plain(self.pool), "weights": self.weights, "bends": self.bends, "steps": self._steps}

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> DriftingRates:
        """Restore what `dump` returned."""
        self = cls()
        self.arms = {name: _rate(held) for name, held in state["arms"].items()}
        self.pool = _rate(state["pool"])
        self.weights, self.bends, self._steps = list(state["weights"]), list(state["bends"]), list(state["steps"])
        return self


_PLAIN: Final = (
    "day", "sold", "spent", "all_sold", "all_spent", "reports", "log_spend", "clicks", "clicks_spent", "drifted",
)  # fmt: skip


def _plain(rate: Rate) -> dict[str, Any]:
    detector = rate.detector.dump()
    lists = {"buckets": detector["buckets"].tolist(), "window": detector["window"].tolist()}
    return {name: getattr(rate, name) for name in _PLAIN} | {"detector": detector | lists}


def _rate(held: Mapping[str, Any]) -> Rate:
    return Rate(**{name: held[name] for name in _PLAIN}, detector=Adwin.load(held["detector"]))


def _day(x: Mapping[Any, Any]) -> int:
    return int(x.get("day", 1))


def _spend(x: Mapping[Any, Any]) -> float:
    return max(float(x.get("spend", 1.0)), 0.0)


def _cut(value: float, most: float) -> float:
    return min(max(value, -most), most)
