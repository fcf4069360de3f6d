"""Small logs for tests of the processor."""

from typing import Any, NamedTuple

import msgspec

from streams.contract.topics import partition_of

PARTITIONS = 4
MONDAY = 1_735_552_800  # 2024-12-30 10:00 UTC
DAY = 86_400


class Record(NamedTuple):
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


def store_of(partition: int) -> str:
    return next(name for name in map(str, range(1000)) if partition_of(name, PARTITIONS) == partition)


STORE = store_of(1)


def sale(number: int = 0, **changes: Any) -> dict[str, Any]:
    event = {
        "type": "sale-recorded.v1",
        "event_id": f"e{number}",
        "store": STORE,
        "item": "milk",
        "quantity": 2,
        "unit_price": 1.39,
        "sold_at": MONDAY + number * 60,
    }
    return {name: value for name, value in (event | changes).items() if value is not ...}


def log_of(*events: Any, first: int = 0, timestamp: int = 0) -> list[Record]:
    """Records of events (dicts) or raw bytes; timestamp 0: not known."""
    raws = [e if isinstance(e, bytes) else msgspec.json.encode(e) for e in events]
    return [Record(first + i, timestamp, STORE.encode(), raw) for i, raw in enumerate(raws)]
