"""What is forecast: the horizons and the quantiles of each forecast, declared once for model, messages, statistics and charts.

A further horizon is a row of `HORIZONS`; the model's numbers for it follow from its length (`online_model.horizons`). A further
quantile is a row of `QUANTILES` and a field of `HorizonForecast` in `streams.contract.messages`: its last, with a default. Both
change the layout of the state: raise its format.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Horizon:
    """A run of days, starting with the next one, whose total is forecast.

    Attributes
    ----------
    name
        As in the messages' field `horizon`.
    days
        Length in days.
    title
        What people read, for example in a chart's legend.

    """

    name: str
    days: int
    title: str

    @property
    def length(self) -> str:
        """Its length in words, as in `7 days`."""
        return "1 day" if self.days == 1 else f"{self.days} days"


@dataclass(frozen=True, slots=True)
class Quantile:
    """A quantile of each forecast.

    Attributes
    ----------
    name
        As in the messages' fields.
    probability
        Probability that sales stay at or below it, 0 to 1.

    """

    name: str
    probability: float


HORIZONS: Final = (
    Horizon("day", 1, "next day"),
    Horizon("7_days", 7, "next 7 days"),
    Horizon("28_days", 28, "next 28 days"),
)
"""Shortest first. The first must be one day, and one must be a week, because the model measures its bias on weeks."""

QUANTILES: Final = (Quantile("p10", 0.1), Quantile("p50", 0.5), Quantile("p90", 0.9))
"""Lowest first; the median and those of `BAND` are among them."""

PARTS: Final = (
    "usual_level",
    "weekday",
    "season",
    "holiday",
    "promotion",
    "price",
    "trend",
    "store_day",
    "bias",
    "rounding",
)
"""The parts of the next day's forecast, in the order in which they are added up: each says what its cause adds to those before it."""

HORIZON_NAMES: Final = tuple(horizon.name for horizon in HORIZONS)
QUANTILE_NAMES: Final = tuple(quantile.name for quantile in QUANTILES)
DAY: Final = HORIZONS[0]
WEEK: Final = next(horizon for horizon in HORIZONS if horizon.days == 7)
LONGEST: Final = HORIZONS[-1]
BAND: Final = ("p10", "p90")
"""The quantiles whose band charts show and scores measure: 80 % of what comes should lie within."""
DAYS_AHEAD: Final = LONGEST.days
"""Days of the longest horizon: so many single days are forecast too."""
