"""The messages about stock: what comes in and what is thrown away; what the ledger says; what empty shelves cost.

`messages` makes them part of the input and the output; the rules for changing messages stand there.
"""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from streams.contract.fields import (
    MAX_STOCK,
    EpochSeconds,
    EventId,
    IsoDate,
    Item,
    Label,
    Moment,
    Offset,
    Part,
    Partition,
    Parts,
    Store,
    Units,
)

StockMoved = Annotated[float, Meta(ge=-MAX_STOCK, le=MAX_STOCK, description="Units that moved. Up to 3 decimals count.")]
Money = Annotated[float, Meta(description="In the currency named beside it.")]

KNOWS: Final = ("counted", "derived", "unknown")
"""How a ledger knows a stock: a count that nothing has moved since; a count, and what moved since; or it cannot say."""
Cause = Literal["count", "receipt", "write_off", "sold_out", "wrong", "close"]


class StockReceived(Struct, frozen=True, kw_only=True, tag_field="type", tag="stock-received.v1", gc=False):
    """Goods that a store received. Negative units: goods that it sent away, to another store or back."""

    event_id: EventId
    store: Store
    item: Item
    units: StockMoved
    received_at: Moment
    kind: Literal["delivery", "transfer"] = "delivery"
    source: Annotated[Label | None, Meta(description="The supplier, or the other store of a transfer.")] = None


class StockWrittenOff(Struct, frozen=True, kw_only=True, tag_field="type", tag="stock-written-off.v1", gc=False):
    """Goods that can no longer be sold. Negative units take an earlier write-off back."""

    event_id: EventId
    store: Store
    item: Item
    units: StockMoved
    written_off_at: Moment
    reason: Annotated[Label, Meta(description="Why, as in waste, damaged, stolen.")]


class WrittenOff(Struct, frozen=True, gc=False):
    """Units written off for one reason."""

    reason: str
    units: float


class StockStated(Struct, frozen=True, kw_only=True, tag_field="type", tag="stock-stated.v1", omit_defaults=True):
    """What the ledger says of an item's stock. Sums run since the ledger began, so the newest message says all."""

    id: str
    store: Store
    item: Item
    business_date: IsoDate
    made_at: EpochSeconds
    cause: Annotated[
        Cause,
        Meta(
            description="Why it is said: a count, a receipt, a write-off; sold_out: the last unit was sold; wrong: more was sold than "
            "the ledger had; close: a day in which stock moved has closed."
        ),
    ]
    units: Units
    knows: Annotated[
        Literal["counted", "derived", "unknown"],
        Meta(
            description="counted: nothing has moved since a count; derived: a count, and what moved since; "
            "unknown: never counted, or found wrong since."
        ),
    ]
    counted_at: Annotated[float | None, Meta(description="The newest count, epoch seconds.")] = None
    agreed_at: Annotated[float | None, Meta(description="The newest count that the ledger agreed with, epoch seconds.")] = None
    out_since: Annotated[float | None, Meta(description="Since when nothing has been left, as far as known, epoch seconds.")] = None
    wrong_at: Annotated[float | None, Meta(description="When more was sold than the ledger had, the last time, epoch seconds.")] = None
    wrong: Annotated[int, Meta(ge=0, description="How often that has happened.")] = 0
    counts: Annotated[int, Meta(ge=0, description="How often it was counted.")] = 0
    shrink: Annotated[float, Meta(description="Units that were missing at counts, less those found.")] = 0.0
    shrink_now: Annotated[float | None, Meta(description="Units missing at this count; negative: found. Only of a count.")] = None
    received: Annotated[float, Meta(description="Units received, less those sent away.")] = 0.0
    written_off: tuple[WrittenOff, ...] = ()
    partition: Partition
    offset: Offset


class LostMoney(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What was lost in one currency."""

    currency: Annotated[str | None, Meta(description="Absent: of sales that named none.")] = None
    revenue: Money
    revenue_p10: Money
    revenue_p90: Money
    profit: Annotated[float | None, Meta(description="Absent if no sale of the store came with a profit or a cost.")] = None
    profit_p10: float | None = None
    profit_p90: float | None = None


class LostItem(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """An item that was out of stock, with the demand that its hours in stock point to."""

    item: Item
    category: Label | None = None
    hours_out: Annotated[int, Meta(ge=1, le=24, description="Local hours of the day without stock.")]
    sold: float
    demand: Annotated[Units, Meta(description="Estimated units that would have been sold, those sold included.")]
    p10: Units
    p90: Units
    revenue: Annotated[float, Meta(description="Of what was not sold, at the item's usual price.")]
    profit: float | None = None
    currency: str | None = None


class LostSalesEstimated(Struct, frozen=True, kw_only=True, tag_field="type", tag="lost-sales-estimated.v1", omit_defaults=True):
    """What a store's empty shelves cost on a business day: an estimate, made at the close.

    Each part has the sums of the whole day.
    """

    id: str
    store: Store
    business_date: IsoDate
    made_at: EpochSeconds
    n: Annotated[int, Meta(ge=1, description="Items that were out of stock.")]
    units: Units
    units_p10: Units
    units_p90: Units
    money: Annotated[tuple[LostMoney, ...], Meta(description="By currency; currencies are never added.")]
    items: tuple[LostItem, ...]
    part: Part = 1
    parts: Parts = 1
    partition: Partition
    offset: Offset


class ShelfSilent(Struct, frozen=True, kw_only=True, tag_field="type", tag="shelf-silent.v1", omit_defaults=True, gc=False):
    """An item has not sold for longer than chance explains: its shelf may be empty, misplaced or blocked, or the till wrong."""

    id: str
    store: Store
    item: Item
    business_date: IsoDate
    made_at: EpochSeconds
    silent_since: Annotated[float, Meta(description="The end of the last hour with a sale, or the begin of the day; epoch seconds.")]
    probability: Annotated[float, Meta(ge=0, le=1, description="Of no sale in that time if all is well.")]
    units_per_hour: Annotated[Units, Meta(description="Units at stake in an hour.")]
    revenue_per_hour: Annotated[
        float, Meta(ge=0, description="The same in money, at the item's usual price, in the currency of its sales.")
    ]
    stock: Annotated[float | None, Meta(description="Units that the ledger says are there; absent: it does not know.")] = None
    partition: Partition
    offset: Offset


class RunsOutExpected(Struct, frozen=True, kw_only=True, tag_field="type", tag="runs-out-expected.v1", omit_defaults=True, gc=False):
    """An item will probably be gone before the store closes. Said once a day."""

    id: str
    store: Store
    item: Item
    business_date: IsoDate
    made_at: EpochSeconds
    stock: Annotated[Units, Meta(description="Units on hand.")]
    probability: Annotated[float, Meta(ge=0, le=1, description="That it is gone before the store closes.")]
    expected_at: Annotated[float | None, Meta(description="When it will be gone, about; epoch seconds.")] = None
    bring: Annotated[Units, Meta(description="Units to bring from the back room so that the day ends with some left in 9 of 10 cases.")]
    partition: Partition
    offset: Offset


StockInput = StockReceived | StockWrittenOff
StockOutput = StockStated | LostSalesEstimated | ShelfSilent | RunsOutExpected
