"""What if: what may be asked of a store's next 28 days, and the answer."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from streams.contract.errors import UsageError
from streams.contract.fields import IsoDate, Item, Label, Store, Width

MOST_CLOSED: Final = 28


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be another way in a store, for some of its items; without `item` and `category` for all of them."""

    item: Item | None = None
    category: Label | None = None
    promotion: Annotated[bool | None, Meta(description="true puts the items on promotion, false withdraws what is announced.")] = None
    first_day: Annotated[IsoDate | None, Meta(description="First day of the promotion; without it the next business day.")] = None
    last_day: Annotated[IsoDate | None, Meta(description="Last day of the promotion; without it the 28th day ahead.")] = None
    closed: Annotated[tuple[IsoDate, ...], Meta(max_length=MOST_CLOSED, description="Days on which the store stays closed.")] = ()
    lead_time_days: Annotated[float, Meta(ge=0, le=60, description="Days from an order to its goods on the shelf.")] | None = None
    service_level: Annotated[float, Meta(ge=0.5, le=0.9999, description="Probability of no stock-out between two orders.")] | None = None
    shelf: Annotated[Label | None, Meta(description="The described shelf whose width changes.")] = None
    level_width: Annotated[Width | None, Meta(description="Width of a level of that shelf, in its unit.")] = None
    price: Annotated[float | None, Meta(description="Refused: this release has learned no effect of a price.")] = None


class WhatIf(Change, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change of a store."""

    store: Store


class Outcome(Struct, frozen=True, kw_only=True):
    """What 28 days bring, as expected. Money is in the currency of the sales, at each item's usual price and profit."""

    units: float
    revenue: float
    profit: float
    order_units: Annotated[float, Meta(description="Units to order now.")]


class Difference(Struct, frozen=True, kw_only=True):
    """Units, revenue and profit as changed less those as it is, with a band that holds four times of five, as far as the model knows."""

    units: float
    units_p10: float
    units_p90: float
    revenue: float
    revenue_p10: float
    revenue_p90: float
    profit: float
    profit_p10: float
    profit_p90: float
    order_units: float


class ItemOutcome(Struct, frozen=True, kw_only=True):
    """An item under both."""

    item: Item
    before: Outcome
    after: Outcome
    difference: Difference
    facings: Annotated[int | None, Meta(description="Facings of the plan as it is, on all described shelves; null: on none.")] = None
    facings_after: int | None = None


class WhatIfAnswer(Struct, frozen=True, kw_only=True):
    """The next 28 days of a store as it is and as changed."""

    store: Store
    origin: Annotated[IsoDate, Meta(description="The newest business date that is known.")]
    first_day: IsoDate
    last_day: IsoDate
    before: Outcome
    after: Outcome
    difference: Difference
    items: Annotated[tuple[ItemOutcome, ...], Meta(description="Those that the change moves, the largest difference in profit first.")]
    notes: tuple[str, ...] = ()


class WhatIfError(UsageError):
    """A what-if that cannot be answered; the sentence says why."""
