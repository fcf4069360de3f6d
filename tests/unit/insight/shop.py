"""A shop of two years in memory: accepted sales, the statistics and forecasts made of them, and the same lines in pandas."""

import random
from datetime import date, timedelta

import pandas as pd

from consumers.forecasts.forecasts import ForecastsSink
from consumers.statistics.statistics import StatisticsSink
from tests.support.fakes import MemoryDocuments, metrics
from tests.support.shop import accepted, forecast, records_of, score
from tests.support.stand_ins import BEGINNING

FIRST, TODAY = date(2016, 1, 4), date(2017, 3, 15)
STORES = {"Leeds": 3.0, "York": 2.0, "Bath": 1.0}
ITEMS = {
    "Bread": (140, 90),
    "Butter": (220, 150),
    "Milk 1 l": (99, 95),
    "Milk 2 l": (180, 160),
    "Coffee Beans": (899, 520),
    "Old Jam": (310, 330),
}


def sales(seed: int = 3, step: int = 1):
    """Lines of each `step`-th day; Bath closes in 2017, coffee becomes dearer in February, jam sells at a loss."""
    rng, made, seq = random.Random(seed), [], 0
    for number in range(0, (TODAY - FIRST).days + 1, step):
        day = FIRST + timedelta(number)
        for store, size in STORES.items():
            if (store == "Bath" and day.year == 2017) or (day.weekday() == 6 and store == "York"):
                continue
            for item, (price, cost) in ITEMS.items():
                if rng.random() > 0.35 + 0.1 * size:
                    continue
                seq += 1
                quantity = float(rng.randint(1, 5)) * (-1 if rng.random() < 0.04 else 1)
                cents = price + (80 if item == "Coffee Beans" and day >= date(2017, 2, 1) else 0)
                made.append(
                    accepted(
                        seq, event_id=f"e{seq}", store=store, item=item, quantity=quantity, business_date=day.isoformat(),
                        hour=rng.choice((9, 12, 17)), revenue_micros=round(quantity * cents * 10_000),
                        profit_micros=round(quantity * (cents - cost) * 10_000), offset=seq, currency="GBP", order_id=f"o{seq // 3}",
                        customer=f"customer {seq // 3 * 7919 % 113}" if seq // 3 % 5 else None,
                        cashier=f"{store} till {seq // 3 % 3}" if seq // 3 % 7 else None,
                        category="drinks" if item[0] in "MC" else None,
                    )
                )  # fmt: skip
    return made


def database_of(lines) -> MemoryDocuments:
    documents = MemoryDocuments()
    sink = StatisticsSink(documents, metrics())
    sink.start(0, BEGINNING)
    sink.write(records_of(lines))
    ahead = ForecastsSink(documents, metrics())
    ahead.start(0, BEGINNING)
    origin = TODAY - timedelta(1)
    messages = [
        forecast(offset, 0, store, item, origin, 1.0 + place)
        for offset, (store, place, item) in enumerate((s, p, i) for s in ("Leeds", "York") for p, i in enumerate(ITEMS))
    ]
    messages += [
        score(100 + n, TODAY - timedelta(30 + n), store, h, tuple(ITEMS))
        for n in range(9)
        for store in ("Leeds", "York")
        for h in ("day", "7_days")
    ]
    ahead.write(records_of(messages))
    return documents


def frame_of(lines) -> pd.DataFrame:
    frame = pd.DataFrame([{name: getattr(line, name) for name in line.__struct_fields__} for line in lines])
    frame["day"] = pd.to_datetime(frame["business_date"])
    frame["revenue"] = frame["revenue_micros"] / 1e6
    frame["profit"] = frame["profit_micros"] / 1e6
    return frame
