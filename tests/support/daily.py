"""A made-up daily file of sales: two stores, three items, a closed weekday, zero days, promotions that sell."""

import csv
import random
from datetime import date, timedelta
from pathlib import Path

FIRST = date(2024, 1, 1)
MAPPING = """
[columns]
store = "store"
item = "item"
quantity = "units"
on_promotion = "promo"

[constants]
unit_price = 1.0

[time]
columns = ["date"]
"""


def rows_of(days: int = 140, seed: int = 1) -> list[dict[str, object]]:
    """Rows by series, as many exports are sorted: not in the order of time."""
    rng = random.Random(seed)
    rows = []
    for store, level in (("Leeds", 30), ("York", 12)):
        for item, share in (("apples", 1.0), ("bread", 0.6), ("saffron", 0.03)):
            for number in range(days):
                day = FIRST + timedelta(days=number)
                promo = number % 20 in (11, 12, 13) and item == "apples"
                week = (0.8, 0.9, 1.0, 1.1, 1.4, 1.6, 0.0 if store == "York" else 0.7)[day.weekday()]
                mean = level * share * week * (2.0 if promo else 1.0)
                units = max(0, round(rng.gauss(mean, mean**0.5))) if mean >= 2 else int(rng.random() < mean)
                rows.append({"date": day.isoformat(), "store": store, "item": item, "units": units, "promo": int(promo)})
    return rows


def written(rows: list[dict[str, object]], folder: Path) -> tuple[Path, Path]:
    """The file and its mapping."""
    file, mapping = folder / "daily.csv", folder / "daily.toml"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    mapping.write_text(MAPPING)
    return file, mapping
