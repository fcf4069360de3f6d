"""What may be chosen about a shelf plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SPACE_ELASTICITY = 0.17
"""Mean of 1,268 estimates of space elasticity (Eisend 2014)."""


@dataclass(frozen=True, slots=True)
class ShelfSettings:
    """Settings of the shelf plan. Raises ValueError with a sentence that says what to set.

    Attributes
    ----------
    elasticity
        Exponent of demand in facings, where a category has none of its own.
    elasticity_of
        By category: impulse goods have more than staples, staples more than commodities (Eisend 2014).
    margin_share
        Profit as a share of the price, where an item's cost is not known.
    minutes_per_facing
        Labour to clear or to fill one facing, minutes. A facing that changes hands costs it twice.
    wage_per_hour
        What an hour of that labour costs, in the currency.
    payback_days
        A change is made when it earns its labour back within so many days.
    refill_days
        Days between two refills of the shelf from the back room: facings hold the P90 demand of so many days.
    lead_time_days
        Days from an order to its goods on the shelf.
    review_days
        Days between two orders.
    service_level
        Probability of no stock-out in a cycle, where price or cost is not known.
    overage_share
        Loss on a unit left over at the end of a cycle (holding, spoilage), as a share of its cost.

    """

    elasticity: float = SPACE_ELASTICITY
    elasticity_of: Mapping[str, float] = field(default_factory=dict)
    margin_share: float = 0.3
    minutes_per_facing: float = 1.5
    wage_per_hour: float = 18.0
    payback_days: float = 28.0
    refill_days: float = 1.0
    lead_time_days: float = 1.0
    review_days: float = 1.0
    service_level: float = 0.95
    overage_share: float = 0.05

    def __post_init__(self) -> None:
        for name, beta in (("elasticity", self.elasticity), *self.elasticity_of.items()):
            if not 0 < beta < 1:
                raise ValueError(f"Space elasticity {name}={beta}: set a number above 0 and below 1; .17 is the mean of studies.")
        for name, low, high in (
            ("margin_share", 0, 1),
            ("minutes_per_facing", 0, 1000),
            ("wage_per_hour", 0, 1e6),
            ("payback_days", 0.1, 3650),
            ("refill_days", 0.01, 60),
            ("lead_time_days", 0, 60),
            ("review_days", 0.01, 60),
            ("service_level", 0.5, 0.9999),
            ("overage_share", 0.0001, 10),
        ):
            if not low <= getattr(self, name) <= high:
                raise ValueError(f"{name}={getattr(self, name)}: set a number from {low} to {high}.")

    @property
    def labour_per_facing_day(self) -> float:
        """What clearing or filling one facing costs, spread over the days it has to pay back, currency a day."""
        return self.minutes_per_facing / 60 * self.wage_per_hour / self.payback_days
