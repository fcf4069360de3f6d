"""Every message on the wire, declared once. JSON Schema, AsyncAPI and the HTTP bodies derive from here.

How messages may change: unknown fields pass, so that a newer producer can talk to an older consumer; a version never gains a required
field; a field never changes its meaning or unit. A change that would break one of these rules needs a new version.
"""

from typing import TYPE_CHECKING, Annotated, Final, Literal

from msgspec import Meta, Struct

from streams.contract.fields import (
    MAX_CASE,
    MAX_FACINGS,
    MAX_PER_FACING,
    MIN_PER_FACING,
    NO_LIMIT,
    Amount,
    Currency,
    EpochSeconds,
    EventId,
    IsoDate,
    Item,
    Label,
    Micros,
    Moment,
    Offset,
    Part,
    Partition,
    Parts,
    Price,
    Quantity,
    Share,
    Stock,
    StockLeft,
    Store,
    Units,
    Width,
)
from streams.contract.horizons import HORIZON_NAMES, PARTS
from streams.contract.stock_messages import StockInput, StockOutput

if TYPE_CHECKING:
    Horizon = str
else:
    Horizon = Literal["today", *HORIZON_NAMES]
"""The running day until it closes; the next business day; the next 7 and 28 days."""


class SaleRecorded(Struct, frozen=True, kw_only=True, tag_field="type", tag="sale-recorded.v1", gc=False):
    """One line of a receipt. Give `unit_price`, or `amount`, or at least `profit`."""

    event_id: EventId
    store: Store
    item: Item
    quantity: Quantity
    sold_at: Annotated[Moment, Meta(description="When it was sold: RFC 3339 with an offset, or epoch seconds.")]
    unit_price: Price | None = None
    amount: Annotated[Amount | None, Meta(description="What was charged for the line; quantity x unit_price if absent.")] = None
    unit_cost: Price | None = None
    profit: Annotated[Amount | None, Meta(description="Profit of the line; amount - quantity x unit_cost if absent.")] = None
    order_id: Label | None = None
    customer: Label | None = None
    cashier: Label | None = None
    category: Label | None = None
    channel: Label | None = None
    on_promotion: Annotated[bool | None, Meta(description="Whether the item was on promotion; absent: unknown.")] = None
    list_price: Price | None = None
    currency: Currency | None = None
    stock_left: StockLeft | None = None


class StockCounted(Struct, frozen=True, kw_only=True, tag_field="type", tag="stock-counted.v1", gc=False):
    """How many units of an item a store has, by a count or from its stock ledger."""

    event_id: EventId
    store: Store
    item: Item
    units: Stock
    counted_at: Moment


class PromotionPlanned(Struct, frozen=True, kw_only=True, tag_field="type", tag="promotion-planned.v1", gc=False):
    """Announces a promotion, from the first to the last business date, both included. `active=false` withdraws it."""

    event_id: EventId
    store: Store
    item: Item
    first_day: IsoDate
    last_day: IsoDate
    planned_at: Moment
    active: bool = True


class OpeningPlanned(Struct, frozen=True, kw_only=True, tag_field="type", tag="opening-planned.v1", gc=False):
    """Announces that a store opens, or stays closed, from the first to the last business date, both included.

    For each day the newest announcement counts. Days without one follow from the store's usual week and its holidays.
    """

    event_id: EventId
    store: Store
    first_day: IsoDate
    last_day: IsoDate
    open: Annotated[bool, Meta(description="false: the store stays closed on these days; true: it opens on them.")]
    planned_at: Moment
    active: Annotated[bool, Meta(description="false withdraws the announcement for exactly these days.")] = True


MAX_TICK_AHEAD_SECONDS: Final = 300
"""A clock tick dated further than this after its Kafka record is refused: it would close days early."""


class ClockTicked(Struct, frozen=True, kw_only=True, tag_field="type", tag="clock-ticked.v1", gc=False):
    """Says that time has passed in a store, so that days without sales close too. Because time is in the log, a replay repeats it."""

    store: Store
    at: Moment


class ShelfItem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An item of a described shelf."""

    item: Item
    width: Annotated[Width, Meta(description="Width of one facing, in the unit of the shelf.")] = 1.0
    price: Price | None = None
    cost: Price | None = None
    case_size: Annotated[int, Meta(ge=1, le=MAX_CASE, description="Units in a case; orders are whole cases.")] = 1
    units_per_facing: Annotated[
        float, Meta(ge=MIN_PER_FACING, le=MAX_PER_FACING, description="Units that stand in one facing, behind and on top of each other.")
    ] = 6.0
    min_facings: Annotated[int, Meta(ge=0, le=MAX_FACINGS)] = 0
    max_facings: Annotated[int, Meta(ge=1, le=NO_LIMIT)] | None = None
    category: Label | None = None
    must_stay: bool = False
    group: Annotated[Label | None, Meta(description="Items of the same group stand together.")] = None


class CategoryShare(Struct, frozen=True, kw_only=True):
    """Bounds on the share of the shelf's width that a category may take, 0 to 1."""

    category: Label
    min_share: Share = 0.0
    max_share: Share = 1.0


class ShelfDefined(Struct, frozen=True, kw_only=True, tag_field="type", tag="shelf-defined.v1"):
    """Describes a shelf of a store: its levels, and what may stand on it. The newest definition of a shelf counts."""

    event_id: EventId
    store: Store
    shelf: Label
    level_width: Annotated[Width, Meta(description="Width of one level, in the unit of the items' widths.")]
    levels: Annotated[int, Meta(ge=1, le=50)]
    items: Annotated[tuple[ShelfItem, ...], Meta(min_length=1, max_length=5000)]
    shares: Annotated[tuple[CategoryShare, ...], Meta(max_length=100)] = ()
    defined_at: Moment


InputEvent = SaleRecorded | StockCounted | PromotionPlanned | OpeningPlanned | ClockTicked | ShelfDefined | StockInput


class SaleAccepted(Struct, frozen=True, kw_only=True, tag_field="type", tag="sale-accepted.v1", omit_defaults=True, gc=False):
    """A sale that was accepted, once, with what follows from it. Money is exact, in whole millionths."""

    event_id: EventId
    store: Store
    item: Item
    quantity: Quantity
    sold_at: EpochSeconds
    business_date: IsoDate
    hour: Annotated[int, Meta(ge=0, le=23, description="Hour of the day in the store's time zone.")]
    revenue_micros: Micros
    profit_micros: Annotated[int | None, Meta(description="Millionths of the currency; absent if neither profit nor cost was given.")] = (
        None
    )
    partition: Partition
    offset: Offset
    seq: Annotated[int, Meta(ge=1, description="Number of this sale in its partition: 1, 2, 3, ... without gaps.")]
    late_seconds: Annotated[
        float,
        Meta(ge=0, description="Seconds from the sale to the store's newest event, if the sale's day had closed already; 0: in time."),
    ] = 0.0
    order_id: Label | None = None
    category: Label | None = None
    channel: Label | None = None
    on_promotion: bool | None = None
    currency: Currency | None = None
    customer: Annotated[Label | None, Meta(description="As the sale named it: a pseudonym where producers have a key for them.")] = None
    cashier: Annotated[Label | None, Meta(description="As the sale named it: a pseudonym where producers have a key for them.")] = None
    list_price: Price | None = None


class HorizonForecast(Struct, frozen=True, gc=False):
    """Units expected over a horizon, first to last business date, both included."""

    # Each declared quantile has a field. A further one stands last, with a default: older messages lack it.
    horizon: Horizon
    first_day: IsoDate
    last_day: IsoDate
    open_days: Annotated[int, Meta(ge=0, description="Days of the horizon on which the store is expected to open.")]
    mean: Units
    p10: Units
    p50: Units
    p90: Units
    same_weekday_mean: Annotated[
        Units, Meta(description="The baseline: the mean of each weekday's last 8 open days, summed over the horizon.")
    ]


class ForecastParts(Struct, frozen=True, omit_defaults=True, gc=False):
    """What the mean of the next day is made of. The numbers are whole thousandths of a unit, and their sum is that mean exactly."""

    thousandths: Annotated[
        tuple[int, ...],
        Meta(
            min_length=len(PARTS),
            max_length=len(PARTS),
            description=f"What each cause adds to those before it, in this order: {', '.join(PARTS)}.",
        ),
    ]
    expert: Annotated[str, Meta(description="The expert that weighs most in the mix.")]
    holiday: Annotated[str | None, Meta(description="The named holiday that is near; absent: none is.")] = None
    days_after_holiday: Annotated[int, Meta(description="Days from that holiday to the forecast day; below 0: it is still to come.")] = 0


class PredictedSales(Struct, frozen=True, kw_only=True, tag_field="type", tag="predicted-sales.v1", omit_defaults=True, gc=False):
    """What an item should sell: at the close of a day, for the days ahead; while a day runs, its total."""

    id: Annotated[str, Meta(description="partition-offset-number, the same after any replay. Drop messages whose id you have seen.")]
    store: Store
    item: Item
    origin: Annotated[IsoDate, Meta(description="The newest business date that the forecast knows.")]
    made_at: EpochSeconds
    horizons: tuple[HorizonForecast, ...]
    path: Annotated[
        tuple[float, ...], Meta(description="Expected units of each of the next 28 days; their sums agree with the horizons.")
    ] = ()
    sold_so_far: Annotated[float | None, Meta(description="Units sold so far, in a forecast of today.")] = None
    partition: Partition
    offset: Offset
    parts: Annotated[
        ForecastParts | None, Meta(description="Why the next day: absent if the worker is told not to say, or the store stays closed.")
    ] = None


class TotalForecast(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a store, or one of its categories, should sell on the running day, in units of all its items together."""

    category: Annotated[Label | None, Meta(description="Absent: the whole store.")] = None
    sold_so_far: float
    mean: Units
    p10: Units
    p50: Units
    p90: Units
    same_weekday_mean: Annotated[
        Units, Meta(description="The baseline: the mean of the weekday's last 8 open days, summed over the items.")
    ]


class TotalsPredicted(Struct, frozen=True, kw_only=True, tag_field="type", tag="predicted-totals.v1", omit_defaults=True):
    """Today's totals of a store and of its categories, while the day runs: those that have moved since they were said last.

    A band of a total is narrower than the sum of its items' bands, and wider than if the items sold independently.
    """

    id: str
    store: Store
    day: Annotated[IsoDate, Meta(description="The running business date.")]
    made_at: EpochSeconds
    totals: tuple[TotalForecast, ...]
    partition: Partition
    offset: Offset


class Allocation(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One item in a shelf plan."""

    item: Item
    predicted_sales: Annotated[float, Meta(description="Expected units of the next business day.")]
    shelf_space_percentage: Annotated[
        float, Meta(ge=0, le=100, description="Share of the store's space; all plans of one close of a store sum to 100.")
    ]
    percentage_of_shelf: Annotated[
        float | None, Meta(description="Share of this shelf; a plan sums to 100. Absent if no shelf is described.")
    ] = None
    facings: int | None = None
    previous_facings: int | None = None
    profit_per_day: Annotated[float | None, Meta(description="Expected profit per day under the plan, in the currency.")] = None
    marginal_profit: Annotated[float | None, Meta(description="What one more facing would earn per day, in the currency.")] = None
    order_units: Annotated[float | None, Meta(description="Units to order now, in whole cases.")] = None
    stock: Annotated[float | None, Meta(description="Units on hand, as far as known.")] = None


class ShelfAllocation(Struct, frozen=True, kw_only=True, tag_field="type", tag="shelf-allocation.v1", omit_defaults=True):
    """How to share a store's shelf among its items, based on the forecasts of the same close.

    A plan of many items comes in numbered parts. Each part has the gains of the whole plan; only the first has the reasons.
    """

    id: str
    store: Store
    shelf: Label = "all"
    origin: IsoDate
    made_at: EpochSeconds
    items: tuple[Allocation, ...]
    gain_per_day: Annotated[float | None, Meta(description="Expected gain over the current plan, in the currency per day.")] = None
    gain_over_share_of_sales: float | None = None
    gain_over_share_of_profit: float | None = None
    gain_over_equal_space: float | None = None
    changed: Annotated[bool, Meta(description="False if the current plan stays, because moving goods would not pay.")] = True
    reasons: Annotated[tuple[str, ...], Meta(description="Sentences that say what moves and why, and which limit binds.")] = ()
    part: Part = 1
    parts: Parts = 1
    partition: Partition
    offset: Offset


class ItemScore(Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """One item's forecast beside what it sold, in units summed over the horizon."""

    item: Item
    actual: float
    mean: float
    p10: float
    p90: float
    same_weekday_mean: float


class ForecastScored(Struct, frozen=True, kw_only=True, tag_field="type", tag="forecast-scored.v1", omit_defaults=True):
    """A store's forecasts of one origin and horizon beside what was sold, once all days of the horizon have closed.

    Each part has the sums over all series; `items` lists the 1000 that sold most.
    """

    id: str
    store: Store
    horizon: Horizon
    origin: IsoDate
    first_day: IsoDate
    last_day: IsoDate
    n: Annotated[int, Meta(description="Number of series scored.")]
    actual: Annotated[float, Meta(description="Units sold, summed over series.")]
    absolute_error: Annotated[float, Meta(description="Sum over series of |forecast - actual|, units.")]
    absolute_error_same_weekday_mean: float
    error: Annotated[float, Meta(description="Sum over series of forecast - actual, units; its sign is the bias.")]
    within_band: Annotated[int, Meta(description="Number of series that sold from p10 to p90.")]
    out_of_stock: Annotated[
        int,
        Meta(ge=0, description="Series left out, because they were out of stock for a part of these days: no forecast is wrong for that."),
    ] = 0
    items: tuple[ItemScore, ...]
    part: Part = 1
    parts: Parts = 1
    partition: Partition
    offset: Offset


class DriftDetected(Struct, frozen=True, kw_only=True, tag_field="type", tag="drift-detected.v1", omit_defaults=True):
    """A change that the model noticed: what, since when, by how much, and what the model did about it."""

    id: str
    store: Annotated[str | None, Meta(description="Absent if the change concerns the whole partition.")] = None
    item: str | None = None
    kind: Annotated[
        Literal["level_shift", "sale_error"],
        Meta(description="level_shift: an item sells on another level; sale_error: errors per sale have another size."),
    ]
    since: IsoDate
    before: float
    after: float
    factor: float
    action: str
    made_at: EpochSeconds
    partition: Partition
    offset: Offset


OutputMessage = PredictedSales | TotalsPredicted | ShelfAllocation | ForecastScored | DriftDetected | StockOutput
