"""The drift detector ADWIN (Bifet & Gavalda 2007), with state of plain numbers that can be dumped and loaded."""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from river import base

if TYPE_CHECKING:
    from collections.abc import Mapping

BUCKETS_A_ROW = 5
MIN_WINDOW = 5
GRACE = 10


class Adwin(base.DriftDetector):
    """Adaptive window over a bounded signal: drops its old part when the means of the old and the new part differ.

    The window is an exponential histogram: row i holds at most 5 buckets of 2^i values, each with its sum and its sum of squared
    deviations. The cut test is the paper's, with the variance term.

    Parameters
    ----------
    delta
        Bound on the probability of a false alarm in one test.

    """

    def __init__(self, delta: float = 0.002) -> None:
        super().__init__()
        self.delta = delta
        self._rows: list[list[tuple[float, float]]] = [[]]
        self.width = 0
        self.total = 0.0
        self.spread = 0.0

    @property
    def estimation(self) -> float:
        """Mean of the values in the window."""
        return self.total / self.width if self.width else 0.0

    def update(self, x: float) -> None:
        """Add a value; `drift_detected` then says whether the window was cut."""
        if self.width:
            self.spread += (x - self.estimation) ** 2 * self.width / (self.width + 1)
        self.width += 1
        self.total += x
        self._rows[0].append((x, 0.0))
        self._compress()
        self._drift_detected = False
        while self.width > GRACE and self._cut():
            self._drift_detected = True
            self._drop_oldest()

    def _compress(self) -> None:
        for i, row in enumerate(self._rows):
            if len(row) <= BUCKETS_A_ROW:
                return
            (sum_a, dev_a), (sum_b, dev_b) = row.pop(0), row.pop(0)
            n = 1 << i
            if i + 1 == len(self._rows):
                self._rows.append([])
            self._rows[i + 1].append((sum_a + sum_b, dev_a + dev_b + (sum_a - sum_b) ** 2 / (2 * n)))

    def _cut(self) -> bool:
        """Whether some split of the window into an older and a newer part has means further apart than chance allows."""
        confidence = log(2.0 * log(self.width) / self.delta)
        variance = self.spread / self.width
        n0, sum0 = 0, 0.0
        for i in range(len(self._rows) - 1, -1, -1):
            for value, _ in self._rows[i]:
                n0 += 1 << i
                sum0 += value
                n1 = self.width - n0
                if n0 < MIN_WINDOW:
                    continue
                if n1 < MIN_WINDOW:
                    return False
                m = 1.0 / (n0 - MIN_WINDOW + 1) + 1.0 / (n1 - MIN_WINDOW + 1)
                bound = sqrt(2.0 * m * variance * confidence) + 2.0 / 3.0 * m * confidence
                if abs(sum0 / n0 - (self.total - sum0) / n1) > bound:
                    return True
        return False

    def _drop_oldest(self) -> None:
        i = len(self._rows) - 1
        value, deviation = self._rows[i].pop(0)
        n = 1 << i
        self.width -= n
        self.total -= value
        gap = value / n - self.estimation
        self.spread = max(self.spread - deviation - gap * gap * n * self.width / (n + self.width), 0.0)
        while len(self._rows) > 1 and not self._rows[-1]:
            self._rows.pop()

    def dump(self) -> dict[str, Any]:
        """The complete state."""
        return {
            "delta": self.delta,
            "sizes": [len(row) for row in self._rows],
            "buckets": np.array([b for row in self._rows for b in row], dtype=float).reshape(-1, 2),
            "window": np.array([self.total, self.spread]),
            "width": self.width,
            "drift": self._drift_detected,
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Adwin:
        """Restore what `dump` returned."""
        self = cls(float(state["delta"]))
        buckets = iter([(float(a), float(b)) for a, b in np.asarray(state["buckets"]).tolist()])
        self._rows = [[next(buckets) for _ in range(int(n))] for n in state["sizes"]]
        self.total, self.spread = np.asarray(state["window"]).tolist()
        self.width = int(state["width"])
        self._drift_detected = bool(state["drift"])
        return self
