"""Types of the columns that rows of several lists share, with their meaning and, for tables, their format."""

from typing import Annotated

from msgspec import Meta

Day = Annotated[str, Meta(description="A business date.", extra_json_schema={"format": "date"})]
Store = Annotated[str, Meta(description="Name of the store.")]
Item = Annotated[str, Meta(description="Name of the item.")]
Decimal = Annotated[str, Meta(extra_json_schema={"format": "decimal"})]
Seconds = Annotated[float, Meta(description="Seconds since 1970-01-01 UTC, of event time.")]
Mean = Annotated[float, Meta(description="Expected units.")]
P10 = Annotated[float, Meta(description="Units that sales exceed with probability 90 %.")]
P50 = Annotated[float, Meta(description="Median of the expected units.")]
P90 = Annotated[float, Meta(description="Units that sales stay at or below with probability 90 %.")]
Baseline = Annotated[float, Meta(description="Units by the mean of the same weekdays, the forecast to beat.")]

Units = Annotated[Decimal, Meta(description="Units sold less units returned, exact.")]
Currency = Annotated[str | None, Meta(description="Currency of the money; null: the lines named none, or several.")]
Revenue = Annotated[Decimal | None, Meta(description="Money taken less given back; null: several currencies, choose one.")]
Profit = Annotated[Decimal | None, Meta(description="Null where revenue is, and where no line had a profit or a cost.")]
Sales = Annotated[int, Meta(description="Lines sold.")]
Returns = Annotated[int, Meta(description="Lines taken back.")]
Orders = Annotated[int, Meta(description="Orders begun.")]
