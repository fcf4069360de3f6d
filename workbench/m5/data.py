"""M5's tables as arrays: units, prices and what is known of each day."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from streams.contract.errors import UsageError

Floats = NDArray[np.float32]

KEYS: Final = ("item_id", "dept_id", "cat_id", "store_id", "state_id")
HORIZON: Final = 28


@dataclass(frozen=True, slots=True)
class M5:
    """Series and days. Days past the sales are known as far as the calendar goes.

    Attributes
    ----------
    keys
        `item_id`, `dept_id`, `cat_id`, `store_id`, `state_id` of each series.
    units
        `[series, days]`.
    prices
        `[series, calendar days]`; NaN before the item is on sale.
    dates
        Of the calendar.
    events
        A number for the name of each day's event, 0 for none, `[calendar days]`.
    snap
        Whether the series' state pays food stamps, `[series, calendar days]`.

    """

    keys: pd.DataFrame
    units: Floats
    prices: Floats
    dates: pd.DatetimeIndex
    events: NDArray[np.int64]
    snap: NDArray[np.bool_]


def read_m5(folder: Path, most_series: int | None = None) -> M5:
    """The tables sales, sell_prices and calendar of a folder, as Parquet or CSV under M5's names. Raises UsageError."""
    sales, prices, calendar = (
        _table(folder, *names) for names in (("sales", "sales_train_validation", "sales_train_evaluation"), ("sell_prices",), ("calendar",))
    )
    missing = [name for name in KEYS if name not in sales]
    days = [name for name in map(str, sales.columns) if name.startswith("d_")]
    if missing or not days or not {"date", "wm_yr_wk"} <= set(calendar) or not {"wm_yr_wk", "sell_price"} <= set(prices):
        raise UsageError(f"{folder} does not hold the tables of M5: sales needs {', '.join(KEYS)} and d_1, d_2 and so on.")
    if most_series is not None:
        sales = sales.iloc[:most_series]
    dates = pd.DatetimeIndex(pd.to_datetime(calendar["date"]))
    if len(dates) < len(days):
        raise UsageError(f"The calendar of {folder} has {len(dates)} days, the sales {len(days)}.")
    keys = sales[list(KEYS)].astype(str).reset_index(drop=True)
    names = calendar["event_name_1"] if "event_name_1" in calendar else pd.Series([None] * len(dates))
    events = pd.Series(pd.factorize(names.fillna("").astype(str), sort=True)[0])
    events = events.where(names.notna() & (names.astype(str) != ""), -1) + 1
    states = [
        calendar[f"snap_{state}"].to_numpy(bool) if f"snap_{state}" in calendar else np.zeros(len(dates), bool)
        for state in keys["state_id"]
    ]
    return M5(
        keys,
        sales[days].to_numpy(np.float32),
        _by_day(prices, keys, calendar["wm_yr_wk"].to_numpy()),
        dates,
        events.to_numpy(np.int64),
        np.stack(states),
    )


def _table(folder: Path, *names: str) -> pd.DataFrame:
    for name in names:
        for file, read in ((folder / f"{name}.parquet", pd.read_parquet), (folder / f"{name}.csv", pd.read_csv)):
            if file.exists():
                frame: pd.DataFrame = read(file)
                return frame
    raise UsageError(f"{folder} has no {names[0]}.parquet or {names[0]}.csv: --protocol m5 takes the folder of M5's tables.")


def _by_day(prices: pd.DataFrame, keys: pd.DataFrame, weeks: NDArray[np.int64]) -> Floats:
    """Weekly prices on every day of their week, `[series, calendar days]`."""
    number = {week: place for place, week in enumerate(dict.fromkeys(weeks.tolist()))}
    series = pd.MultiIndex.from_frame(keys[["store_id", "item_id"]])
    row = series.get_indexer(pd.MultiIndex.from_frame(prices[["store_id", "item_id"]].astype(str)))
    week = prices["wm_yr_wk"].map(number).fillna(-1).to_numpy(int)
    known = (row >= 0) & (week >= 0)
    table = np.full((len(keys), len(number)), np.nan, np.float32)
    table[row[known], week[known]] = prices["sell_price"].to_numpy(np.float32)[known]
    return table[:, [number[one] for one in weeks.tolist()]]
