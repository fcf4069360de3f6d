"""`shelfcast report`: places, products, decisions and a commentary, as a page, pictures and tables."""

import io
import json
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from charts.figures.draw import drawn
from charts.figures.places import places_over_time, places_ranked
from charts.figures.products import movers, quadrants
from charts.insight.reports.page import page
from charts.insight.reports.report import DEFAULT_TOP, Report
from charts.insight.reports.report import report as built
from charts.insight.staff_settings import StaffSettings
from charts.queries.database import ReadOnlyDatabase
from deploy.connection import servers
from streams.contract.errors import UsageError
from streams.files.spreadsheet import csv_text
from streams.files.whole_files import make_folder, write_whole


def report(
    out: Annotated[Path, typer.Option(help="Folder to write to; created if missing.")] = Path("report-out"),
    store: Annotated[list[str] | None, typer.Option(help="A store; give it several times for several. Default: all.")] = None,
    first: Annotated[str | None, typer.Option("--from", help="First business date, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last business date. Default: the newest whole month.")] = None,
    top: Annotated[int, typer.Option(min=1, max=10_000, help="Rows of each table about products.")] = DEFAULT_TOP,
    currency: Annotated[str | None, typer.Option(help="Currency, if there are several: they are never added up.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON too.")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Write a report: report.html (one file, works offline), report.json, and each table as CSV and Parquet, each picture as PNG.

    \b
    Sales and growth by store and product are of the period; quadrants, ABC-XYZ and decisions are of the newest 91 days, beside the
    forecasts of the next 28. Every sentence of the commentary names the figure, the number of cases and the table it comes from.

    \b
    Examples:
      shelfcast report --out report
      shelfcast report --store Chicago --from 2017-03-01 --to 2017-03-31 --top 50
    """
    _, mongo = servers(data_dir)
    database = ReadOnlyDatabase(mongo)
    try:
        made = built(database, tuple(store or ()), first, last, top, currency, staff=StaffSettings.read().allowed)
    finally:
        database.close()
    if made is None:
        raise UsageError("The database holds no sales yet.")
    files = written(made, out)
    if as_json:
        typer.echo(json.dumps(made.shown(), ensure_ascii=False))
    else:
        for file in files:
            typer.echo(file)


def written(made: Report, out: Path) -> list[Path]:
    """Write all files of a report; returns their paths. Raises FileError."""
    make_folder(out)
    pictures = _pictures(made)
    files: dict[str, bytes | str] = {
        "report.html": page(made, pictures),
        "report.json": json.dumps(made.shown(), ensure_ascii=False, indent=2),
    }
    files |= {f"{name}.png": data for name, data in pictures.items()}
    for name, rows in made.tables.items():
        columns = list(rows[0]) if rows else ["empty"]
        blank = [["" if row[column] is None else row[column] for column in columns] for row in rows]
        files[f"{name}.csv"] = csv_text(columns, blank)
        buffer = io.BytesIO()
        pd.DataFrame(rows, columns=columns).to_parquet(buffer, index=False)
        files[f"{name}.parquet"] = buffer.getvalue()
    for name, content in files.items():
        write_whole(out / name, content)
    return [out / name for name in files]


def _pictures(made: Report) -> dict[str, bytes]:
    period, before = (f"{one.first} to {one.last}" for one in (made.period, made.before))
    ranked = [(one.store, one.revenue, one.before) for one in made.places]
    known = [(one.item, one.revenue, one.margin, one.quadrant) for one in made.products if one.margin is not None]
    moved = [(str(row["item"]), float(row["change"])) for row in made.tables["movers"]]
    newest = str(made.watermark["newest_day"])
    return {
        "places": drawn(lambda: places_ranked(ranked, made.currency, period, before), "png"),
        "places_over_time": drawn(lambda: places_over_time(made.months, made.currency, newest[:7]), "png"),
        "quadrants": drawn(lambda: quadrants(known, made.currency, f"91 days before {newest}"), "png"),
        "movers": drawn(lambda: movers(moved, made.currency, period, before), "png"),
    }
