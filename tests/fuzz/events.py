"""Any bytes as a log: events of every type whose fields, clocks and catalogues are extreme now and then.

The same bytes give the same log, few bytes change little of it, and what comes after the last byte is zero: so both a
coverage-guided fuzzer and Hypothesis can steer and shrink it.
"""

import json
import struct
from datetime import date
from typing import Any, Final

from streams.contract.codec import EARLIEST, LATEST
from streams.contract.fields import MAX_CASE, MAX_FACINGS, MAX_PER_FACING, MAX_WIDTH, MIN_PER_FACING, MIN_WIDTH, NO_LIMIT
from streams.contract.topics import partition_of
from tests.unit.streams.logs import DAY, MONDAY, PARTITIONS, Record

STORES: Final = tuple(name for name in map(str, range(40)) if partition_of(name, PARTITIONS) == 1)[:3]
OTHERS: Final = ("0", "x" * 64, "Köln", "")
ITEMS: Final = ("milk", "flour", "tea", "价", "$gt", "a.b", "x" * 128, "", "\x00", *map(str, range(30)))
NUMBERS: Final = (
    0, 1, -1, 2, 0.5, -0.0, 1e-300, 5e-324, 0.0005, 999_999.999, 1e6, -1e6, 1e6 + 1, 1e7, 1e9, -1e9, 1e12, 1e308, -1e308,
    2**31, 2**53 + 1, 2**63, -(2**63), 10**19, 10**400, None, "1", True, [], {},
)  # fmt: skip
WHOLE: Final = (0, 1, 2, 3, 5, 12, 50, 51, 1000, -1, MAX_FACINGS, MAX_FACINGS + 1, NO_LIMIT, NO_LIMIT + 1, MAX_CASE, 1.5)
MEASURES: Final = (1, 1, 2, 6, 10, 0.5, MIN_WIDTH, MAX_WIDTH, 0, -1, 33.3, 1e-9, MAX_WIDTH + 1, MIN_PER_FACING, MAX_PER_FACING, 250)
"""For the numbers of a shelf: what shelves have, and both sides of what the contract takes."""
SHARES: Final = (0, 1, 0.5, 0.1, 1e-300, 0.9999999, -0.1, 1.1)
LABELS: Final = ("dairy", "dairy", "dry", "", "$where", "x" * 128, "x" * 129, None)
STEPS: Final = (
    *(0, 1, 60, 300, 600, 1200, 1800, 3600) * 12,
    6 * 3600, DAY, DAY, DAY, 2 * DAY, 3 * DAY, 7 * DAY, 61 * DAY, 95 * DAY, 400 * DAY, 3650 * DAY, -1, -3600, -DAY, -40 * DAY, -4000 * DAY,
)  # fmt: skip
"""How far the clock moves to the next event, seconds."""
SMALL_STEPS: Final = (0, 0, 0, 1, 1, 60, 60, 300) * 15 + (1800, 6 * 3600, DAY, -1, -3600, -DAY)
"""As in a day of a store: few days close, which cost a hundred times what an event does."""
EDGES: Final = (
    EARLIEST,
    EARLIEST - 1,
    LATEST - 1,
    LATEST,
    0,
    -1,
    1e18,
    -1e18,
    1_774_746_000.5,
    "2026-03-29T02:30:00+01:00",
    "2026-02-30",
    None,
)
MOST_EVENTS: Final = 400
CATALOGUE: Final = 300
"""Items of a large shelf."""


class Bytes:
    """Choices taken from bytes, zero after their end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def __bool__(self) -> bool:
        return self._at < len(self._data)

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1] if self._at <= len(self._data) else 0

    def take(self, n: int) -> bytes:
        self._at += n
        return self._data[self._at - n : self._at].ljust(n, b"\0")

    def of(self, choices: tuple[Any, ...]) -> Any:
        return choices[self.byte() % len(choices)]

    def number(self, usual: float = 1) -> Any:
        """The usual one mostly; an extreme one; any double."""
        how = self.byte()
        if how < 230:
            return usual + how % 8
        return self._extreme(how < 250)

    def measure(self, choices: tuple[Any, ...]) -> Any:
        """One of the choices mostly; an extreme number; any double."""
        how = self.byte()
        return choices[how % len(choices)] if how < 240 else self._extreme(how < 252)

    def _extreme(self, listed: bool) -> Any:
        return self.of(NUMBERS) if listed else struct.unpack("<d", self.take(8))[0]


def log(data: bytes, steps: tuple[int, ...] = STEPS) -> list[Record]:
    """The log that the bytes stand for; at most `MOST_EVENTS` records."""
    source, now, records = Bytes(data), float(MONDAY), []
    while source and len(records) < MOST_EVENTS:
        now = min(max(now + source.of(steps), EARLIEST - DAY), LATEST + DAY)
        how = source.byte()
        at = source.of(EDGES) if how >= 253 else now
        written = (0, int(now * 1000), 1, int(now * 1000) - 3 * DAY * 1000)[max(how - 236, 0) // 3 % 4]
        raw = _encoded(_event(source, at, len(records)))
        if how in (240, 241):
            raw = raw[: source.byte()] + source.take(2) + raw[source.byte() :]
        records.append(Record(len(records), written, None, raw))
    return records


def _encoded(event: Any) -> bytes:
    """As JSON, with all that other programs write: integers of any length, NaN, Infinity."""
    return event if isinstance(event, bytes) else json.dumps(event, ensure_ascii=False).encode()


def _event(source: Bytes, at: Any, place: int) -> Any:
    kind = source.byte()
    store = source.of(STORES) if kind & 15 else source.of((*OTHERS, *STORES))
    number = place if kind & 16 else source.byte() % 8  # ids come again
    head = {"store": store, "event_id": f"e{number}"}
    match kind % 11:
        case 6 | 7:
            return {"type": "clock-ticked.v1", "store": store, "at": at}
        case 8:
            return head | _stock(source, at)
        case 9:
            return _plan(source, head, at)
        case 10:
            return _shelf(source, head, at) if source.byte() % 3 else source.take(source.byte() % 64)
        case _:
            return _sale(source, head, at)


def _stock(source: Bytes, at: Any) -> dict[str, Any]:
    moved = {"item": source.of(ITEMS), "units": source.number()}
    match source.byte() % 4:
        case 1:
            return moved | {"type": "stock-received.v1", "received_at": at}
        case 2:
            return moved | {"type": "stock-written-off.v1", "written_off_at": at, "reason": source.of(("waste", "stolen", ""))}
        case _:
            return moved | {"type": "stock-counted.v1", "counted_at": at}


def _sale(source: Bytes, head: dict[str, Any], at: Any) -> dict[str, Any]:
    event = head | {"type": "sale-recorded.v1", "item": source.of(ITEMS), "quantity": source.number(), "sold_at": at, "unit_price": 1.39}
    there = source.byte()
    for bit, name in enumerate(("unit_price", "amount", "profit", "unit_cost", "stock_left", "list_price")):
        if there >> bit & 1:
            event[name] = source.number()
    if there & 64:
        event["on_promotion"] = bool(there & 128)
    return event


def _plan(source: Bytes, head: dict[str, Any], at: Any) -> dict[str, Any]:
    moment = at if isinstance(at, float) and EARLIEST <= at < LATEST else MONDAY
    first = int(moment // DAY) + 719_163 + source.byte() - 60
    last = first + source.of((0, 1, 6, 30, 366, 367, -1))
    days = {"first_day": _iso(first), "last_day": _iso(last), "planned_at": at, "active": source.byte() % 4 > 0}
    if source.byte() % 2:
        return head | days | {"type": "opening-planned.v1", "open": source.byte() % 2 > 0}
    return head | days | {"type": "promotion-planned.v1", "item": source.of(ITEMS)}


def _shelf(source: Bytes, head: dict[str, Any], at: Any) -> dict[str, Any]:
    if source.byte() >= 254:
        items = [{"item": f"c{i}", "width": 1 + i % 3} for i in range(CATALOGUE)]
    else:
        items = [_shelf_item(source, source.of(ITEMS)) for _ in range(source.byte() % 5)]
    shape = {"shelf": source.of(("wall", "end")), "level_width": source.measure(MEASURES), "levels": source.measure(WHOLE)}
    if source.byte() >= 200:
        bounds = {"min_share": source.measure(SHARES), "max_share": source.measure(SHARES)}
        shape["shares"] = [bounds | {"category": source.of(LABELS)} for _ in range(source.byte() % 3)]
    return head | shape | {"type": "shelf-defined.v1", "items": items, "defined_at": at}


def _shelf_item(source: Bytes, name: str) -> dict[str, Any]:
    item = {"item": name, "width": source.measure(MEASURES), "units_per_facing": source.measure(MEASURES), "price": source.number(2)}
    there = source.byte()
    if there >= 128:
        for bit, field in enumerate(("min_facings", "max_facings", "case_size")):
            if there >> bit & 1:
                item[field] = source.measure(WHOLE)
        for bit, field in enumerate(("category", "group"), start=3):
            if there >> bit & 1:
                item[field] = source.of(LABELS)
        item["must_stay"] = bool(there & 32)
        if there & 64:
            item["cost"] = source.number()
    return item


def _iso(ordinal: int) -> str:
    return str(date.fromordinal(min(max(ordinal, 1), date.max.toordinal())))
