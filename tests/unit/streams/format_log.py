"""The log that the kept snapshots of released state formats were made of: what a state can hold, in two stores.

Never changed: a snapshot of a format is the state after its first `SNAPSHOT_AT` records. For a new format, run this file with the
release that is to be kept (`python -m tests.unit.streams.format_log`) and add what it writes.
"""

import gzip
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from streams.contract.topics import partition_of
from streams.processor.processor import Processor
from streams.processor.rules import Rules
from tests.unit.streams.logs import DAY, PARTITIONS, STORE, Record, log_of

FOLDER: Final = Path(__file__).parent / "formats"
START: Final = 1_735_430_400  # Sunday, 2024-12-29, 00:00 UTC
DAYS: Final = 100
SNAPSHOT_AT: Final = 1500
OTHER: Final = next(name for name in map(str, range(1000)) if name != STORE and partition_of(name, PARTITIONS) == 1)
RULES: Final = Rules(country="GB", dedupe_window=1000, store_countries={OTHER: "DE"})


def log() -> list[Record]:
    """About 1,900 records of a hundred days."""
    return log_of(*(event for _, event in sorted(_events(), key=lambda pair: pair[0])))


def _events() -> Iterator[tuple[float, dict[str, Any]]]:
    rng = random.Random(18)
    items = ("milk", "flour", "tea", "jam", "Öl")
    number = 0
    for day in range(DAYS):
        for store, closed in ((STORE, 6), (OTHER, 0)):
            yield (at := START + day * DAY + 86_000), {"type": "clock-ticked.v1", "store": store, "at": at}
            if day % 7 == closed or (store == OTHER and 40 <= day < 50):
                continue
            for item in items[: 3 + (store == STORE) + (day > 30)]:
                for hour in rng.sample(range(8, 19), 2):
                    number += 1
                    at = START + day * DAY + hour * 3600 + rng.randrange(3600)
                    sold = at - (3 * DAY if number % 97 == 0 else 0)
                    yield at, _sale(rng, number, store, item, sold) | ({"stock_left": 40.0} if number % 50 == 0 else {})
                    if number % 60 == 0:
                        yield at + 1, _sale(random.Random(number), number, store, item, sold)
    yield from _plans()


def _sale(rng: random.Random, number: int, store: str, item: str, sold: float) -> dict[str, Any]:
    event = {"type": "sale-recorded.v1", "event_id": f"s{number}", "store": store, "item": item, "sold_at": sold}
    event |= {"quantity": -1 if number % 83 == 0 else rng.choice((1, 1, 2, 3, 5, 0.5)), "unit_price": rng.choice((0.99, 1.39, 2.5))}
    if number % 3 == 0:
        event |= {"unit_cost": 0.7, "on_promotion": number % 9 == 0}
    return event


def _plans() -> Iterator[tuple[float, dict[str, Any]]]:
    def days(first: int, length: int) -> dict[str, str]:
        return {"first_day": str(_day(first)), "last_day": str(_day(first + length - 1))}

    def plan(kind: str, at: int, **fields: Any) -> tuple[float, dict[str, Any]]:
        moment = float(START + at * DAY + 43_200)
        name = "defined_at" if kind == "shelf-defined.v1" else "planned_at"
        return moment, {"type": kind, "event_id": f"{kind}{at}", "store": STORE, name: moment} | fields

    shelf_items = [{"item": item, "width": 1.0 + i, "price": 2.0, "cost": 1.0} for i, item in enumerate(("milk", "flour", "tea", "new"))]
    yield plan("shelf-defined.v1", 5, shelf="wall", level_width=20.0, levels=2, items=shelf_items)
    for first in (20, 55, 90):
        yield plan("promotion-planned.v1", first - 10, item="milk", **days(first, 5))
    yield plan("opening-planned.v1", 60, open=False, **days(70, 3))
    yield plan("opening-planned.v1", 75, open=False, **days(95, 2))


def _day(number: int) -> date:
    return date(2024, 12, 29) + timedelta(days=number)


def snapshot(number: int) -> bytes:
    """The kept snapshot of a format."""
    return gzip.decompress((FOLDER / f"format-{number}.gz").read_bytes())


if __name__ == "__main__":
    processor = Processor(RULES, 1, PARTITIONS)
    processor.apply(log()[:SNAPSHOT_AT])
    data = processor.dump()
    made = FOLDER / f"format-{int.from_bytes(data[9:11], 'big')}.gz"
    made.write_bytes(gzip.compress(data, 9, mtime=0))
    print(made, made.stat().st_size, "bytes of", len(log()), "records;", processor.counts)
