"""A made-up shop that tells of its stock: sales each hour, and on its last days an item that is out from noon on."""

from collections.abc import Iterator
from typing import Any

from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import DAY, PARTITIONS, STORE, Record, log_of

MONDAY = 1_735_516_800  # 2024-12-30 00:00 UTC
ITEMS = {"milk": ("dairy", 4, 1.5), "cheese": ("dairy", 2, 6.0), "bread": ("bakery", 3, 2.5)}
"""Item -> category, units an hour, price."""
OPENS, CLOSES, NOON = 8, 20, 12


def events(
    days: int = 20,
    out_days: int = 3,
    out: tuple[str, ...] = ("milk",),
    *,
    currency: str | None = "EUR",
    told: bool = True,
    last_count: float = 200.0,
    closes: int = CLOSES,
) -> Iterator[dict[str, Any]]:
    """Each morning a count; `out` items do not sell from noon on on the last days, and are counted as 0 then.

    told: whether anything is told of stock. last_count, closes: the last day's count of the morning, and the hour at which it ends.
    """
    for day in range(days):
        begin = MONDAY + day * DAY
        for item in ITEMS:
            if told:
                units = last_count if day == days - 1 else 200
                yield stock("stock-counted.v1", f"{item}{day}", item, "counted_at", begin + OPENS * 3600, units)
        for hour in range(OPENS, closes if day == days - 1 else CLOSES):
            if told and hour == NOON and day >= days - out_days:
                for item in out:
                    yield stock("stock-counted.v1", f"{item}{day}noon", item, "counted_at", begin + hour * 3600, 0)
            for item, (category, units, price) in ITEMS.items():
                if item in out and day >= days - out_days and hour >= NOON:
                    continue
                yield {
                    "type": "sale-recorded.v1", "event_id": f"{item}{day}-{hour}", "store": STORE, "item": item, "category": category,
                    "quantity": units + (day * 7 + hour) % 3, "unit_price": price, "unit_cost": price / 2, "currency": currency,
                    "sold_at": begin + hour * 3600 + 900,
                }  # fmt: skip
    for hour in (*range(closes, 24), 26):
        yield {"type": "clock-ticked.v1", "store": STORE, "at": MONDAY + (days - 1) * DAY + hour * 3600}


def stock(kind: str, number: str, item: str, field: str, at: float, units: float, **changes: Any) -> dict[str, Any]:
    return {"type": kind, "event_id": f"{kind}{number}", "store": STORE, "item": item, "units": units, field: at} | changes


def log(**changes: Any) -> list[Record]:
    return log_of(*events(**changes))


def processor(**rules: Any) -> Processor:
    return Processor(Rules(**rules), 1, PARTITIONS)
