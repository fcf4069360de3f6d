"""Types of message fields; each brings its unit, limits and meaning into the schemas."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

MAX_QUANTITY = 1_000_000.0
MAX_PRICE = 10_000_000.0
MAX_AMOUNT = 1_000_000_000.0
LEAST_QUANTITY = 0.0005
"""A quantity up to this rounds to 0, because 3 decimals count."""
MAX_STOCK = 1_000_000_000.0
MIN_WIDTH, MAX_WIDTH = 0.001, 1_000_000.0
MAX_FACINGS = 20_000
"""Most facings of an item; a whole shelf takes no more either (see `online_model.shelf`)."""
NO_LIMIT = 1_000_000
"""Largest value of an item's `max_facings`: some write 99999 to say that there is no limit."""
MAX_CASE = 1_000_000
MIN_PER_FACING, MAX_PER_FACING = 0.001, 1_000_000.0

# Names must not have control characters, which could forge log lines and break terminals.
# The codec checks only messages that could hold one: a pattern here would cost every event a microsecond.
NAME_PATTERN = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$"
NAME_SCHEMA = {"pattern": NAME_PATTERN}

EventId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        extra_json_schema=NAME_SCHEMA,
        description="Identifies the event forever; a retry of the same event repeats it.",
    ),
]
Store = Annotated[
    str,
    Meta(min_length=1, max_length=64, extra_json_schema=NAME_SCHEMA, description="Name or number of the store; the Kafka key."),
]
Item = Annotated[
    str,
    Meta(min_length=1, max_length=128, extra_json_schema=NAME_SCHEMA, description="Name, SKU or number of the item."),
]
Label = Annotated[
    str,
    Meta(
        min_length=1, max_length=128, extra_json_schema=NAME_SCHEMA, description="A short name. It is kept as data and never interpreted."
    ),
]
Quantity = Annotated[
    float,
    Meta(
        ge=-MAX_QUANTITY,
        le=MAX_QUANTITY,
        description="Units sold, not 0; negative for a return. Up to 3 decimals count (weighed goods).",
    ),
]
Units = Annotated[float, Meta(ge=0, description="Units of demand.")]
Price = Annotated[float, Meta(ge=0, le=MAX_PRICE, description="Per unit, in the currency. Up to 4 decimals count.")]
Amount = Annotated[
    float,
    Meta(ge=-MAX_AMOUNT, le=MAX_AMOUNT, description="For the whole line, in the currency. Up to 6 decimals count."),
]
Stock = Annotated[float, Meta(ge=0, le=MAX_STOCK, description="Units on hand.")]
StockLeft = Annotated[
    float,
    Meta(
        ge=-MAX_STOCK,
        le=MAX_STOCK,
        description="Units left on the shelf after the sale, when the till knows; below 0 counts as 0.",
    ),
]
Width = Annotated[float, Meta(ge=MIN_WIDTH, le=MAX_WIDTH, description="A shelf and all its items use the same unit.")]
Share = Annotated[float, Meta(ge=0, le=1)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217 code.")]
Moment = datetime | float
"""RFC 3339 text with an offset, or seconds since 1970-01-01 UTC."""

Micros = Annotated[int, Meta(description="Money in millionths of the currency; an exact integer.")]
IsoDate = Annotated[str, Meta(pattern=r"^\d{4}-\d{2}-\d{2}$", description="A business date of the store, YYYY-MM-DD.")]
EpochSeconds = Annotated[float, Meta(description="Seconds since 1970-01-01 UTC, of event time.")]
Offset = Annotated[int, Meta(ge=0, description="Kafka offset in sales.events of the event that caused this message.")]
Partition = Annotated[int, Meta(ge=0, description="Kafka partition of sales.events; every topic uses the same numbers.")]
Part = Annotated[int, Meta(ge=1, description="Number of this part: 1, 2, ... parts. A message that fits is part 1 of 1.")]
Parts = Annotated[
    int,
    Meta(
        ge=1,
        description="Number of parts. They follow each other in the topic, each with its own id, and agree in store, "
        "partition, offset and origin; the message is complete when all of them have come.",
    ),
]
