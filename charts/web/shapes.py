"""The shapes of the answers, as the description tells them. What is kept in MongoDB is answered as it is kept."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from streams.contract.messages import Allocation

Money = Annotated[str | None, Meta(description="Decimal with two places; null where there are several currencies.")]
Profit = Annotated[str | None, Meta(description="The same; null, too, where no line had a profit or a cost.")]
Fraction = Annotated[float | None, Meta(description="A fraction; null where nothing was sold.")]
Day = Annotated[str, Meta(description="A business date, YYYY-MM-DD.")]


class CurrencyTotals(Struct, frozen=True, kw_only=True):
    """Money of one currency."""

    currency: Annotated[str | None, Meta(description="Null: lines that named none.")]
    revenue: Annotated[str, Meta(description="Decimal with two places.")]
    profit: Annotated[str | None, Meta(description="Null where no line had a profit or a cost.")]


class Totals(Struct, frozen=True, kw_only=True):
    """Sums over sales, less returns."""

    units: Annotated[str, Meta(description="Decimal, less returns.")]
    revenue: Money
    profit: Profit
    by_currency: Annotated[
        list[CurrencyTotals] | UnsetType,
        Meta(description="Only where there are several currencies; revenue and profit are then null beside it."),
    ] = UNSET
    sales: Annotated[int, Meta(description="Lines sold.")]
    returns: Annotated[int, Meta(description="Lines taken back.")]
    orders: Annotated[int, Meta(description="Orders begun.")]


class ItemTotals(Totals, frozen=True, kw_only=True):
    """Sums over the sales of an item."""

    item: str


class Frequency(Struct, frozen=True, kw_only=True):
    """How often an item was sold."""

    item: str
    frequency: Annotated[int, Meta(description="Lines sold less lines taken back.")]
    sales: Annotated[int, Meta(description="Lines sold.")]
    returns: Annotated[int, Meta(description="Lines taken back.")]
    orders: Annotated[int, Meta(description="Orders begun.")]


class Prediction(Struct, frozen=True, kw_only=True):
    """What to expect of an item and how much of the shelf to give it."""

    name: Annotated[str | int, Meta(description="Item; a number where the name is a whole number.")]
    buy: Annotated[float, Meta(description="Units sold on the item's newest business day with sales.")]
    profit: Annotated[float | None, Meta(description="Profit of that day; null where it came in several currencies.")]
    time: Annotated[int | None, Meta(description="End of that day, epoch seconds.")]
    predicted_sales: Annotated[float, Meta(description="Units expected on the next business day, mean.")]
    shelf_space_percentage: Annotated[float, Meta(description="Share of the store's shelf; a store's sum to 100.")]
    store: Annotated[str | UnsetType, Meta(description="Only where the answer is of several stores.")] = UNSET


class Score(Struct, frozen=True, kw_only=True):
    """How good the forecasts of a horizon were."""

    n: Annotated[int, Meta(description="Forecasts that have come due.")]
    wape: Annotated[Fraction, Meta(description="Sum |forecast - sold| / sum of sold, a fraction.")]
    wape_same_weekday_mean: Annotated[Fraction, Meta(description="The same of the baseline.")]
    bias: Annotated[Fraction, Meta(description="Sum of forecast - sold / sum of sold.")]
    coverage: Annotated[float | None, Meta(description="Fraction within p10 to p90.")]


class Drift(Struct, frozen=True, kw_only=True):
    """A change that the model saw: `drift-detected.v1` as it is kept."""

    id: str
    store: Annotated[str | UnsetType, Meta(description="Absent: seen over the whole partition.")] = UNSET
    item: str | UnsetType = UNSET
    kind: Annotated[str, Meta(description="level_shift: of a series' daily level; sale_error: of the error per sale.")]
    since: Day
    before: float
    after: float
    factor: float
    action: Annotated[str, Meta(description="What the model did about it.")]
    made_at: Annotated[float, Meta(description="Epoch seconds.")]
    partition: int
    offset: int


class LostMoney(Struct, frozen=True, kw_only=True):
    """What empty shelves cost in one currency, estimated."""

    currency: Annotated[str | None, Meta(description="Null: of sales that named none.")]
    revenue: float
    revenue_p10: float
    revenue_p90: float
    profit: Annotated[float | None, Meta(description="Null where no sale had a profit or a cost.")]
    most_in: Annotated[str | None, Meta(description="The category with most of it; an item where sales name no category.")]
    most_share: Annotated[float | None, Meta(description="Which share of the revenue that is.")]


class LostWeek(Struct, frozen=True, kw_only=True):
    """What empty shelves cost in the newest week, estimated."""

    first_day: Day
    last_day: Day
    units: float
    by_currency: list[LostMoney]


class Summary(Struct, frozen=True, kw_only=True):
    """What the page shows live."""

    totals: Totals
    first_day: Day | None
    last_day: Day | None
    currencies: list[str]
    applied: Annotated[int, Meta(description="Accepted sales that are counted, returns included.")]
    series: Annotated[int, Meta(description="Items forecast, by store.")]
    scores: Annotated[dict[str, Score], Meta(description="By horizon.")]
    drifts: list[Drift]
    lost: Annotated[LostWeek | None, Meta(description="Null: nothing was out of stock, as far as stock is known.")]
    per_second: Annotated[float, Meta(description="Sales counted a second since the summary before.")]


class Plan(Struct, frozen=True, kw_only=True):
    """`shelf-allocation.v1` as it is kept, its parts put together."""

    store: str
    shelf: str
    id: str
    origin: Day
    made_at: Annotated[float, Meta(description="Epoch seconds.")]
    items: list[Allocation]
    gain_per_day: Annotated[float | UnsetType, Meta(description="Expected gain over the plan in place, currency a day.")] = UNSET
    gain_over_share_of_sales: float | UnsetType = UNSET
    gain_over_share_of_profit: float | UnsetType = UNSET
    gain_over_equal_space: float | UnsetType = UNSET
    changed: Annotated[bool, Meta(description="False: the plan in place stays, because moving goods would not pay.")]
    reasons: list[str] | UnsetType = UNSET
    part: int | UnsetType = UNSET
    parts: int | UnsetType = UNSET
    missing_parts: Annotated[list[int] | UnsetType, Meta(description="Parts that are not there yet: items are missing.")] = UNSET
    partition: int
    offset: int
    number: int


class StockRow(Struct, frozen=True, kw_only=True):
    """What to stock of an item, units."""

    item: str
    day: Annotated[Day, Meta(description="The next business date.")]
    mean: Annotated[float, Meta(description="Expected on that day.")]
    p10: float
    p90: float
    week: Annotated[float | None, Meta(description="Expected in the next 7 days.")]
    shelf: Annotated[float | None, Meta(description="Percentage of the store's shelf; null where no plan has the item.")]
    order: Annotated[float | None, Meta(description="Units to order now; null where the plan does not say.")]


class Gain(Struct, frozen=True, kw_only=True):
    """What a described shelf should earn beyond other ways to share it, currency a day."""

    shelf: str
    gain_per_day: Annotated[float | None, Meta(description="Beyond the plan in place.")]
    gain_over_share_of_sales: float | None
    gain_over_share_of_profit: float | None
    gain_over_equal_space: float | None


class Stock(Struct, frozen=True, kw_only=True):
    """What to stock in one store: the items expected to sell most first."""

    store: Annotated[str | None, Meta(description="Null: nothing was sold yet.")]
    items: Annotated[int | UnsetType, Meta(description="How many items the store has.")] = UNSET
    rows: list[StockRow]
    gains: list[Gain]
    notes: Annotated[list[str], Meta(description="Sentences: what is not whole.")]


class Health(Struct, frozen=True, kw_only=True):
    """MongoDB answers."""

    status: str
