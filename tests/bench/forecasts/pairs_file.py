"""Write the 400 busiest pairs of store and product of completejourney as a file of sales, for `shelfcast backtest`.

    python -m tests.bench.forecasts.pairs_file PAIRS.csv

Columns store_id, product_id, at (New York time), quantity, sales_value, promo: whether the store's mailer had the product that week. A day
on promotion without a sale is a row of quantity 0.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from tests.bench.forecasts import panels


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    arguments = parser.parse_args()
    panel = panels.mailed(panels.cuts(panels.MAIN[:1])[0])
    rows_of = {name: row for row, name in enumerate(panel.items)}
    lines = panels.lines_sold()
    row = (lines["store_id"].astype(str) + "/" + lines["product_id"].astype(str)).map(rows_of)
    lines, row = lines[row.notna()], row.dropna().astype(int)
    day = lines["at"].dt.normalize()
    lines = lines.assign(promo=panel.promoted[row, (day - pd.Timestamp.fromordinal(panel.first_day)).dt.days].astype(int))
    quiet = panel.promoted & (panel.units == 0)
    names = np.array([name.split("/") for name in panel.items])
    series, place = np.nonzero(quiet)
    at = pd.Timestamp.fromordinal(panel.first_day) + pd.to_timedelta(place, "D") + pd.Timedelta(hours=12)
    empty = pd.DataFrame(
        {"store_id": names[series, 0], "product_id": names[series, 1], "at": at, "quantity": 0, "sales_value": 0.0, "promo": 1}
    )
    out = pd.concat([lines[list(empty.columns)].astype({"store_id": str, "product_id": str}), empty]).sort_values("at", kind="stable")
    out.to_csv(arguments.file, index=False, date_format="%Y-%m-%dT%H:%M:%S")


if __name__ == "__main__":
    main()
