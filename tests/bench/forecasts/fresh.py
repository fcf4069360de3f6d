"""Fresh groceries with their hours without stock: FreshRetailNet-50K (Dingdong), by store and product, as one Parquet file.

Columns city_id, store_id, product_id, dt, hours_sale (24 numbers), stockout_mask (bit h is set where hour h was out of stock); one row a
series and day, all series with the same days. Amounts are fractions.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from online_model.stock.censored import out_hours

OPEN_HOURS = slice(6, 22)
"""Hours in which the stores sell; a day is in stock if none of them was out."""


@dataclass(frozen=True)
class Fresh:
    """`hours` [series, days, 24], `masks` [series, days], `stores`, `cities` and `items` of the series, first day as an ordinal."""

    hours: np.ndarray
    masks: np.ndarray
    stores: np.ndarray
    cities: np.ndarray
    items: list[str]
    first_day: int

    @property
    def out(self) -> np.ndarray:
        """Whether each hour was out of stock, [series, days, 24]."""
        return out_hours(self.masks.ravel()).T.reshape(*self.masks.shape, 24)

    @property
    def in_stock(self) -> np.ndarray:
        """Whether each day was wholly in stock, [series, days]."""
        return ~self.out[:, :, OPEN_HOURS].any(2)

    def of_stores(self, chosen: np.ndarray) -> Fresh:
        """The series of some stores only."""
        rows = np.isin(self.stores, chosen)
        items = [item for item, kept in zip(self.items, rows, strict=True) if kept]
        kept = {name: getattr(self, name)[rows] for name in ("hours", "masks", "stores", "cities")}
        return replace(self, items=items, **kept)

    def splits(self) -> dict[str, np.ndarray]:
        """Name -> the series it has: constants were chosen on the even stores, in the order of the file."""
        found = {"all": np.ones(len(self.stores), bool), "even stores": self.stores % 2 == 0, "odd stores": self.stores % 2 == 1}
        found |= {f"city {city}": self.cities == city for city in sorted(set(self.cities.tolist()))}
        return {name: rows for name, rows in found.items() if rows.any()}


def read(file: Path) -> Fresh:
    """Read the file."""
    rows = pd.read_parquet(file, columns=["city_id", "store_id", "product_id", "dt", "hours_sale", "stockout_mask"])
    rows = rows.sort_values(["city_id", "store_id", "product_id", "dt"], kind="stable")
    days = rows["dt"].nunique()
    shape = (len(rows) // days, days)
    keys = rows[["city_id", "store_id", "product_id"]].iloc[::days]
    stores = keys.groupby(["city_id", "store_id"], sort=False).ngroup().to_numpy()
    hours = np.stack(rows["hours_sale"].to_numpy()).astype(float).reshape(*shape, 24)
    masks = rows["stockout_mask"].to_numpy().astype(np.uint32).reshape(shape)
    return Fresh(
        hours,
        masks,
        stores,
        keys["city_id"].to_numpy(),
        [str(item) for item in keys["product_id"]],
        pd.Timestamp(rows["dt"].min()).toordinal(),
    )
