"""What a user may choose about shelf plans."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SPACE_ELASTICITY = 0.17
"""Mean of 1,268 estimates of space elasticity (Eisend 2014): sales grow with facings^.17."""


@dataclass(frozen=True, slots=True)
class ShelfSettings:
    """Settings of shelf plans. Raises ValueError with a message that says what to set.

    Attributes
    ----------
    elasticity
        Exponent of demand in facings, for categories without their own.
    elasticity_of
        The same by category: higher for impulse goods than for staples, higher for staples than for commodities (Eisend 2014).
    margin_share
        Profit as a share of the price, for items of unknown cost.
    minutes_per_facing
        Labour to clear or to fill one facing, minutes. A facing that goes from one item to another costs it twice.
    wage_per_hour
        Cost of an hour of that labour, in the currency.
    payback_days
        A change is made only if it earns back its labour within this many days.
    refill_days
        Days between two refills of the shelf from the back room: facings should hold the P90 demand of this many days.
    lead_time_days
        Days from an order until its goods are on the shelf.
    review_days
        Days between two orders.
    service_level
        Probability of no stock-out between two orders, for items of unknown price or cost.
    overage_share
        Loss on a unit that is left over when the next order arrives (holding, spoilage), as a share of its cost.

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
        """Cost of clearing or filling one facing, spread over the days in which it must pay back, currency per day."""
        return self.minutes_per_facing / 60 * self.wage_per_hour / self.payback_days
