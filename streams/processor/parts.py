"""Splits long messages into numbered parts that Kafka takes; parts are measured in bytes, so long names do not break them."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, TypeVar

from msgspec.structs import replace

from streams.contract.codec import encode
from streams.contract.messages import ForecastScored, ShelfAllocation
from streams.contract.stock_messages import LostSalesEstimated

PART_BYTES: Final = 250_000
"""Largest encoded part: a quarter of what clients and brokers take by default."""

_NUMBERING: Final = 100
"""Bytes reserved for the id, `part` and `parts`, which are set after the message is measured."""

_Long = TypeVar("_Long", bound=ShelfAllocation | ForecastScored | LostSalesEstimated)


def in_parts(message: _Long, part_bytes: int = PART_BYTES) -> Iterator[_Long]:
    """The message itself if it fits, else its parts, with the items in their order.

    Each part repeats the sums and gains of the whole; only the first one has a plan's reasons.
    """
    whole = len(encode(message))
    if whole + _NUMBERING <= part_bytes:
        yield message
        return
    sizes = [len(encode(item)) + 1 for item in message.items]
    ends = _ends(sizes, part_bytes - (whole - sum(sizes)) - _NUMBERING)
    rest: dict[str, Any] = {}
    for part, (start, end) in enumerate(zip([0, *ends], ends, strict=False), start=1):
        yield replace(message, items=message.items[start:end], part=part, parts=len(ends), **rest)
        rest = {"reasons": ()} if isinstance(message, ShelfAllocation) else {}


def _ends(sizes: Sequence[int], room: int) -> list[int]:
    """Where the parts end, each as full as possible; an item larger than `room` gets a part of its own."""
    ends: list[int] = []
    used = 0
    for place, size in enumerate(sizes):
        if used and used + size > room:
            ends.append(place)
            used = 0
        used += size
    return [*ends, len(sizes)]
