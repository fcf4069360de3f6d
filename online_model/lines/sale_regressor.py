"""Predicts the units of a sale line from what was known before it, and learns from every line.

The quantity is predicted as a ratio to the usual quantity of the series' lines. The ratio is linear in a few features; online gradient
descent with AdaGrad step sizes (Duchi, Hazan & Singer 2011) fits it. `predict_one` and `learn_one` are River's interface; `step` fuses the
same arithmetic for the stream: predict, score, learn.
"""
# ruff: noqa: C901, FBT001, FURB136, PLR0912, PLR0915, PLR1730  flat float arithmetic: a call would cost more than the sums it holds

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from river import base

from online_model.lines.adwin import Adwin
from online_model.results import Drift

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

LEARNING_RATE = 0.05
RATIO_CAP = 6.0
"""A line, and an error, teaches as if it were at most this many usual lines."""
USUAL_GAIN, USUAL_PRIOR = 0.02, 2.0
"""The usual quantity and price learn with the gain max(1 / (n + prior), gain), n being the number of lines so far."""
LOG_PRICE_CLIP = 1.0
SETTLED = 48
"""Number of lines from which the gain is constant."""
LARGEST = 1e300
"""A quantity or price beyond this is not taken for a number."""
SMALLEST = 1e-9
"""A quantity or price below this does not teach: its ratio to a usual one can round to 0, which has no logarithm."""
NO_GRADIENT = (1e-8,) * 6
"""AdaGrad's sums of squared gradients at the start."""
HOUR_FEATURE = tuple((h - 13) / 6.0 for h in range(24))
BLOCK_EVENTS = 32
"""The drift detector sees the mean error of this many lines at a time."""
ERROR_RANGE = 2.0
"""The detector needs a signal from 0 to 1: 1 is a mean error of two usual lines or more."""
COOL_DOWN_BLOCKS = 64
MIN_CHANGE = 0.1
"""Smaller relative changes of the error are not reported."""


class SaleRegressor(base.Regressor):
    """Predicts the units of a sale line.

    `x` may hold `series` (default 0), `unit_price` (0: unknown), `on_promotion` (False), `hour` 0 to 23 (13) and `weekday`, 0 = Monday
    (0). Other features are ignored.

    Parameters
    ----------
    learning_rate
        Step size of AdaGrad.

    Examples
    --------
    >>> model = SaleRegressor()
    >>> for _ in range(200):
    ...     _ = model.step(0, 3.0, 1.99, False, 12, 2)
    >>> round(model.predict_one({"series": 0, "unit_price": 1.99, "hour": 12, "weekday": 2}), 1)
    3.0

    """

    def __init__(self, learning_rate: float = LEARNING_RATE) -> None:
        self.learning_rate = learning_rate
        self._w = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        self._g = NO_GRADIENT
        self._usual: list[float] = []
        self._price: list[float] = []
        self._lines: list[int] = []
        self._pooled_usual = 1.0
        self.n = 0
        self.absolute_error = 0.0
        self.error = 0.0
        self.units = 0.0
        self._block_n = 0
        self._block_sum = 0.0
        self._quiet = 0
        self._reference = 0.0
        self._adwin = Adwin()
        self._drift: Drift | None = None

    def add_series(self, series: int) -> None:
        """Make room for series up to this index."""
        while len(self._usual) <= series:
            self._usual.append(self._pooled_usual)
            self._price.append(0.0)
            self._lines.append(0)

    def usual_prices(self, series: Sequence[int]) -> NDArray[np.float64]:
        """Usual price per unit of some series, `[m]`; 0 where no line had one."""
        return np.array([self._price[one] for one in series], np.float64)

    def step(self, series: int, quantity: float, unit_price: float, on_promotion: bool, hour: int, weekday: int) -> float:
        """Predict the units of a line, score the prediction, then learn from the line.

        Returns
        -------
        float
            Predicted units, at least 0. A return (quantity <= 0) or a quantity that is not finite is predicted but not learned.

        """
        if series >= len(self._usual):
            self.add_series(series)
        usual, price = self._usual[series], self._price[series]
        x1 = log(usual)
        x2 = 0.0
        priced = SMALLEST < unit_price < LARGEST
        if priced and price != unit_price and price > 0.0:
            x2 = log(unit_price / price)
            if x2 > LOG_PRICE_CLIP:
                x2 = LOG_PRICE_CLIP
            elif x2 < -LOG_PRICE_CLIP:
                x2 = -LOG_PRICE_CLIP
        x5 = HOUR_FEATURE[hour]
        w0, w1, w2, w3, w4, w5 = self._w
        raw = w0 + w1 * x1 + w2 * x2 + w5 * x5
        if on_promotion:
            raw += w3
        if weekday >= 5:
            raw += w4
        predicted = 0.0 if raw < 0.0 else usual * raw if raw < RATIO_CAP else usual * RATIO_CAP
        if not SMALLEST < quantity < LARGEST:
            return predicted
        # score
        error = predicted - quantity
        self.n += 1
        self.error += error
        self.units += quantity
        self.absolute_error += error if error > 0.0 else -error
        ratio = quantity / usual
        if ratio > RATIO_CAP:
            ratio = RATIO_CAP
        e = raw - ratio
        self._block_sum += e if e > 0.0 else -e
        self._block_n += 1
        if self._block_n == BLOCK_EVENTS:
            self._close_block(quantity)
        # learn: AdaGrad on the squared error of the ratio
        g = e + e
        gg = g * g
        step = self.learning_rate * g
        s0, s1, s2, s3, s4, s5 = self._g
        s0 += gg
        w0 -= step / sqrt(s0)
        if x1 != 0.0:
            s1 += gg * x1 * x1
            w1 -= step * x1 / sqrt(s1)
        if x2 != 0.0:
            s2 += gg * x2 * x2
            w2 -= step * x2 / sqrt(s2)
        if on_promotion:
            s3 += gg
            w3 -= step / sqrt(s3)
        if weekday >= 5:
            s4 += gg
            w4 -= step / sqrt(s4)
        if x5 != 0.0:
            s5 += gg * x5 * x5
            w5 -= step * x5 / sqrt(s5)
        self._w = (w0, w1, w2, w3, w4, w5)
        self._g = (s0, s1, s2, s3, s4, s5)
        # the usual line
        lines = self._lines
        n = lines[series]
        if n < SETTLED:
            lines[series] = n + 1
            gain = 1.0 / (n + 1 + USUAL_PRIOR)
        else:
            gain = USUAL_GAIN
        cap = 10.0 * usual + 10.0
        self._usual[series] = usual + gain * ((quantity if quantity < cap else cap) - usual)
        if priced:
            self._price[series] = price + gain * (unit_price - price) if price > 0.0 else unit_price
        return predicted

    def _close_block(self, quantity: float) -> None:
        mean = min(self._block_sum / BLOCK_EVENTS, ERROR_RANGE)
        cap = 10.0 * self._pooled_usual + 10.0
        self._pooled_usual += USUAL_GAIN * (min(quantity, cap) - self._pooled_usual)
        self._block_n, self._block_sum = 0, 0.0
        adwin = self._adwin
        adwin.update(mean / ERROR_RANGE)
        self._quiet = max(self._quiet - 1, 0)
        if self.n <= SETTLED * BLOCK_EVENTS:
            self._reference = adwin.estimation
        if adwin.drift_detected and self._quiet == 0:
            before, after = self._reference * ERROR_RANGE, adwin.estimation * ERROR_RANGE
            factor = after / before if before > 0 else LARGEST
            if abs(factor - 1) < MIN_CHANGE:
                return
            self._reference = adwin.estimation
            self._quiet = COOL_DOWN_BLOCKS
            self._g = NO_GRADIENT
            self._drift = Drift("sale_error", None, 0, before, after, factor, "step sizes reset: the sale regressor relearns")

    def take_drift(self) -> Drift | None:
        """The drift noticed since the last call, or None; each drift is returned once."""
        drift, self._drift = self._drift, None
        return drift

    def predict_one(self, x: dict[base.typing.FeatureName, Any]) -> float:
        """Predict the units of a line without changing the state."""
        series = int(x.get("series", 0))
        usual = self._usual[series] if series < len(self._usual) else self._pooled_usual
        price = self._price[series] if series < len(self._price) else 0.0
        unit_price = float(x.get("unit_price", 0.0))
        known = price > 0.0 and SMALLEST < unit_price < LARGEST
        x2 = min(max(log(unit_price / price), -LOG_PRICE_CLIP), LOG_PRICE_CLIP) if known else 0.0
        w0, w1, w2, w3, w4, w5 = self._w
        raw = w0 + w1 * log(usual) + w2 * x2 + w5 * HOUR_FEATURE[int(x.get("hour", 13))]
        raw += w3 * bool(x.get("on_promotion", False)) + w4 * (int(x.get("weekday", 0)) >= 5)
        return usual * min(max(raw, 0.0), RATIO_CAP)

    def learn_one(self, x: dict[base.typing.FeatureName, Any], y: base.typing.RegTarget) -> None:
        """Learn the units of a line."""
        self.step(
            int(x.get("series", 0)),
            float(y),
            float(x.get("unit_price", 0.0)),
            bool(x.get("on_promotion", False)),
            int(x.get("hour", 13)),
            int(x.get("weekday", 0)),
        )

    def dump(self) -> dict[str, Any]:
        """The complete state: numbers and arrays under string keys."""
        d = self._drift
        return {
            "learning_rate": self.learning_rate,
            "weights": np.array(self._w),
            "gradients": np.array(self._g),
            "usual": np.array(self._usual),
            "price": np.array(self._price),
            "lines": np.array(self._lines, dtype=np.int64),
            "totals": np.array([self._pooled_usual, self.absolute_error, self.error, self.units, self._block_sum, self._reference]),
            "counts": [self.n, self._block_n, self._quiet],
            "drift": [] if d is None else [d.before, d.after, d.factor],
            **{f"adwin.{k}": v for k, v in self._adwin.dump().items()},
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> SaleRegressor:
        """Restore what `dump` returned."""
        self = cls(float(state["learning_rate"]))
        self._w = tuple(np.asarray(state["weights"]).tolist())
        self._g = tuple(np.asarray(state["gradients"]).tolist())
        self._usual = np.asarray(state["usual"]).tolist()
        self._price = np.asarray(state["price"]).tolist()
        self._lines = np.asarray(state["lines"]).tolist()
        totals = np.asarray(state["totals"]).tolist()
        self._pooled_usual, self.absolute_error, self.error, self.units, self._block_sum, self._reference = totals
        self.n, self._block_n, self._quiet = (int(v) for v in state["counts"])
        if len(state["drift"]):
            before, after, factor = (float(v) for v in state["drift"])
            self._drift = Drift("sale_error", None, 0, before, after, factor, "step sizes reset: the sale regressor relearns")
        self._adwin = Adwin.load({k[6:]: v for k, v in state.items() if k.startswith("adwin.")})
        return self
