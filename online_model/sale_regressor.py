"""The per-sale learner: units of a sale line from what was known before it, learned from every line.

The quantity is predicted as a ratio to the item's usual line quantity, linear in a few features, by online gradient descent
with AdaGrad step sizes (Duchi, Hazan & Singer 2011). `predict_one` and `learn_one` are River's interface; `step` is the same
arithmetic fused for the stream: predict, score, learn.
"""

from __future__ import annotations

from math import log, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from river import base

from online_model.adwin import Adwin
from online_model.results import Drift

if TYPE_CHECKING:
    from collections.abc import Mapping

LEARNING_RATE = 0.05
RATIO_CAP = 6.0
"""A line teaches as at most this many usual lines; so does an error."""
USUAL_GAIN, USUAL_PRIOR = 0.02, 2.0
"""EWMA gain of the usual quantity and price: max(1/(n + prior), gain)."""
LOG_PRICE_CLIP = 1.0
BLOCK_EVENTS = 32
"""Errors are averaged over this many lines before the drift detector sees them."""
COOL_DOWN_BLOCKS = 64
FEATURES = ("one", "log usual quantity", "log price ratio", "promotion", "weekend", "hour")


class SaleRegressor(base.Regressor):
    """Units of a sale line.

    Expected features of `x` (missing ones take the value in brackets, others are ignored): `series` (0), `unit_price` (0 =
    unknown), `on_promotion` (False), `hour` 0-23 (13), `weekday` 0 = Monday (0).

    Parameters
    ----------
    learning_rate
        AdaGrad's step size.

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
        self._g = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
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
        self._adwin = Adwin()
        self._drift: Drift | None = None

    def add_series(self, series: int) -> None:
        """Make room for series up to this index."""
        while len(self._usual) <= series:
            self._usual.append(self._pooled_usual)
            self._price.append(0.0)
            self._lines.append(0)

    def step(self, series: int, quantity: float, unit_price: float, on_promotion: bool, hour: int, weekday: int) -> float:
        """Predict the line's units, score the prediction, learn from the line; in this order.

        Returns
        -------
        float
            Predicted units, at least 0. A return (quantity <= 0) or a quantity that is not finite is predicted and not learned.

        """
        if series >= len(self._usual):
            self.add_series(series)
        usual = self._usual[series]
        price = self._price[series]
        x1 = log(usual)
        x2 = 0.0
        if price > 0.0 and 0.0 < unit_price < 1e300:
            x2 = log(unit_price / price)
            if x2 > LOG_PRICE_CLIP:
                x2 = LOG_PRICE_CLIP
            elif x2 < -LOG_PRICE_CLIP:
                x2 = -LOG_PRICE_CLIP
        x5 = (hour - 13) / 6.0
        w0, w1, w2, w3, w4, w5 = self._w
        raw = w0 + w1 * x1 + w2 * x2 + w5 * x5
        if on_promotion:
            raw += w3
        if weekday >= 5:
            raw += w4
        predicted = usual * (0.0 if raw < 0.0 else min(RATIO_CAP, raw))
        if not 0.0 < quantity < 1e300:
            return predicted
        # score
        error = predicted - quantity
        self.n += 1
        self.error += error
        self.units += quantity
        self.absolute_error += error if error > 0.0 else -error
        ratio = quantity / usual
        ratio = min(ratio, RATIO_CAP)
        e = raw - ratio
        miss = e if e > 0.0 else -e
        self._block_sum += min(RATIO_CAP, miss)
        self._block_n += 1
        if self._block_n == BLOCK_EVENTS:
            self._close_block()
        # learn: AdaGrad on the squared error of the ratio
        g = 2.0 * e
        rate = self.learning_rate
        s0, s1, s2, s3, s4, s5 = self._g
        s0 += g * g
        w0 -= rate * g / sqrt(s0 + 1e-8)
        d = g * x1
        s1 += d * d
        w1 -= rate * d / sqrt(s1 + 1e-8)
        if x2 != 0.0:
            d = g * x2
            s2 += d * d
            w2 -= rate * d / sqrt(s2 + 1e-8)
        if on_promotion:
            s3 += g * g
            w3 -= rate * g / sqrt(s3 + 1e-8)
        if weekday >= 5:
            s4 += g * g
            w4 -= rate * g / sqrt(s4 + 1e-8)
        d = g * x5
        s5 += d * d
        w5 -= rate * d / sqrt(s5 + 1e-8)
        self._w = (w0, w1, w2, w3, w4, w5)
        self._g = (s0, s1, s2, s3, s4, s5)
        self._learn_usual(series, quantity, unit_price)
        return predicted

    def _learn_usual(self, series: int, quantity: float, unit_price: float) -> None:
        usual = self._usual[series]
        n = self._lines[series] = self._lines[series] + 1
        gain = 1.0 / (n + USUAL_PRIOR)
        gain = max(gain, USUAL_GAIN)
        cap = 10.0 * usual + 10.0
        capped = min(cap, quantity)
        self._usual[series] = usual + gain * (capped - usual)
        self._pooled_usual += USUAL_GAIN * ((capped if capped < 10.0 * self._pooled_usual + 10.0 else self._pooled_usual) - self._pooled_usual)
        if 0.0 < unit_price < 1e300:
            price = self._price[series]
            self._price[series] = price + gain * (unit_price - price) if price > 0.0 else unit_price

    def _close_block(self) -> None:
        mean = self._block_sum / BLOCK_EVENTS
        self._block_n, self._block_sum = 0, 0.0
        before = self._adwin.estimation * RATIO_CAP
        self._adwin.update(mean / RATIO_CAP)
        self._quiet = max(self._quiet - 1, 0)
        if self._adwin.drift_detected and self._quiet == 0:
            self._quiet = COOL_DOWN_BLOCKS
            self._g = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
            after = self._adwin.estimation * RATIO_CAP
            factor = after / before if before > 0 else float("inf")
            self._drift = Drift("sale_error", None, 0, before, after, factor, "step sizes reset: the sale regressor relearns")

    def take_drift(self) -> Drift | None:
        """Return the drift noticed since the last call, once."""
        drift, self._drift = self._drift, None
        return drift

    def predict_one(self, x: dict[base.typing.FeatureName, Any]) -> float:
        """Predict the units of a line; changes nothing."""
        series = int(x.get("series", 0))
        usual = self._usual[series] if series < len(self._usual) else self._pooled_usual
        price = self._price[series] if series < len(self._price) else 0.0
        unit_price = float(x.get("unit_price", 0.0))
        known = price > 0.0 and 0.0 < unit_price < 1e300
        x2 = min(max(log(unit_price / price), -LOG_PRICE_CLIP), LOG_PRICE_CLIP) if known else 0.0
        w0, w1, w2, w3, w4, w5 = self._w
        raw = w0 + w1 * log(usual) + w2 * x2 + w5 * (int(x.get("hour", 13)) - 13) / 6.0
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
        """Complete state, numbers and arrays under string keys."""
        d = self._drift
        return {
            "learning_rate": self.learning_rate,
            "weights": np.array(self._w),
            "gradients": np.array(self._g),
            "usual": np.array(self._usual),
            "price": np.array(self._price),
            "lines": np.array(self._lines, dtype=np.int64),
            "totals": np.array([self._pooled_usual, self.absolute_error, self.error, self.units, self._block_sum]),
            "counts": [self.n, self._block_n, self._quiet],
            "drift": [] if d is None else [d.before, d.after, d.factor],
            **{f"adwin.{k}": v for k, v in self._adwin.dump().items()},
        }

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> SaleRegressor:
        """The reverse of `dump`."""
        self = cls(float(state["learning_rate"]))
        self._w = tuple(np.asarray(state["weights"]).tolist())
        self._g = tuple(np.asarray(state["gradients"]).tolist())
        self._usual = np.asarray(state["usual"]).tolist()
        self._price = np.asarray(state["price"]).tolist()
        self._lines = np.asarray(state["lines"]).tolist()
        totals = np.asarray(state["totals"]).tolist()
        self._pooled_usual, self.absolute_error, self.error, self.units, self._block_sum = totals
        self.n, self._block_n, self._quiet = (int(v) for v in state["counts"])
        if len(state["drift"]):
            before, after, factor = (float(v) for v in state["drift"])
            self._drift = Drift("sale_error", None, 0, before, after, factor, "step sizes reset: the sale regressor relearns")
        self._adwin = Adwin.load({k[6:]: v for k, v in state.items() if k.startswith("adwin.")})
        return self
