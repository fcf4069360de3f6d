"""Turns FreshRetailNet's hourly sales and stock-outs into a file of wire events, so that the whole way can be run on them.

    python -m tests.bench.forecasts.freshretail_events DATA.parquet OUT.ndjson --stores 5 [--hide TRUTH.csv]

One sale line for each hour with sales. The data say in which hours an item was out, not how much there was; so a run of hours in stock
begins with what it sold (a count in the morning, a delivery later), and what ends in a stock-out is counted as 0 then. A day that ends in
stock has a third more. So the file shows the whole way at work; it is no measure of how well stock-outs are foreseen, as the stock was made
of what sold. Hours are taken as UTC.

With `--hide` some of the days in stock lose all that was sold after a random hour, as if the shelf had been empty from then on; TRUTH.csv
says what was sold on them: store, item, date, hour, sold. `shelfcast backtest --demand` must find it again.
"""

import argparse
import csv
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

PRICE, COST = 10.0, 6.5
SPARE = 1.3
"""Stock of a run that does not end in a stock-out, over what it sells."""
OPENS, CLOSES = 6, 22
HIDE_FROM, HIDE_SHARE, HIDE_AT = 28, 0.15, range(9, 20)
"""From which day on which share of the days in stock is hidden, and from which hours on."""
Event = tuple[float, dict[str, Any]]


def events_of(day: Any, store: str, item: str, hide: int | None = None) -> Iterator[Event]:
    """A series' day: times and events, in any order. hide: the hour from which on it is as if the shelf had been empty."""
    begin = datetime.fromisoformat(str(day.dt)[:10]).replace(tzinfo=UTC).timestamp()
    sold = [round(float(units), 3) for units in day.hours_sale]
    out = [bool(int(day.stockout_mask) >> hour & 1) for hour in range(24)]
    if hide is not None:
        sold[hide:], out[hide:] = [0.0] * (24 - hide), [True] * (24 - hide)
    name = f"{store}/{item}/{str(day.dt)[:10]}"

    def event(kind: str, at: float, field: str, **fields: Any) -> Event:
        head = {"type": kind, "event_id": f"{name}/{at:.0f}/{kind[:9]}", "store": store, "item": item}
        return begin + at, head | fields | {field: begin + at}

    hour = OPENS
    while hour < CLOSES:
        end = hour
        while end < CLOSES and out[end] == out[hour]:
            end += 1
        run = sum(sold[hour:end])
        if out[hour]:
            # What sold in an hour without stock sold at its beginning, from what was there or had just come.
            late = [h for h in range(hour, end) if sold[h] > 0]
            if hour not in late:
                yield event("stock-counted.v1", hour * 3600, "counted_at", units=0)
            for h in late:
                yield event("stock-received.v1", h * 3600 + 60, "received_at", units=sold[h])
        else:
            units = round(run if end < CLOSES else SPARE * run + 1, 3)
            if hour == OPENS:
                yield event("stock-counted.v1", hour * 3600, "counted_at", units=units)
            else:
                yield event("stock-received.v1", hour * 3600, "received_at", units=units)
        hour = end
    price = round(PRICE * float(day.discount), 2)
    for h in range(OPENS, CLOSES):
        if sold[h] > 0:
            at = h * 3600 + (120 if out[h] else 1800)
            yield event(
                "sale-recorded.v1",
                at,
                "sold_at",
                quantity=sold[h],
                unit_price=price,
                unit_cost=COST,
                category=f"group {day.first_category_id}",
            )


def main() -> None:
    """Read the arguments and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--stores", type=int, default=5, help="how many stores, the first ones")
    parser.add_argument("--city", type=int, help="of one city only")
    parser.add_argument("--hide", type=Path, metavar="TRUTH.csv", help="hide hours of some days, and write what they sold")
    chosen = parser.parse_args()
    frame = pd.read_parquet(chosen.data)
    if chosen.city is not None:
        frame = frame[frame["city_id"] == chosen.city]
    stores = sorted(frame["store_id"].unique())[: chosen.stores]
    frame = frame[frame["store_id"].isin(stores)]
    events: list[Event] = []
    truth, rng, first = [("store", "item", "date", "hour", "sold")], random.Random(3), pd.Timestamp(frame["dt"].min())
    for day in frame.itertuples():
        store, item, hide = f"store {day.store_id}", f"item {day.product_id}", None
        in_stock = not int(day.stockout_mask) >> OPENS & (1 << (CLOSES - OPENS)) - 1
        if chosen.hide and in_stock and (pd.Timestamp(day.dt) - first).days >= HIDE_FROM and rng.random() < HIDE_SHARE:
            hide = rng.choice(HIDE_AT)
            truth.append((store, item, str(day.dt)[:10], str(hide), str(round(float(sum(day.hours_sale[OPENS:CLOSES])), 3))))
        events += events_of(day, store, item, hide)
    events.sort(key=lambda pair: pair[0])
    with chosen.out.open("w") as stream:
        stream.writelines(json.dumps(event) + "\n" for _, event in events)
    if chosen.hide:
        with chosen.hide.open("w", newline="") as stream:
            csv.writer(stream).writerows(truth)
    print(f"{len(events):,} events of {len(stores)} stores, {frame.groupby(['store_id', 'product_id']).ngroups:,} series")


if __name__ == "__main__":
    main()
