"""`shelfcast charts`: pictures of what MongoDB holds."""

from pathlib import Path
from typing import Annotated

import typer

from charts.figures.export import export_charts
from charts.figures.gallery import DEFAULT_TOP, checked
from charts.queries.database import ReadOnlyDatabase
from deploy.connection import mongo_of


def charts(
    out: Annotated[Path, typer.Option(help="Folder to write to; created if missing.")] = Path("charts-out"),
    store: Annotated[str | None, typer.Option(help="One store; default: all.")] = None,
    item: Annotated[str | None, typer.Option(help="The item of the forecast chart; needs --store.")] = None,
    top: Annotated[int, typer.Option(help="Number of items to show singly, 1 to 60; the others become one bar.")] = DEFAULT_TOP,
    first: Annotated[str | None, typer.Option("--from", help="First business date, YYYY-MM-DD.")] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last business date, YYYY-MM-DD.")] = None,
    currency: Annotated[str | None, typer.Option(help="Currency of the profit chart; default: that of most sales.")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Directory of the embedded servers, if no broker is named.")] = None,
) -> None:
    """Draw profit, frequency, forecast, error, shelf and busiest hours as PNG and SVG.

    \b
    Examples:
      shelfcast charts --out charts
      shelfcast charts --out charts --store Chicago --top 25 --from 2017-03-01 --to 2017-03-31
    """
    question = checked(store, item, top, first, last, currency)
    mongo = mongo_of(data_dir)
    database = ReadOnlyDatabase(mongo)
    try:
        for file in export_charts(database, out, question):
            typer.echo(file)
    finally:
        database.close()
