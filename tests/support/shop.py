"""Messages of a made-up shop, built from the contract: accepted sales, forecasts, plans, scores, drift."""

import random
from datetime import date, timedelta

import msgspec

from consumers.runtime.sink import Record
from streams.contract.codec import encode
from streams.contract.horizons import HORIZONS
from streams.contract.messages import (
    Allocation,
    DriftDetected,
    ForecastScored,
    HorizonForecast,
    ItemScore,
    PredictedSales,
    SaleAccepted,
    ShelfAllocation,
)

DAYS = {horizon.name: horizon.days for horizon in HORIZONS}
FIRST = date(2025, 1, 1)


def day_after(days: int, first: date = FIRST) -> str:
    return (first + timedelta(days=days)).isoformat()


def accepted(seq: int, **changes) -> SaleAccepted:
    fields = {
        "event_id": f"event-{seq}", "store": "Berlin", "item": "milk", "quantity": 2.0, "sold_at": 1.7357e9 + seq,
        "business_date": "2025-01-01",
        "hour": 12, "revenue_micros": 2_380_000, "profit_micros": 400_000, "partition": 0, "offset": 2 * seq, "seq": seq,
    }  # fmt: skip
    return SaleAccepted(**(fields | changes))


def sales_of(count: int, seed: int = 1, partitions: int = 2, stores: int = 4, items: int = 6, *, a_day: int = 50) -> list[SaleAccepted]:
    """Sales with returns, unknown profits, orders and late days; each partition has its own seq from 1."""
    rng = random.Random(seed)
    seqs = [0] * partitions
    made = []
    for number in range(count):
        store = rng.randrange(stores)
        partition = store % partitions
        seqs[partition] += 1
        late = rng.randrange(40) if rng.random() < 0.03 else 0
        quantity = rng.choice([1.0, 2.0, 3.0, 0.345]) * (-1 if rng.random() < 0.05 else 1)
        cents = rng.randrange(50, 900)
        made.append(
            accepted(
                seqs[partition],
                event_id=f"event-{number}",
                store=f"store {store}",
                item=f"item {min(rng.randrange(items), rng.randrange(items))}",
                quantity=quantity,
                business_date=day_after(max(0, number // a_day - late)),
                hour=rng.randrange(8, 21),
                partition=partition,
                revenue_micros=round(quantity * cents * 10_000),
                profit_micros=None if rng.random() < 0.1 else round(quantity * cents * 2_500),
                offset=3 * seqs[partition] + 1,
                order_id=f"order {number // 3}" if rng.random() < 0.9 else None,
                currency="EUR",
                sold_at=1.7357e9 + 60.0 * number,
            )
        )
    return made


def named(sales: list[SaleAccepted]) -> list[SaleAccepted]:
    """The same sales by seven customers and at three cashiers; every fifth is anonymous, and every third names a category."""
    return [
        msgspec.structs.replace(
            sale,
            customer=f"customer {number * 7 % 11 % 7}" if number % 5 else None,
            cashier=f"cashier {number % 3}" if number % 4 else None,
            category="food" if number % 3 == 0 else None,
        )
        for number, sale in enumerate(sales)
    ]


def records_of(messages, timestamp: float = 0.0, start: dict[int, int] | None = None) -> list[Record]:
    """Messages as they would be read: Kafka offsets count from `start` in each partition."""
    following = {} if start is None else start
    records = []
    for message in messages:
        offset = following.get(message.partition, 0)
        following[message.partition] = offset + 1
        records.append(Record(message.partition, offset, timestamp, encode(message)))
    return records


def horizons(origin: date, mean: float) -> tuple[HorizonForecast, ...]:
    made = []
    for name, days in DAYS.items():
        units = mean * days
        made.append(
            HorizonForecast(
                horizon=name,
                first_day=day_after(1, origin),
                last_day=day_after(days, origin),
                open_days=days,
                mean=units,
                p10=units * 0.7,
                p50=units * 0.98,
                p90=units * 1.35,
                same_weekday_mean=units * 1.1,
            )
        )
    return tuple(made)


def forecast(
    offset: int, number: int = 0, store: str = "Berlin", item: str = "milk", origin: date = FIRST, mean: float = 20.0, *, partition: int = 0
):
    return PredictedSales(
        id=f"{partition}-{offset}-{number}", store=store, item=item, origin=origin.isoformat(), made_at=1.7357e9 + offset,
        horizons=horizons(origin, mean), path=tuple(mean * (1 + 0.3 * (n % 7 > 4)) for n in range(28)), partition=partition, offset=offset,
    )  # fmt: skip


def forecast_of_today(
    offset: int, store: str = "Berlin", item: str = "milk", day: str = "2025-01-02", mean: float = 25.0
) -> PredictedSales:
    one = HorizonForecast(
        horizon="today", first_day=day, last_day=day, open_days=1, mean=mean, p10=mean - 5, p50=mean, p90=mean + 5, same_weekday_mean=mean
    )
    return PredictedSales(
        id=f"0-{offset}-0", store=store, item=item, origin="2025-01-01", made_at=1.7357e9 + offset, horizons=(one,), sold_so_far=9.0,
        partition=0, offset=offset,
    )  # fmt: skip


def plan(offset: int, items: dict[str, float], store: str = "Berlin", origin: date = FIRST, partition: int = 0) -> ShelfAllocation:
    whole = sum(items.values())
    return ShelfAllocation(
        id=f"{partition}-{offset}-900", store=store, origin=origin.isoformat(), made_at=1.7357e9 + offset,
        partition=partition, offset=offset,
        items=tuple(Allocation(item=name, predicted_sales=units, shelf_space_percentage=100 * units / whole)
        for name, units in items.items()),
        reasons=("milk takes one more facing: it earns 3.20 a day there.",),
    )  # fmt: skip


def score(
    offset: int, origin: date, store: str = "Berlin", horizon: str = "day", items=("milk", "bread"), partition: int = 0
) -> ForecastScored:
    rng = random.Random(f"{origin}{store}{horizon}")
    rows = []
    for name in items:
        mean = 20 + 6 * (origin.weekday() > 3)
        actual = max(0.0, round(rng.gauss(mean, 4)))
        rows.append(ItemScore(item=name, actual=actual, mean=float(mean), p10=mean - 5.0, p90=mean + 5.0, same_weekday_mean=mean * 1.15))
    return ForecastScored(
        id=f"{partition}-{offset}-{horizon}", store=store, horizon=horizon, origin=origin.isoformat(), first_day=day_after(1, origin),
        last_day=day_after(DAYS[horizon], origin), n=len(rows), actual=sum(r.actual for r in rows),
        absolute_error=sum(abs(r.mean - r.actual) for r in rows), error=sum(r.mean - r.actual for r in rows),
        absolute_error_same_weekday_mean=sum(abs(r.same_weekday_mean - r.actual) for r in rows),
        within_band=sum(r.p10 <= r.actual <= r.p90 for r in rows), items=tuple(rows), partition=partition, offset=offset,
    )  # fmt: skip


def drift(offset: int, store: str = "Berlin", item: str = "milk", factor: float = 1.6) -> DriftDetected:
    return DriftDetected(
        id=f"0-{offset}-drift", store=store, item=item, kind="level_shift", since="2025-02-01", before=20.0,
        after=20.0 * factor, factor=factor,
        action="The level was moved at once and its rate of learning raised.", made_at=1.7357e9 + offset, partition=0, offset=offset,
    )  # fmt: skip


def a_season(stores=("Berlin", "Køln <b>&"), items=("milk", "bread", "butter"), days: int = 60) -> list:
    """What a worker publishes over some weeks, in order."""
    made, offset = [], 0
    for day in range(days):
        origin = FIRST + timedelta(days=day)
        for store in stores:
            offset += 1
            for number, name in enumerate(items):
                made.append(forecast(offset, number, store, name, origin, 12.0 + 5 * number))
            made += [score(offset, origin, store, horizon, items) for horizon in DAYS]
            made.append(plan(offset, {name: 12.0 + 5 * number for number, name in enumerate(items)}, store, origin))
    return [*made, drift(offset, stores[0], items[0])]
