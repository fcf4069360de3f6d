"""What is asked while the day runs: whether what is left lasts until closing, and whether a silence is one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from online_model.stock.reached import WINDOW
from online_model.stock.rest_of_day import CUTS_FROM, HOURS, RECENT_HOURS, STORE_CALM, Seen, plain_variance
from online_model.stock.runs_out import probability_gone

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from online_model.stock.reached import Reached
    from online_model.stock.rest_of_day import Morning, RestOfDay, Unseen

    F64 = NDArray[np.float64]
    Bools = NDArray[np.bool_]

SPLIT: Final = 0.1
"""How much the hours of a day vary among themselves: times p (1 - p) and the squared mean of the rest, it is added to the variance of a
part p of the rest."""


@dataclass(frozen=True, slots=True)
class RunsOut:
    """Whether what is left lasts.

    Attributes
    ----------
    hours
        The full local hours after now, up to 24, `[h]`.
    probability
        That the series is gone by each of them, `[n, h]`: it never falls.
    rest, p10, p90
        Units that the rest of the day demands, `[n]`, whatever is left.

    """

    hours: F64
    probability: F64
    rest: F64
    p10: F64
    p90: F64

    @property
    def by_close(self) -> F64:
        """Probability that it is gone before the day ends, `[n]`."""
        return np.asarray(self.probability[:, -1])

    def about(self) -> F64:
        """Local time, in hours, at which it is as likely gone as not, `[n]`; NaN where it is likelier to last."""
        late = self.probability >= 0.5
        place = np.argmax(late, 1)
        rows = np.arange(len(place))
        after = self.probability[rows, place]
        before = np.where(place > 0, self.probability[rows, place - 1], 0.0)
        part = np.clip((0.5 - before) / np.maximum(after - before, 1e-9), 0, 1)
        return np.where(late.any(1), self.hours[place] - 1 + part, np.nan)


def by_then(by_hour: F64, hour: float) -> F64:
    """Sum of what the hours of a day bring until a moment, `[n]`; `by_hour` is `[24, n]`, each hour is taken as even."""
    whole = min(max(int(hour), 0), HOURS)
    total = by_hour[:whole].sum(0)
    if whole < HOURS:
        total = total + min(max(hour - whole, 0.0), 1.0) * by_hour[whole]
    return np.asarray(total)


def seen_until(morning: Morning, by_hour: F64, hour: float) -> Seen:
    """What was seen of a running day; `by_hour` holds the units sold so far, `[24, n]`."""
    share, sold = by_then(morning.usual, hour), by_hour.sum(0)
    before = hour - RECENT_HOURS
    calm = STORE_CALM * float(morning.mean.mean()) + 1e-9 if len(sold) else 1.0
    level = (float(sold.sum()) + calm) / (float((morning.mean * share).sum()) + calm) - 1
    recent_share = share - by_then(morning.usual, before)
    recent_sold = sold - by_then(by_hour, before)
    return Seen(np.minimum(share, 1.0), sold, recent_share, recent_sold, np.full(len(sold), level))


@dataclass(frozen=True, slots=True)
class Ahead:
    """What the hours ahead of a moment demand, up to each of some later hours, `[h, n]`: mean, variance, share of the rest of the day."""

    mean: F64
    variance: F64
    part: F64
    rest: Unseen

    def said(self, demand: F64, integer: Bools) -> F64:
        """Probability that a demand is reached, before it is held against what came; `demand` is `[n]` or `[h, n]`."""
        return probability_gone(demand, self.mean, self.variance, self.rest.level[:, None], integer)

    @property
    def visits(self) -> F64:
        """Visits that the hours should bring."""
        return self.mean / self.rest.visit


def ahead_of(rest: RestOfDay, morning: Morning, by_hour: F64, hour: float, until: F64) -> Ahead:
    """The demand from `hour` until each of the local hours `until`, `[h]`; `by_hour` holds what was sold today, `[24, n]`."""
    seen = seen_until(morning, by_hour, hour)
    unseen = rest.expect(morning, seen)
    then = np.stack([by_then(morning.usual, h) for h in until])
    part = np.clip((then - seen.share) / np.maximum(1 - seen.share, 1e-9), 0, 1)
    mean = unseen.mean * part
    variance = unseen.variance * plain_variance(morning, mean) / np.maximum(plain_variance(morning, unseen.mean), 1e-12)
    return Ahead(mean, variance + SPLIT * part * (1 - part) * unseen.mean**2, part, unseen)


def runs_out(rest: RestOfDay, reached: Reached, morning: Morning, by_hour: F64, hour: float, left: F64, integer: Bools) -> RunsOut:
    """Whether what is left of each series, `[n]`, lasts from `hour` until closing; `by_hour` holds what was sold today, `[24, n]`."""
    hours = np.arange(int(hour) + 1, HOURS + 1, dtype=np.float64)
    ahead = ahead_of(rest, morning, by_hour, hour, hours)
    kept = reached.kept(ahead.said(left, integer), ahead.visits, ahead.part)
    probability = np.maximum.accumulate(np.where(left <= 0, 1.0, kept), 0)
    low, high = ahead.rest.ends()
    return RunsOut(hours, probability.T, ahead.rest.mean, low, high)


def learn_reached(reached: Reached, rest: RestOfDay, morning: Morning, hours: F64, whole: Bools, day: int, integer: Bools) -> None:
    """Note what would have been said, at an hour of a day that has closed, of the demand that came after it.

    Parameters
    ----------
    hours
        Units by local hour, `[24, n]`, at least 0.
    whole
        Series that were in stock all day and had been forecast, `[n]`.
    day
        Ordinal: days take turns in the hour at which is asked.

    """
    if not whole.any():
        return
    usual = np.cumsum(morning.usual.mean(1))
    asked = np.flatnonzero((usual > CUTS_FROM[0]) & (usual < CUTS_FROM[1])) + 1
    if not len(asked):
        return
    hour = int(asked[day % len(asked)])
    until = np.array([min(hour + WINDOW, HOURS), HOURS], np.float64)
    ahead = ahead_of(rest, morning, np.where(np.arange(HOURS)[:, None] < hour, hours, 0.0), hour, until)
    demand = np.stack([hours[hour : hour + WINDOW].sum(0), hours[hour:].sum(0)])
    reached.learn(ahead.said(demand, integer)[:, whole], ahead.visits[:, whole], demand[:, whole])
